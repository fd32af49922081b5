"""Parquet files of a workspace: written whole, named by a commit record, read by clip."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from manifests.ids import content_hash
from manifests.workspace import sync_folder


class File(BaseModel):
    """One committed file. path is relative to the workspace; table e.g. `captions`, `weak/yamnet-1f`."""

    model_config = ConfigDict(frozen=True)

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str


def write(
    root: Path, path: str, table: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema
) -> File:
    """Writes rows to `root/path` (temp file, fsync, rename) and returns what a commit says of it.

    Equal rows give equal bytes. Raises pa.ArrowInvalid when a row does not fit the schema.
    """
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        data = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
        pq.write_table(data, temporary, compression="zstd")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        sha256, size = content_hash(temporary), temporary.stat().st_size
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
    return File(table=table, path=path, rows=len(rows), bytes=size, sha256=sha256)


def read(root: Path, path: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows of one file."""
    rows: list[dict[str, Any]] = pq.read_table(
        root / path, columns=list(columns) if columns else None, partitioning=None
    ).to_pylist()
    return rows


def read_all(
    root: Path, files: Iterable[File], columns: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Rows of several files, one file in memory at a time."""
    for file in files:
        yield from read(root, file.path, columns)
