"""The lease of a workspace to one driver, by epoch.

Opening the next epoch is the lock (`manifests.commits`). A driver may open it when the last one
released its epoch or is dead: on the same host its process is gone, on another host its heartbeat (or
the opening of its epoch, while no heartbeat has followed) is older than `_DEAD_AFTER_S`. A driver that
was only slow finds a newer epoch at its next commit, which is void, and stops.
"""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType

import psutil

from manifests import commits
from manifests.commits import EpochTaken, Holder, Log
from manifests.errors import UserError
from manifests.workspace import Workspace

_BEAT_S = 5.0
_DEAD_AFTER_S = 60.0


class LeaseHeld(UserError):
    """Another driver works on this workspace."""


class DriverLease:
    """Context manager: holds a workspace and its commit log. Raises LeaseHeld on entry, CommitError
    when the records can't be read."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stop = threading.Event()
        self._beat = threading.Thread(target=self._keep, name="heartbeat", daemon=True)

    def __enter__(self) -> Log:
        last = commits.newest_epoch(self._workspace)
        if last and _alive(self._workspace, last):
            held = commits.holder(self._workspace, last)
            raise LeaseHeld(
                f"{self._workspace.root} is being worked by process {held.pid} on {held.host}; "
                "wait for it, or stop it and run the same command again"
            )
        try:
            state = commits.open_epoch(self._workspace, last + 1, _ourselves())
        except EpochTaken as error:
            raise LeaseHeld(f"another driver took {self._workspace.root}: {error}") from error
        self._epoch = state.epoch
        commits.heartbeat(self._workspace, self._epoch).touch()
        self._beat.start()
        return Log(self._workspace, state)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._beat.join()
        with suppress(OSError):  # without it the next driver sees that this process is gone
            commits.released(self._workspace, self._epoch).touch()

    def _keep(self) -> None:
        while not self._stop.wait(_BEAT_S):
            with suppress(OSError):
                commits.heartbeat(self._workspace, self._epoch).touch()


def _ourselves() -> Holder:
    process = psutil.Process()
    return Holder(host=socket.gethostname(), pid=process.pid, started=process.create_time())


def _alive(workspace: Workspace, epoch: int) -> bool:
    if commits.released(workspace, epoch).exists():
        return False
    held = commits.holder(workspace, epoch)
    if held.host == socket.gethostname():
        return _same_process(held)
    # The first heartbeat comes only when the epoch is open and older ones are removed.
    for sign in (commits.heartbeat(workspace, epoch), commits.opening(workspace, epoch)):
        with suppress(FileNotFoundError):
            return time.time() - sign.stat().st_mtime < _DEAD_AFTER_S
    return False  # a newer epoch was opened meanwhile, and this one removed


def _same_process(held: Holder) -> bool:
    try:
        process = psutil.Process(held.pid)
        # Creation times are read from clock ticks: equal to a few hundredths of a second.
        return abs(process.create_time() - held.started) < 1 and (
            process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return False
