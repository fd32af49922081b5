"""One driver at a time: a living one is never pushed aside, a dead one never waited for."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from engine.run.lease import DriverLease, LeaseHeld
from manifests import commits
from manifests.commits import CommitError, Holder, Record
from manifests.workspace import Workspace

_DRIVER = """
import sys
from pathlib import Path
from engine.run.lease import DriverLease
from manifests.commits import Record
from manifests.workspace import Workspace
with DriverLease(Workspace.open(Path(sys.argv[1]))) as log:
    log.append(Record(stage="caption", epoch=log.state.epoch, cut="c", job="j", shard=7))
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace."""
    return Workspace.create(tmp_path / "workspace")


@contextmanager
def _driver(workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the workspace until it reads a line."""
    command = [sys.executable, "-c", _DRIVER, str(workspace.root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.run
def test_a_second_driver_is_refused_while_the_first_lives(workspace: Workspace) -> None:
    with _driver(workspace) as first:
        message = f"is being worked by process {first.pid} on {socket.gethostname()}"
        with pytest.raises(LeaseHeld, match=message), DriverLease(workspace):
            pass
        assert commits.newest_epoch(workspace) == 1


@pytest.mark.run
def test_the_next_takes_over_at_once_when_the_holder_is_killed(workspace: Workspace) -> None:
    with _driver(workspace) as first:
        first.kill()
        first.wait()
        with DriverLease(workspace) as log:
            assert log.state.epoch == 2
            assert [record.shard for record in log.state.records()] == [7]


@pytest.mark.run
def test_a_killed_holder_that_nobody_buried_is_dead(workspace: Workspace) -> None:
    with _driver(workspace) as first:
        first.kill()
        os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.Process(first.pid).status() == psutil.STATUS_ZOMBIE
        with DriverLease(workspace) as log:
            assert log.state.epoch == 2


@pytest.mark.run
def test_a_stopped_holder_lives(workspace: Workspace) -> None:
    with _driver(workspace) as first:
        first.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WNOWAIT)
        with pytest.raises(LeaseHeld), DriverLease(workspace):
            pass


@pytest.mark.run
def test_the_next_starts_at_once_when_the_holder_ended(workspace: Workspace) -> None:
    with _driver(workspace) as first:
        first.communicate("\n")
        assert first.returncode == 0
        with DriverLease(workspace) as log:
            assert log.state.epoch == 2


def test_a_lease_is_given_back_when_the_work_fails(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), DriverLease(workspace):
        raise KeyboardInterrupt
    with DriverLease(workspace) as log:
        assert log.state.epoch == 2


def test_a_process_of_the_same_number_but_another_time_is_not_the_holder(
    workspace: Workspace,
) -> None:
    started = psutil.Process().create_time() - 100
    _opened(workspace, Holder(host=socket.gethostname(), pid=os.getpid(), started=started))
    with DriverLease(workspace) as log:
        assert log.state.epoch == 2


def test_a_holder_on_another_host_lives_while_its_heart_beats(workspace: Workspace) -> None:
    _opened(workspace, _ELSEWHERE, beat_ago=30)
    with pytest.raises(LeaseHeld, match="process 1 on elsewhere"), DriverLease(workspace):
        pass


def test_a_holder_on_another_host_is_dead_after_a_minute_of_silence(workspace: Workspace) -> None:
    _opened(workspace, _ELSEWHERE, beat_ago=61)
    with DriverLease(workspace) as log:
        assert log.state.epoch == 2


def test_a_holder_on_another_host_lives_before_its_first_heartbeat(workspace: Workspace) -> None:
    commits.open_epoch(workspace, 1, _ELSEWHERE)
    with pytest.raises(LeaseHeld, match="process 1 on elsewhere"), DriverLease(workspace):
        pass


def test_a_holder_on_another_host_whose_heart_never_beat_is_dead_after_a_minute(
    workspace: Workspace,
) -> None:
    commits.open_epoch(workspace, 1, _ELSEWHERE)
    os.utime(commits.opening(workspace, 1), (0, time.time() - 61))
    with DriverLease(workspace) as log:
        assert log.state.epoch == 2


def test_a_holder_on_another_host_that_ended_is_not_waited_for(workspace: Workspace) -> None:
    _opened(workspace, _ELSEWHERE, beat_ago=0)
    commits.released(workspace, 1).touch()
    with DriverLease(workspace) as log:
        assert log.state.epoch == 2


def test_a_holder_keeps_its_heart_beating(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.run.lease._BEAT_S", 0.001)
    with DriverLease(workspace):
        heartbeat = commits.heartbeat(workspace, 1)
        os.utime(heartbeat, (0, 0))
        deadline = time.monotonic() + 20
        while heartbeat.stat().st_mtime < 1 and time.monotonic() < deadline:
            pass
        assert time.time() - heartbeat.stat().st_mtime < 20


def test_a_holder_that_was_taken_for_dead_is_told_at_its_next_commit(workspace: Workspace) -> None:
    with DriverLease(workspace) as zombie:
        commits.open_epoch(workspace, 2, _ELSEWHERE)
        with pytest.raises(CommitError, match="took this workspace over"):
            zombie.append(Record(stage="caption", epoch=1, cut="c", job="j", shard=1))
    assert list(commits.load(workspace).records()) == []


def test_a_damaged_record_is_told_as_such_and_not_as_another_driver(workspace: Workspace) -> None:
    with DriverLease(workspace) as log:
        log.append(Record(stage="caption", epoch=1, cut="c", job="j", shard=1))
    path = workspace.commits / "000001" / "000001.json"
    path.write_text("{")
    with pytest.raises(CommitError, match=f"{path} can't be read"), DriverLease(workspace):
        pass


_ELSEWHERE = Holder(host="elsewhere", pid=1, started=0.0)


def _opened(workspace: Workspace, holder: Holder, beat_ago: float = 0.0) -> None:
    """An epoch that somebody opened whose heart beat last so many seconds ago."""
    commits.open_epoch(workspace, 1, holder)
    heartbeat = commits.heartbeat(workspace, 1)
    heartbeat.touch()
    os.utime(heartbeat, (0, time.time() - beat_ago))
