"""Vectors of a release lie beside their own clip, and verification sees where they do not."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.release.layout import Release
from manifests.release.shards import Input
from manifests.verify.release import check_release
from manifests.verify.sample import check_drawn, draw
from pipelines.rebuild import rebuild as rebuilding
from pipelines.rebuild.errors import WritingError
from pipelines.rebuild.tasks import Task
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import (
    Row,
    again,
    changed,
    content,
    embedded,
    release,
    rules,
    table,
)

ASKED = {"embeddings": True, "part_rows": 4}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Input]:
    """One input of twelve clips in two shards, ten of them with vectors."""
    root = tmp_path_factory.mktemp("workspace")
    (given,) = built.workspace(root / "out")
    return [embedded(given, root / "vectors", absent=1)]


@pytest.fixture
def made(inputs: list[Input], tmp_path: Path) -> Release:
    return release(rules(tmp_path, output=ASKED), inputs, tmp_path / "out")


def test_vectors_are_those_of_their_clip_in_the_order_of_data(
    inputs: list[Input], made: Release, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    own = {row["clip_id"]: built.vectors(row) for row in built.rows(inputs[0])}
    count = 0
    for data, side in zip(made.of("data"), made.of("embeddings"), strict=True):
        assert Path(data.path).name == Path(side.path).name
        ids = pq.read_table(out / data.path)["clip_id"].to_pylist()
        rows = pq.read_table(out / side.path).to_pylist()
        assert [row["clip_id"] for row in rows] == [
            each for each in ids if each in {row["clip_id"] for row in rows}
        ]
        for row in rows:
            told = {name: value for name, value in row.items() if name != "vectors_digest"}
            assert told == own[row["clip_id"]]
        assert side.rows == len(rows)
        count += len(rows)
    assert count == 10
    assert made.encoder == built.ENCODER


def test_what_is_built_is_verified(made: Release, tmp_path: Path) -> None:
    checked = check_release(tmp_path / "out", made)
    assert checked.problems == []
    assert checked.rows["embeddings"] == 10


def _shuffled_twice(tasks: Iterable[Task]) -> Iterator[Any]:
    listed = list(tasks)
    random.Random(3).shuffle(listed)
    for task in listed:
        task.run()
        yield task.run()


def test_the_order_of_work_changes_no_byte(
    inputs: list[Input], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(embedded(again(inputs[0], 1), tmp_path / "more"), stage=2)
    monkeypatch.setattr("pipelines.rebuild.steps._GROUP_SHARDS", 1)
    monkeypatch.setattr(rebuilding, "_BUCKET_BYTES", 1)
    wanted = rules(tmp_path, 2, output=ASKED, split={"train": 0.5, "test": 0.5})
    first = release(wanted, [*inputs, other], tmp_path / "one")
    release(wanted, [*inputs, other], tmp_path / "two", _shuffled_twice)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert len(table(tmp_path / "one", first, "embeddings")) == 12


def test_vectors_of_other_media_are_refused(inputs: list[Input], tmp_path: Path) -> None:
    def forged(rows: list[Row]) -> list[Row]:
        return [rows[0] | {"content_hash": "f" * 64}, *rows[1:]]

    wrong = _rewritten(inputs[0], tmp_path / "wrong.parquet", forged)
    with pytest.raises(WritingError, match="are of other media than the clip's"):
        release(rules(tmp_path, output=ASKED), [wrong], tmp_path / "out")


def test_vectors_of_another_length_are_refused(inputs: list[Input], tmp_path: Path) -> None:
    wide = replace(inputs[0], encoder=built.ENCODER.model_copy(update={"width": 16}))
    with pytest.raises(WritingError, match="of different encoders"):
        release(rules(tmp_path, output=ASKED), [wide], tmp_path / "out")


def _rewritten(given: Input, path: Path, change: Callable[[list[Row]], list[Row]]) -> Input:
    first = given.shards[0]
    old = pq.read_table(first.embeddings[0])
    pq.write_table(pa.Table.from_pylist(change(old.to_pylist()), old.schema), path)
    return replace(given, shards=(replace(first, embeddings=(str(path),)), *given.shards[1:]))


def _swapped(rows: list[Row]) -> list[Row]:
    """Vectors with their digests on each other's clip."""
    names = ("audio", "video", "audio_video", "vectors_digest")
    return [
        rows[0] | {name: rows[1][name] for name in names},
        rows[1] | {name: rows[0][name] for name in names},
        *rows[2:],
    ]


