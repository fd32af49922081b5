"""Lists of every format give the same rows, and say what is wrong with them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.sources.list import ListError, read

ROWS = [{"file": "a, b.wav", "caption": "Ein Löwe brüllt."}, {"file": "c.wav", "caption": ""}]
_TEXT = {
    ".csv": 'file,caption\n"a, b.wav",Ein Löwe brüllt.\nc.wav,\n',
    ".TSV": "file\tcaption\na, b.wav\tEin Löwe brüllt.\nc.wav\t\n",
    ".jsonl": "\n\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS),
    ".ndjson": "\n".join(json.dumps(row) for row in ROWS),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("suffix", _TEXT)
def test_text_gives_its_rows_with_and_without_a_byte_order_mark(
    tmp_path: Path, suffix: str, encoding: str
) -> None:
    path = tmp_path / f"list{suffix}"
    path.write_text(_TEXT[suffix], encoding=encoding)
    assert list(read(path, ["file", "caption"])) == ROWS


def test_parquet_gives_its_rows(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "list.parquet")
    assert list(read(tmp_path / "list.parquet", ["file"])) == ROWS


def test_a_list_that_is_not_read_to_its_end_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(_TEXT[".csv"])
    assert next(read(tmp_path / "list.csv")) == ROWS[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.txt", b"", "ends in .csv, .tsv, .jsonl, .ndjson, .parquet"),
        ("l.csv", b"path,caption\n", '"file" is missing; there are: path, caption'),
        ("l.csv", b"", '"file" is missing; there are: none'),
        ("l.csv", b"file\na.wav,a dog\n", "row 1: more cells than columns"),
        ("l.csv", "file\nä\n".encode("latin-1"), "is not UTF-8 text"),
        ("l.csv", "file\na\n".encode("utf-16"), "is not UTF-8 text"),
        ("l.csv", b"file\n" + b"x" * 200_000, "can't be read: field larger"),
        ("l.jsonl", b'{"file": "a"}\n{"path": "b"}', 'row 2: column "file" is missing'),
        ("l.jsonl", b"{", "row 1 is not JSON"),
        ("l.jsonl", b"[]", "row 1: not a JSON object"),
        ("l.parquet", b"none", "can't be read"),
    ],
)
def test_a_list_that_can_not_be_read_says_why(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ListError, match=message):
        list(read(tmp_path / name, ["file"]))


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="No such file"):
        list(read(tmp_path / "none.csv"))
