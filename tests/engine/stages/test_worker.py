"""A shard worker keeps only rows of its batch, and redoes what was made from rows that are redone."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.profile.profile import Profile
from engine.stages.contract import Batch, Row, Rows, ShardLease, Stage, Step, Turn, Unit, Work
from engine.stages.journal import Journal
from engine.stages.tools import Tools
from engine.stages.worker import ShardWorker, check_rows
from manifests.kinds import CLIPS
from manifests.sources.examined import clip_rows
from manifests.tables import write
from manifests.workspace import Workspace
from tests.manifests.made import source

_CLIPS = clip_rows(source(1))
_FIRST, _SECOND = (clip["clip_id"] for clip in _CLIPS)
_EARS = "weak/ears-" + "0" * 16
_TABLES = (_EARS, "filtered", "quarantine")


def _weak(clip: Row, text: str = "") -> Row:
    row = {key: clip[key] for key in ("clip_id", "content_hash")}
    return row | {"captioner": "ears", "text": text, "claims": []}


def _filtered(clip: Row, rule: str) -> Row:
    return {key: clip[key] for key in ("clip_id", "uri", "start_ms", "end_ms")} | {"rule": rule}


def _batch(rows: dict[str, dict[str, Row]] | None = None) -> Batch:
    return Batch(tuple(_CLIPS), rows or {clip["clip_id"]: {} for clip in _CLIPS}, {})


def test_rows_of_the_batch_are_kept() -> None:
    check_rows(_batch(), {_EARS: [_weak(clip) for clip in _CLIPS]}, _TABLES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"captions": [_weak(_CLIPS[0])]}, "which the stage does not write"),
        ({_EARS: [_weak(_CLIPS[0]), _weak(_CLIPS[0])]}, "not those of the batch"),
        ({_EARS: [_weak(_CLIPS[0]) | {"clip_id": "f" * 32}]}, "not those of the batch"),
        ({_EARS: [_weak(_CLIPS[0]) | {"content_hash": "f" * 64}]}, "of other media"),
        ({_EARS: [{"clip_id": _FIRST}]}, "of other media"),
    ],
)
def test_any_other_row_ends_the_run(rows: Rows, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        check_rows(_batch(), rows, _TABLES)


def test_a_clip_gets_no_second_row_of_a_table() -> None:
    batch = _batch({_FIRST: {_EARS: _weak(_CLIPS[0])}, _SECOND: {}})
    with pytest.raises(RuntimeError, match=f"a row of clip {_FIRST} already"):
        check_rows(batch, {_EARS: [_weak(_CLIPS[0])]}, _TABLES)


class _TwoSteps(Stage):
    """Says something of each clip, then filters it by what was said."""

    name, doing, digest = "two", "working", "d" * 16
    tables = _TABLES
    steps = (Step("say", (Unit("ears"),)), Step("judge", (Unit("judge"),)))
    text = "first"

    def work(self, tools: Tools) -> Work:
        return _Working(self)


class _Working(Work):
    def __init__(self, stage: _TwoSteps) -> None:
        self._stage = stage

    async def run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows:
        if step.name == "say":
            return {_EARS: [_weak(dict(clip), self._stage.text) for clip in batch.clips]}
        rows = [(dict(clip), batch.rows[clip["clip_id"]][_EARS]) for clip in batch.clips]
        return {"filtered": [_filtered(clip, said["text"]) for clip, said in rows]}


def _worked(workspace: Workspace, text: str) -> list[str]:
    """The rules by which the clips of a shard are filtered after what was said is `text`."""
    stage = _TwoSteps(Profile(name="own"))
    stage.text = text
    path = f"clips/{stage.cut}/shard-00000-e000001.parquet"
    if not (workspace.root / path).exists():
        write(workspace.root, path, "clips", _CLIPS, CLIPS.schema)
    worker = ShardWorker(stage, workspace.root, Turn(("ears", "judge"), ()), {}, {})
    lease = ShardLease(1, 0, 0, path, {})
    done = asyncio.run(worker.work(lease))
    assert done.counts == {"filtered": 2}
    journal = Journal(workspace.journal(stage.digest, 0, 0))
    entry: Any = journal.get(0, "judge", [_FIRST, _SECOND])
    return [row["rule"] for row in entry.rows["filtered"]]


def test_what_is_journaled_is_not_worked_again(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    assert _worked(workspace, "first") == ["first", "first"]
    assert _worked(workspace, "second") == ["first", "first"]


def test_a_step_whose_input_is_redone_is_redone_after_a_kill_in_between(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    _worked(workspace, "first")
    folder = workspace.journal("d" * 16, 0, 0)
    (folder / "000000.say.json").write_text("torn")
    stage = _TwoSteps(Profile(name="own"))
    stage.steps = _TwoSteps.steps[:1]  # as if the worker died before the second step
    stage.text = "second"
    worker = ShardWorker(_Half(stage), workspace.root, Turn(("ears",), ()), {}, {})
    path = f"clips/{stage.cut}/shard-00000-e000001.parquet"
    assert not asyncio.run(worker.work(ShardLease(1, 0, 0, path, {}))).whole
    assert _worked(workspace, "third") == ["second", "second"]


class _Half(_TwoSteps):
    """The same in a turn that has the first step's unit alone."""

    def __init__(self, stage: _TwoSteps) -> None:
        super().__init__(stage.profile)
        self.text = stage.text
