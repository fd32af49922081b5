"""Pieces between scatter and gather come back by bucket, whatever runs they were written in."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipelines.rebuild import spill

_SCHEMA = pa.schema([("text", pa.string()), ("spans", pa.list_(pa.int64())), ("h", pa.uint64())])


def _rows(buckets: list[int], run: int) -> pa.Table:
    rows = [
        {"text": f"é{bucket}-{run}-{n}", "spans": [n] * (n % 3), "h": n}
        for bucket, count in enumerate(buckets)
        for n in range(count)
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)


@pytest.mark.parametrize("compressed", [False, True])
def test_each_bucket_has_its_rows_of_all_files_and_runs(compressed: bool, tmp_path: Path) -> None:
    files = [[[3, 0, 2, 1], [0, 0, 5, 0]], [[0, 0, 0, 0]], []]
    for number, runs in enumerate(files):
        with spill.Writer(tmp_path / f"{number}", _SCHEMA, 4, compressed) as writer:
            for run, counts in enumerate(runs):
                writer.add(_rows(counts, run), np.array(counts, np.int64))
    readers = [spill.Reader(tmp_path / f"{number}", _SCHEMA, 1, 3) for number in range(3)]
    for bucket in (1, 2, 3):
        told = spill.read(readers, bucket, _SCHEMA)["text"].to_pylist()
        assert told == [
            f"é{bucket}-{run}-{n}"
            for runs in files
            for run, counts in enumerate(runs)
            for n in range(counts[bucket])
        ]
    (whole,) = [spill.Reader(tmp_path / "0", _SCHEMA, 0, 4)]
    assert spill.read([whole], 0, _SCHEMA)["spans"].to_pylist() == [[], [1], [2, 2]]


def test_a_file_that_failed_is_closed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), spill.Writer(tmp_path / "0", _SCHEMA, 1, False):
        raise OSError("full")
    (tmp_path / "0").unlink()
