"""Verification of a stage that is not captioning: it knows nothing of it but its registered tables."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from manifests import tables
from manifests.commits import Record
from manifests.kinds import Kind, kind_of, register
from manifests.verify.check import check_workspace
from manifests.verify.job import Job
from manifests.verify.problems import Problem
from tests.manifests.made import CUT, PER_SHARD, SHARDS, Made, Row, make, quarantined

JOB, SHARED = "f" * 16, f"vectors/ears-{'b' * 16}"
_ID, _CONTENT = pa.field("clip_id", pa.string()), pa.field("content_hash", pa.string())
VECTORS = Kind("vectors", pa.schema([_ID, _CONTENT]), "vectors", shared=True)
MARKS = Kind(
    "vectormarks",
    pa.schema([_ID, _CONTENT, pa.field("start_ms", pa.int64())]),
    "vectormarks",
    outcome="vectormarked",
)
Change = Callable[[str, list[Row]], list[Row]]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A workspace of captions that another stage may work."""
    register(VECTORS)
    register(MARKS)
    return make(tmp_path / "workspace")


def _same(table: str, rows: list[Row]) -> list[Row]:
    return rows


def _work(made: Made, change: Change = _same, marked: int = PER_SHARD - 1) -> list[Problem]:
    """Commits every shard of the stage, its last clip in quarantine; what verification says."""
    for shard in range(SHARDS):
        clips = made.rows("clips", shard)
        written = {
            SHARED: [{name: clip[name] for name in VECTORS.schema.names} for clip in clips],
            "vectormarks": [
                {name: clip[name] for name in MARKS.schema.names} for clip in clips[:-1]
            ],
            "quarantine": [quarantined(clips[-1])],
        }
        files = []
        for table, rows in written.items():
            path = made.workspace.path(table, JOB, shard, 0, 1)
            data = change(table, rows) if table != "quarantine" else rows
            files.append(tables.write(made.root, path, table, data, kind_of(table).schema))
        counts = {"vectormarked": marked, "quarantined": 1}
        made.append(
            Record(
                stage="embed",
                epoch=1,
                cut=CUT,
                job=JOB,
                shard=shard,
                counts=counts,
                files=tuple(files),
            )
        )
    return check_workspace(made.workspace, made.state, [Job(JOB, CUT, {"ears": SHARED})]).problems


def _of(problems: list[Problem]) -> set[tuple[str, str | None]]:
    return {(problem.kind, problem.clip_id) for problem in problems}


def test_another_stage_has_no_problem(made: Made) -> None:
    assert _work(made) == []


def test_a_row_of_no_clip_is_named(made: Made) -> None:
    def change(table: str, rows: list[Row]) -> list[Row]:
        return [*rows, rows[0] | {"clip_id": "x"}]

    assert ("join", "x") in _of(_work(made, change))


@pytest.mark.parametrize("column", ["content_hash", "start_ms"])
def test_a_row_of_another_clip_is_named(made: Made, column: str) -> None:
    clip = made.rows("clips")[0]

    def change(table: str, rows: list[Row]) -> list[Row]:
        if column not in rows[0]:
            return rows
        other = next(row for row in rows if row[column] != clip[column])[column]
        return [row | {column: other} if row["clip_id"] == clip["clip_id"] else row for row in rows]

    problems = _work(made, change)
    assert _of(problems) == {("join", clip["clip_id"])}
    assert len(problems) == 1 + (column == "content_hash")


def test_a_row_that_comes_twice_is_named(made: Made) -> None:
    clip = made.rows("clips")[0]["clip_id"]

    def change(table: str, rows: list[Row]) -> list[Row]:
        return [*rows, rows[0]]

    assert ("duplicate", clip) in _of(_work(made, change))


def test_a_clip_without_an_outcome_is_named(made: Made) -> None:
    clip = made.rows("clips")[0]["clip_id"]

    def change(table: str, rows: list[Row]) -> list[Row]:
        return [row for row in rows if table == SHARED or row["clip_id"] != clip]

    assert ("books", clip) in _of(_work(made, change))


def test_books_that_lie_are_named(made: Made) -> None:
    messages = [problem.message for problem in _work(made, marked=3)]
    assert f"{3 * SHARDS} vectormarked by the records, 14 by the rows" in messages
