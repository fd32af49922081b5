"""Processes that read media and may crash, hang or take too much memory: each harms one file only."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Literal, TypeVar

import psutil
from pebble import ProcessExpired, ProcessPool

from engine.media.memory import MemoryGuard, Watch, allowance
from manifests.errors import UserError

_LEAST_S = 60.0
_SLOW_DISK_BYTES_PER_S = 20e6
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Died:
    """Why a process gave nothing about its file."""

    reason: Literal["timeout", "memory", "decoder_crash"]
    message: str


class GuardedPool:
    """Processes that read one file a call, each killed when it takes too long or too much memory.

    doing: what they do, for messages ("examining the file"). decoded_bytes: what a call returns at most,
    0 for little. To be used as a context manager.
    """

    def __init__(self, workers: int, doing: str, decoded_bytes: int = 0) -> None:
        self._doing = doing
        self._allowance = allowance(decoded_bytes)
        context = multiprocessing.get_context("spawn")
        # Each worker announces itself once it is idle; messages this short are written in one piece.
        self._announced, self._announce = context.Pipe(duplex=False)
        self._guard = MemoryGuard()
        self._watches: dict[int, Watch] = {}
        self._scheduling = threading.Lock()
        self._waiting: set[Any] = set()
        self._is_stopped = False
        self._listener = threading.Thread(target=self._listen, name="media-pool", daemon=True)
        self._pool: Any = ProcessPool(
            max_workers=workers,
            context=context,
            initializer=_get_ready,
            initargs=(self._announce,),
        )

    def __enter__(self) -> "GuardedPool":
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

    def each(
        self,
        function: Callable[[_In], _Out],
        inputs: Iterable[_In],
        seconds: Callable[[_In], float],
        ahead: int,
    ) -> Iterator[tuple[_In, _Out | Died]]:
        """What a function gives for each input, in their order.

        seconds: how long a call may take. ahead: how many inputs are worked before they are asked for.
        Raises what the function raises, and UserError when something else on the machine ends all
        processes, or the pool was stopped.
        """
        window: deque[tuple[_In, Any]] = deque()
        for value in inputs:
            window.append((value, self._schedule(function, value, seconds(value))))
            if len(window) >= ahead:
                value, future = window.popleft()
                yield value, self._result(future)
        while window:
            value, future = window.popleft()
            yield value, self._result(future)

    def stop(self) -> None:
        """Ends the calls that are under way, and refuses others, from any thread."""
        with self._scheduling:
            self._is_stopped = True
            for future in self._waiting:
                future.cancel()

    def _schedule(self, function: Callable[[_In], _Out], value: _In, seconds: float) -> Any:
        with self._scheduling:
            if self._is_stopped:
                raise self._stopped()
            future = self._pool.schedule(function, args=(value,), timeout=seconds)
            self._waiting.add(future)
            return future

    def _stopped(self) -> UserError:
        return UserError(f"{self._doing} was stopped")

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except CancelledError as error:
            raise self._stopped() from error
        except BrokenProcessPool as error:
            raise UserError(
                "Something ended the processes that read media. Is the machine short of memory? In a "
                'script, put the call below `if __name__ == "__main__":`. '
                "Rerun the same command to continue."
            ) from error
        except FutureTimeout:
            return Died("timeout", f"{self._doing} took too long")
        except ProcessExpired as error:
            if self._took_too_much(error.pid):
                mib = self._allowance >> 20
                return Died("memory", f"{self._doing} took over {mib} MiB of memory")
            return Died("decoder_crash", f"{self._doing} crashed the decoder ({error})")
        finally:
            with self._scheduling:
                self._waiting.discard(future)

    def _took_too_much(self, pid: int | None) -> bool:
        """Whether the process of this id died because of its memory."""
        watch = self._watches.pop(pid, None) if pid is not None else None
        if watch is None:
            return False
        self._guard.forget(watch)
        return watch.exceeded

    def _listen(self) -> None:
        for pid in iter(self._announced.recv, None):
            with suppress(psutil.NoSuchProcess):
                self._watches[pid] = self._guard.watch(pid, self._allowance)


def reading_s(path: bytes) -> float:
    """How long a process may take that reads all of a file, before it counts as hung."""
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0
    return _LEAST_S + size / _SLOW_DISK_BYTES_PER_S


def _get_ready(announce: "Connection[int, int]") -> None:
    """Runs first in each process of a pool: what it imports counts as its idle memory."""
    import av  # noqa: F401

    announce.send(os.getpid())
