"""A source that was looked at, and the rows of the sources and clips tables that it becomes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from manifests.ids import clip_id, uri_of
from manifests.sources.segments import Segment


class Span(NamedTuple):
    """A clip of a source: start and end in ms of the content, and the segment in which it lies."""

    start_ms: int
    end_ms: int
    segment: Segment


NO_SPANS = (Span(0, 0, Segment(0, 0)),)
"""Those of a source that can't be worked."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What looking at one source gave: identity, streams and spans, or why it can't be worked.

    spans: its clips; one without length for a still and for a source with a fault. content_hash is None
    only for a file that can't be read.
    """

    path: bytes
    content_hash: str | None
    size: int
    mtime_ns: int
    media: dict[str, Any]
    spans: tuple[Span, ...]
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
        "segments": _places(source),
        "spans": len(source.spans),
        "taken": taken,
        "duplicate": duplicate,
        **source.media,
    }


def _places(source: Examined) -> list[dict[str, Any]]:
    """Where the segments of its clips lie, each once: clips of one follow each other."""
    places = [span.segment.place() for span in source.spans if source.fault is None]
    return [place for n, place in enumerate(places) if not n or place != places[n - 1]]


def clip_rows(source: Examined) -> list[dict[str, Any]]:
    """The rows of `manifests.schemas.CLIPS`, in order of time."""
    return [_clip_row(source, span) for span in source.spans]


def _clip_row(source: Examined, span: Span) -> dict[str, Any]:
    segment = span.segment
    return {
        "clip_id": source.clip(span.start_ms, span.end_ms),
        "content_hash": source.content_hash,
        "uri": source.uri,
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "file_ms": segment.file_ms + span.start_ms - segment.start_ms,
        "since_ms": segment.since_ms,
        "first_byte": segment.first_byte,
        "end_byte": segment.end_byte,
        "whole": len(source.spans) == 1,
        "size": source.size,
        "mtime_ns": source.mtime_ns,
        "fault": source.fault or segment.fault,
        "fault_message": source.fault_message or segment.fault_message,
        **{key: getattr(segment, key) for key in _CLIP_MEDIA},
    }
