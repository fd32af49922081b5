"""Jobs of a workspace are those whose settings captionmill keeps, whatever else lies beside them."""

import shutil
from pathlib import Path

import pytest

from manifests import commits
from manifests.workspace import Workspace
from pipelines.status import jobs

pytestmark = pytest.mark.run


def test_files_beside_the_settings_are_no_jobs(workspace: Path, tmp_path: Path) -> None:
    place = Workspace.open(Path(shutil.copytree(workspace, tmp_path / "out")))
    (kept,) = (place.root / "configs").glob("*.json")
    (kept.parent / f"._{kept.name}").write_bytes(b"\0macOS")
    (kept.parent / f"{kept.stem} copy.json").write_bytes(kept.read_bytes())
    (job,) = jobs(place, commits.load(place))
    assert job.digest == kept.stem
