"""What is in quarantine now: not what was retried since, nor what stood for a source that changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from manifests import tables
from manifests.commits import Record
from manifests.kinds import QUARANTINE
from pipelines.quarantine import current
from tests.manifests.made import CUT, JOB, QUARANTINED, SHARDS, Made, make, quarantined


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A workspace with one clip of each shard in quarantine."""
    return make(tmp_path / "workspace")


def _current(made: Made) -> list[tuple[str, int, int]]:
    entries = current(made.workspace, made.state, JOB)
    return [(entry.row["clip_id"], entry.shard, entry.generation) for entry in entries]


def _clips(made: Made) -> list[str]:
    return [made.rows("clips", shard)[QUARANTINED]["clip_id"] for shard in range(SHARDS)]


def test_quarantined_clips_come_by_shard(made: Made) -> None:
    assert _current(made) == [(clip, shard, 0) for shard, clip in enumerate(_clips(made))]


def test_a_clip_that_failed_again_comes_once_with_its_last_generation(made: Made) -> None:
    clip = made.rows("clips")[QUARANTINED]
    path = made.workspace.path("quarantine", JOB, 0, 1, 1)
    file = tables.write(
        made.root, path, "quarantine", [quarantined(clip, "again")], QUARANTINE.schema
    )
    retry = Record(
        stage="caption",
        epoch=1,
        cut=CUT,
        job=JOB,
        shard=0,
        generation=1,
        counts={"quarantined": 1},
        retried=(clip["clip_id"],),
        files=(file,),
    )
    made.append(retry)
    first, second = _clips(made)
    assert _current(made) == [(first, 0, 1), (second, 1, 0)]
    made.append(replace(retry, generation=2, counts={"captioned": 1}, files=()))
    assert _current(made) == [(second, 1, 0)]


def test_what_stood_for_a_source_that_changed_is_gone(made: Made) -> None:
    first, second = _clips(made)
    made.append(Record(stage="ingest", epoch=1, cut=CUT, replaced={first: 0}))
    assert _current(made) == [(second, 1, 0)]
