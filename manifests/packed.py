"""Commit records as one Arrow table: a few hundred bytes a file instead of Python objects.

Rows lie by job, shard and commit (those of the listing first, by cut and commit), so that the records of
a job or of a shard are neighbours: a question reads a few slices, and makes objects of those alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from manifests import no_pandas
from manifests.arrays import Numbers, codes_of, numbers_of, offsets_of, ranges_of, values_of, whole
from manifests.record import Record
from manifests.tables import File

_NAME = pa.dictionary(pa.int32(), pa.string())
_FILE = pa.struct(
    [
        ("table", _NAME),
        ("path", pa.string()),
        ("rows", pa.int64()),
        ("bytes", pa.int64()),
        ("sha256", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("stage", _NAME),
        ("epoch", pa.int64()),
        ("cut", _NAME),
        ("job", _NAME),
        ("shard", pa.int64()),
        ("generation", pa.int64()),
        ("counts", pa.map_(pa.string(), pa.int64())),
        ("retried", pa.list_(pa.string())),
        ("replaced", pa.map_(pa.string(), pa.int64())),
        ("files", pa.list_(_FILE)),
    ]
)
"""position: the record's number in the order of the commits."""

# Records that become objects together: enough that reading one shard after another costs little, few
# enough that reading one costs little too. The last blocks are kept: those of a shard's listing and jobs.
_BLOCK, _BLOCKS_KEPT = 128, 8


