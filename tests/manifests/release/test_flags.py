"""Flags of texts: what counts, what does not, and that odd texts cost no time."""

import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from captioners.audio.audioset import classes
from captioners.phrases.phrases import coco, imagenet
from manifests import schemas
from manifests.release.flags import flags_of
from manifests.release.keys import prepare
from manifests.release.profanity import LANGUAGES, words
from manifests.release.sections import Flag
from tests.manifests.release.rows import claim, dropped, row, rules

ALL: tuple[Flag, ...] = ("email", "phone", "card", "profanity")

SOME: list[tuple[str, str | None, set[str]]] = [
    ("Call +44 20 7946 0958 now.", "en", {"phone"}),
    ("Ring us on 020 7946 0958.", None, {"phone"}),
    ("Rufen Sie 030 2345678 an.", "de", {"phone"}),
    ("Le 01 64 23 00 25.", "fr", {"phone"}),
    ("Звоните +7 974 190-05-66", "ru", {"phone"}),
    ("٠١٠٠١٢٣٤٥٦٧", "ar", {"phone"}),
    ("john.doe+x@mail.example.com", "en", {"email"}),
    ("用户@例子.公司", "zh", {"email"}),
    ("It's John, at gmail dot com.", "en", {"email"}),
    ("4111 1111 1111 1111", "en", {"card"}),
    ("3782-822463-10005", "en", {"card"}),
    ("What a fucking mess!", "en", {"profanity"}),
    ("That bitch-faced liar", "en", {"profanity"}),
    ("¡Qué mierda!", "es", {"profanity"}),
    ("Так, блядь.", "ru", {"profanity"}),
    ("Mail me at a@b.org, you cunt.", "en", {"email", "profanity"}),
    ("3, 2, 1, 0, call (415) 555-2671", "en", {"phone"}),
    ("x" * 30_000 + " mail a@b.org", "en", {"email"}),
    ("word " * 3999 + "Call +44 20 7946 0958", "en", {"phone"}),
]
NONE: list[tuple[str, str | None]] = [
    ("The population was 12,345,678 in 2019.", "en"),
    ("1998, 2001, 2004 and 2008", "en"),
    ("one 1 2 3 4 5 6 7 8 9 10 11 12", "en"),
    ("10 9 8 7 6 5 4 3 2 1 0 lift off", "en"),
    ("3.14159265358979", "en"),
    ("@somebody look at example.com", "en"),
    ("a@b and c @ d.com", "en"),
    ("4111 1111 1111 1112", "en"),
    ("0000 0000 0000 0000", "en"),
    ("A cock crows in Scunthorpe while a blue tit sings.", "en"),
    ("Un gato, una concha y un martillo.", "es"),
    ("La regina mangia il pesce.", "it"),
    ("ein Mops", "xx"),
    ("", None),
]


@pytest.mark.parametrize(("text", "language", "held"), SOME)
def test_a_flag_is_found_in_a_transcript(text: str, language: str | None, held: set[str]) -> None:
    assert flags_of(None, [(text, language)], ALL) == held


@pytest.mark.parametrize(("text", "language"), NONE)
def test_other_numbers_and_words_have_no_flag(text: str, language: str | None) -> None:
    assert flags_of(None, [(text, language)], ALL) == set()


def test_captions_are_read_as_english() -> None:
    assert flags_of("A man shouts fuck.", [("bueno", "es")], ALL) == {"profanity"}
    assert flags_of("Una mierda.", [], ALL) == set()


def test_names_of_sounds_and_things_are_no_profanity() -> None:
    names = [*classes(), *(" ".join(each) for each in (*coco(), *imagenet()))]
    assert len(names) > 1500
    assert [name for name in names if flags_of(name, [], ALL)] == []


def test_every_language_has_words() -> None:
    assert all(len(words(language)) >= 10 for language in LANGUAGES)
    assert words("xx") == frozenset()


LONG = {
    "digits apart": "1 " * 50_000,
    "mail": "a@" * 50_000,
    "dots": "@" + "a." * 50_000,
    "digits": "5" * 100_000,
    "plus": "+1 (" * 30_000,
    "hyphens": "a-" * 50_000,
}


