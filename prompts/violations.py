"""A violation: why a reply or one of its captions is refused."""

from dataclasses import dataclass

from manifests.captions import CaptionName


@dataclass(frozen=True, slots=True)
class Violation:
    """What a check found wrong.

    name: of the check that refused ("leak", "unsupported"...). caption: None when the whole reply is
    meant. detail: the offending words or the lost facts, for people and for a repair request. doubt:
    nothing contradicts the caption, but nothing supports it either.
    """

    name: str
    caption: CaptionName | None = None
    detail: str = ""
    doubt: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}" if self.detail else self.name
