"""Ray as a run starts it or joins it, in whole dummy runs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import ray
from ray._private import utils

from engine.run.cluster import _needed_alone as needed_alone
from engine.run.cluster import ray_cluster
from engine.torch_cpu import SWITCH
from manifests.workspace import Workspace
from tests.conftest import run

pytestmark = pytest.mark.run


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
