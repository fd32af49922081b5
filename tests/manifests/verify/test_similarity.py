"""Vectors and similarities: whatever is moved, shifted or left out is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from manifests import tables
from manifests.commits import Record
from manifests.kinds import schema_of
from manifests.vectors import product
from manifests.verify.check import check_workspace
from manifests.verify.job import Job
from manifests.verify.problems import Problem
from tests.manifests.made import CUT, JOB, SHARDS, Made, Row, make

EMBED, VECTORS = "e" * 16, f"embeddings/ears-4-{'b' * 16}"
Change = Callable[[str, list[Row]], None]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A captioned workspace."""
    return make(tmp_path / "workspace")


def _vector(rng: np.random.Generator) -> list[float]:
    return [float(x) for x in rng.standard_normal(4).astype(np.float16)]


def _embedded(made: Made, change: Change = lambda table, rows: None) -> list[Problem]:
    """Commits vectors and similarities of every clip, changed by hand; what verification says."""
    rng = np.random.default_rng(0)
    for shard in range(SHARDS):
        written = {row["clip_id"]: row["caption_digest"] for row in made.rows("captions", shard)}
        vectors: list[Row] = []
        similar: list[Row] = []
        for clip in made.rows("clips", shard):
            own = {name: clip[name] for name in ("clip_id", "content_hash")}
            both = {"audio": _vector(rng), "video": _vector(rng)}
            vectors.append(own | both | {"audio_video": None, "audio_ms": 9, "frames": 1})
            near = {"audio_video": product(both["audio"], both["video"])}
            digest = written.get(clip["clip_id"])
            rest = dict.fromkeys(("audio_caption", "visual_caption", "audio_visual_caption"))
            similar.append(own | near | {"caption_digest": digest} | rest)
        files = []
        for table, rows in ((VECTORS, vectors), ("similarity", similar)):
            change(table, rows)
            path = made.workspace.path(table, EMBED, shard, 0, 1)
            files.append(tables.write(made.root, path, table, rows, schema_of(table)))
        counts = {"embedded": len(similar)}
        made.append(Record("embed", 1, CUT, EMBED, shard=shard, counts=counts, files=tuple(files)))
    job = Job(EMBED, CUT, {"ears": VECTORS}, captions=JOB)
    return check_workspace(made.workspace, made.state, [job]).problems


def test_rows_of_their_clips_have_no_problem(made: Made) -> None:
    assert _embedded(made) == []


@pytest.mark.parametrize("column", ["audio", "video"])
def test_vectors_that_changed_places_are_named(made: Made, column: str) -> None:
    def swap(table: str, rows: list[Row]) -> None:
        if table == VECTORS:
            rows[0][column], rows[3][column] = rows[3][column], rows[0][column]

    problems = _embedded(made, swap)
    ids = {row["clip_id"] for shard in range(SHARDS) for row in _picked(made, shard, (0, 3))}
    assert {problem.clip_id for problem in problems} == ids
    assert {problem.message for problem in problems} == {
        "audio_video is not that of the clip's vectors"
    }


def _picked(made: Made, shard: int, places: tuple[int, ...]) -> list[Row]:
    rows = made.rows("clips", shard)
    return [rows[place] for place in places]


def test_a_shift_by_one_names_every_clip(made: Made) -> None:
    def shift(table: str, rows: list[Row]) -> None:
        if table == VECTORS:
            audio = [row["audio"] for row in rows]
            for row, other in zip(rows, [*audio[1:], audio[0]], strict=True):
                row["audio"] = other

    count = sum(len(made.rows("clips", shard)) for shard in range(SHARDS))
    assert len(_embedded(made, shift)) == count


def test_a_similarity_to_other_captions_is_named(made: Made) -> None:
    def change(table: str, rows: list[Row]) -> None:
        if table == "similarity":
            captioned = [row for row in rows if row["caption_digest"]]
            captioned[0]["caption_digest"] = captioned[1]["caption_digest"]

    messages = {problem.message for problem in _embedded(made, change)}
    assert messages == {"it compares other captions than the clip's"}


def test_a_clip_whose_vectors_are_gone_is_named(made: Made) -> None:
    def change(table: str, rows: list[Row]) -> None:
        if table == VECTORS:
            del rows[2]

    messages = [problem.message for problem in _embedded(made, change)]
    assert messages == ["the clip has no vectors"] * SHARDS


def test_vectors_of_other_media_are_named(made: Made) -> None:
    def change(table: str, rows: list[Row]) -> None:
        for row in rows:
            row["content_hash"] = "0" * 64

    assert "it was made of other media" in {problem.message for problem in _embedded(made, change)}
