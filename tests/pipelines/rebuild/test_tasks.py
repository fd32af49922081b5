"""Tasks over processes: each is done once, whatever happens to the process that does it."""

import os
import signal
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
