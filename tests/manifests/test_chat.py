"""What a chat model says around its answer."""

import pytest

from manifests.chat import without_offer, without_opener


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("The audio contains a dog barking.", "A dog barking."),
        ("In this video we can see a man.", "A man."),
        ("In this audio, you can hear the wind too.", "The wind can be heard too."),
        ("You can hear cars going by.", "Cars going by can be heard."),
        ("I can hear that a man is talking.", "A man is talking."),
        ("Well, the clip features a choir.", "A choir."),
        ("In a clip from a film a man runs.", "In a clip from a film a man runs."),
        ("I heard a man speaking, and a bell.", "A man speaking, and a bell."),
        ("This is a video of a man in a hat.", "A man in a hat."),
        ("I can't determine the place, but it is a beach.", "It is a beach."),
        ("The video starts with a cake and ends with a clown.",) * 2,
        ("A shop shows a sign.", "A shop shows a sign."),
    ],
)
def test_an_opener_is_cut_off(said: str, kept: str) -> None:
    assert without_opener(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "If you have any other questions about it, feel free to ask.",
        "Let me know if you need more.",
        "Would you like to hear more about it?",
        "So, if you've got another clip, share it with me.",
        "Hope this helps!",
        "Feel free to ask.",
    ],
)
def test_an_offer_says_nothing(said: str) -> None:
    assert without_offer(said) == ""


def test_an_offer_at_the_end_leaves_the_rest() -> None:
    said = "A dog barks, so feel free to ask if you have questions."
    assert without_offer(said) == "A dog barks"
    assert without_offer("A man asks if you have a car.") == "A man asks if you have a car."