class Packed:
    """Records in a table of `SCHEMA`. Raises pa.ArrowException, ValueError or KeyError for another."""

    def __init__(self, table: pa.Table) -> None:
        if not table.schema.equals(SCHEMA):
            raise ValueError("its columns are not those of commit records")
        no_pandas.spare()
        self._columns = {name: whole(table[name]) for name in SCHEMA.names}
        self.table = table
        self._files: pa.StructArray = self._columns["files"].values
        self._file_offsets = offsets_of(self._columns["files"])
        self._blocks: dict[tuple[int, str | None], list[Record]] = {}

    @classmethod
    def of(cls, records: Sequence[Record], after: "Packed | None" = None) -> "Packed":
        """These records, behind those that were packed before."""
        first = len(after) if after is not None else 0
        table = _table(records, first)
        if after is not None:
            table = pa.concat_tables([after.table, table])
        return cls(_sorted(table.combine_chunks()))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    # Where records lie

    @cached_property
    def _jobs(self) -> dict[str, tuple[int, int]]:
        """Rows [first, end) of each job, oldest job first."""
        ranges = ranges_of(self._columns["job"])
        positions = self._column("position")
        return dict(sorted(ranges.items(), key=lambda item: positions[slice(*item[1])].min()))

    @cached_property
    def _cuts(self) -> dict[str, tuple[int, int]]:
        """Rows [first, end) of the listing of each cut."""
        return ranges_of(self._columns["cut"].slice(0, self._columns["job"].null_count))

    @cached_property
    def _by_shard(self) -> tuple[Numbers, Numbers]:
        """Shards in order, and the row of each; of one shard in the order of the commits."""
        shards = self._column("shard")
        order = np.lexsort((self._column("position"), shards))
        return shards[order], order

    def _rows_of(self, shard: int) -> list[int]:
        """The rows of a shard, in the order of the commits; -1: those of no shard."""
        shards, order = self._by_shard
        first, end = np.searchsorted(shards, [shard, shard + 1])
        rows: list[int] = order[first:end].tolist()
        return rows

    def _column(self, name: str) -> Numbers:
        """A column of numbers; -1 for null."""
        return numbers_of(self._columns[name])

    # Questions

    def records(self) -> Iterator[Record]:
        """All, in the order of the commits."""
        order = np.argsort(self._column("position"))
        for start in range(0, len(order), _BLOCK):
            rows = order[start : start + _BLOCK]
            taken = Packed(self.table.take(pa.array(rows)).combine_chunks())
            yield from taken._made(0, len(rows))

    def ingests(self, cut: str) -> Iterator[Record]:
        """The listing of a cut, in the order of the commits."""
        first, end = self._cuts.get(cut, (0, 0))
        for start in range(first, end, _BLOCK):
            yield from self._made(start, min(start + _BLOCK, end))

    def parts(self, cut: str) -> int:
        """How many records the listing of a cut has."""
        first, end = self._range(None, cut)
        return end - first

    def jobs(self) -> dict[str, str]:
        """The stage of each job, oldest job first."""
        stages = self._columns["stage"]
        return {job: stages[first].as_py() for job, (first, _) in self._jobs.items()}

    def shards(self, job: str) -> list[int]:
        """The shard of each record of a job, in order: a shard once for each generation."""
        first, end = self._jobs.get(job, (0, 0))
        shards: list[int] = self._column("shard")[first:end].tolist()
        return shards

    def epoch(self, job: str) -> int | None:
        """The first epoch that committed something of a job; None without any."""
        first, end = self._jobs.get(job, (0, 0))
        return int(self._column("epoch")[first:end].min()) if end > first else None

    def of_job(self, job: str, number: int, table: str | None) -> Record:
        """The record at a place of `shards(job)`, with its files of one table or of all."""
        return self._at(self._jobs[job][0] + number, table)

    def listed(self, cut: str) -> dict[int, int]:
        """Shards of a cut, in the order of the commits, with how many clips each has."""
        first, end = self._cuts.get(cut, (0, 0))
        shards = self._column("shard")[first:end].tolist()
        clips = self._count("clips")[first:end].tolist()
        return {shard: count for shard, count in zip(shards, clips, strict=True) if shard >= 0}

    def counts(self, job: str | None = None, cut: str | None = None) -> Counter[str]:
        """Sum of the counts of a job, or of the listing of a cut."""
        first, end = self._range(job, cut)
        offsets = offsets_of(self._columns["counts"])
        names = self._count_names
        start, stop = offsets[first], offsets[end]
        sums = np.zeros(len(names.dictionary), np.int64)
        codes = numbers_of(names.indices)[start:stop]
        np.add.at(sums, codes, numbers_of(self._columns["counts"].items)[start:stop])
        seen = np.unique(codes)
        return Counter({names.dictionary[i].as_py(): int(sums[i]) for i in seen.tolist()})

    def retried(self, job: str) -> int:
        """How many clips the records of a job name as retried."""
        first, end = self._range(job, None)
        offsets = offsets_of(self._columns["retried"])
        return int(offsets[end] - offsets[first])

    def replaced(self, cut: str) -> dict[str, int]:
        """Clips that the listing of a cut names as replaced."""
        first, end = self._range(None, cut)
        column = self._columns["replaced"]
        offsets = offsets_of(column)
        start, count = offsets[first], offsets[end] - offsets[first]
        keys, items = column.keys.slice(start, count), column.items.slice(start, count)
        return dict(zip(keys.to_pylist(), items.to_pylist(), strict=True))

    def numbers(self) -> set[int | None]:
        """Numbers of all shards; None among them for records of no shard."""
        return {None if n < 0 else n for n in np.unique(self._by_shard[0]).tolist()}

    def of_shard(self, shard: int | None) -> list[Record]:
        """Every record of shards of this number, of all jobs and cuts, in the order of the commits."""
        return [self._at(row) for row in self._rows_of(-1 if shard is None else shard)]

    def listing(self, cut: str, shard: int, table: str) -> list[Record]:
        """The records that list a shard of a cut, with their files of one table."""
        first, end = self._range(None, cut)
        return [self._at(row, table) for row in self._rows_of(shard) if first <= row < end]

    def files(self, table: str | None, job: str | None, cut: str | None) -> Iterator[File]:
        """Files of a table, a job or the listing of a cut, in the order of the rows."""
        first, end = (0, len(self)) if job is None and cut is None else self._range(job, cut)
        first, end = self._file_offsets[first], self._file_offsets[end]
        places = self._of_table(first, end, table)
        for start in range(0, len(places), 16 * _BLOCK):
            yield from self._files_at(places[start : start + 16 * _BLOCK])

    @property
    def paths(self) -> pa.Array:
        """Paths of all files."""
        return self._files.field("path")

    # Objects

    def _range(self, job: str | None, cut: str | None) -> tuple[int, int]:
        if job is not None:
            return self._jobs.get(job, (0, 0))
        return self._cuts.get(cut or "", (0, 0))

    @cached_property
    def _count_names(self) -> pa.DictionaryArray:
        return self._columns["counts"].keys.dictionary_encode()

    def _count(self, name: str) -> Numbers:
        """What each record counts under a name, 0 where it does not."""
        counts, keys = self._columns["counts"], self._count_names
        numbers = np.zeros(len(self), np.int64)
        known = keys.dictionary.to_pylist()
        if name in known:
            places = np.flatnonzero(numbers_of(keys.indices) == known.index(name))
            rows = np.searchsorted(offsets_of(counts), places, "right") - 1
            numbers[rows] = numbers_of(counts.items)[places]
        return numbers

    @cached_property
    def _tables(self) -> tuple[list[str], Numbers]:
        """Names of tables, and the number of each file's."""
        tables = self._files.field("table")
        return tables.dictionary.to_pylist(), codes_of(tables)

    def _of_table(self, first: int, end: int, table: str | None) -> Numbers:
        """Places of files in [first, end), of one table or of all."""
        if table is None:
            return np.arange(first, end)
        names, codes = self._tables
        if table not in names:
            return np.arange(0)
        return first + np.flatnonzero(codes[first:end] == names.index(table))

    def _files_at(self, places: Numbers) -> list[File]:
        if not len(places):
            return []
        first, count = int(places[0]), len(places)
        if int(places[-1]) - first + 1 == count:
            columns = [self._files.field(i).slice(first, count) for i in range(1, len(_FILE))]
        else:
            columns = [self._files.field(i).take(pa.array(places)) for i in range(1, len(_FILE))]
        names, codes = self._tables
        tables = [names[code] for code in codes[places].tolist()]
        return [File(*values) for values in zip(tables, *map(values_of, columns), strict=True)]

    def _at(self, row: int, table: str | None = None) -> Record:
        start = row - row % _BLOCK
        block = self._blocks.pop((start, table), None)
        if block is None:
            block = self._made(start, min(start + _BLOCK, len(self)), table)
            if len(self._blocks) == _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
        self._blocks[start, table] = block
        return block[row - start]

    def _made(self, first: int, end: int, table: str | None = None) -> list[Record]:
        """The records of rows [first, end), with their files of one table or of all."""
        columns = [
            values_of(self._columns[name].slice(first, end - first))
            for name in SCHEMA.names
            if name not in ("position", "counts", "retried", "replaced", "files")
        ]
        columns += [
            [dict(pairs) for pairs in self._lists("counts", first, end)],
            [tuple(clips) for clips in self._lists("retried", first, end)],
            [dict(pairs) for pairs in self._lists("replaced", first, end)],
        ]
        offsets = self._file_offsets[first : end + 1]
        places = self._of_table(offsets[0], offsets[-1], table)
        files = self._files_at(places)
        bounds = np.searchsorted(places, offsets).tolist()
        rows = zip(*columns, bounds[:-1], bounds[1:], strict=True)
        return [
            Record(
                stage=stage,
                epoch=epoch,
                cut=cut,
                job=job,
                shard=shard,
                generation=generation,
                counts=counts,
                retried=retried,
                replaced=replaced,
                files=tuple(files[start:stop]),
            )
            for stage, epoch, cut, job, shard, generation, counts, retried, replaced, start, stop in rows
        ]

    def _lists(self, name: str, first: int, end: int) -> Iterator[Iterable[Any]]:
        """Values of a column of lists, or pairs of a column of maps; quicker than `to_pylist`."""
        column = self._columns[name]
        offsets = offsets_of(column)[first : end + 1]
        start, count = offsets[0], offsets[-1] - offsets[0]
        if isinstance(column, pa.MapArray):
            keys, items = (
                values_of(part.slice(start, count)) for part in (column.keys, column.items)
            )
            values: list[Any] = list(zip(keys, items, strict=True))
        else:
            values = values_of(column.values.slice(start, count))
        for low, high in pairwise((offsets - start).tolist()):
            yield values[low:high]


