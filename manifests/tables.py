"""Parquet files of a workspace: written whole, named by a commit record, read by clip."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests import no_pandas
from manifests.atomic import is_linked, replacing
from manifests.errors import UserError
from manifests.ids import content_hash, storable

_BATCH = 512


# Not frozen: there may be hundreds of thousands, and making a frozen one takes four times as long.
@dataclass(slots=True, unsafe_hash=True)
class File:
    """One committed file. path is relative to the workspace; table e.g. `captions`, `weak/yamnet-1f`."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str


def write(
    root: Path, path: str, table: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema
) -> File:
    """`write_table` of `arrow(rows, schema)`."""
    return write_table(root, path, table, arrow(rows, schema))


def write_table(root: Path, path: str, table: str, data: pa.Table) -> File:
    """Writes data to `root/path` (temp file, fsync, rename) and returns what a commit says of it.

    Equal rows give equal bytes. A failed write leaves no file. Raises UserError where a folder of the
    path is a link.
    """
    if is_linked(root, str(Path(path).parent)):
        raise UserError(
            f"{(root / path).parent} is or lies in a linked folder: its files may be another "
            "workspace's. Replace the link with a folder."
        )
    with replacing(root / path) as temporary:
        with temporary.open("wb") as file:
            columns = _with_dictionary(data.schema)
            pq.write_table(data.combine_chunks(), file, compression="zstd", use_dictionary=columns)
        sha256, size = content_hash(temporary), temporary.stat().st_size
    return File(table=table, path=path, rows=data.num_rows, bytes=size, sha256=sha256)


def _with_dictionary(schema: pa.Schema) -> bool | list[str]:
    """The columns for which Parquet keeps a dictionary of values: all but vectors, whose numbers hardly
    repeat. With one they take three times as long to read, four to write, and no less room."""
    plain = [field.name for field in schema if not pa.types.is_fixed_size_list(field.type)]
    return True if len(plain) == len(schema) else plain


def arrow(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table. Text is kept as `manifests.ids.storable` says.

    Raises pa.ArrowException (OverflowError for too large a number) when a row does not fit the schema
    or has a key that it does not know, which Arrow alone would drop.
    """
    no_pandas.spare()
    known = set(schema.names)
    for row in rows:
        if unknown := row.keys() - known:
            raise pa.ArrowInvalid(f"no column for {', '.join(sorted(unknown))}")
    try:
        return pa.Table.from_pylist(list(rows), schema=schema)
    except UnicodeEncodeError:
        return pa.Table.from_pylist([_storable(row) for row in rows], schema=schema)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {key: _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value


def read(root: Path, path: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows of one file."""
    with _opened(root / path) as file:
        table = file.read(columns=list(columns) if columns else None, use_threads=False)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def numbered(
    root: Path,
    path: str,
    columns: Sequence[str] | None = None,
    clips: Collection[str] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of one file with their numbers in it, from 0; some hundred are objects at a time. clips: only
    rows of these."""
    first = 0
    with _opened(root / path) as file:
        wanted: Any = list(columns) if columns else None
        for batch in file.iter_batches(_BATCH, columns=wanted, use_threads=False):
            places: Sequence[int] = range(batch.num_rows)
            if clips is not None:
                ids = batch.column("clip_id").to_pylist()
                places = [place for place in places if ids[place] in clips]
            chosen = batch if clips is None else batch.take(pa.array(places, pa.int64()))
            for place, row in zip(places, chosen.to_pylist(), strict=True):
                yield first + place, row
            first += batch.num_rows


def _opened(path: Path) -> pq.ParquetFile:
    # Read here, since Arrow can't open a path that is not UTF-8; and without its threads: one of
    # Arrow's that lets go of a Python object while the interpreter ends aborts the process.
    return pq.ParquetFile(pa.BufferReader(path.read_bytes()), pre_buffer=False)


def read_all(
    root: Path, files: Iterable[File], columns: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Rows of several files, one file in memory at a time."""
    for file in files:
        yield from read(root, file.path, columns)
