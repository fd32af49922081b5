"""Tasks over processes: each is done once, whatever happens to the process that does it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.rebuild.tasks import RebuildError, over_processes

pytestmark = pytest.mark.run


@dataclass(frozen=True, slots=True)
class _Square:
    """Gives the square of a number. deaths: how often its process dies first; folder: where it counts
    these. error: what it raises."""

    number: int
    deaths: int = 0
    folder: Path = Path()
    error: str = ""

    def run(self) -> int:
        if self.error:
            raise RebuildError(self.error)
        died = len(list(self.folder.glob(f"{self.number}-*"))) if self.deaths else 0
        if died < self.deaths:
            (self.folder / f"{self.number}-{died}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.number**2


def test_every_task_is_done_once() -> None:
    squares = over_processes(_Square(number) for number in range(20))
    assert sorted(squares) == [number**2 for number in range(20)]
    assert list(over_processes([])) == []


def test_a_task_whose_process_dies_is_begun_again(tmp_path: Path) -> None:
    tasks = [_Square(number, 2 if number == 3 else 0, tmp_path) for number in range(9)]
    assert sorted(over_processes(tasks)) == [number**2 for number in range(9)]
    assert len(list(tmp_path.iterdir())) == 2


def test_one_whose_process_dies_again_and_again_ends_it(tmp_path: Path) -> None:
    with pytest.raises(RebuildError, match=r"died again and again.*to go on"):
        list(over_processes([_Square(1), _Square(2, 3, tmp_path)]))
    assert len(list(tmp_path.iterdir())) == 3


def test_an_error_of_a_task_is_raised_as_it_is() -> None:
    with pytest.raises(RebuildError, match=r"^no such row$"):
        list(over_processes([_Square(1), _Square(2, error="no such row")]))


_STOPPED = """
import os, signal, threading
from multiprocessing import forkserver
from pipelines.rebuild.tasks import over_processes
from tests.pipelines.rebuild.test_tasks import _Square

def stop():
    while forkserver._forkserver._forkserver_pid is None:
        pass
    os.kill(os.getpid(), signal.SIGINT)

def tasks():
    threading.Thread(target=stop).start()
    yield _Square(1)

if __name__ == "__main__":
    try:
        list(over_processes(tasks()))
    except KeyboardInterrupt:
        print("stopped")
"""
"""Is interrupted once the server of its processes runs, which first imports what these need."""


def test_a_stop_while_processes_start_leaves_none_behind_that_complains(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_STOPPED)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # What processes that it leaves behind say is read too: they hold the pipe until they end.
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("stopped\n", "")
