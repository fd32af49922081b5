"""Files between scatter and gather: rows of one group of shards, in pieces by bucket.

A file is one stream of Arrow record batches, a piece each, run after run; behind it stands where each
piece begins, so that a reader gets the pieces of a bucket with one read a run. Where all that is spilled
fits into the page cache it stays as it is: there LZ4 costs more than it gains. Else a disk is waited for.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_SMALL = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_PLAIN = pa.ipc.IpcWriteOptions(use_threads=False)
_FOOTER = 16
"""Bytes at the end: number of runs, and of buckets."""

Offsets = npt.NDArray[np.int64]


class Writer:
    """Writes runs of pieces. A context manager; the file is whole once it ends without an error.
    compressed: with LZ4."""

    def __init__(self, path: Path, schema: pa.Schema, buckets: int, compressed: bool) -> None:
        self._file = pa.OSFile(str(path), "wb")
        self._schema, self._buckets = schema, buckets
        self._options = _SMALL if compressed else _PLAIN
        self._offsets: list[Offsets] = []

    def __enter__(self) -> "Writer":
        self._stream = pa.ipc.new_stream(self._file, self._schema, options=self._options)
        self._stream.write_batch(_no_rows(self._schema))  # the schema goes with the first batch
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._stream.close()
                for offsets in self._offsets:
                    self._file.write(offsets.tobytes())
                self._file.write(np.array([len(self._offsets), self._buckets], np.int64).tobytes())
        finally:
            self._file.close()

    def add(self, rows: pa.Table, counts: npt.NDArray[np.int64]) -> None:
        """Adds a run. rows: by bucket. counts: rows of each bucket."""
        (batch,) = rows.combine_chunks().to_batches() or [_no_rows(self._schema)]
        offsets = np.zeros(self._buckets + 1, np.int64)
        first = 0
        for bucket, count in enumerate(counts.tolist()):
            offsets[bucket] = self._file.tell()
            if count:
                self._stream.write_batch(batch.slice(first, count))
                first += count
        offsets[self._buckets] = self._file.tell()
        self._offsets.append(offsets)


class Reader:
    """Pieces of some buckets of a file: those from `first` on, `count` of them."""

    def __init__(self, path: Path, schema: pa.Schema, first: int, count: int) -> None:
        self._path, self._schema, self._first = path, schema, first
        with path.open("rb") as file:
            end = file.seek(-_FOOTER, 2)
            runs, buckets = np.frombuffer(file.read(_FOOTER), np.int64).tolist()
            begin = end - runs * (buckets + 1) * 8
            self._runs = [
                _offsets(file, begin + (run * (buckets + 1) + first) * 8, count + 1)
                for run in range(runs)
            ]

    def pieces(self, bucket: int) -> Iterator[pa.RecordBatch]:
        """The pieces of a bucket, in the file where they are not compressed."""
        place = bucket - self._first
        with pa.memory_map(str(self._path)) as file:
            for offsets in self._runs:
                begin, end = int(offsets[place]), int(offsets[place + 1])
                if end > begin:
                    file.seek(begin)
                    message = file.read_buffer(end - begin)
                    yield pa.ipc.read_record_batch(message, self._schema)


def read(readers: Sequence[Reader], bucket: int, schema: pa.Schema) -> pa.Table:
    """All rows of a bucket."""
    pieces = [piece for reader in readers for piece in reader.pieces(bucket)]
    return pa.Table.from_batches(pieces, schema).combine_chunks()


def _offsets(file: BinaryIO, begin: int, count: int) -> Offsets:
    file.seek(begin)
    return np.frombuffer(file.read(count * 8), np.int64)


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)
