"""One review: what a person says of the captions of a clip."""

from collections.abc import Mapping
from typing import Any, Literal, Self, get_args
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from manifests.captions import CAPTIONS, CaptionName
from pipelines.terminal import REPLACEMENT, one_line

Verdict = Literal["good", "bad"]
Reason = Literal["invented", "missed", "wrong", "wrong modality", "leaked"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why captions are bad: something is told that is not there; something that matters is not told; it is
there, but not like that; heard is told as seen or seen as heard; words of a transcript or of our own
prompts stand in them."""

NEEDED: Mapping[CaptionName, str] = {
    "audio_caption": "sound",
    "visual_caption": "a picture",
    "audio_visual_caption": "both sound and a picture",
}
"""What a clip must have to have such a caption."""

LONGEST = 4000
"""Characters of an edited caption."""


class Review(BaseModel):
    """What one reviewer says of a clip: all of it, so that the last one counts and earlier ones do not.

    verdict: None where captions were only edited, or a verdict was taken back. reasons: of a bad verdict.
    audio_caption and the others: as the reviewer would have them; None where not edited. caption_digest:
    of the captions that were looked at. Raises ValidationError for what does not fit together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    review_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    clip_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    reviewer: str = Field(min_length=1, max_length=80)
    reviewed_ms: int = Field(ge=0, lt=1 << 53)
    caption_digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    verdict: Verdict | None = None
    reasons: tuple[Reason, ...] = ()
    audio_caption: str | None = Field(default=None, max_length=LONGEST)
    visual_caption: str | None = Field(default=None, max_length=LONGEST)
    audio_visual_caption: str | None = Field(default=None, max_length=LONGEST)

    @field_validator("reviewer", *CAPTIONS, mode="before")
    @classmethod
    def _one_line(cls, text: Any) -> Any:
        """Plain text; an edit that leaves nothing is none."""
        return plain(text) or None if isinstance(text, str) else text

    @field_validator("reasons")
    @classmethod
    def _ordered(cls, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return tuple(reason for reason in REASONS if reason in reasons)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.reasons and self.verdict != "bad":
            raise ValueError("reasons are given for a bad verdict only")
        return self


def plain(text: str) -> str:
    """Text on one line, without control characters and marks that hide or turn text: a caption with them
    would go into releases."""
    return " ".join(one_line(text).replace(REPLACEMENT, "").split())


def drawn_id() -> str:
    """An id that no other review has."""
    return uuid4().hex
