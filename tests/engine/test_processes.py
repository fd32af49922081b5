"""Sweeping and ending, with real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine import processes

pytestmark = pytest.mark.run

Start = Callable[..., "subprocess.Popen[bytes]"]

# Says "up" when it is ready, then lives until it is killed.
_SLEEP = "print('up', flush=True); import time; time.sleep(600)"
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _SLEEP
_PARENT = (
    "import subprocess, sys; "
    "child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE, env={{}}); "
    "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `python -c CODE`, marked or not, once it has printed its first line (in `.first_line`)."""
    started: list[subprocess.Popen[bytes]] = []

    def starting(code: str, mark: str | None = None, **options: object) -> subprocess.Popen[bytes]:
        environment = processes.marked(mark) if mark else dict(os.environ)
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, **options)  # type: ignore[call-overload]
        started.append(process)
        process.first_line = _line(process)
        return process

    yield starting
    for process in started:
        process.kill()
        process.wait()


def _line(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_sweep_ends_what_earlier_epochs_left_and_nothing_else(start: Start) -> None:
    dead = start(_SLEEP, processes.mark("here", 3))
    own = start(_SLEEP, processes.mark("here", 4))
    newer = start(_SLEEP, processes.mark("here", 5))
    other = start(_SLEEP, processes.mark("elsewhere", 3))
    unmarked = start(_SLEEP)
    assert processes.sweep("here", keep_epoch=4) == [dead.pid]
    assert dead.wait() == -signal.SIGTERM
    assert all(p.poll() is None for p in (own, newer, other, unmarked))


def test_sweep_without_an_epoch_ends_all_of_the_workspace(start: Start) -> None:
    left = [start(_SLEEP, processes.mark("here", epoch)) for epoch in (1, 2)]
    assert processes.sweep("here") == sorted(p.pid for p in left)


def test_sweep_finds_nothing_twice(start: Start) -> None:
    start(_SLEEP, processes.mark("here", 1))
    assert len(processes.sweep("here")) == 1
    assert processes.sweep("here") == []


def test_sweep_takes_children_that_lost_the_mark(start: Start) -> None:
    parent = start(_PARENT.format(child=_SLEEP), processes.mark("here", 1))
    child = int(parent.first_line)
    assert processes.sweep("here", keep_epoch=2) == sorted([parent.pid, child])
    assert not _alive(child)


def test_sweep_kills_who_does_not_listen(start: Start) -> None:
    stubborn = start(_STUBBORN, processes.mark("here", 1))
    assert processes.sweep("here", grace_s=0.2) == [stubborn.pid]
    assert stubborn.wait() == -signal.SIGKILL


def test_sweep_ends_one_that_is_stopped(start: Start) -> None:
    stopped = start(_SLEEP, processes.mark("here", 1))
    stopped.send_signal(signal.SIGSTOP)
    assert processes.sweep("here") == [stopped.pid]
    assert stopped.wait() == -signal.SIGTERM


def test_sweep_never_touches_itself_or_its_ancestors(start: Start) -> None:
    code = (
        "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', "
        "'from engine.processes import sweep; print(sweep(\"here\"))']).returncode)"
    )
    grandparent = start(code, processes.mark("here", 1))
    assert grandparent.first_line == "[]"
    assert grandparent.wait() == 0


def test_the_mark_outlives_a_changed_process_title(start: Start) -> None:
    code = f"import setproctitle; setproctitle.setproctitle('VLLM::' + 'x' * 4000); {_SLEEP}"
    titled = start(code, processes.mark("here", 1))
    assert processes.sweep("here") == [titled.pid]


def test_a_group_ends_after_its_leader_has_died(start: Start) -> None:
    leader = start(_PARENT.format(child=_SLEEP), start_new_session=True)
    child = int(leader.first_line)
    leader.kill()
    leader.wait()
    assert _alive(child)
    processes.end_group(leader.pid, grace_s=5)
    assert not _alive(child)


def test_a_child_dies_with_its_parent(start: Start) -> None:
    code = (
        "import subprocess, sys; from engine.processes import dying_with_parent; "
        f"command = dying_with_parent([sys.executable, '-c', {_SLEEP!r}]); "
        "child = subprocess.Popen(command, stdout=subprocess.PIPE); child.stdout.readline(); "
        "print(child.pid, flush=True); child.wait()"
    )
    parent = start(code)
    child = psutil.Process(int(parent.first_line))
    parent.kill()
    parent.wait()
    assert psutil.wait_procs([child], timeout=10)[1] == [] or not _alive(child.pid)


def test_a_child_dies_with_the_thread_that_started_it() -> None:
    command = processes.dying_with_parent([sys.executable, "-c", _SLEEP], signal.SIGKILL)
    children = []

    def starts() -> None:
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        _line(child)
        children.append(child)

    thread = threading.Thread(target=starts)
    thread.start()
    thread.join()
    assert children[0].wait(timeout=10) == -signal.SIGKILL


def test_a_tied_command_keeps_its_arguments_and_its_folder(tmp_path: Path) -> None:
    odd = "a 'b' \"c\" $d \n"
    code = "import os, sys; print(repr(sys.argv[1]), os.getcwd())"
    command = processes.dying_with_parent([sys.executable, "-c", code, odd])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{odd!r} {tmp_path}\n"


@pytest.mark.exhaustive
def test_what_ray_leaves_of_a_killed_driver_is_swept(start: Start) -> None:
    code = (
        "import ray, time; ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False); "
        "work = ray.remote(lambda: 1).remote(); ray.get(work); print('up', flush=True); "
        "time.sleep(600)"
    )
    driver = start(code, processes.mark("here", 1))
    left = [p for p in psutil.Process(driver.pid).children(recursive=True) if _alive(p.pid)]
    driver.kill()
    driver.wait()
    assert any("raylet" in p.name() for p in left)
    swept = processes.sweep("here", keep_epoch=2)
    assert {p.pid for p in left} & set(swept)
    assert [p for p in left if _alive(p.pid)] == []


def test_the_environment_is_put_back_after_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPT_NOENV", "mine")
    monkeypatch.delenv(processes.MARK, raising=False)
    with processes.own_environment():
        os.environ.update(processes.marked("place:1"))
        assert os.environ[processes.MARK] == "place:1"
    assert processes.MARK not in os.environ and os.environ["SPT_NOENV"] == "mine"
