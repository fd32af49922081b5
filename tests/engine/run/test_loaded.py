"""Runs of several servers, and of stages that take turns on a card: the same bytes as in one go."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import (
    CLIPS,
    LOOK_S,
    RUN_S,
    books_of,
    files_of,
    problems_of,
    processes_of,
    quick_profile,
    run,
    stop_at_work,
    wait_until,
)
from tests.engine.fake_openai import FakeOpenAI

pytestmark = pytest.mark.run

_SERVER = "engine.servers.dummy"


def _profile(folder: Path) -> Path:
    """The quick profile with stages that don't fit on one card together."""
    text = quick_profile(video_group="others")
    text = text.replace("num_cpus = 0.1", "num_cpus = 0.1\nnum_gpus = 0.6")
    text = text.replace('kind = "dummy"', 'kind = "dummy"\nnum_gpus = 0.5')
    path = folder / "turns.toml"
    path.write_text(text.replace("workers = 1", "workers = 1\nwave = 2"))
    return path


@pytest.mark.exhaustive
def test_in_turns_on_one_card_the_bytes_are_the_same(
    reference: Path, clips: Path, tmp_path: Path, cluster: str
) -> None:
    out = tmp_path / "out"
    done = run("caption", clips, out, "--profile", _profile(tmp_path), RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert "turn 3" in done.stderr and files_of(out) == files_of(reference / "out")
    assert problems_of(out) == []


@pytest.mark.exhaustive
def test_killed_between_turns_it_goes_on_in_one(
    reference: Path,
    clips: Path,
    tmp_path: Path,
    cluster: str,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    driver = started("caption", clips, out, "--profile", _profile(tmp_path), RAY_ADDRESS=cluster)
    wait_until(lambda: list(out.glob("journal/*/*/*.json")))
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    assert books_of(out)[0]["pending"] == CLIPS, "it was not killed between turns"
    (tmp_path / "quick.toml").write_text(quick_profile())
    done = run("caption", clips, out, "--profile", tmp_path / "quick.toml", RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert files_of(out) == files_of(reference / "out")


@pytest.mark.exhaustive
def test_a_dead_replica_ends_nothing(
    reference: Path,
    clips: Path,
    tmp_path: Path,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out, two = tmp_path / "out", tmp_path / "two.toml"
    two.write_text(quick_profile().replace('kind = "dummy"', 'kind = "dummy"\nreplicas = 2'))
    driver = started("caption", clips, out, "--profile", two)
    (worker,) = stop_at_work(out)
    replicas = processes_of(out, _SERVER)
    assert len(replicas) == 2
    replicas[0].kill()
    wait_until(lambda: replicas[0] not in processes_of(out, _SERVER), poll_s=LOOK_S)
    worker.resume()
    assert driver.wait(RUN_S) == 0, driver.communicate()[1]
    assert files_of(out) == files_of(reference / "out")


def test_when_the_time_is_up_it_stops_cleanly(clips: Path, tmp_path: Path, cluster: str) -> None:
    (tmp_path / "quick.toml").write_text(quick_profile())
    arguments = ("caption", clips, tmp_path / "out", "--profile", tmp_path / "quick.toml")
    done = run(*arguments, "--max-hours", "0", RAY_ADDRESS=cluster)
    assert done.returncode == 0 and "rerun the command to continue" in done.stdout
    (books,) = books_of(tmp_path / "out")
    assert books["close"] and books["pending"] == CLIPS
    assert problems_of(tmp_path / "out") == []


def test_a_run_notes_the_gpus_that_it_pays_for(clips: Path, tmp_path: Path, cluster: str) -> None:
    (tmp_path / "quick.toml").write_text(quick_profile())
    arguments = ("caption", clips, tmp_path / "out", "--profile", tmp_path / "quick.toml")
    assert run(*arguments, "--max-hours", "0", RAY_ADDRESS=cluster).returncode == 0
    (log,) = (tmp_path / "out" / "runlog").iterdir()
    assert json.loads(log.read_text())["gpus"] == 1  # that of the cluster


@pytest.mark.exhaustive
def test_after_its_time_was_up_it_goes_on(
    reference: Path, clips: Path, tmp_path: Path, cluster: str
) -> None:
    (tmp_path / "quick.toml").write_text(quick_profile())
    arguments = ("caption", clips, tmp_path / "out", "--profile", tmp_path / "quick.toml")
    assert run(*arguments, "--max-hours", "0", RAY_ADDRESS=cluster).returncode == 0
    assert books_of(tmp_path / "out")[0]["pending"] == CLIPS
    assert run(*arguments, RAY_ADDRESS=cluster).returncode == 0
    assert files_of(tmp_path / "out") == files_of(reference / "out")


def test_a_budget_needs_a_price(clips: Path, tmp_path: Path) -> None:
    done = run("caption", clips, tmp_path / "out", "-p", "dummy", "--max-budget", "3")
    assert done.returncode == 1 and "--gpu-price" in done.stderr


@pytest.mark.parametrize("status", [401, pytest.param(400, marks=pytest.mark.exhaustive)])
def test_a_key_that_a_captioner_s_server_refuses_is_no_clip_s_fault(
    clips: Path, tmp_path: Path, cluster: str, status: int
) -> None:
    asks = '[[captioners]]\nname = "asks"\nuse = "captioners.served:AudioChat"\nserver = "away"\n'
    out, profile = tmp_path / "out", tmp_path / "asks.toml"
    with FakeOpenAI(lambda request, number: status) as fake:
        away = f'[[servers]]\nname = "away"\nurls = ["{fake.url}"]\n'
        profile.write_text(quick_profile().replace("[writer]", f"{asks}{away}[writer]"))
        done = run("caption", clips, out, "--profile", profile, RAY_ADDRESS=cluster)
    (books,) = books_of(out)
    if status == 401:
        assert done.returncode == 1 and "HTTP 401" in done.stderr
        assert (books["quarantined"], books["pending"]) == (0, CLIPS)
    else:
        assert (books["quarantined"], books["pending"]) == (CLIPS, 0), done.stderr
