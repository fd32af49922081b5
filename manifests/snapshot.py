"""Snapshots: all records of a workspace in one Parquet file, which an epoch starts from.

A snapshot is written whole and durably before anything names it, under a name of its own, so that two
drivers that write one at the same moment can't harm each other. Who names it gives its sha256 too.
"""

import hashlib
import re
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from manifests.atomic import create_atomic
from manifests.packed import SCHEMA, Packed

NAME = re.compile(r"snapshot-[0-9a-f]{32}\.parquet")
_NAMES = ["stage", "cut", "job", "files.list.element.table", "counts.key_value.key"]


class Snapshot(BaseModel):
    """Which file a snapshot is, in the folder of its epoch."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=f"^{NAME.pattern}$")
    sha256: str


def write(folder: Path, records: Packed) -> Snapshot:
    """Writes a snapshot into a folder; it is durable when this returns."""
    name = f"snapshot-{uuid.uuid4().hex}.parquet"
    sink = pa.BufferOutputStream()
    pq.write_table(
        records.table, sink, compression="zstd", compression_level=1, use_dictionary=_NAMES
    )
    content = sink.getvalue()
    create_atomic(folder / name, content.to_pybytes())
    return Snapshot(name=name, sha256=hashlib.sha256(content).hexdigest())


def read(folder: Path, snapshot: Snapshot) -> Packed:
    """The records of a snapshot. Raises OSError, pa.ArrowException or ValueError when the file is gone,
    is another one than was named, or is none."""
    content = (folder / snapshot.name).read_bytes()
    if hashlib.sha256(content).hexdigest() != snapshot.sha256:
        raise ValueError("its bytes are not those that open.json names")
    # Not in Arrow's threads: `manifests.tables.read` says why.
    with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False) as file:
        table = file.read(use_threads=False)
    if not table.schema.equals(SCHEMA):
        raise ValueError("its columns are not those of commit records")
    return Packed(table.combine_chunks())
