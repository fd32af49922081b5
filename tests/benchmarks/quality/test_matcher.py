"""The bench's matcher reads captions as the person did who labelled them."""

import ast
from pathlib import Path

import pytest

from benchmarks.quality.matcher import matcher as module
from benchmarks.quality.matcher.check import narrowest, rows
from benchmarks.quality.matcher.matcher import Matcher
from benchmarks.quality.matcher.words import forms
from recipes.world.concepts import Concept, Side
from recipes.world.world import load

ROWS = rows()
_CONCEPTS = load().concepts()
_MATCHER = Matcher(_CONCEPTS)
_SIDES: dict[str, Side | None] = {"heard": "heard", "seen": "seen", "both": None}


def _keys(caption: str, side: Side | None = None) -> frozenset[str]:
    return narrowest((m.key for m in _MATCHER.read(caption, side).mentions), _CONCEPTS)


def test_agrees_with_rows_labelled_by_hand() -> None:
    assert len(ROWS) >= 200
    read = [_keys(row["caption"], _SIDES[row["side"]]) for row in ROWS]
    meant = [frozenset(row["names"]) for row in ROWS]
    right = sum(len(r & m) for r, m in zip(read, meant, strict=True))
    assert right / sum(map(len, read)) >= 0.96
    assert right / sum(map(len, meant)) >= 0.96
    assert sum(r == m for r, m in zip(read, meant, strict=True)) / len(ROWS) >= 0.9


def test_labels_are_of_the_world() -> None:
    known = {concept.key for concept in _CONCEPTS}
    for row in ROWS:
        assert {*row["names"], *row.get("denied", ()), *row.get("counts", {})} <= known


def test_knows_the_phrasings_of_the_world() -> None:
    every = [(p, c) for c in _CONCEPTS for p in c.phrasings][::3]
    wrong = [p for p, c in every if _keys(f"{p[0].upper()}{p[1:]}.", c.side) != {c.key}]
    assert len(wrong) <= len(every) // 100, wrong


def test_a_dog_that_barks_is_a_sound_and_a_dog_in_view_a_sight() -> None:
    assert _keys("A dog barks.") == {"dog_barks"}
    assert _keys("A dog is in view.") == {"dog"}
    assert _keys("The barking of a dog, with a brown dog in view.") == {"dog_barks", "brown_dog"}
    assert _keys("A barking dog lies on a couch.") == {"dog_barks", "dog", "couch"}


def test_numbers() -> None:
    def counts(caption: str) -> dict[str, int | None]:
        return {m.key: m.count for m in _MATCHER.read(caption, None).mentions}

    assert counts("Two small dogs and a cat are in view.") == {"dog": 2, "cat": None}
    assert counts("A pair of swans and 12 sheep are visible.") == {"swan": 2, "sheep": 12}
    assert counts("A car honks three times.") == {"car_horn": 3}


def test_what_is_denied_is_not_named() -> None:
    reading = _MATCHER.read("No dog barks, and a cat meows without any music.", "heard")
    assert {m.key for m in reading.mentions} == {"cat_meows"}
    assert {m.key for m in reading.denied} == {"dog_barks", "music"}
    assert _keys("There is no sound.", "heard") == {"silence"}


def test_what_is_quoted_is_set_aside() -> None:
    reading = _MATCHER.read('A man says "a dog barked at me" and a door slams.', "heard")
    assert {m.key for m in reading.mentions} == {"man_speaks", "door_closes"}
    assert reading.quoted == ("a dog barked at me",)


def test_unknown_words_are_left_over() -> None:
    assert _MATCHER.read("A purple dog and a gizmo are in view.", None).leftover == (
        "purple",
        "gizmo",
    )
    assert _MATCHER.read("A dog barks in the distance.", "heard").leftover == ()
    # A detail of a phrasing is no name: whoever told of the fox must have told of it, too.
    assert "jet" in _MATCHER.read("A jet-black cat.", "seen").leftover


def test_mentions_say_where() -> None:
    (mention,) = _MATCHER.read("Here, a hound is barking.", "heard").mentions
    assert mention.words == "hound barking"
    assert mention.at == 8


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("barking", "bark"),
        ("taping", "tape"),
        ("tapped", "tap"),
        ("women", "woman"),
        ("cries", "cry"),
    ],
)
def test_forms(word: str, base: str) -> None:
    assert base in forms(word)


def test_a_form_is_not_of_another_word() -> None:
    assert "tap" not in forms("taping")
    assert "doe" not in forms("does")
    assert "bee" not in forms("being")


def test_concepts_of_several_sources() -> None:
    more = [
        Concept("kazoo", "heard", "music", ("a kazoo buzzes",), ("kazoo",)),
        Concept("dog_barks", "heard", "sound", ("a mutt goes wild",), ("mutt bark",)),
    ]
    both = Matcher([*_CONCEPTS, *more])
    assert {m.key for m in both.read("A kazoo buzzes.", "heard").mentions} == {"kazoo"}
    assert {m.key for m in both.read("A mutt barked.", "heard").mentions} == {"dog_barks"}
    with pytest.raises(ValueError, match="dog_barks"):
        Matcher([*_CONCEPTS, Concept("dog_barks", "seen", "object", ("a dog",))])


def test_what_stands_in_a_list_of_things_in_view_is_seen() -> None:
    read = Matcher(load().concepts()).read("A fire engine and a truck are visible.", "seen")
    assert {m.key for m in read.mentions} == {"fire_engine", "truck"}


def test_shares_nothing_with_the_guards() -> None:
    folder = Path(str(module.__file__)).parents[1]
    files = [
        *(folder / "matcher").glob("*.py"),
        *(folder / "world").glob("*.py"),
        folder / "known.py",
    ]
    for file in files:
        tree = ast.parse(file.read_text("utf-8"))
        modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        assert not [
            m for m in modules if m.split(".")[0] in ("prompts", "captioners", "snowballstemmer")
        ]
