"""A source that was looked at, and the rows of the sources and clips tables that it becomes."""

from dataclasses import dataclass
from typing import Any

from manifests.ids import clip_id, uri_of


@dataclass(frozen=True, slots=True)
class Examined:
    """What looking at one source gave: identity, streams and spans, or why it can't be worked.

    spans: (start, end) in ms of its clips; ((0, 0),) for a still and for a source with a fault.
    content_hash is None only for a file that can't be read.
    """

    path: bytes
    content_hash: str | None
    size: int
    mtime_ns: int
    media: dict[str, Any]
    spans: tuple[tuple[int, int], ...]
    fault: str | None = None
    fault_message: str | None = None

    @property
    def uri(self) -> str:
        """file:// URI of the path."""
        return uri_of(self.path)

    def clip(self, start_ms: int, end_ms: int) -> str:
        """Identity of one of its clips; a file that can't be read is known by its URI."""
        return clip_id(self.content_hash or self.uri, start_ms, end_ms)


_CLIP_MEDIA = (
    "kind",
    "has_audio",
    "has_video",
    "audio_reason",
    "video_reason",
    "audio_track",
    "video_track",
)


def source_row(source: Examined, taken: int, duplicate: bool) -> dict[str, Any]:
    """The row of `manifests.schemas.SOURCES`."""
    return {
        "uri": source.uri,
        "content_hash": source.content_hash,
        "size": source.size,
        "mtime_ns": source.mtime_ns,
        "fault": source.fault,
        "fault_message": source.fault_message,
        "spans": len(source.spans),
        "taken": taken,
        "duplicate": duplicate,
        **source.media,
    }


def clip_rows(source: Examined) -> list[dict[str, Any]]:
    """The rows of `manifests.schemas.CLIPS`, in order of time."""
    return [
        {
            "clip_id": source.clip(start, end),
            "content_hash": source.content_hash,
            "uri": source.uri,
            "start_ms": start,
            "end_ms": end,
            "whole": len(source.spans) == 1,
            "size": source.size,
            "mtime_ns": source.mtime_ns,
            "fault": source.fault,
            "fault_message": source.fault_message,
            **{key: source.media.get(key) for key in _CLIP_MEDIA},
        }
        for start, end in source.spans
    ]
