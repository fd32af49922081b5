"""Which shards of a stage are leased, and which committed files a lease carries."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.profile.profile import Profile
from engine.run.lease import DriverLease
from engine.run.leases import leases, pending
from engine.stages.contract import Reading
from manifests.commits import Log, Record
from manifests.kinds import CAPTIONS, CLIPS
from manifests.tables import write
from manifests.workspace import Workspace
from tests.stages.mark import MarkStage

_JOB, _OTHER = "a" * 16, "b" * 16


class _Recaption(MarkStage):
    """Reads the captions of one job under a name of its own."""

    @property
    def reads(self) -> Mapping[str, Reading]:
        return {"first captions": Reading("captions", _JOB)}


@pytest.fixture
def stage() -> _Recaption:
    return _Recaption(Profile(name="own"))


def _listed(log: Log, workspace: Workspace, stage: _Recaption, shard: int) -> None:
    path = workspace.clips(stage.cut, shard, 1)
    file = write(workspace.root, path, "clips", [], CLIPS.schema)
    counts = {"sources": 1, "clips": 1}
    log.append(Record("ingest", 1, stage.cut, shard=shard, counts=counts, files=(file,)))


def _captioned(
    log: Log, workspace: Workspace, stage: _Recaption, shard: int, job: str, generation: int = 0
) -> str:
    path = workspace.path("captions", job, shard, generation, 1)
    file = write(workspace.root, path, "captions", [], CAPTIONS.schema)
    log.append(Record("caption", 1, stage.cut, job, shard, generation, files=(file,)))
    return path


def test_a_shard_waits_for_the_job_that_the_stage_reads(tmp_path: Path, stage: _Recaption) -> None:
    workspace = Workspace.create(tmp_path / "out")
    with DriverLease(workspace) as log:
        for shard in range(3):
            _listed(log, workspace, stage, shard)
        _captioned(log, workspace, stage, 1, _JOB)
        _captioned(log, workspace, stage, 2, _OTHER)
        assert pending(log.state, stage) == [1]


def test_a_lease_carries_the_files_of_that_job_alone(tmp_path: Path, stage: _Recaption) -> None:
    workspace = Workspace.create(tmp_path / "out")
    with DriverLease(workspace) as log:
        _listed(log, workspace, stage, 0)
        first = _captioned(log, workspace, stage, 0, _JOB)
        _captioned(log, workspace, stage, 0, _OTHER)
        again = _captioned(log, workspace, stage, 0, _JOB, generation=1)
        (lease,) = leases(workspace, log.state, stage, {0: None})
    assert lease.committed == {"first captions": [first, again]}
    assert (lease.shard, lease.generation, lease.only) == (0, 0, None)
    assert lease.clips_file == workspace.clips(stage.cut, 0, 1)
