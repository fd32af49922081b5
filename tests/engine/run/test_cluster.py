"""Ray as a run starts it or joins it, in whole dummy runs."""

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import ray
from ray._private import utils

from engine.run.cluster import _bring_logs as bring_logs
from engine.run.cluster import _needed_alone as needed_alone
from engine.run.cluster import ray_cluster
from engine.run.scratch import RAYS, scratch_folders
from engine.torch_cpu import SWITCH
from manifests.workspace import Workspace
from tests.conftest import run

pytestmark = pytest.mark.run


@pytest.mark.exhaustive
def test_a_run_under_a_long_temporary_folder_captions_every_clip(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    long = tmp_path / "scratch" / "a-user-with-a-long-name" / "job.1234567" / "temporary"
    long.mkdir(parents=True)
    few = sorted(clips.iterdir())[:3]
    done = run("caption", *few, tmp_path / "out", "--profile", profile(), TMPDIR=str(long))
    assert done.returncode == 0, done.stderr
    assert "3 captioned + 0 filtered + 0 quarantined" in done.stdout
    workspace = Workspace.open(tmp_path / "out")
    logs = {path.stem for path in (workspace.logs / "ray").rglob("*")}
    assert "raylet" in logs, "Ray's logs were left behind"
    assert not logs & {"monitor", "log_monitor", "dashboard"}, "Ray started what a run does without"
    assert not (Path("/tmp") / f"captionmill-{workspace.place_id}").exists()


def test_while_ray_runs_no_other_user_can_enter_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    name = f"captionmill-test-{os.getpid():x}"
    with ray_cluster(name, 1, 80 << 20, tmp_path / "logs"):
        (folder,) = scratch_folders(name)
        assert any(path.is_socket() for path in folder.rglob("plasma_store"))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert scratch_folders(name) == []
    assert any(path.stem == "raylet" for path in (tmp_path / "logs").iterdir())


def test_a_cluster_without_a_token_is_joined_after_a_local_one(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @ray.remote
    class Asked:
        def mode(self) -> str | None:
            return os.environ.get("RAY_AUTH_MODE")

    monkeypatch.setenv("HOME", str(tmp_path))
    for address, mode in ((None, "token"), (cluster, None)):
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        if address is not None:
            monkeypatch.setenv("RAY_ADDRESS", address)
        with ray_cluster("captionmill-test", 1, 80 << 20, tmp_path / "logs"):
            asked = Asked.remote()  # type: ignore[attr-defined]
            assert ray.get(asked.mode.remote(), timeout=60) == mode
    assert not (tmp_path / ".ray").exists(), "a token was left in the home directory"


@pytest.mark.exhaustive
def test_a_run_that_was_killed_three_times_goes_on_to_its_end(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    few = sorted(clips.iterdir())[:3]
    arguments = ("caption", *few, tmp_path / "out", "--profile", profile())
    for _ in range(3):
        killed = run(*arguments, CAPTIONMILL_KILL_AT="driver.before_commit")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        workspace = Workspace.open(tmp_path / "out")
        name = f"captionmill-{workspace.place_id}"
        (left,) = scratch_folders(name)
        assert any((left / RAYS).glob("session_2*")), "it was killed without a Ray"
        assert stat.S_IMODE(left.stat().st_mode) == 0o700
    left.chmod(0o777)  # as older versions left it
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "3 captioned + 0 filtered + 0 quarantined" in done.stdout
    assert scratch_folders(name) == []


def test_logs_of_a_killed_run_are_brought_from_a_private_folder_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("for this user only")
    for mode in (0o777, 0o700):
        logs = tmp_path / "scratch" / RAYS / "session_2026-11-26_20-25-03_123456_1" / "logs"
        logs.mkdir(parents=True)
        (logs / "raylet.out").symlink_to(secret)
        (tmp_path / "scratch").chmod(mode)
        bring_logs(tmp_path / "scratch", tmp_path / "target")
        assert not (tmp_path / "scratch").exists() and secret.exists()
        assert (tmp_path / "target" / "raylet.out").exists() == (mode == 0o700)


def test_ray_is_not_asked_for_a_dashboard_and_left_as_it_was() -> None:
    before = utils.get_dashboard_dependency_error
    with needed_alone():
        assert isinstance(utils.get_dashboard_dependency_error(), ImportError)
        assert utils.get_dashboard_dependency_error is not before
    assert utils.get_dashboard_dependency_error is before


def test_processes_of_a_joined_cluster_get_the_environment_that_is_asked_for(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)

    @ray.remote
    def switch() -> str | None:
        return os.environ.get(SWITCH)

    for environment in ({SWITCH: "1"}, None):
        with ray_cluster("captionmill-test", 1, 80 << 20, tmp_path, environment):
            assert ray.get(switch.remote()) == (environment or {}).get(SWITCH)
