"""Which texts of captioners are whole sentences, and where a long one may be cut."""

import pytest

from prompts.statements import cut, is_phrase, is_sentence, whole


@pytest.mark.parametrize(
    "text",
    [
        "A marker squeaks on a whiteboard",
        "Coins drop into a metal cup",
        "a loud crack of thunder is heard nearby",
        "It's a sad classical piece for violin and piano",
        "A girl with pigtails swings high on a red swing",
        "A man and a woman talk quietly in Portuguese",
        "Thunder rumbles in the distance",
        "This sounds like a car race, with loud engines",
        "In the mirror, another woman reads a magazine",
    ],
)
def test_a_sentence_has_a_finite_verb(text: str) -> None:
    assert is_sentence(text) and not is_phrase(text)


@pytest.mark.parametrize(
    "text",
    [
        "a red car",
        "A man riding a wave on a surfboard",
        "a loud bang",
        "hammering on wood",
        "loud screams and shouts",
        "a man who is singing in a hall",
        "A quiet room where people seem to be playing chess",
        "two bright lights on a stage",
    ],
)
def test_a_phrase_is_no_sentence(text: str) -> None:
    assert is_phrase(text) and not is_sentence(text)


@pytest.mark.parametrize(
    "text",
    ["him", "It", "in the background", "Hey guys, welcome back", "loudly", "Oh what a goal", ""],
)
def test_a_fragment_is_neither(text: str) -> None:
    assert not is_sentence(text) and not is_phrase(text)


def test_words_that_need_another_one_end_no_sentence() -> None:
    assert whole("A man walks into the") == "A man walks"
    assert whole("White hens run towards her") == "White hens run towards her"
    assert whole("and the") == ""


def test_a_cut_leaves_a_sentence() -> None:
    text = 'A man says "stop, and go" while a dog barks in a yard, and two cars pass on a wet road'
    assert cut(text, 60) == 'A man says "stop, and go" while a dog barks in a yard'
    assert cut(text, 40) == 'A man says "stop, and go"'
    assert cut("A woman in a long blue coat walks along a quiet street", 40) is None
    assert cut("A woman walks along a quiet street in a long blue coat", 40) == (
        "A woman walks along a quiet street"
    )


def test_long_texts_cost_time_in_proportion() -> None:
    for word in ("and ", "dogs "):
        assert not is_sentence(word * 20_000)
    assert cut("a " * 50_000, 240) is None
