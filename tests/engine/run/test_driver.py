"""Whole runs, killed anywhere: every clip once, none lost, the same bytes, whatever the stage."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.crashpoints import POINTS
from manifests import commits
from manifests.workspace import Workspace
from tests.conftest import (
    CLIPS,
    LOOK_S,
    RUN_S,
    Staged,
    books_of,
    files_of,
    here,
    kill,
    problems_of,
    processes_of,
    run,
    stop_at_work,
    wait_until,
    write_clip,
)

pytestmark = pytest.mark.run


_ELSEWHERE = {
    "driver.clearing",
    *(point for point in POINTS if point.startswith(("train.", "rebuild.", "reviews."))),
}
"""Points with a test of their own."""

_TIMES = {
    "ingest.before_commit": 2,
    "ingest.after_commit": 2,
    "journal.put": 3,
    "shard.before_files": 2,
    "shard.between_files": 2,
}
"""At which time a point kills. A worker counts anew after each death: at the second shard, or the third
entry of the journal, it dies so seldom that the run gets to its end."""

_IN_TURN = (
    "ingest.before_commit",
    "driver.before_commit",
    "driver.clearing",
    "journal.put",
)
"""Points in the order in which one workspace comes to them: it is killed at each, at last its workers
after each entry of a journal. `tests/pipelines/test_retry.py` dies between the files of a shard and after
the driver's commit, and the test of a source that moves after that of the listing."""

_FATAL = "shard.after_files"
"""Here it dies every time, until the run gives up."""

_OF_CAPTIONING = {"ingest.before_commit", "ingest.after_commit", "shard.before_files"}
"""Points at which stages do not differ: listing knows none, nor does a shard before its files."""


def _ran(*arguments: str | Path, **environment: str) -> dict[str, Any]:
    done = run(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _runlog(out: Path) -> dict[str, Any]:
    """What the newest run of a workspace logged of itself."""
    entry: dict[str, Any] = json.loads(max((out / "runlog").iterdir()).read_text())
    return entry


def _uncommitted(out: Path) -> set[str]:
    """Table files that no record names."""
    state = commits.load(Workspace.open(out))
    committed = {file.path for file in state.files()}
    files = (path for path in out.rglob("*.parquet") if out / "commits" not in path.parents)
    return {path.relative_to(out).as_posix() for path in files} - committed


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _copy(reference: Path, folder: Path) -> Path:
    """A workspace in `folder` as if it had been captioned there."""
    return Path(shutil.copytree(reference / "out", folder / "out"))


def test_a_run_accounts_for_every_clip(reference: Path) -> None:
    books = json.loads(here("status", reference / "out", "--json").stdout)["jobs"][0]
    assert (books["input"], books["captioned"], books["pending"]) == (CLIPS, CLIPS, 0)
    assert books["llm_share"] == 1.0
    assert run("verify", reference / "out").returncode == 0


def test_a_finished_workspace_answers_without_starting_ray(
    reference: Path, clips: Path, tmp_path: Path
) -> None:
    out = _copy(reference, tmp_path)
    done = run("caption", clips, out, "--profile", reference / "quick.toml")
    assert done.returncode == 0
    assert "nothing left to do" in done.stdout
    assert "Ray" not in done.stderr
    assert files_of(out) == files_of(reference / "out")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("staged", "point"),
    [
        *(("captioning", point) for point in POINTS if point not in _ELSEWHERE),
        *(("marking", point) for point in POINTS if point not in _ELSEWHERE | _OF_CAPTIONING),
    ],
    indirect=["staged"],
)
def test_killed_at_a_commit_point_it_goes_on(
    point: str,
    staged: Staged,
    clips: Path,
    tmp_path: Path,
    profile: Callable[..., Path],
    cluster: str,
) -> None:
    out = tmp_path / "out"
    arguments = (staged.verb, clips, out, "--profile", profile())
    _see_killed(point, _TIMES.get(point, 1), out, arguments, cluster)
    again = run(*arguments, RAY_ADDRESS=cluster)
    assert again.returncode == 0, again.stderr
    staged.same_as_reference(out)


