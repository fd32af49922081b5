"""Conditions on a clip: gates of captioners and filters of clips are lists of them.

A condition names who measured ("clip" for the clip itself, else a captioner), a label, and a bound on the
score. The score of a label that was not claimed is 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from manifests.evidence import WeakCaption

CLIP = "clip"
CLIP_LABELS = ("seconds", "audio", "video", "still")
"""What a condition may ask of the clip itself (`clip_scores`)."""


class Condition(BaseModel):
    """`of`'s score for `label` is above, or below, a bound. of = "clip" knows the labels `seconds`,
    and `audio`, `video` and `still` (1 where the clip has sound or pictures, or is a still)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    of: str
    label: str
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> "Condition":
        if (self.above is None) == (self.below is None):
            raise ValueError(f"condition on {self.of}.{self.label}: give either above or below")
        if self.of == CLIP and self.label not in CLIP_LABELS:
            labels = ", ".join(CLIP_LABELS)
            raise ValueError(f'a clip has no label "{self.label}"; it has {labels}')
        return self

    def holds(self, scores: "Scores") -> bool:
        """Whether it holds for this clip. False where the captioner was skipped and has no score."""
        score = scores.score(self.of, self.label)
        if score is None:
            return False
        return score > self.above if self.above is not None else score < (self.below or 0.0)

    def __str__(self) -> str:
        bound = f"> {self.above:g}" if self.above is not None else f"< {self.below:g}"
        return f"{self.of}.{self.label} {bound}"


class Scores:
    """The scores of one clip so far: its own, and those of its weak captions."""

    def __init__(
        self, clip: Mapping[str, float], weak: Mapping[str, WeakCaption] | None = None
    ) -> None:
        self._clip = clip
        self.weak: dict[str, WeakCaption] = dict(weak or {})

    def score(self, of: str, label: str) -> float | None:
        """The highest raw score of a label, 0 if it was not claimed, None if `of` did not run."""
        if of == CLIP:
            return self._clip.get(label, 0.0)
        weak = self.weak.get(of)
        if weak is None or weak.skipped is not None:
            return None
        return max((c.score for c in weak.claims if c.label == label), default=0.0)


def unmet(conditions: Sequence[Condition], scores: Scores) -> Condition | None:
    """The first condition that does not hold, None when all do."""
    return next((c for c in conditions if not c.holds(scores)), None)


def clip_scores(clip: Mapping[str, Any]) -> dict[str, float]:
    """What conditions may ask of a clip itself, of its row in the clips table."""
    return {
        "seconds": (clip["end_ms"] - clip["start_ms"]) / 1000,
        "audio": float(clip["has_audio"]),
        "video": float(clip["has_video"]),
        "still": float(clip["kind"] == "image"),
    }
