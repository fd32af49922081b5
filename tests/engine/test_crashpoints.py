"""A crash point kills when it is told to, at the n-th time, and never else."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import engine.crashpoints
from engine.crashpoints import POINTS

pytestmark = pytest.mark.run

_SCRIPT = """
from engine.crashpoints import reach
for time in range(1, 6):
    reach("journal.put")
    print("weak", time, flush=True)
    reach("shard.after_files")
    print("after", time, flush=True)
"""


def _run(kill_at: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env={
            "CAPTIONMILL_KILL_AT": kill_at,
            "PYTHONPATH": str(Path(engine.crashpoints.__file__).parents[1]),
        },
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("kill_at", "last"),
    [
        ("journal.put", ""),
        ("journal.put:1", ""),
        ("shard.after_files", "weak 1"),
        ("journal.put:3", "after 2"),
        ("shard.after_files:5", "weak 5"),
    ],
)
def test_it_dies_by_sigkill_at_the_nth_time(kill_at: str, last: str) -> None:
    ran = _run(kill_at)
    assert ran.returncode == -signal.SIGKILL
    assert (ran.stdout.splitlines() or [""])[-1] == last


@pytest.mark.parametrize("kill_at", ["", "journal.put:6", "driver.before_commit"])
def test_it_lives_on_else(kill_at: str) -> None:
    ran = _run(kill_at)
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1] == "after 5"


@pytest.mark.parametrize("kill_at", ["journal.putting", "put:2", "journal.put:x"])
def test_a_point_that_does_not_exist_is_an_error(kill_at: str) -> None:
    ran = _run(kill_at)
    assert ran.returncode == 1
    assert "ValueError" in ran.stderr


def test_every_point_stands_in_the_code_once() -> None:
    folder = Path(engine.crashpoints.__file__).parent
    pipelines = folder.parent / "pipelines"
    places = [
        *folder.rglob("*.py"),
        *pipelines.glob("train/*.py"),
        *pipelines.glob("rebuild/*.py"),
        *pipelines.glob("reviews/*.py"),
    ]
    code = "".join(place.read_text() for place in places)
    reached = re.findall(r"reach\((.+?)\)", code)
    named = [name for call in reached for name in re.findall(r'"([a-z_.]+)"', call)]
    assert sorted(name for name in named if name in POINTS) == sorted(POINTS)
