"""Runs of several servers, and of stages that take turns on a card: the same bytes as in one go."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CLIPS, files_of, processes_of, quick_profile, run, wait_until
from tests.engine.fake_openai import FakeOpenAI


@pytest.fixture(scope="module")
def reference(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was captioned in one go."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / "quick.toml").write_text(quick_profile())
    done = run("caption", clips, folder / "out", "--profile", folder / "quick.toml")
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def one_card() -> Iterator[str]:
    """The address of a Ray cluster that believes to have one GPU."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 4, "num_gpus": 1})
    yield cluster.address
    cluster.shutdown()


def _profile(folder: Path, **changes: Any) -> Path:
    """The quick profile with stages that don't fit on one card together."""
    text = quick_profile(**changes).replace("num_cpus = 0.1", "num_cpus = 0.1\nnum_gpus = 0.6")
    text = text.replace('kind = "dummy"', 'kind = "dummy"\nnum_gpus = 0.5')
    path = folder / "turns.toml"
    path.write_text(text.replace("workers = 2", "workers = 2\nwave = 2"))
    return path


def _books(workspace: Path) -> dict[str, Any]:
    books: dict[str, Any] = json.loads(run("status", workspace, "--json").stdout)["jobs"][0]
    return books


def test_in_turns_on_one_card_the_bytes_are_the_same(
    reference: Path, clips: Path, tmp_path: Path, one_card: str
) -> None:
    out = tmp_path / "out"
    done = run("caption", clips, out, "--profile", _profile(tmp_path), RAY_ADDRESS=one_card)
    assert done.returncode == 0, done.stderr
    assert "turn 3" in done.stderr and files_of(out) == files_of(reference)
    assert run("verify", out).returncode == 0


def test_killed_between_turns_it_goes_on_in_one(
    reference: Path,
    clips: Path,
    tmp_path: Path,
    one_card: str,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    driver = started("caption", clips, out, "--profile", _profile(tmp_path), RAY_ADDRESS=one_card)
    wait_until(lambda: list(out.glob("journal/*/*/*.weak.json")))
    driver.kill()
    driver.wait()
    (tmp_path / "quick.toml").write_text(quick_profile())
    done = run("caption", clips, out, "--profile", tmp_path / "quick.toml")
    assert done.returncode == 0, done.stderr
    assert files_of(out) == files_of(reference)


def test_a_dead_replica_ends_nothing(
    reference: Path, clips: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    out, two = tmp_path / "out", tmp_path / "two.toml"
    two.write_text(quick_profile().replace('kind = "dummy"', 'kind = "dummy"\nreplicas = 2'))
    driver = started("caption", clips, out, "--profile", two)
    wait_until(lambda: len(processes_of(out, "engine.dummy_server")) == 2)
    wait_until(lambda: list(out.glob("journal/*/*/*.weak.json")))
    processes_of(out, "engine.dummy_server")[0].kill()
    assert driver.wait(timeout=240) == 0, driver.communicate()[1]
    assert files_of(out) == files_of(reference)


def test_when_the_time_is_up_it_stops_cleanly_and_goes_on_later(
    reference: Path, clips: Path, tmp_path: Path
) -> None:
    (tmp_path / "quick.toml").write_text(quick_profile())
    arguments = ("caption", clips, tmp_path / "out", "--profile", tmp_path / "quick.toml")
    done = run(*arguments, "--max-hours", "0")
    assert done.returncode == 0 and "the same command goes on" in done.stdout
    books = _books(tmp_path / "out")
    assert books["close"] and books["pending"] == CLIPS
    assert run(*arguments).returncode == 0
    assert files_of(tmp_path / "out") == files_of(reference)


def test_a_budget_needs_a_price(clips: Path, tmp_path: Path) -> None:
    done = run("caption", clips, tmp_path / "out", "-p", "dummy", "--max-budget", "3")
    assert done.returncode == 1 and "--gpu-price" in done.stderr


@pytest.mark.parametrize("status", [401, 400])
def test_a_key_that_a_captioner_s_server_refuses_is_no_clip_s_fault(
    clips: Path, tmp_path: Path, status: int
) -> None:
    asks = '[[captioners]]\nname = "asks"\nuse = "captioners.served:AudioChat"\nserver = "away"\n'
    out, profile = tmp_path / "out", tmp_path / "asks.toml"
    with FakeOpenAI(lambda request, number: status) as fake:
        away = f'[[servers]]\nname = "away"\nurls = ["{fake.url}"]\n'
        profile.write_text(quick_profile().replace("[writer]", f"{asks}{away}[writer]"))
        done = run("caption", clips, out, "--profile", profile)
    books = _books(out)
    if status == 401:
        assert done.returncode == 1 and "HTTP 401" in done.stderr
        assert (books["quarantined"], books["pending"]) == (0, CLIPS)
    else:
        assert (books["quarantined"], books["pending"]) == (CLIPS, 0), done.stderr
