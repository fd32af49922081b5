"""Hedges are cut out; the sentence stays one."""

import time

import pytest

from prompts.hedges import third_person, without_hedges


@pytest.mark.parametrize(
    ("hedged", "plain"),
    [
        ("It sounds like someone is drilling.", "Someone is drilling."),
        ("It sounds like a cooking show.", "It is a cooking show."),
        ("A man appears to be cooking.", "A man is cooking."),
        ("Two men appear to be arguing.", "Two men are arguing."),
        ("The man seems to enjoy the music.", "The man enjoys the music."),
        ("A woman is holding what appears to be a knife.", "A woman is holding a knife."),
        ("It's probably a workshop.", "It's a workshop."),
        ("A possibly old car.", "An old car."),
        ("An apparently drunk man sings.", "A drunk man sings."),
        ("A small room, possibly a garage, with tools.", "A small room, a garage, with tools."),
        ("There seem to be two dogs.", "There are two dogs."),
        ("There might be two dogs.", "There are two dogs."),
        ("A man and a woman might be arguing.", "A man and a woman are arguing."),
        ("It seems a dog is barking.", "A dog is barking."),
        ("The music could be described as sad.", "The music can be described as sad."),
        ("I think it's a dog.", "It's a dog."),
        ("It's hard to tell, but a dog barks.", "A dog barks."),
        ("A bell or something similar rings.", "A bell rings."),
        ("A dog could be heard.", "A dog can be heard."),
        ("A dog barks, suggesting that a stranger is near.", "A dog barks."),
        ("A horn honks, you know, and a bell rings.", "A horn honks, and a bell rings."),
        ("perhaps a horn honks", "a horn honks"),
    ],
)
def test_a_correct_sentence_stays(hedged: str, plain: str) -> None:
    assert without_hedges(hedged) == plain


@pytest.mark.parametrize(
    "sentence",
    [
        "She seems happy.",
        "A caption appears on the screen.",
        "The sounds echo slightly, as if in a garage.",
        "A whistle that sounds like a bird.",
        "A man is likely to fall.",
        'A sign reads "possibly the best".',
    ],
)
def test_what_is_no_hedge_stays(sentence: str) -> None:
    assert without_hedges(sentence) == sentence


def test_what_is_only_not_known_says_nothing() -> None:
    for said in (
        "It is unclear what he says.",
        "I'm not sure.",
        "It's hard to say who sings.",
        "It's a bit hard to make out the words.",
        "It may or may not be a car.",
    ):
        assert without_hedges(said) == ""


def test_verbs_of_the_third_person() -> None:
    assert [third_person(verb) for verb in ("have", "watch", "carry", "play", "go")] == [
        "has",
        "watches",
        "carries",
        "plays",
        "goes",
    ]


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    for part in (
        "might be ",
        "possibly, ",
        ", suggesting ",
        "it sounds like ",
        "a dog and a ",
        '"',
    ):
        without_hedges(part * 2000)
    assert time.process_time() - began < 5
