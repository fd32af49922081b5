"""What the truth bench finds in words alone."""

import pytest

from benchmarks.quality.known import Mention
from benchmarks.quality.measures import texts


@pytest.mark.parametrize(
    "text",
    [
        "A dog barks (high).",
        "A dog barks with 87 % certainty.",
        "A dog barks, 0.87.",
        "YAMNet hears a dog.",
        "The confidence of a dog barking is high.",
        '"audio_caption": a dog barks',
    ],
)
def test_leaks_are_found(text: str) -> None:
    assert texts.leaks(text, ["a dog barks"])


@pytest.mark.parametrize(
    "text", ["A high-pitched bell rings.", "Two dogs bark.", 'A woman says "I am 90 % sure".']
)
def test_words_of_the_world_are_no_leaks(text: str) -> None:
    assert not texts.leaks(text, [])


def test_what_a_fact_says_is_no_leak() -> None:
    assert texts.leaks("A score is settled.", [])
    assert not texts.leaks("A score is settled.", ["a score is settled"])


def test_hedges_are_told_apart() -> None:
    assert texts.hedges("A dog possibly barks.", []) == ["possibly"]
    assert not texts.hedges("A dog barks.", [])


def test_refusals_and_talk_of_the_task() -> None:
    assert texts.refuses("I'm sorry, there is no information.")
    assert texts.refuses("Here is the caption: a dog barks.")
    assert not texts.refuses('A man says "I am sorry".')
    assert not texts.refuses("A dog barks.")


def test_loops() -> None:
    assert texts.loops("A dog barks and a dog barks.", [])
    assert texts.loops("A dog dog barks.", [])
    assert not texts.loops("A car alarm honks on and on, and a guy says something.", [])
    assert not texts.loops("A man speaks, a man sings and a man in a coat is in view.", [])
    assert not texts.loops("A dog barks, with a dog in view.", [])
    assert not texts.loops("Knock knock at a door.", ["knock knock at a door"])


def test_forms_of_a_word_have_one_stem() -> None:
    for one, other in (
        ("barks", "barking"),
        ("drives", "driving"),
        ("purrs", "purring"),
        ("dogs", "dog"),
        ("rings", "ring"),
        ("hisses", "hissing"),
    ):
        assert texts.stem(one) == texts.stem(other)


def test_who_does_what() -> None:
    facts = ["a dog barks", "a woman sings"]
    assert texts.mixes("A dog barks and a woman sings.", facts) == (0, 2)
    assert texts.mixes("A dog sings while a woman barks.", facts) == (2, 2)
    assert texts.mixes("A red dog.", ["a red car", "a dog"]) == (1, 1)


def test_told_order() -> None:
    def read(text: str) -> list[tuple[str, str]]:
        found = [(w, k) for w, k in (("dog barks", "dog"), ("bell rings", "bell")) if w in text]
        return texts.orders(text, [Mention(k, w, text.index(w)) for w, k in found])

    assert read("A dog barks, then a bell rings.") == [("dog", "bell")]
    assert read("A dog barks after a bell rings.") == [("bell", "dog")]
    assert read("After a bell rings, a dog barks.") == [("bell", "dog")]
    assert read("Before a bell rings, a dog barks.") == [("dog", "bell")]
    assert read("A dog barks and a bell rings.") == []
