"""A limit on the memory of processes that read media.

A file of a few hundred bytes can make FFmpeg take gigabytes: an MP4 whose header announces 85 million
samples gets an index of 2 GiB, a PNG's compressed text unfolds a thousandfold. So whoever runs a
decoder in a process of its own watches that process from outside and kills it when it takes too much.
A watch inside the process would not do: native code may hold the interpreter's lock while it
allocates.

What counts is resident memory without shared pages: Ray's object store is mapped into every decoder
and is not the decoder's. It is read from /proc/PID/statm in some 20 microseconds, where the unique set
size would walk every mapping. Children are not counted, because the code that reads media starts none.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import psutil

# Measured: 10-bit 8K takes 0.7 GiB as H.264 and 0.9 GiB as HEVC, a PNG of 64 megapixels 0.5 GiB. Above
# it are a JPEG 2000 of 64 megapixels (1.1 GiB), and streams with more reference frames than the levels
# of their codec permit.
LEAST_ALLOWANCE = 1 << 30
_TIMES_DECODED = 4
# FFmpeg touches new memory at 1 to 2 GB/s: a process overshoots its limit by some 200 MB at most.
_POLL_S = 0.1


def allowance(decoded_bytes: int = 0) -> int:
    """Bytes that a process may take, beyond what it has when idle, for media that decodes to
    `decoded_bytes` (0 where that is not known before)."""
    return max(LEAST_ALLOWANCE, _TIMES_DECODED * decoded_bytes)


def own_bytes(process: psutil.Process) -> int:
    """Resident bytes of a process that it shares with no other. Raises psutil.NoSuchProcess."""
    memory = process.memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


class Watch:
    """A process and its limit. exceeded: whether it was killed for its memory."""

    def __init__(self, pid: int, allowance: int) -> None:
        self._process = psutil.Process(pid)
        self._limit = own_bytes(self._process) + allowance
        self.allowance = allowance
        self.exceeded = False

    def check(self) -> bool:
        """Kills the process if it is above its limit; whether there is anything left to watch."""
        try:
            if own_bytes(self._process) <= self._limit:
                return True
            self._process.kill()
            self.exceeded = True
        except psutil.NoSuchProcess:
            pass
        return False


class MemoryGuard:
    """Kills processes of this machine that take more memory than they may, from a thread of its own.

    To be closed, or used as a context manager.
    """

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="memory-guard", daemon=True)
        self._thread.start()

    def __enter__(self) -> "MemoryGuard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def watch(self, pid: int, allowance: int) -> Watch:
        """Watches a process until it ends or `forget`; it is taken to be idle now.

        allowance: bytes that it may take beyond what it has now. Raises psutil.NoSuchProcess.
        """
        watch = Watch(pid, allowance)
        with self._changed:
            self._watches.add(watch)
            self._changed.notify()
        return watch

    def forget(self, watch: Watch) -> None:
        """Watches this one no more. Whether it was killed is settled when this returns."""
        with self._changed:
            self._watches.discard(watch)

    @contextmanager
    def watching(self, pid: int, allowance: int) -> Iterator[Watch]:
        """`watch` for the length of a block."""
        watch = self.watch(pid, allowance)
        try:
            yield watch
        finally:
            self.forget(watch)

    def close(self) -> None:
        """Ends the thread; nothing is watched any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                if self._watches:
                    self._watches = {watch for watch in self._watches if watch.check()}
                self._changed.wait(_POLL_S if self._watches else None)
