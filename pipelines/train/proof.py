"""Is a file today the media that a release was made of? Its bytes are hashed, once a file.

A workspace knows when its files were changed last. A release does not: it may have been carried to
another machine, and its media copied there.
"""

import asyncio
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manifests.ids import content_hash, path_of

Found = tuple[int, int]
"""Size and mtime of a file that was hashed: while it has these, it is the same."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a clip's media is not there. reason: for counting."""

    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


class Proof:
    """Files that were hashed, for one event loop."""

    def __init__(self) -> None:
        self._hashed: dict[tuple[str, str], asyncio.Task[Found | Lost]] = {}

    async def of(self, clip: Mapping[str, Any]) -> Mapping[str, Any] | Lost:
        """A clip of a release as a row of the clip table, or why its file is not its media."""
        key = clip["uri"], clip["content_hash"]
        if key not in self._hashed:
            looking = asyncio.to_thread(_looked_at, *key, clip["size"])
            self._hashed[key] = asyncio.create_task(looking)
        found = await self._hashed[key]
        return found if isinstance(found, Lost) else {**clip, "mtime_ns": found[1]}


def _looked_at(uri: str, expected: str, size: int) -> Found | Lost:
    try:
        path = path_of(uri)
        status = os.stat(path)
    except (OSError, ValueError):
        return Lost("moved", f"{uri} is not there")
    # The size first: what has another one, or none, is never read to its end.
    if not stat.S_ISREG(status.st_mode) or status.st_size != size:
        return Lost("changed", f"{uri} is not the file that was captioned: it has another size")
    try:
        found = content_hash(path)
    except OSError as error:
        return Lost("unreadable", f"{uri} can't be read: {error.strerror}")
    if found != expected:
        return Lost("changed", f"{uri} is not the file that was captioned: it has other bytes")
    return status.st_size, status.st_mtime_ns
