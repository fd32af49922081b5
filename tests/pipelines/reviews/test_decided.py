"""What several reviewers decide together."""

from typing import Any

import pytest

from pipelines.reviews.decided import decided
from pipelines.reviews.review import Review
from pipelines.reviews.stored import table
from tests.pipelines.reviews.made import review


def _decided(*reviews: Review) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = decided(table(reviews)).to_pylist()
    return rows


@pytest.mark.parametrize(
    ("verdicts", "leaves"),
    [
        (("good",), False),
        (("bad",), True),
        (("good", "bad"), True),
        (("good", "bad", "good"), False),
        (("bad", "bad", "good"), True),
    ],
)
def test_captions_leave_unless_more_call_them_good(verdicts: tuple[str, ...], leaves: bool) -> None:
    reviews = [review(verdict=v, reviewer=f"r{at}") for at, v in enumerate(verdicts)]
    (row,) = _decided(*reviews)
    assert (row["leaves"], row["reviews"]) == (leaves, len(verdicts))


def test_who_mends_captions_does_not_reject_them() -> None:
    (row,) = _decided(review(verdict="bad", reasons=("wrong",), audio_caption="Rain."))
    assert (row["leaves"], row["audio_caption"]) == (False, "Rain.")


def test_the_newest_edit_of_each_caption_holds() -> None:
    (row,) = _decided(
        review(reviewer="ada", reviewed_ms=3, audio_caption="Rain.", visual_caption="A dog."),
        review(reviewer="bob", reviewed_ms=5, visual_caption="A wet dog."),
        review(reviewer="cyd", reviewed_ms=9),
    )
    assert (row["audio_caption"], row["visual_caption"]) == ("Rain.", "A wet dog.")
    assert row["audio_visual_caption"] is None


def test_of_a_reviewer_the_last_word_on_these_captions_counts() -> None:
    """What they say of later captions does not take it back; what they take back is gone."""
    rows = _decided(
        review(1, reviewed_ms=1, verdict="good"),
        review(1, reviewed_ms=2, verdict="bad"),
        review(1, reviewed_ms=3, verdict="good", caption_digest="f" * 16),
        review(2, reviewed_ms=1, verdict="bad"),
        review(2, reviewed_ms=2, verdict=None),
        review(3, verdict="bad", caption_digest=None),
    )
    told = [(row["clip_id"][-1], row["caption_digest"][0], row["leaves"]) for row in rows]
    assert told == [("1", "0", True), ("1", "f", False)]
