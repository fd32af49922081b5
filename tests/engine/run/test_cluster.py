"""Ray as a run starts it or joins it, in whole dummy runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import ray

from engine.profile.profile import load
from engine.run.cluster import cluster as joined
from manifests.workspace import Workspace
from pipelines.caption.stage import CaptionStage
from tests.conftest import quick_profile, run

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


def test_workers_of_a_joined_cluster_know_that_they_are_captionmill_s(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    (tmp_path / "quick.toml").write_text(quick_profile())
    workspace = Workspace.create(tmp_path / "out")

    @ray.remote
    def given() -> object:
        return ray.get_runtime_context().runtime_env["env_vars"]

    # The cluster of the tests inherited the variable from them: what counts is what the run gives.
    with joined(workspace, CaptionStage(load(str(tmp_path / "quick.toml"))), epoch=1):
        assert ray.get(given.remote()) == {"CAPTIONMILL": "1"}
