"""What verification finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Row = Mapping[str, Any]

Recheck = Callable[[Row], Iterator[str]]
"""What else is wrong with a row of captions (prompt digest, guards), as messages."""


@dataclass(frozen=True, slots=True)
class Problem:
    """kind: checksum, schema, rows, identity, duplicate, join, evidence, digest, scores, guard,
    flood or books. where: a file, or what else it is about."""

    kind: str
    where: str
    message: str
    clip_id: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """For `--json`."""
        return asdict(self)
