"""Words as the guards compare them."""

import csv
import tomllib
from importlib.resources import files

from captioners.audio import audioset
from manifests.evidence import Claim
from prompts.support import meaning
from prompts.words import lexicon, tokens, upward

ARTICLES = {"a", "an"}
PARTS = {"a car mirror", "a car wheel", "a toilet seat"}
"""Who sees one sees the whole."""
NOT_THEIR_GROUP = """
    alligator, ambulance, bison, chimpanzee, computer keyboard, coyote, crayfish, dhole, dingo, dome,
    gibbon, gorilla, hare, hoopskirt, indri, kite, lynx, orangutan, overskirt, ring-tailed lemur, screen,
    siamang, water buffalo
"""
"""Groups of a captioner are wider than the word that names them: no gorilla is a monkey."""


def rows(name: str) -> list[dict[str, str]]:
    text = (files("captioners") / "phrases" / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def about(phrase: str) -> frozenset[str]:
    return frozenset(tokens(phrase)) - ARTICLES


def head(phrase: str) -> str:
    return tokens(phrase.removeprefix("a pair of ").split(" of ")[0])[-1]


def seen() -> list[str]:
    return sorted(
        {row["phrase"] for row in rows("imagenet")} | {row["one"] for row in rows("coco")}
    )


def test_forms_of_a_word_are_one_token() -> None:
    assert len({tokens(form)[0] for form in ("bark", "barks", "barking", "barked", "Bark")}) == 1
    assert tokens("women sang") == tokens("woman sings")


def test_phrases_are_one_token() -> None:
    assert tokens("three hot dogs, hip-hop") == ["three", "hot_dog", "hip_hop"]


def test_broader_words_stand_for_narrower_ones_only() -> None:
    assert {"dog", "anim"} <= upward(frozenset({"bark"}))
    assert "bark" not in upward(frozenset({"dog"}))


def test_synonyms_stand_for_each_other() -> None:
    assert "sofa" in upward(frozenset({"couch"})) and "couch" in upward(frozenset({"sofa"}))


def test_a_thing_seen_is_one_of_its_group() -> None:
    excepted = {
        f"{article} {' '.join(name.split())}"
        for name in NOT_THEIR_GROUP.split(",")
        for article in ARTICLES
    }
    wrong = [
        (row["phrase"], row["group"])
        for row in rows("imagenet")
        if not about(row["group"]) <= upward(about(row["phrase"])) and row["phrase"] not in excepted
    ]
    assert wrong == []


def test_only_the_head_of_a_name_tells_what_it_is() -> None:
    """A sea lion is no lion and a horse cart no horse."""
    told = {phrase: about(phrase) for phrase in seen()}
    wrong = [
        (phrase, other)
        for phrase in told.keys() - PARTS
        for other in told
        if told[other] <= upward(told[phrase])
        and head(other) not in upward(frozenset({head(phrase)}))
    ]
    assert wrong == []


def test_a_phrase_of_the_table_is_one_that_texts_can_have() -> None:
    assert tokens("a shih-tzu and hen-of-the-woods") == ["a", "shih_tzu", "and", "hen_of_the_wood"]


def test_names_that_the_table_relates_are_one_token() -> None:
    table = tomllib.loads((files("prompts") / "lexicon.toml").read_text("utf-8"))
    names = [name for group in table["synonyms"] for name in group]
    for broader, narrower in table["narrower"].items():
        names += [broader, *narrower]
    assert [name for name in names if len(tokens(name)) != 1] == []


def test_every_name_of_one_sound_is_a_class_of_audioset() -> None:
    classes = {
        meaning(Claim(label, "", "sound", "audio", 1.0)).core for label in audioset.classes()
    }
    names = [name for group in lexicon().one_thing.values() for name in group]
    assert [name for name in names if name not in classes] == []


def test_every_thing_of_which_kinds_are_seen_has_some() -> None:
    heads = [upward(frozenset({head(phrase)})) for phrase in seen()]
    assert [t for t in lexicon().kinds_seen if sum(t in head for head in heads) < 2] == []


def test_a_crow_is_no_rooster_that_crows() -> None:
    assert "rooster" not in upward(frozenset(tokens("a crow caws")))
    assert tokens("the crowing of a rooster")[1] in upward(frozenset(tokens("a rooster crows")))