def _table(records: Sequence[Record], first: int) -> pa.Table:
    """Records as they are, the first of them at this position."""
    no_pandas.spare()
    files = [file for record in records for file in record.files]
    parts = [
        pa.array([getattr(file, field.name) for file in files], _plain(field.type)).cast(field.type)
        for field in _FILE
    ]
    ends = np.cumsum([0, *(len(record.files) for record in records)])
    columns = {
        "position": list(range(first, first + len(records))),
        "counts": [list(record.counts.items()) for record in records],
        "replaced": [list(record.replaced.items()) for record in records],
        "files": pa.ListArray.from_arrays(
            pa.array(ends, pa.int32()), pa.StructArray.from_arrays(parts, fields=list(_FILE))
        ),
    }
    for name in set(SCHEMA.names) - columns.keys():
        columns[name] = [getattr(record, name) for record in records]
    return pa.table({name: columns[name] for name in SCHEMA.names}, SCHEMA)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _sorted(table: pa.Table) -> pa.Table:
    """By job, shard and commit; the listing first, by cut and commit."""
    codes = {name: codes_of(whole(table[name])) for name in ("job", "cut")}
    listing = codes["job"] < 0
    shards = np.where(listing, 0, table["shard"].fill_null(-1).to_numpy())
    cuts = np.where(listing, codes["cut"], 0)
    order = np.lexsort((table["position"].to_numpy(), shards, cuts, codes["job"]))
    if np.array_equal(
        order, np.arange(len(order))
    ):  # what came last was of the last shards, as it is mostly
        return table
    return table.take(pa.array(order)).combine_chunks()
