"""Whole runs of the dummy profile, killed anywhere: every clip once, none lost, the same bytes."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.crashpoints import POINTS
from tests.conftest import CLIPS, files_of, processes_of, run, wait_until


def _ran(*arguments: str | Path, **environment: str) -> dict[str, Any]:
    done = run(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def reference(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was captioned in one go."""
    folder = tmp_path_factory.mktemp("reference")
    profile = folder / "quick.toml"
    from tests import conftest

    profile.write_text(conftest.quick_profile())
    _ran("caption", clips, folder / "out", "--profile", profile)
    return folder


def _same_as(reference: Path, workspace: Path) -> None:
    assert files_of(workspace) == files_of(reference / "out")
    books = json.loads(run("status", workspace, "--json").stdout)["jobs"][0]
    assert books["close"] and books["captioned"] == CLIPS and books["pending"] == 0
    checked = run("verify", workspace)
    assert checked.returncode == 0, checked.stdout


def test_a_run_accounts_for_every_clip(reference: Path) -> None:
    books = json.loads(run("status", reference / "out", "--json").stdout)["jobs"][0]
    assert (books["input"], books["captioned"], books["pending"]) == (CLIPS, CLIPS, 0)
    assert books["llm_share"] == 1.0
    assert run("verify", reference / "out").returncode == 0


def test_a_finished_workspace_answers_without_starting_ray(reference: Path, clips: Path) -> None:
    before = files_of(reference / "out")
    done = run("caption", clips, reference / "out", "--profile", reference / "quick.toml")
    assert done.returncode == 0
    assert "nothing was left to do" in done.stdout
    assert "Ray" not in done.stderr
    assert files_of(reference / "out") == before


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_commit_point_it_goes_on(
    point: str, reference: Path, clips: Path, tmp_path: Path
) -> None:
    arguments = ("caption", clips, tmp_path / "out", "--profile", reference / "quick.toml")
    out = tmp_path / "out"
    killed = run(*arguments, CAPTIONMILL_KILL_AT=f"{point}:{1 + point.startswith('ingest')}")
    if point.startswith(
        ("journal", "shard")
    ):  # a worker died, perhaps so often that the run failed
        (entry,) = (out / "runlog").iterdir()
        assert json.loads(entry.read_text())["worker_deaths"] > 0
    else:
        assert killed.returncode == -signal.SIGKILL
    again = run(*arguments)
    assert again.returncode == 0, again.stderr
    _same_as(reference, out)


@pytest.mark.parametrize("title", ["ray::Host", "ray::Decoder", "ray::ShardWorker", "dummy_server"])
def test_a_killed_part_is_replaced_during_the_run(
    title: str,
    reference: Path,
    clips: Path,
    tmp_path: Path,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    driver = started("caption", clips, out, "--profile", reference / "quick.toml")
    wait_until(lambda: list(out.glob("journal/*/*/*.weak.json")))
    for process in processes_of(out, title):
        process.kill()
    assert driver.wait(timeout=240) == 0, driver.communicate()[1]
    _same_as(reference, out)


def test_after_a_killed_driver_its_processes_go_and_the_work_goes_on(
    reference: Path, clips: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    out = tmp_path / "out"
    arguments = ("caption", clips, out, "--profile", reference / "quick.toml")
    driver = started(*arguments)
    wait_until(lambda: list(out.glob("journal/*/*/*.weak.json")))
    orphans = processes_of(out)
    driver.kill()
    driver.wait()
    assert run(*arguments).returncode == 0
    assert not [p for p in orphans if psutil.pid_exists(p.pid) and p.is_running()]
    assert not processes_of(out)
    _same_as(reference, out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_same_command_goes_on(
    number: signal.Signals,
    reference: Path,
    clips: Path,
    tmp_path: Path,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    arguments = ("caption", clips, out, "--profile", reference / "quick.toml")
    driver = started(*arguments)
    wait_until(lambda: list(out.glob("journal/*/*/*.weak.json")))
    driver.send_signal(number)
    _, told = driver.communicate(timeout=120)
    assert driver.returncode == 130, told
    assert "run the same command again" in told
    assert not processes_of(out)
    assert run(*arguments).returncode == 0
    _same_as(reference, out)


def test_a_second_driver_is_refused(
    reference: Path, clips: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    out = tmp_path / "out"
    arguments = ("caption", clips, out, "--profile", reference / "quick.toml")
    driver = started(*arguments)
    wait_until(lambda: list(out.glob("commits/*/open.json")))
    second = run(*arguments)
    assert second.returncode == 1
    assert f"process {driver.pid}" in second.stderr
    assert driver.wait(timeout=240) == 0


def test_new_files_are_worked_and_old_ones_left(
    reference: Path, clips: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "few", tmp_path / "out"
    folder.mkdir()
    names = sorted(clips.iterdir())
    for path in names[:5]:
        os.link(path, folder / path.name)
    arguments = ("caption", folder, out, "--profile", reference / "quick.toml")
    _ran(*arguments)
    before = files_of(out)
    for path in names[5:8]:
        os.link(path, folder / path.name)
    os.link(names[0], folder / "twin of the first.mp4")
    result = _ran(*arguments)
    assert (result["added"], result["worked"], result["captioned"]) == (3, 3, 8)
    assert before.items() <= files_of(out).items()
    twin = json.loads(run("show", out, "twin", "--json").stdout)
    first = json.loads(run("show", out, names[0].name, "--json").stdout)
    assert [row["clip_id"] for row in twin] == [row["clip_id"] for row in first]


def test_a_changed_prompt_makes_a_version_and_sees_no_media_again(
    reference: Path, clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    out = tmp_path / "out"
    few = [str(path) for path in sorted(clips.iterdir())[:4]]
    _ran("caption", *few, out, "--profile", profile())
    before = files_of(out)
    _ran("caption", *few, out, "--profile", profile(prompt="terse"))
    after = files_of(out)
    assert before.items() <= after.items()
    assert not [path for path in after.keys() - before.keys() if path.startswith("weak/")]
    assert len(json.loads(run("status", out, "--json").stdout)["jobs"]) == 2
    assert run("verify", out).returncode == 0


def test_two_jobs_in_turn_keep_each_weak_caption_once(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    out = tmp_path / "out"
    few = [str(path) for path in sorted(clips.iterdir())[:4]]
    first, second = profile(), profile(prompt="terse")
    killed = run(
        "caption", *few, out, "--profile", first, CAPTIONMILL_KILL_AT="driver.before_commit"
    )
    assert killed.returncode == -signal.SIGKILL
    _ran("caption", *few, out, "--profile", second)
    _ran("caption", *few, out, "--profile", first)
    checked = run("verify", out)
    assert checked.returncode == 0, checked.stdout


def test_a_source_that_moves_before_it_is_worked_is_found(
    reference: Path, clips: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "media", tmp_path / "out"
    folder.mkdir()
    os.link(sorted(clips.iterdir())[0], folder / "before.mp4")
    arguments = ("caption", folder, out, "--profile", reference / "quick.toml")
    run(*arguments, CAPTIONMILL_KILL_AT="ingest.after_commit")
    (folder / "before.mp4").rename(folder / "after.mp4")
    result = _ran(*arguments)
    assert (result["input"], result["captioned"]) == (1, 1)


def test_a_profile_that_can_never_be_placed_is_refused(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    mine = profile()
    mine.write_text(mine.read_text().replace("num_cpus = 0.1", "num_gpus = 99", 1))
    done = run("caption", clips, tmp_path / "out", "--profile", mine)
    assert done.returncode == 1
    assert "asks for 99 GPUs" in done.stderr
