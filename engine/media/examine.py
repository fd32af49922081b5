"""Examining sources: identity, streams and spans of each, in processes that may crash.

A source that kills its process, hangs it or makes it take too much memory has a fault; the others are
examined all the same.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import chain, islice
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Any

import psutil
from pebble import ProcessExpired, ProcessPool

from engine.media.memory import MemoryGuard, Watch, allowance
from engine.media.open import MediaError, Reason
from engine.media.probe import Probe, probe
from manifests.errors import UserError
from manifests.ids import content_hash
from manifests.sources.cut import cut
from manifests.sources.examined import NO_SPANS, Examined, Span
from manifests.sources.segments import Segment

if TYPE_CHECKING:
    from engine.profile.profile import Cutting

_NO_MEDIA: dict[str, Any] = {
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
# How long a source may take before its process counts as hung: hashing reads all of it.
_PROBE_S = 60.0
_SLOW_DISK_BYTES_PER_S = 20e6


def examine(paths: Iterator[bytes], cutting: "Cutting") -> Iterator[Examined]:
    """Examines sources in one process per CPU, or per source where there are fewer; yields them in the
    order of `paths`.

    Raises UserError when something else on the machine ends all of these processes.
    """
    first = list(islice(paths, os.cpu_count() or 1))
    if not first:
        return
    ahead = 4 * len(first)
    with _GuardedPool(len(first)) as pool:
        window: deque[tuple[bytes, Any]] = deque()
        for path in chain(first, paths):
            window.append((path, pool.schedule(path, cutting)))
            if len(window) >= ahead:
                yield _result(pool, *window.popleft())
        while window:
            yield _result(pool, *window.popleft())


def examine_one(path: bytes, cutting: "Cutting") -> Examined:
    """Examines one source in this process, which it may crash."""
    try:
        status = os.stat(path)
        if not os.access(path, os.R_OK):
            raise PermissionError(13, os.strerror(13))
        content = content_hash(path)
    except OSError as error:
        message = error.strerror or str(error)
        return Examined(path, None, 0, 0, _NO_MEDIA, NO_SPANS, "unreadable", message)
    identity = (path, content, status.st_size, status.st_mtime_ns)
    try:
        probed = probe(path, cutting.audio_track)
        spans = _spans(path, probed, cutting)
    except MediaError as error:
        return Examined(*identity, _NO_MEDIA, NO_SPANS, error.reason, error.message)
    except Exception as error:  # whatever a file makes of our code harms only that file
        message = f"{type(error).__name__}: {error}"
        return Examined(*identity, _NO_MEDIA, NO_SPANS, "broken", message)
    return Examined(*identity, {key: getattr(probed, key) for key in _NO_MEDIA}, spans)


class _GuardedPool:
    """Processes that examine sources, each killed when it takes too much memory."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        # Each worker announces itself once it is idle; messages this short are written in one piece.
        self._announced, self._announce = context.Pipe(duplex=False)
        self._guard = MemoryGuard()
        self._watches: dict[int, Watch] = {}
        self._listener = threading.Thread(target=self._listen, name="examiners", daemon=True)
        self._pool: Any = ProcessPool(
            max_workers=workers,
            context=context,
            initializer=_get_ready,
            initargs=(self._announce,),
        )

    def __enter__(self) -> "_GuardedPool":
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.stop()
        self._pool.join()
        self._announce.send(None)
        self._listener.join()
        self._guard.close()
        self._announce.close()
        self._announced.close()

    def schedule(self, path: bytes, cutting: "Cutting") -> Any:
        """The future of `examine_one`."""
        timeout = _PROBE_S + _size(path) / _SLOW_DISK_BYTES_PER_S
        return self._pool.schedule(examine_one, args=(path, cutting), timeout=timeout)

    def took_too_much(self, pid: int | None) -> bool:
        """Whether the process of this id died because of its memory."""
        watch = self._watches.pop(pid, None) if pid is not None else None
        if watch is None:
            return False
        self._guard.forget(watch)
        return watch.exceeded

    def _listen(self) -> None:
        for pid in iter(self._announced.recv, None):
            with suppress(psutil.NoSuchProcess):
                self._watches[pid] = self._guard.watch(pid, allowance())


def _get_ready(announce: "Connection[int, int]") -> None:
    """Runs first in each process of a pool: what it imports counts as its idle memory."""
    import av  # noqa: F401

    announce.send(os.getpid())


def _result(pool: _GuardedPool, path: bytes, future: Any) -> Examined:
    try:
        examined: Examined = future.result()
    except BrokenProcessPool as error:
        raise UserError(
            "Something ended the processes that examine sources. Is the machine short of memory? In a "
            'script, put the call below `if __name__ == "__main__":`. '
            "Rerun the same command to continue."
        ) from error
    except FutureTimeout:
        return _faulty(path, "timeout", "examining the file took too long")
    except ProcessExpired as error:
        if pool.took_too_much(error.pid):
            mib = allowance() >> 20
            return _faulty(path, "memory", f"examining the file took over {mib} MiB of memory")
        return _faulty(path, "decoder_crash", f"opening the file crashed the decoder ({error})")
    return examined


def _faulty(path: bytes, fault: Reason, message: str) -> Examined:
    """A source whose examination died: known by its URI, since reading it again may do harm."""
    try:
        status = os.stat(path)
        size, mtime_ns = status.st_size, status.st_mtime_ns
    except OSError:
        size, mtime_ns = 0, 0
    return Examined(path, None, size, mtime_ns, _NO_MEDIA, NO_SPANS, fault, message)


def _size(path: bytes) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


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
