"""What a caption tells the other way round: courses, ways to a place, orders, who acts on whom."""

import pytest

from tests.prompts.meaning.conftest import Compared

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("seen", "text", "kind"),
    [
        (
            "The light changes from grey morning to golden evening over a ridge.",
            "The light changes from golden evening to grey morning over a ridge.",
            "direction",
        ),
        (
            "A traffic light turns from green to red.",
            "A traffic light turns from red to green.",
            "direction",
        ),
        (
            "The camera pans from a church to a market.",
            "The camera pans from a market to a church.",
            "direction",
        ),
        ("A plane flies to the east.", "A plane flies to the west.", "direction"),
        (
            "A teacher holds up cards: first an apple, then a pear.",
            "A teacher holds up cards: first a pear, then an apple.",
            "order",
        ),
        (
            "A girl rides a pony in a circle, first walking, then trotting.",
            "A girl rides a pony in a circle, first trotting, then walking.",
            "order",
        ),
        (
            "A striker shoots the ball past a goalkeeper in an orange kit.",
            "A goalkeeper in an orange kit shoots the ball past a striker.",
            "role",
        ),
        ("A truck crashes into a bus.", "A bus crashes into a truck.", "role"),
        ("A cat jumps over a dog.", "A dog jumps over a cat.", "role"),
    ],
)
def test_what_is_told_the_other_way_round_is_refused(
    compared: Compared, seen: str, text: str, kind: str
) -> None:
    ((outcome, findings),) = compared("", seen).judge([("visual_caption", text)])
    assert outcome == "refused"
    assert kind in {finding.kind for finding in findings}


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (
            "A man rows an old woman toward the camera.",
            "A man in a boat takes an old woman away from the camera.",
        ),
        ("Two swans glide toward the bridge.", "Two swans on a river move away from the bridge."),
    ],
)
def test_the_opposite_way_to_a_place_is_not_accepted(
    compared: Compared, seen: str, text: str
) -> None:
    assert compared("", seen).judge([("visual_caption", text)])[0][0] != "accepted"


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (
            "Ten people watch a girl in a paper crown lean forward and blow out six candles.",
            "Candles are blown out by a girl in a paper crown.",
        ),
        (
            "A woman opens the front panel of a printer. A man sits at a desk behind her.",
            "A woman opens a printer, and a man sits behind her.",
        ),
        (
            "The light changes from grey morning to golden evening.",
            "A grey morning turns into a golden evening.",
        ),
        ("A barber cuts the hair of a customer.", "A customer has his hair cut by a barber."),
        (
            "A dog runs away from the camera, and a cat walks toward the camera.",
            "A cat walks toward the camera.",
        ),
    ],
)
def test_the_same_in_other_words_is_not_refused(compared: Compared, seen: str, text: str) -> None:
    ((outcome, findings),) = compared("", seen).judge([("visual_caption", text)])
    assert outcome != "refused", findings


def test_what_is_not_always_so_is_not_denied(compared: Compared) -> None:
    heard = "A violin plays a slow scale, with some notes out of tune."
    text = "A slow scale, not always in tune, is played on a violin."
    ((outcome, findings),) = compared(heard, "").judge([("audio_caption", text)])
    assert outcome != "refused", findings


@pytest.mark.parametrize("language", ["Serbian", "Haitian Creole", "Yoruba"])
def test_any_language_that_recognisers_know_is_another_one(
    compared: Compared, language: str
) -> None:
    text = f"Two men speak in {language}."
    ((outcome, findings),) = compared("Two men speak in Russian.", "").judge(
        [("audio_caption", text)]
    )
    assert outcome == "refused", findings
