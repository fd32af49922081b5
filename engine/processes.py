"""The processes of a run: how they are marked, how they die with their parent, how they are swept.

A driver that is killed can't stop what it started: Ray's daemons and workers, and vLLM's engine
processes live on and hold memory, cores and GPUs. So every process of a run inherits a mark in its
environment, and the next driver of the same workspace sweeps away what dead ones left. The mark is
read from the environment that a process was started with: a process must be started (exec), not
only forked, after the mark was set, and one whose title overwrites its environment would lose it
(`marked` keeps setproctitle from doing that).
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import psutil

MARK = "CAPTIONMILL_RUN"
_POLL_S = 0.02
_SWEEPS = 5

# Runs between fork and the real command: as its own small interpreter, since Python code between
# fork and exec (preexec_fn) can deadlock in a process with threads. 1 is PR_SET_PDEATHSIG
# (linux/prctl.h). A parent that is gone already can't send the signal any more.
_TIE = (
    "import ctypes, os, sys; parent, number, *command = sys.argv[1:]; "
    "ctypes.CDLL(None).prctl(1, int(number), 0, 0, 0); "
    "os.getppid() == int(parent) or sys.exit(1); "
    "os.execvp(command[0], command)"
)


def mark(place_id: str, epoch: int) -> str:
    """The value of the environment variable `MARK` for one driver's run."""
    return f"{place_id}:{epoch}"


def marked(value: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of `environment` (default: this process's own) with the mark `value`."""
    base = os.environ if environment is None else environment
    return {**base, MARK: value, "SPT_NOENV": "1"}


@contextmanager
def own_environment() -> Iterator[None]:
    """Puts the environment of this process back after the block: a notebook goes on after a run, and what
    it starts then is not of the run."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def dying_with_parent(command: list[str], death_signal: int = signal.SIGTERM) -> list[str]:
    """`command`, wrapped so that the kernel sends it `death_signal` when its parent dies.

    The parent is the *thread* that starts it: start it from one that lives as long as the command
    should. Linux only; elsewhere the command is returned unchanged.
    """
    if not sys.platform.startswith("linux"):
        return command
    tie = [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), str(int(death_signal))]
    return [*tie, *command]


def sweep(place_id: str, keep_epoch: int | None = None, grace_s: float = 5.0) -> list[int]:
    """Kills what dead drivers of this workspace left on this machine; returns the process ids, sorted.

    With `keep_epoch` only processes of earlier epochs and their children are killed: this driver's
    own, and those of a driver that has taken over since, stay. Never touched: this process, its
    ancestors, and processes of another user. SIGTERM first, SIGKILL after `grace_s` seconds.
    """
    swept: set[int] = set()
    for _ in range(_SWEEPS):  # a dying Ray may start one more worker while it is being swept
        victims = _left_behind(place_id, keep_epoch)
        if not victims:
            break
        end(victims, grace_s)
        swept.update(victim.pid for victim in victims)
    return sorted(swept)


def end(processes: Iterable[psutil.Process], grace_s: float) -> None:
    """SIGTERM to each process, after `grace_s` seconds SIGKILL to those that still live."""
    waiting = list(processes)
    _send(waiting, signal.SIGTERM)
    _send(waiting, signal.SIGCONT)  # one that is stopped could not act on it
    waiting = _wait(waiting, grace_s)
    _send(waiting, signal.SIGKILL)
    _wait(waiting, grace_s)


def end_group(group: int, grace_s: float) -> None:
    """Ends every process of a process group, also when its leader is dead; see `end`."""
    end(_where(lambda process: os.getpgid(process.pid) == group), grace_s)


def _left_behind(place_id: str, keep_epoch: int | None) -> list[psutil.Process]:
    """Marked processes of earlier epochs, and their children whatever these are marked with."""
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    marks = {process: _epoch(process, place_id) for process in psutil.process_iter()}
    current = {p for p, epoch in marks.items() if epoch is not None and not _old(epoch, keep_epoch)}
    left = {p for p, epoch in marks.items() if epoch is not None and _old(epoch, keep_epoch)}
    left |= {child for process in left - current for child in _children(process)}
    return [process for process in left - current if process.pid not in spared]


def _old(epoch: int, keep_epoch: int | None) -> bool:
    return keep_epoch is None or epoch < keep_epoch


def _epoch(process: psutil.Process, place_id: str) -> int | None:
    """The epoch in the mark of a living process of this workspace, else None."""
    try:
        owner, _, epoch = process.environ().get(MARK, "").rpartition(":")
        return int(epoch) if owner == place_id and _lives(process) else None
    except (psutil.Error, OSError, ValueError):
        return None


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children(recursive=True) if _lives(child)]
    except psutil.Error:
        return []


def _where(condition: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Living processes for which `condition` holds."""
    processes = []
    for process in psutil.process_iter():
        try:
            if condition(process) and _lives(process):
                processes.append(process)
        except (psutil.Error, OSError):
            continue
    return processes


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; a zombie that nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _send(processes: Iterable[psutil.Process], number: int) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.Error:
            continue


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits until they are gone, at most `seconds`; those that are not."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if _lives(process)]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = [process for process in left if _lives(process)]
    return left
