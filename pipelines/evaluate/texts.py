"""Which captions and labels are the same."""

import string
from collections.abc import Iterable

_ENDS = string.whitespace + ".!?\u2026"


def key(text: str) -> str:
    """What is equal for texts that say the same: without case, breaks and marks at the end."""
    return " ".join(text.split()).casefold().rstrip(_ENDS)


def cleaned(text: str) -> str:
    """A text on one line, as it is embedded."""
    return " ".join(text.split())


class Keys:
    """Numbers for texts, equal where the texts say the same."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, texts: Iterable[str]) -> tuple[int, ...]:
        """Numbers of texts, in order."""
        return tuple(self._numbers.setdefault(key(text), len(self._numbers)) for text in texts)