def _shifted(rows: list[Row]) -> list[Row]:
    ids = [row["clip_id"] for row in rows]
    return [row | {"clip_id": ids[at - 1]} for at, row in enumerate(rows)]


def _one_number(rows: list[Row]) -> list[Row]:
    vector = next(row["audio"] for row in rows if row["audio"])
    vector[3] += 0.5
    return rows


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (_swapped, {"digest"}),
        (_shifted, {"digest", "join"}),
        (_one_number, {"digest"}),
        (lambda rows: rows[::-1], {"join"}),
        (lambda rows: [rows[0], *rows], {"join"}),
        (lambda rows: [rows[0] | {"clip_id": "f" * 32}, *rows[1:]], {"join"}),
        (lambda rows: [rows[0] | {"content_hash": "f" * 64}, *rows[1:]], {"join", "digest"}),
    ],
)
def test_vectors_on_another_clip_are_seen(
    change: Callable[[list[Row]], list[Row]], kinds: set[str], made: Release, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    largest = max(made.of("embeddings"), key=lambda file: file.rows)
    other = changed(out, made, largest.path, change)
    problems = check_release(out, other).problems
    assert {problem.kind for problem in problems} == kinds
    assert all(problem.where.startswith(largest.path) for problem in problems)


def test_a_sample_sees_them_too(made: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    largest = max(made.of("embeddings"), key=lambda file: file.rows)
    drawn = draw(out, made, 100, random.Random(1))
    assert [problem for part in drawn for problem in check_drawn(part).problems] == []
    other = changed(out, made, largest.path, _swapped)
    drawn = draw(out, other, 100, random.Random(1))
    problems = [problem for part in drawn for problem in check_drawn(part).problems]
    assert [(problem.kind, problem.where) for problem in problems] == [
        ("digest", f"{largest.path} row 0"),
        ("digest", f"{largest.path} row 1"),
    ]


def test_a_file_of_another_width_is_seen(made: Release, tmp_path: Path) -> None:
    wider = made.encoder.model_copy(update={"width": 9}) if made.encoder else None
    of = (made.name, made.rules, made.inputs, made.books, made.files)
    other = Release.made(*of, made.documents, made.lists, wider)
    problems = check_release(tmp_path / "out", other).problems
    assert {problem.kind for problem in problems} == {"schema"}
    assert "fixed_size_list" in problems[0].message


Reads = Callable[[Path, Path], dict[str, list[float] | None]]


def _pandas(folder: Path, cache: Path) -> dict[str, list[float] | None]:
    import pandas

    frame = pandas.read_parquet(folder / "embeddings" / "permissive")
    return {row.clip_id: row.audio for row in frame.itertuples()}


def _polars(folder: Path, cache: Path) -> dict[str, list[float] | None]:
    import polars

    frame = polars.read_parquet(f"{folder}/embeddings/permissive/*.parquet")
    return dict(zip(frame["clip_id"].to_list(), frame["audio"].to_list(), strict=True))


def _duckdb(folder: Path, cache: Path) -> dict[str, list[float] | None]:
    import duckdb

    scan = f"'{folder}/embeddings/permissive/*.parquet' JOIN '{folder}/data/permissive/*.parquet'"
    return dict(duckdb.sql(f"SELECT clip_id, audio FROM {scan} USING (clip_id)").fetchall())


def _datasets(folder: Path, cache: Path) -> dict[str, list[float] | None]:
    import datasets

    files = [str(path) for path in (folder / "embeddings" / "permissive").glob("*.parquet")]
    rows = datasets.Dataset.from_parquet(files, cache_dir=str(cache))
    return {row["clip_id"]: row["audio"] for row in rows}


def _mlcroissant(folder: Path, cache: Path) -> dict[str, list[float] | None]:
    import mlcroissant

    place = "embeddings/permissive/rows"
    rows = mlcroissant.Dataset(folder / "croissant.json").records(place)
    return {row[f"{place}/clip_id"].decode(): row[f"{place}/audio"] for row in rows}


@pytest.mark.parametrize("reads", [_pandas, _polars, _duckdb, _datasets, _mlcroissant])
def test_libraries_read_vectors(
    reads: Reads, inputs: list[Input], made: Release, tmp_path: Path
) -> None:
    own = {row["clip_id"]: built.vectors(row)["audio"] for row in built.rows(inputs[0])}
    told = reads(tmp_path / "out", tmp_path / "cache")
    assert len(told) == 10
    for clip, vector in told.items():
        assert (None if vector is None else [float(x) for x in vector]) == own[clip]
