"""Ray as a run starts it or joins it, in whole dummy runs."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ray._private import utils

from engine.run.cluster import _needed_alone as needed_alone
from engine.torch_cpu import SWITCH
from manifests.workspace import Workspace
from tests.conftest import CLIPS, LOOK_S, RUN_S, books_of, processes_of, run, wait_until

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


def test_a_run_marks_its_processes_on_a_cluster_that_does_not(
    clips: Path,
    tmp_path: Path,
    profile: Callable[..., Path],
    cluster: str,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    """Hosts and shard workers, which import a captioner's module, and servers."""
    mine, out = profile(), tmp_path / "out"
    mine.write_text(
        mine.read_text().replace("captioners.dummy:DummyAudio", "tests.engine.marked:Marked")
    )
    driver = started("caption", clips, out, "--profile", mine, RAY_ADDRESS=cluster)
    (server,) = wait_until(lambda: processes_of(out, "engine.servers.dummy"), poll_s=LOOK_S)
    assert server.environ()[SWITCH] == "1"
    assert driver.wait(RUN_S) == 0, driver.communicate()[1]
    assert books_of(out)[0]["captioned"] == CLIPS
