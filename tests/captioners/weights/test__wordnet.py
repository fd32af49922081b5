"""The step that turns WordNet's text files into a database."""

import sqlite3
from pathlib import Path

import pytest

from captioners.weights._wordnet import wordnet
from captioners.weights.cache import Cache
from captioners.weights.packs import declared
from prompts.meaning.wordnet import WordNet

_HEAD = "  1 This software is being provided to you.  \n  2   \n  3 WordNet 3.1 Copyright 2011.  \n"
_NOUNS = """\
00000010 03 n 01 animal 0 001 ~ 00000020 n 0000 | a living thing
00000020 05 n 02 dog 0 Canis_familiaris 0 003 @ 00000010 n 0000 + 00000030 v 0101 ~ 00000040 n 0000 | it
"""
_VERBS = '00000030 38 v 01 dog 0 001 + 00000020 n 0101 01 + 08 00 | follow; "dog | her"\n'
_ADJECTIVES = """\
00000050 00 a 01 loud 0 002 & 00000060 a 0000 ! 00000070 a 0101 | of great volume
00000060 00 s 02 blaring(p) 0 Clamant 1 001 & 00000050 a 0000 | unpleasantly loud
00000070 00 a 01 soft 0 001 ! 00000050 a 0101 | quiet
"""
_ADVERBS = "00000080 02 r 01 loudly 0 001 \\ 00000050 a 0101 | with volume\n"
_SENSES = """\
animal%1:03:00:: 00000010 1 5
blaring%5:00:00:loud:00 00000060 1 0
dog%1:05:00:: 00000020 1 42
dog%2:38:00:: 00000030 1 2
loud%3:00:00:: 00000050 1 9
loudly%4:02:00:: 00000080 1 1
"""


@pytest.fixture
def laid(tmp_path: Path) -> Path:
    """A folder as the archive is laid out, with a WordNet of seven synsets."""
    folder = tmp_path / "laid"
    folder.mkdir()
    texts = {"noun": _NOUNS, "verb": _VERBS, "adj": _ADJECTIVES, "adv": _ADVERBS}
    for name, text in texts.items():
        (folder / f"data.{name}").write_text(_HEAD + text)
    (folder / "index.sense").write_text(_SENSES)
    (folder / "LICENSE").write_text("The terms.")
    return folder


def made(laid: Path, name: str = "pack") -> Path:
    pack = laid.parent / name
    pack.mkdir()
    wordnet(laid, pack)
    return pack


def rows(pack: Path, table: str) -> list[tuple[object, ...]]:
    base = sqlite3.connect(pack / "wordnet.sqlite")
    return base.execute(f"select * from {table} order by rowid").fetchall()


def test_senses_have_their_synset_rank_and_uses(laid: Path) -> None:
    senses = rows(made(laid), "sense")
    assert ("dog", "n", 1_000_000_020, 1, 42) in senses
    assert ("dog", "v", 2_000_000_030, 1, 2) in senses
    assert len(senses) == 6


def test_a_satellite_adjective_is_an_adjective(laid: Path) -> None:
    pack = made(laid)
    assert ("blaring", "a", 3_000_000_060, 1, 0) in rows(pack, "sense")
    assert (3_000_000_060, "&", 3_000_000_050, 0, 0) in rows(pack, "pointer")


def test_members_are_in_small_letters_without_markers(laid: Path) -> None:
    members = rows(made(laid), "member")
    assert (1_000_000_020, 2, "canis_familiaris") in members
    assert (3_000_000_060, 1, "blaring") in members


def test_pointers_name_the_words_they_join_and_narrower_ones_are_left_out(laid: Path) -> None:
    pointers = rows(made(laid), "pointer")
    assert (3_000_000_050, "!", 3_000_000_070, 1, 1) in pointers
    assert (1_000_000_020, "@", 1_000_000_010, 0, 0) in pointers
    assert {kind for _, kind, *_ in pointers} == {"@", "+", "&", "!", "\\"}


def test_two_runs_make_the_same_bytes(laid: Path) -> None:
    files = [made(laid, name) / "wordnet.sqlite" for name in ("one", "other")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_licence_and_the_notice_of_the_data_come_along(laid: Path) -> None:
    pack = made(laid)
    assert (pack / "LICENSE").read_text() == "The terms."
    notice = (pack / "NOTICE").read_text()
    assert notice == "This software is being provided to you.\n\nWordNet 3.1 Copyright 2011.\n"


def test_data_without_a_notice_is_refused(laid: Path) -> None:
    (laid / "data.noun").write_text(_NOUNS)
    with pytest.raises(ValueError, match=r"data\.noun has no licence at its head"):
        made(laid)


def test_the_database_answers_what_is_asked_of_it(laid: Path) -> None:
    words = WordNet(made(laid) / "wordnet.sqlite")
    assert words.senses("dog", "n") == (1_000_000_020,)
    assert words.synonyms("loud", "a") == {"loud", "blaring", "clamant"}
    assert words.antonyms("loud", "a") == {"soft"}


def test_it_is_declared_under_its_own_licence() -> None:
    pack = declared()["wordnet"]
    assert (pack.role, pack.licence, pack.prepare) == ("lexicon", "LicenseRef-WordNet", "wordnet")


@pytest.mark.models
def test_the_fetched_pack_knows_english() -> None:
    folder = Cache().fetch("wordnet")
    assert Cache().check("wordnet") == []
    assert "WordNet 3.1 Copyright 2011" in (folder / "NOTICE").read_text()
    words = WordNet(folder / "wordnet.sqlite")
    assert "animal" in words.broader("dog", "n")
    assert "quiet" in words.antonyms("loud", "a") | words.antonyms("noisy", "a")
