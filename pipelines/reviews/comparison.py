"""One comparison: which of two captions of a clip a person finds better."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Outcome = Literal["win", "tie", "loss"]


class Comparison(BaseModel):
    """What one reviewer says of two caption sets of a clip; the last one counts.

    caption_digest: of the captions of which the outcome is told; other_digest: of those against them.
    outcome: None where it was taken back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    comparison_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    clip_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    reviewer: str = Field(min_length=1, max_length=80)
    compared_ms: int = Field(ge=0, lt=1 << 53)
    caption_digest: str = Field(pattern=r"^[0-9a-f]{16}$")
    other_digest: str = Field(pattern=r"^[0-9a-f]{16}$")
    outcome: Outcome | None

    @field_validator("reviewer", mode="before")
    @classmethod
    def _one_line(cls, text: Any) -> Any:
        return " ".join(text.split()) if isinstance(text, str) else text
