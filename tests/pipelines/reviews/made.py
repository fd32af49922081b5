"""Reviews and comparisons of clips that need not exist."""

from typing import Any

from pipelines.reviews.comparison import Comparison, Outcome
from pipelines.reviews.review import Review, drawn_id


def review(clip: int = 0, **changes: Any) -> Review:
    """A good one of a clip by its number, unless something else is said."""
    values: dict[str, Any] = {
        "review_id": drawn_id(),
        "clip_id": f"{clip:032x}",
        "reviewer": "ada",
        "reviewed_ms": 1_000,
        "caption_digest": "0" * 16,
        "verdict": "good",
    }
    return Review(**values | changes)


def compared(
    clip: int, outcome: Outcome | None, own: str, other: str, at: int = 1, reviewer: str = "ada"
) -> Comparison:
    """A comparison of two captions of a clip."""
    return Comparison(
        comparison_id=drawn_id(),
        clip_id=f"{clip:032x}",
        reviewer=reviewer,
        compared_ms=at,
        caption_digest=own,
        other_digest=other,
        outcome=outcome,
    )
