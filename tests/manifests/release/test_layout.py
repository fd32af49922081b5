"""What `release.json` says is whole, fits together, and is refused clearly where it does not."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from manifests.release import columns, layout
from manifests.release.layout import Release, ReleaseError, part_path, wrong_columns
from tests.manifests.release import made


def test_a_release_is_read_as_it_was_written(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    assert layout.load(tmp_path) == release
    assert release.to_json() == (tmp_path / "release.json").read_bytes()


def test_equal_parts_in_another_order_give_equal_bytes(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    same = Release.made(
        release.name, release.rules, release.inputs, release.books, reversed(release.files)
    )
    assert same.to_json() == release.to_json()


def _changed(folder: Path, change: Any) -> None:
    content = json.loads((folder / "release.json").read_bytes())
    change(content)
    (folder / "release.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r.update(version=4), "format 4, and this version reads 3"),
        (lambda r: r.update(version=1), "build it again .* with captionmill rebuild"),
        (lambda r: r["rules"].update(seed=8), "somebody changed it"),
        (lambda r: r["books"].update(kept=1), "the books do not close"),
        (lambda r: r["inputs"][0].update(rows=1), "the books do not close"),
        (lambda r: r["files"][0].update(rows=1), "the books do not close"),
        (lambda r: r["files"][0].update(path="../../etc/passwd"), "is not where"),
        (lambda r: r["files"][0].update(path="/etc/passwd"), "is not where"),
        (lambda r: r["files"].append(r["files"][0]), "is not where"),
        (lambda r: r["files"][0].update(split="../x"), "split"),
        (lambda r: r["files"][0].update(sha256="x"), "sha256"),
        (lambda r: r["documents"].append({"path": "x", "bytes": 1, "sha256": "0" * 64}), "path"),
        (lambda r: r.update(extra=1), "extra"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    made.small(tmp_path)
    _changed(tmp_path, change)
    with pytest.raises(ReleaseError, match=told):
        layout.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_json_of_a_release_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "release.json").write_bytes(content)
    with pytest.raises(ReleaseError, match="can't be read"):
        layout.load(tmp_path)


def test_a_folder_without_a_release_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"is no release: there is no release\.json"):
        layout.load(tmp_path)


def test_a_release_that_is_not_finished_is_told(tmp_path: Path) -> None:
    (tmp_path / layout.WORK).mkdir()
    with pytest.raises(ReleaseError, match="run the same rebuild again"):
        layout.load(tmp_path)


def test_books_that_do_not_close_can_not_be_made() -> None:
    with pytest.raises(ValidationError, match="do not close"):
        layout.ReleaseBooks(rows=5, kept=3, dropped={"lints": 1})


def test_a_part_is_named_as_the_hub_names_shards() -> None:
    path = part_path("data", "no-training", "train", 3, 12)
    assert path == "data/no-training/train-00003-of-00012.parquet"
    assert part_path("media", "permissive", "test", 0, 1).endswith("test-00000-of-00001.tar")


@pytest.mark.parametrize("split", ["", "Train", "a-b", "a/b", "1st", "é", "a" * 65])
def test_a_split_has_a_plain_name(split: str) -> None:
    with pytest.raises(ValueError, match="a-z"):
        part_path("data", "permissive", split, 0, 1)


@pytest.mark.parametrize("table", ["data", "evidence", "claims"])
def test_columns_are_compared_by_name_order_and_type(table: layout.Table) -> None:
    schema = layout.SCHEMAS[table]
    assert wrong_columns(schema, table) is None
    assert wrong_columns(pa.schema([(f.name, f.type) for f in schema]), table) is None
    assert wrong_columns(schema.remove(1), table) == f"it lacks {schema.names[1]}"
    assert "has x" in (wrong_columns(schema.append(pa.field("x", pa.int8())), table) or "")
    moved = schema.remove(0).append(schema.field(0))
    assert "order" in (wrong_columns(moved, table) or "")
    other = schema.set(0, pa.field("clip_id", pa.int64()))
    assert wrong_columns(other, table) == "clip_id is int64, not string"


def test_columns_of_embeddings_are_compared_by_the_length_of_vectors() -> None:
    schema = columns.embeddings(8)
    assert wrong_columns(schema, "embeddings", 8) is None
    assert "audio is" in (wrong_columns(schema, "embeddings", 9) or "")
    lists = schema.set(2, pa.field("audio", pa.list_(pa.float16())))
    assert "audio is" in (wrong_columns(lists, "embeddings", 8) or "")


def test_an_encoder_comes_with_embeddings(tmp_path: Path) -> None:
    made.small(tmp_path)

    def add(content: Any) -> None:
        content["encoder"] = {"name": "small", "width": 8, "identity": "e" * 16}

    _changed(tmp_path, add)
    with pytest.raises(ReleaseError, match="an encoder without any"):
        layout.load(tmp_path)


def test_columns_fit_whichever_engine_wrote_them(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    release = made.small(tmp_path)
    for table in ("data", "evidence", "claims"):
        path = tmp_path / release.of(table)[0].path
        duckdb.sql(f"COPY (FROM '{path}') TO '{tmp_path}/{table}.parquet'")
        assert wrong_columns(pq.read_schema(tmp_path / f"{table}.parquet"), table) is None


def test_replies_of_the_writer_are_in_no_table_of_a_release() -> None:
    tables = [*columns.SCHEMAS.values(), columns.embeddings(4)]
    assert not any({"replies", "lints"} & set(table.names) for table in tables)