def _see_killed(
    point: str, times: int, out: Path, arguments: tuple[str | Path, ...], cluster: str
) -> None:
    """Runs a command that dies at this point, or whose workers do, when it comes there so many times."""
    in_worker = point.startswith(("journal", "shard"))
    there = {} if in_worker else {"RAY_ADDRESS": cluster}
    there["CAPTIONMILL_KILL_AT"] = f"{point}:{times}"
    killed = run(*arguments, **there)
    if in_worker:  # the run outlives some of its workers' deaths, and gives up after too many
        assert _runlog(out)["worker_deaths"] > 0
        assert killed.returncode == (1 if point == _FATAL else 0), killed.stderr
    else:
        assert killed.returncode == -signal.SIGKILL, f"{point}: {killed.stderr}"


def test_killed_at_one_commit_point_after_another_it_goes_on(
    staged: Staged, clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    out = tmp_path / "out"
    arguments = (staged.verb, clips, out, "--profile", profile())
    left: dict[str, set[str]] = {}
    for point in _IN_TURN:
        _see_killed(point, 1, out, arguments, cluster)
        left[point] = _uncommitted(out)
    cleared = left["driver.clearing"]
    assert cleared < left["driver.before_commit"], "it was not killed while it cleared up"
    assert _uncommitted(out) == set()
    staged.same_as_reference(out)


def _see_replaced(out: Path, title: str) -> None:
    """Kills the processes of this title, and returns when there is a new one."""
    dead = kill(out, title)
    wait_until(lambda: {p.pid for p in processes_of(out, title)} - dead, poll_s=LOOK_S)


_PARTS = ("ray::Host", "ray::Decoder", "ray::ShardWorker")


@pytest.mark.parametrize(
    ("staged", "titles"),
    [
        ("captioning", ["ray::Host", "ray::Decoder", "engine.servers.dummy"]),
        # A worker that kills itself at `journal.put` shows the same.
        pytest.param("captioning", ["ray::ShardWorker"], marks=pytest.mark.exhaustive),
        *(pytest.param("marking", [title], marks=pytest.mark.exhaustive) for title in _PARTS),
    ],
    indirect=["staged"],
)
def test_killed_parts_are_replaced_during_the_run(
    titles: list[str],
    staged: Staged,
    clips: Path,
    tmp_path: Path,
    profile: Callable[..., Path],
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    driver = started(staged.verb, clips, out, "--profile", profile())
    worker = stop_at_work(out)
    for title in titles:
        _see_replaced(out, title)
    of_worker = titles == ["ray::ShardWorker"]
    if not of_worker:
        worker[0].resume()
    assert driver.wait(RUN_S) == 0, driver.communicate()[1]
    assert _runlog(out)["worker_deaths"] == of_worker
    staged.same_as_reference(out)


def test_a_killed_driver_and_a_signal_leave_work_that_goes_on(
    staged: Staged,
    clips: Path,
    tmp_path: Path,
    profile: Callable[..., Path],
    cluster: str,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    """Meanwhile a second driver is refused."""
    out = tmp_path / "out"
    arguments = (staged.verb, clips, out, "--profile", profile())
    driver = started(*arguments)
    (worker,) = stop_at_work(out)
    second = run(*arguments)
    assert second.returncode == 1
    assert f"process {driver.pid}" in second.stderr
    orphans = processes_of(out)
    assert worker in orphans
    driver.kill()
    assert driver.wait() == -signal.SIGKILL

    _see_stopped(signal.SIGINT, out, arguments, started)
    assert not any(_lives(process) for process in orphans)
    assert run(*arguments, RAY_ADDRESS=cluster).returncode == 0
    assert not processes_of(out)
    staged.same_as_reference(out)


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_same_command_goes_on(
    number: signal.Signals,
    staged: Staged,
    clips: Path,
    tmp_path: Path,
    profile: Callable[..., Path],
    cluster: str,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    arguments = (staged.verb, clips, out, "--profile", profile())
    _see_stopped(number, out, arguments, started)
    assert run(*arguments, RAY_ADDRESS=cluster).returncode == 0
    staged.same_as_reference(out)


def _see_stopped(
    number: signal.Signals,
    out: Path,
    arguments: tuple[str | Path, ...],
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    """Runs a command that is told to stop when it has journaled something that was not there."""
    before = set(out.glob("journal/*/*/*.json"))
    driver = started(*arguments)
    wait_until(lambda: set(out.glob("journal/*/*/*.json")) - before)
    driver.send_signal(number)
    _, told = driver.communicate(timeout=RUN_S)
    assert driver.returncode == 130, told
    assert "rerun the command to continue" in told
    assert not processes_of(out)
    assert books_of(out)[0]["pending"] > 0, "it was over before it could be stopped"


def test_new_files_are_worked_and_old_ones_left(
    reference: Path, clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    folder, out = tmp_path / "more", _copy(reference, tmp_path)
    folder.mkdir()
    for number in range(3):
        write_clip(folder / f"new{number}.mp4", CLIPS + number)
    first = min(clips.iterdir())
    os.link(first, folder / "twin of the first.mp4")
    arguments = ("caption", clips, folder, out, "--profile", profile())
    result = _ran(*arguments, RAY_ADDRESS=cluster)
    assert (result["added"], result["worked"], result["captioned"]) == (3, 3, CLIPS + 3)
    assert files_of(reference / "out").items() <= files_of(out).items()
    twin = json.loads(here("show", out, "twin", "--json").stdout)
    told = json.loads(here("show", out, first.name, "--json").stdout)
    assert twin and [row["clip_id"] for row in twin] == [row["clip_id"] for row in told]


@pytest.mark.exhaustive
def test_a_changed_prompt_makes_a_version_and_sees_no_media_again(
    reference: Path, clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    before, out = files_of(reference / "out"), _copy(reference, tmp_path)
    _ran("caption", clips, out, "--profile", profile(prompt="terse"), RAY_ADDRESS=cluster)
    after = files_of(out)
    assert before.items() < after.items()
    assert not [path for path in after.keys() - before.keys() if path.startswith("weak/")]
    assert len(books_of(out)) == 2
    assert problems_of(out) == []


@pytest.mark.exhaustive
def test_two_jobs_in_turn_keep_each_weak_caption_once(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    out = tmp_path / "out"
    few = [str(path) for path in sorted(clips.iterdir())[:4]]
    first, second = profile(), profile(prompt="terse")
    killed = run(
        *("caption", *few, out, "--profile", first),
        CAPTIONMILL_KILL_AT="driver.before_commit",
        RAY_ADDRESS=cluster,
    )
    assert killed.returncode == -signal.SIGKILL
    for chosen in (second, first):
        _ran("caption", *few, out, "--profile", chosen, RAY_ADDRESS=cluster)
    assert problems_of(out) == []


def test_a_source_that_moves_before_it_is_worked_is_found(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    folder, out = tmp_path / "media", tmp_path / "out"
    folder.mkdir()
    os.link(sorted(clips.iterdir())[0], folder / "before.mp4")
    arguments = ("caption", folder, out, "--profile", profile())
    killed = run(*arguments, CAPTIONMILL_KILL_AT="ingest.after_commit")
    assert killed.returncode == -signal.SIGKILL
    (folder / "before.mp4").rename(folder / "after.mp4")
    result = _ran(*arguments, RAY_ADDRESS=cluster)
    assert (result["input"], result["captioned"]) == (1, 1)


def test_a_profile_that_can_never_be_placed_is_refused(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    mine = profile()
    mine.write_text(mine.read_text().replace("num_cpus = 0.1", "num_gpus = 99", 1))
    done = run("caption", clips, tmp_path / "out", "--profile", mine, RAY_ADDRESS=cluster)
    assert done.returncode == 1
    assert "needs 99 GPUs" in done.stderr
