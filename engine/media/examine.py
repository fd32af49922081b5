"""Examining sources: identity, streams and spans of each, in processes that may crash.

A source that kills its process, hangs it or makes it take too much memory has a fault; the others are
examined all the same.
"""

import os
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from engine.media.open import MediaError, Reason
from engine.media.pool import Died, GuardedPool, reading_s
from engine.media.probe import Probe, probe
from manifests.ids import content_hash
from manifests.sources.cut import cut
from manifests.sources.examined import NO_SPANS, Examined, Span
from manifests.sources.segments import Segment

if TYPE_CHECKING:
    from engine.profile.profile import Cutting

NO_MEDIA: dict[str, Any] = {
    "kind": None,
    "has_audio": False,
    "has_video": False,
    "audio_reason": None,
    "video_reason": None,
    "duration_ms": 0,
    "width": None,
    "height": None,
    "fps": None,
    "rate": None,
    "channels": None,
    "video_codec": None,
    "audio_codec": None,
    "container": None,
    "audio_tracks": None,
    "audio_track": None,
    "audio_language": None,
    "video_track": None,
}


def examine(paths: Iterator[bytes], cutting: "Cutting") -> Iterator[Examined]:
    """Examines sources in one process per CPU, or per source where there are fewer; yields them in the
    order of `paths`.

    Raises UserError when something else on the machine ends all of these processes.
    """
    first = list(islice(paths, os.cpu_count() or 1))
    if not first:
        return
    workers, every = len(first), chain(first, paths)
    with GuardedPool(workers, "examining the file") as pool:
        examined = pool.each(partial(examine_one, cutting=cutting), every, reading_s, 4 * workers)
        for path, source in examined:
            if isinstance(source, Died):
                yield _faulty(path, source.reason, source.message)
            else:
                yield source


def examine_one(path: bytes, cutting: "Cutting") -> Examined:
    """Examines one source in this process, which it may crash."""
    try:
        status = os.stat(path)
        if not os.access(path, os.R_OK):
            raise PermissionError(13, os.strerror(13))
        content = content_hash(path)
    except OSError as error:
        message = error.strerror or str(error)
        return Examined(path, None, 0, 0, NO_MEDIA, NO_SPANS, "unreadable", message)
    identity = (path, content, status.st_size, status.st_mtime_ns)
    try:
        probed = probe(path, cutting.audio_track)
        spans = _spans(path, probed, cutting)
    except MediaError as error:
        return Examined(*identity, NO_MEDIA, NO_SPANS, error.reason, error.message)
    except Exception as error:  # whatever a file makes of our code harms only that file
        message = f"{type(error).__name__}: {error}"
        return Examined(*identity, NO_MEDIA, NO_SPANS, "broken", message)
    return Examined(*identity, {key: getattr(probed, key) for key in NO_MEDIA}, spans)


def _faulty(path: bytes, fault: Reason, message: str) -> Examined:
    """A source whose examination died: known by its URI, since reading it again may do harm."""
    try:
        status = os.stat(path)
        size, mtime_ns = status.st_size, status.st_mtime_ns
    except OSError:
        size, mtime_ns = 0, 0
    return Examined(path, None, size, mtime_ns, NO_MEDIA, NO_SPANS, fault, message)


def _spans(path: bytes, probed: Probe, cutting: "Cutting") -> tuple[Span, ...]:
    return tuple(
        Span(segment.start_ms + start, segment.start_ms + end, segment.between(start, end))
        for segment in probed.segments
        for start, end in _cut(path, segment, cutting)
    )


def _cut(path: bytes, segment: Segment, cutting: "Cutting") -> list[tuple[int, int]]:
    """The clips of a segment, in ms from its start."""
    length = segment.end_ms - segment.start_ms
    if not length:
        return [(0, 0)]
    scenes: list[int] = []
    if cutting.scenes and segment.has_video:
        from engine.media.scenes import scene_cuts

        part = segment.first_byte, segment.end_byte
        cuts = scene_cuts(path, part, segment.video_track)
        scenes = [ms - segment.file_ms for ms in cuts if 0 < ms - segment.file_ms < length]
    return cut(
        length,
        max_ms=round(cutting.max_seconds * 1000),
        min_tail_ms=round(cutting.min_tail_seconds * 1000),
        scene_cuts_ms=scenes,
    )
