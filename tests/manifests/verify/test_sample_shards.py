"""A sample of a workspace draws rows evenly, and finds what is wrong with them and their clips."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from manifests.verify.job import Job
from manifests.verify.problems import Problem
from manifests.verify.sample_shards import Drawing
from manifests.verify.shard import check_drawn
from manifests.workspace import Workspace
from tests.manifests.made import CUT, JOB, PER_SHARD, SHARDS, TABLES, Made, make, quarantined


@pytest.fixture(scope="module")
def _clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "workspace").root


@pytest.fixture
def made(_clean: Path, tmp_path: Path) -> Made:
    """A copy of the workspace that a test may break."""
    return Made(Workspace.open(Path(shutil.copytree(_clean, tmp_path / "workspace"))))


def _drawing(made: Made) -> Drawing:
    return Drawing(made.workspace, made.state, [Job(JOB, CUT, TABLES)])


def _problems(made: Made, count: int, seed: int = 1) -> list[Problem]:
    works = _drawing(made).draw(count, random.Random(seed))
    return [problem for work in works for problem in check_drawn(work)]


def test_every_outcome_of_a_clip_can_be_drawn(made: Made) -> None:
    drawing = _drawing(made)
    assert drawing.total == SHARDS * PER_SHARD
    works = list(drawing.draw(1000, random.Random(1)))
    assert [work.work.number for work in works] == list(range(SHARDS))
    drawn = [rows for work in works for rows in work.drawn[JOB].values()]
    assert sum(map(len, drawn)) == SHARDS * PER_SHARD


def test_rows_are_drawn_evenly(made: Made) -> None:
    drawing, counts = _drawing(made), Counter[tuple[str, int]]()
    for seed in range(400):
        for work in drawing.draw(4, random.Random(seed)):
            counts.update((path, row) for path, rows in work.drawn[JOB].items() for row in rows)
    assert counts.total() == 1600 and len(counts) == SHARDS * PER_SHARD
    assert (
        min(counts.values()) > 60 and max(counts.values()) < 140
    )  # 100 each, with a deviation of 9


@pytest.mark.parametrize("count", [1, 5, 100])
def test_a_sound_workspace_has_no_problems_in_any_sample(made: Made, count: int) -> None:
    assert _problems(made, count) == []


@pytest.mark.parametrize(
    ("table", "column", "value", "kind"),
    [
        ("captions", "visual_caption", "Another.", "digest"),
        ("captions", "uri", "file:///else", "join"),
        ("quarantine", "uri", "file:///else", "join"),
        (TABLES["ears"], "text", "Other words.", "evidence"),
        (TABLES["eyes"], "content_hash", "0" * 64, "join"),
        ("clips", "end_ms", 11_000, "identity"),
    ],
)
def test_a_row_that_was_changed_is_named_when_its_clip_is_drawn(
    made: Made, table: str, column: str, value: object, kind: str
) -> None:
    made.edit(table, lambda rows: [rows[0] | {column: value}, *rows[1:]])
    clip = made.rows(table)[0]["clip_id"]
    problems = _problems(made, 100)
    assert {problem.clip_id for problem in problems} == {clip}
    assert kind in {problem.kind for problem in problems}


def test_a_row_on_another_clip_is_named_when_it_is_drawn(made: Made) -> None:
    other = made.rows("clips", 1)[0]["clip_id"]
    made.edit("captions", lambda rows: [rows[0] | {"clip_id": other}, *rows[1:]])
    path = made.file("captions").path
    found = {(p.kind, p.where, p.clip_id) for p in _problems(made, 100)}
    assert found == {("join", f"{path} row 0", other)}


def test_a_second_outcome_of_a_drawn_clip_is_named(made: Made) -> None:
    clip = made.rows("captions")[0]
    made.edit("quarantine", lambda rows: [*rows, quarantined(clip)])
    assert {(p.kind, p.clip_id) for p in _problems(made, 100)} == {("duplicate", clip["clip_id"])}


def test_what_was_not_drawn_is_not_told(made: Made) -> None:
    made.edit("captions", lambda rows: [row | {"visual_caption": "Another."} for row in rows])
    assert 1 <= len(_problems(made, 4)) <= 4


def test_a_file_of_another_size_is_named_and_its_rows_are_not_judged(made: Made) -> None:
    path = made.root / made.file("captions").path
    path.write_bytes(path.read_bytes()[:-1])
    problems = _problems(made, 100)
    assert [(p.kind, p.where) for p in problems] == [("checksum", made.file("captions").path)]
