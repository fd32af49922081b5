"""A violation: why a reply or one of its captions is refused."""

from dataclasses import dataclass
from typing import Literal

from manifests.captions import CaptionName
from manifests.faults import Fault


@dataclass(frozen=True, slots=True)
class Violation:
    """What a check found wrong.

    name: of the fault; "no_evidence" where somebody else's caption is checked, and no caption of its kind
    could be written of the evidence. caption: None when the whole reply is
    meant. detail: the offending words or the lost facts, for people and for a repair request. doubt:
    nothing contradicts the caption, but nothing supports it either.
    """

    name: Fault | Literal["no_evidence"]
    caption: CaptionName | None = None
    detail: str = ""
    doubt: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}" if self.detail else self.name
