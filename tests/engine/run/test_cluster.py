"""Ray as a run starts it or joins it, in whole dummy runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ray._private import utils

from engine.run.cluster import _needed_alone as needed_alone
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
