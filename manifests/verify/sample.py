"""A look at some rows of a release, drawn at random, and how sure one may be after it.

Only the row groups of these rows are read, so that a release of any size takes no longer than one with as
many row groups as rows are drawn. Whole files, clips that are there twice, splits and books are not
judged.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import UserError
from manifests.release.layout import PARQUET, Release, ReleaseFile
from manifests.release.query import connection, linked
from manifests.verify.chance import chosen
from manifests.verify.media import check_media
from manifests.verify.part import BESIDE, UNREADABLE, Checked, Part, check_footer
from manifests.verify.problems import Problem
from manifests.verify.release import parts_of
from manifests.verify.row import RowCheck, RowKeys


class Drawn(NamedTuple):
    """Rows of one part's data, by number in the file, in order."""

    part: Part
    rows: tuple[int, ...]


def draw(root: Path, release: Release, count: int, chance: random.Random) -> list[Drawn]:
    """So many rows, or all, each as likely as any other."""
    parts = [(part, data) for part in parts_of(root, release) if (data := part.of("data"))]
    sizes = [data.rows for _, data in parts]
    return [Drawn(parts[place][0], rows) for place, rows in chosen(sizes, count, chance)]


def check_drawn(drawn: Drawn) -> Checked:
    """What is wrong with the drawn rows of a part, and with their evidence and claims."""
    checked = Checked()
    root = Path(drawn.part.root)
    sound = []
    for file in drawn.part.files:
        before = len(checked.problems)
        checked.tell(_opened(drawn.part, file))
        if len(checked.problems) == before:
            sound.append(file)
    data = drawn.part.of("data")
    if data is not None and data in sound:
        try:
            checked.tell(_rows(root, drawn, data, [file for file in sound if file is not data]))
        except (UserError, *UNREADABLE) as error:
            checked.tell([Problem("schema", data.path, f"its rows can't be read: {error}")])
        checked.rows["data"] += len(drawn.rows)
    return checked


def _opened(part: Part, file: ReleaseFile) -> Iterator[Problem]:
    try:
        size = (Path(part.root) / file.path).stat().st_size
    except OSError:
        yield Problem("checksum", file.path, "release.json names it, but it can't be read")
        return
    if size != file.bytes:
        yield Problem("checksum", file.path, f"{size} bytes, {file.bytes} by release.json")
    elif file.table in PARQUET:
        yield from check_footer(part, file)


def _rows(
    root: Path, drawn: Drawn, data: ReleaseFile, beside: Sequence[ReleaseFile]
) -> Iterator[Problem]:
    keys = RowKeys()
    check = RowCheck(data.path, data.licence_class, drawn.part.inputs, drawn.part.links_only)
    with connection(threads=1) as (database, folder):

        def scan(file: ReleaseFile) -> str:
            files = linked(folder, file.table, root, [file.path])
            return f"read_parquet({files}, file_row_number = true)"

        for batch, rows in _read(database, scan(data), drawn.rows):
            keys.add(batch)
            yield from check.batch(batch, rows)
        for file in beside:
            if file.table not in BESIDE:
                continue
            joined = BESIDE[file.table](file.path, keys)
            place = scan(file)
            wanted = _of_clips(database, place, keys.clips)
            given = (
                _whole(root / file.path, wanted)
                if file.table == "embeddings"
                else _read(database, place, wanted)
            )
            for batch, rows in given:
                yield from joined.batch(batch, rows)
            yield from joined.end()
    media = drawn.part.of("media")
    if media is not None and media in beside:
        whole = (
            row for some, _ in _whole(root / data.path, drawn.rows) for row in some.to_pylist()
        )
        yield from check_media(root / media.path, media.path, whole, frozenset(keys.clips))


def _of_clips(
    database: duckdb.DuckDBPyConnection, scan: str, clips: Sequence[str]
) -> Sequence[int]:
    """Numbers of the rows of clips. Asked for by themselves, no other column is read to find them."""
    query = f"SELECT file_row_number FROM {scan} WHERE list_contains(?, clip_id)"
    return [number for (number,) in database.execute(query, [list(clips)]).fetchall()]


Numbered = tuple[pa.RecordBatch, list[int]]
"""Rows, with their numbers in the file."""


def _whole(path: Path, wanted: Sequence[int]) -> Iterator[Numbered]:
    """Rows of a file with these numbers, in order, as they are: DuckDB makes other numbers of float16."""
    first, numbers = 0, np.array(wanted, np.int64)
    with path.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            end = first + file.metadata.row_group(group).num_rows
            some = numbers[(numbers >= first) & (numbers < end)]
            if len(some):
                rows = file.read_row_group(group, use_threads=False)
                (batch,) = rows.take(pa.array(some - first)).combine_chunks().to_batches()
                yield batch, some.tolist()
            first = end


def _read(
    database: duckdb.DuckDBPyConnection, scan: str, wanted: Sequence[int]
) -> Iterator[Numbered]:
    """Rows of a file with these numbers, in order."""
    if not wanted:
        return
    chosen = ", ".join(map(str, wanted))
    query = f"FROM {scan} WHERE file_row_number IN ({chosen}) ORDER BY file_row_number"
    table = database.sql(query).to_arrow_table()
    numbers = table["file_row_number"].to_pylist()
    first = 0
    for batch in table.drop_columns("file_row_number").to_batches():
        yield batch, numbers[first : first + batch.num_rows]
        first += batch.num_rows
