"""Table files are there whole or not at all, and equal rows give equal bytes."""

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests import tables

_SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("start_ms", pa.int64()),
        pa.field("score", pa.float64()),
        pa.field("tags", pa.list_(pa.string())),
    ]
)
_ROWS: list[dict[str, Any]] = [
    {"clip_id": "a", "start_ms": 1, "score": 0.1 + 0.2, "tags": ["x", "ü🎬"]},
    {"clip_id": "b", "start_ms": None, "score": None, "tags": []},
    {"clip_id": "", "start_ms": -(2**63), "score": 5e-324, "tags": None},
]


def _write(root: Path, rows: list[dict[str, Any]], path: str = "t/x.parquet") -> tables.File:
    return tables.write(root, path, "t", rows, _SCHEMA)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    _write(tmp_path, _ROWS)
    assert tables.read(tmp_path, "t/x.parquet") == _ROWS


def test_a_table_of_no_rows_keeps_its_columns(tmp_path: Path) -> None:
    assert _write(tmp_path, []).rows == 0
    assert pq.read_schema(tmp_path / "t/x.parquet").equals(_SCHEMA)


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    _write(tmp_path, _ROWS[:1])
    assert tables.read(tmp_path, "t/x.parquet", ["start_ms"]) == [{"start_ms": 1}]


def test_a_folder_whose_name_looks_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    _write(tmp_path, _ROWS[:1], "job=7/x.parquet")
    assert tables.read(tmp_path, "job=7/x.parquet") == _ROWS[:1]


def test_what_is_returned_is_what_is_on_disk(tmp_path: Path) -> None:
    file = _write(tmp_path, _ROWS)
    data = (tmp_path / file.path).read_bytes()
    assert file == tables.File(
        table="t",
        path="t/x.parquet",
        rows=3,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


@pytest.mark.run
def test_equal_rows_give_equal_bytes_in_any_process(tmp_path: Path) -> None:
    file = _write(tmp_path, _ROWS)
    script = (
        "from pathlib import Path; import tests.manifests.test_tables as t; "
        f"print(t._write(Path({str(tmp_path)!r}), t._ROWS, 'other/y.parquet').sha256)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert ran.stdout.strip() == file.sha256


def test_the_order_of_keys_does_not_change_the_bytes(tmp_path: Path) -> None:
    turned = [dict(reversed(row.items())) for row in _ROWS]
    assert _write(tmp_path, _ROWS).sha256 == _write(tmp_path, turned).sha256


@pytest.mark.parametrize(
    "row",
    [
        {"start_ms": 1},
        {"clip_id": None},
        {"clip_id": 5},
        {"clip_id": "a", "start_ms": "7"},
        {"clip_id": "a", "start_ms": 2**63},
        {"clip_id": "a", "tags": [1]},
        {"clip_id": "a", "no_such_column": None},
    ],
)
def test_a_row_that_does_not_fit_raises_and_leaves_nothing(
    row: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises((pa.ArrowException, OverflowError)):
        _write(tmp_path, [_ROWS[0], row])
    assert list(tmp_path.rglob("*.parquet*")) == []


def test_a_failed_write_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    _write(tmp_path, _ROWS)
    with pytest.raises(pa.ArrowException):
        _write(tmp_path, [{"clip_id": None}])
    assert tables.read(tmp_path, "t/x.parquet") == _ROWS


def test_a_full_disk_raises_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails half way."""
    rows = [{"clip_id": os.urandom(40).hex()} for _ in range(5_000)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            _write(tmp_path, rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "t").iterdir()) == []


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    _write(tmp_path, [{"clip_id": "a\udcff", "tags": ["b\ud83d", "ü"]}])
    (row,) = tables.read(tmp_path, "t/x.parquet")
    assert (row["clip_id"], row["tags"]) == ("a\ufffd", ["b\ufffd", "ü"])


@pytest.mark.parametrize(
    "name", [b"a b", b"\xff", "ü🎬".encode(), b"new\nline", b"s3:x", b"%41*[a]?"]
)
def test_a_workspace_may_have_any_name(name: bytes, tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    root.mkdir()
    file = _write(root, _ROWS)
    assert tables.read(root, file.path) == _ROWS


def test_rows_of_several_files_come_in_order(tmp_path: Path) -> None:
    files = [_write(tmp_path, [row], f"{n}.parquet") for n, row in enumerate(_ROWS)]
    assert list(tables.read_all(tmp_path, files)) == _ROWS
