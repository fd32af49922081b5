"""Sets by a list of the user's own."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.sources.list import ListError
from pipelines.evaluate.items import Item
from pipelines.evaluate.readers.manifest import manifest


def _items(folder: Path, *rows: dict[str, Any]) -> tuple[Item, ...]:
    for name in ("a.wav", "b.mp4"):
        (folder / name).touch()
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return manifest(folder / "set.jsonl", folder).items


def test_rows_of_one_file_and_span_are_one_clip(tmp_path: Path) -> None:
    rows = [
        {"file": "a.wav", "caption": said, "label": of} for said, of in (("x", "1"), ("y", "1"))
    ]
    (item,) = _items(tmp_path, *rows)
    path = os.fsencode(tmp_path / "a.wav")
    assert item == Item("a.wav", path, path, ("x", "y"), ("1",))


def test_spans_in_seconds_are_clips_of_their_own(tmp_path: Path) -> None:
    rows = [
        {"file": "b.mp4", "caption": "x", "start": 0.5, "end": 2},
        {"file": "b.mp4", "start": 2},
    ]
    spans = [(item.start_ms, item.end_ms) for item in _items(tmp_path, *rows)]
    assert spans == [(500, 2000), (2000, None)]


def test_csv_parquet_and_numbered_columns(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text('File;Caption 1;Caption 2;Label\na.wav;x;"y; z";dog\n')
    pq.write_table(
        pa.table({"file": ["a.wav"], "caption": [["x", "y; z"]], "label": ["dog"]}),
        tmp_path / "set.parquet",
    )
    for name in ("set.csv", "set.parquet"):
        (item,) = manifest(tmp_path / name, tmp_path).items
        assert (item.captions, item.labels) == (("x", "y; z"), ("dog",))


def test_a_label_with_a_comma_is_one(tmp_path: Path) -> None:
    (item,) = _items(tmp_path, {"file": "a.wav", "label": "bird chirping, tweeting"})
    assert item.labels == ("bird chirping, tweeting",)


def test_files_may_be_absolute_uris_or_missing(tmp_path: Path) -> None:
    rows = [
        {"file": str(tmp_path / "a.wav")},
        {"file": (tmp_path / "b.mp4").as_uri()},
        {"file": "gone"},
    ]
    assert [item.sound and os.path.basename(item.sound) for item in _items(tmp_path, *rows)] == [
        b"a.wav",
        b"b.mp4",
        None,
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"file": ""}, "names no file"),
        ({"file": ["a.wav", "b.mp4"]}, "names several files"),
        ({"file": "a.wav", "start": 2, "end": 1}, "ends before it starts"),
        ({"file": "a.wav", "start": "soon"}, "is not a number"),
        ({"file": "a.wav", "caption": 3}, "not text"),
    ],
)
def test_a_row_that_cannot_be_read_is_told(row: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=rf"set\.jsonl, row 2: .*{told}"):
        _items(tmp_path, {"file": "a.wav", "caption": "x", "label": "", "start": 0, "end": 9}, row)


def test_a_list_without_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("path,caption\na.wav,x\n")
    with pytest.raises(ListError, match='column "file" is missing'):
        manifest(tmp_path / "set.csv", tmp_path)
