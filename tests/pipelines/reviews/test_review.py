"""A review says all that one reviewer says of a clip."""

import pytest
from pydantic import ValidationError

from pipelines.reviews.given import completed
from pipelines.reviews.review import Review
from tests.pipelines.reviews.made import review


def test_reasons_are_in_one_order_and_once() -> None:
    made = review(verdict="bad", reasons=("leaked", "invented", "leaked"))
    assert made.reasons == ("invented", "leaked")


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "good", "reasons": ("wrong",)},
        {"verdict": "fine"},
        {"verdict": "bad", "reasons": ("ugly",)},
        {"clip_id": "../../etc/passwd"},
        {"reviewer": "  \n "},
        {"audio_caption": "x" * 5000},
        {"reviewed_ms": -1},
        {"review_id": "1"},
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        review(**wrong)


def test_an_edit_is_one_line_and_an_empty_one_is_none() -> None:
    made = review(audio_caption=" A dog\n barks. ", visual_caption=" \n ")
    assert made.audio_caption == "A dog barks."
    assert made.visual_caption is None


def test_an_edit_has_no_characters_that_nobody_sees() -> None:
    hidden = "A\x00 dog \x1b[31m\u202ebarks\u2066\ufeff \x07\x9b at 5\u00a0am."
    assert review(audio_caption=hidden).audio_caption == "A dog [31mbarks at 5 am."
    assert review(audio_caption="\x00 \u202e").audio_caption is None
    # Joiners belong to words of Persian, and to pictures made of several.
    assert review(audio_caption="می\u200cشود").audio_caption == "می\u200cشود"


def _given(values: dict[str, object]) -> Review:
    return Review(**completed(values, "review_id", "reviewed_ms"))


def test_the_same_review_from_a_file_has_the_same_id() -> None:
    values = {"clip_id": "a" * 32, "reviewer": "ada", "verdict": "bad", "reasons": ["wrong"]}
    first, again = _given(values), _given({**values, "caption_digest": None})
    assert first.review_id == again.review_id
    assert _given({**values, "reviewer": "bob"}).review_id != first.review_id
