"""A clip of a release as a listing has it, if its source is still what was captioned."""

import os
from typing import Any

from engine.media.open import MediaError
from manifests.ids import content_hash, path_of
from pipelines.preview.source import Row

_TOLD = ("audio_reason", "video_reason", "fault", "fault_message")
"""Columns of a listing that a release does not have: nothing was wrong with its clips."""


def listed(row: Row) -> dict[str, Any]:
    """The row of the clips table of a data row, which says all that decoding it needs but the source's
    time: its content is hashed instead. Raises MediaError where that differs, OSError, ValueError."""
    path = path_of(row["uri"])
    status = os.stat(path)
    if status.st_size != row["size"] or content_hash(path) != row["content_hash"]:
        raise MediaError("source_changed", "the file has other content than what was captioned")
    return at_time(row, status.st_mtime_ns)


def at_time(row: Row, mtime_ns: int) -> dict[str, Any]:
    """The same of a source that had this content at a time."""
    return {**row, **dict.fromkeys(_TOLD), "mtime_ns": mtime_ns}
