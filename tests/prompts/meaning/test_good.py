"""True captions in other words are not refused."""

import pytest

from tests.prompts.meaning.conftest import Compared

pytestmark = pytest.mark.models

COMMON = "A woman in a green coat throws a ball to a dog beside a lake."
REPORTS = "A woman reports in French. Rain falls softly."


@pytest.mark.parametrize(
    "text",
    [
        "A woman in a green coat gives a ball a throw beside a lake.",
        "A woman in a green coat brings a dog a ball beside a lake.",
        "A woman in a green coat finally holds a ball for a dog.",
    ],
)
def test_a_common_verb_alone_is_no_doubt(compared: Compared, text: str) -> None:
    assert compared("", COMMON).judge([("visual_caption", text)])[0][0] == "accepted"


@pytest.mark.parametrize(
    "text",
    [
        "A woman in a green coat juggles near a lake, and a dog snores.",
        "A woman in a green coat throws a ball to a dog as a horn honks.",
        "A woman in a green coat stands beside a piano.",
    ],
)
def test_a_thing_or_a_sound_that_nobody_told_is_a_doubt(compared: Compared, text: str) -> None:
    assert compared("", COMMON).judge([("visual_caption", text)])[0][0] == "doubt"


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        ("Houses stand by a river.", "A woman reports in French that families left their houses."),
        ("A river and a bridge.", "A woman says in French that the river rises. Rain falls."),
        ("A spider is on a wall.", "A woman asks in French how many legs a spider has."),
    ],
)
def test_what_is_only_reported_is_not_heard(compared: Compared, seen: str, text: str) -> None:
    ((outcome, findings),) = compared(REPORTS, seen).judge([("audio_caption", text)])
    assert outcome == "doubt", findings


@pytest.mark.parametrize(
    "text",
    [
        "A rug is shaken by a woman in a green turban, who wraps two fish.",
        "A rug is shaken by a woman wearing a green turban, who wraps two fish.",
        "A rug is shaken by a woman with a green turban, who wraps two fish.",
    ],
)
def test_who_means_the_wearer(compared: Compared, text: str) -> None:
    seen = "A woman wearing a green turban is shaking a rug. Then the woman is wrapping two fish."
    assert compared("", seen).judge([("visual_caption", text)])[0][0] == "accepted"


@pytest.mark.parametrize("who", ["reporter", "dancer", "firefighter"])
def test_who_may_be_a_woman_or_a_man_is_no_contradiction(compared: Compared, who: str) -> None:
    seen = f"A {who} in red talks beside an old man."
    ((outcome, _),) = compared("", seen).judge(
        [("visual_caption", "A woman in red talks beside a man.")]
    )
    assert outcome != "refused"