@pytest.mark.parametrize("what", LONG)
def test_long_odd_texts_are_looked_at_quickly(what: str) -> None:
    began = time.process_time()
    flags_of(LONG[what], [(LONG[what], "en")], ALL)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("threads", [1, 4])
def test_rows_with_a_flag_leave(threads: int, tmp_path: Path) -> None:
    texts: list[dict[str, Any]] = [{"transcript": t, "language": lang} for t, lang, _ in SOME]
    texts += [{"transcript": t, "language": lang} for t, lang in NONE]
    rows = [row(n, **each) for n, each in enumerate([*texts, {"audio_caption": "A fucking dog."}])]
    for flag in ALL:
        wanted = rules(tmp_path, keep={"flags": [flag]})
        with duckdb.connect(config={"threads": threads}) as connection:
            prepare(connection, wanted, {})
            made = dropped(wanted, *rows, folder=tmp_path, connection=connection)
        expected = [flag in held for *_, held in SOME] + [False] * len(NONE) + [flag == "profanity"]
        assert [each == "flags" for each in made] == expected


def _said(**fields: Any) -> dict[str, Any]:
    """The weak caption of a captioner."""
    weak = {"captioner": "one", "content_hash": "h", "text": "", "claims": [], **fields}
    return {field.name: weak.get(field.name) for field in schemas.EVIDENCE.value_type}


ELSEWHERE: dict[str, dict[str, Any]] = {
    "a variant": {
        "variants": [{"caption": "audio_caption", "style": "short", "text": "Mail a@b.org"}]
    },
    "what a captioner says": {"evidence": [_said(text="A sign reads a@b.org.")]},
    "a claim of a captioner": {"evidence": [_said(claims=[{"text": "mail a@b.org"}])]},
    "a label of a captioner": {"evidence": [_said(claims=[{"label": "a@b.org"}])]},
    "a claim of a caption": {"claims": [{**claim(), "text": "write a@b.org"}]},
    "another transcript": {"evidence": [_said(transcript="a@b.org", language="es")]},
}


@pytest.mark.parametrize("evidence", [True, False])
@pytest.mark.parametrize("where", ELSEWHERE)
def test_all_texts_that_a_release_gives_are_looked_at(
    where: str, evidence: bool, tmp_path: Path
) -> None:
    given = {"evidence": evidence, "claims": evidence}
    wanted = rules(tmp_path, keep={"flags": ["email"]}, output=given)
    rows = [row(0, **ELSEWHERE[where]), row(1, evidence=[_said(text="A dog.")])]
    with duckdb.connect() as connection:
        prepare(connection, wanted, {})
        made = dropped(wanted, *rows, folder=tmp_path, connection=connection)
    assert made == ["flags" if evidence or where == "a variant" else None, None]


def test_a_list_that_counts_hides_no_number_of_another_line(tmp_path: Path) -> None:
    wanted = rules(tmp_path, keep={"flags": ["phone"]})
    listed = _said(text="1. A man speaks\n2. A dog\n3. Rain\n4. A bird")
    texts = ("A man says call (415) 555-2671.", "A man speaks.")
    rows = [row(n, audio_caption=text, evidence=[listed]) for n, text in enumerate(texts)]
    with duckdb.connect() as connection:
        prepare(connection, wanted, {})
        made = dropped(wanted, *rows, folder=tmp_path, connection=connection)
    assert made == ["flags", None]


def test_each_transcript_is_read_in_its_language(tmp_path: Path) -> None:
    wanted = rules(tmp_path, keep={"flags": ["profanity"]})
    spanish, english = (
        {
            "transcript": "hello",
            "language": "en",
            "evidence": [_said(transcript=text, language=lang)],
        }
        for text, lang in (("una mierda", "es"), ("una mierda", "en"))
    )
    with duckdb.connect() as connection:
        prepare(connection, wanted, {})
        rows = [row(0, **spanish), row(1, **english)]
        made = dropped(wanted, *rows, folder=tmp_path, connection=connection)
    assert made == ["flags", None]
