"""Where each row of a release goes: its part, and the bucket of the part in which it is sorted.

Rows of a licence class and a split are ordered by `h`, a mix of the seed and the clip. Parts are runs of
equal length in that order, buckets runs within a part that fit into memory. Both are known by the `h` at
which they begin, found by counting: no row is sorted here.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.atomic import replacing, write_atomic
from manifests.release.errors import RulesError
from manifests.release.layout import CLASSES, LicenceClass
from manifests.release.rules import Rules
from manifests.release.select import Counts, Keys

_BATCH = 1 << 18
_BITS = 18
"""Rows are counted by the first bits of `h`, then looked at only where a bucket ends."""

SELECTED = pa.schema(
    [
        pa.field("input", pa.int32(), False),
        pa.field("shard", pa.int32(), False),
        pa.field("row", pa.int32(), False),
        pa.field("clip", pa.binary(16), False),
        pa.field("bucket", pa.int32(), False),
        pa.field("h", pa.uint64(), False),
    ]
)
"""Rows that stay, in the order of the inputs."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a licence class and split. of: how many there are. first: number of its first bucket
    among those of all parts. buckets: rows of each."""

    licence: LicenceClass
    split: str
    number: int
    of: int
    first: int
    buckets: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Rows of the part."""
        return sum(self.buckets)


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected. groups: rows of each group of shards."""

    counts: Counts
    parts: tuple[Part, ...]
    groups: tuple[int, ...]

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        write_atomic(path, json.dumps(asdict(self)).encode())

    @classmethod
    def load(cls, path: Path) -> "Selection":
        """What `save` wrote."""
        read = json.loads(path.read_text("utf-8"))
        counts = read["counts"]
        inputs = {int(key): (rows, kept) for key, (rows, kept) in counts["inputs"].items()}
        parts = (part | {"buckets": tuple(part["buckets"])} for part in read["parts"])
        return cls(
            Counts(**counts | {"inputs": inputs}),
            tuple(Part(**part) for part in parts),
            tuple(read["groups"]),
        )

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        return sum(len(part.buckets) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of a part, and of a bucket, at most."""

    part: int
    bucket: int


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Buckets of one cell (licence class and split): the number of the first, and the `h` at which each
    begins."""

    first: int
    starts: npt.NDArray[np.uint64]


def write(
    keys: Keys, rules: Rules, sizes: Sizes, starts: Sequence[tuple[int, int]], folder: Path
) -> Selection:
    """Writes what stays as `<number>.parquet` (`SELECTED`) for each group of shards.

    starts: input and shard with which each group begins, ascending. Raises RulesError when no row is
    left.
    """
    counts = keys.counts()
    if not counts.kept:
        dropped = ", ".join(f"{rule} {rows}" for rule, rows in counts.dropped.items() if rows)
        raise RulesError(
            f"{rules.source}: no row is left of {counts.rows} (dropped: {dropped or 'none'}); "
            "`--explain` shows examples"
        )
    alive = keys.alive()
    parts, bounds = _parts(keys, rules, sizes, alive)
    splits = len(rules.split)
    writer = _Groups(folder, starts)
    for batch in _batches(keys, alive, "input, shard, row, clip, licence, split, h"):
        cell = _cells(batch, splits)
        h = batch["h"].to_numpy()
        bucket = np.zeros(len(h), np.int32)
        for number, bound in bounds.items():
            inside = cell == number
            bucket[inside] = bound.first + np.searchsorted(bound.starts, h[inside], "right") - 1
        clips = _storage(batch["clip"])
        columns = [*(batch[name] for name in ("input", "shard", "row")), clips, pa.array(bucket)]
        writer.add(pa.table([*columns, batch["h"]], schema=SELECTED))
    return Selection(counts, parts, writer.close())


def _parts(
    keys: Keys, rules: Rules, sizes: Sizes, alive: npt.NDArray[np.bool_]
) -> tuple[tuple[Part, ...], dict[int, _Bounds]]:
    """The parts in their order, and where the buckets of each cell begin."""
    splits = list(rules.split)
    counts = np.zeros((len(CLASSES) * len(splits), 1 << _BITS), np.int64)
    for batch in _batches(keys, alive, "licence, split, h"):
        at = _cells(batch, len(splits)).astype(np.int64) << _BITS | _prefix(batch)
        counts += np.bincount(at, minlength=counts.size).reshape(counts.shape)
    parts: list[Part] = []
    ranks: dict[int, list[int]] = {}
    for cell, rows in enumerate(counts.sum(axis=1).tolist()):
        if not rows:
            continue
        licence, split = CLASSES[cell // len(splits)], splits[cell % len(splits)]
        many = -(-rows // sizes.part)
        edges = [rows * number // many for number in range(many + 1)]
        ranks[cell] = []
        for number in range(many):
            first, last = edges[number], edges[number + 1]
            pieces = -(-(last - first) // sizes.bucket)
            inner = [first + (last - first) * piece // pieces for piece in range(pieces + 1)]
            buckets = tuple(b - a for a, b in pairwise(inner))
            before = sum(len(part.buckets) for part in parts)
            parts.append(Part(licence, split, number, many, before, buckets))
            ranks[cell] += inner[:-1]
    starts = _starts(keys, alive, counts, ranks, len(splits))
    bounds, first = {}, 0
    for cell in ranks:
        bounds[cell] = _Bounds(first, starts[cell])
        first += len(starts[cell])
    return tuple(parts), bounds


def _starts(
    keys: Keys,
    alive: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
    ranks: dict[int, list[int]],
    splits: int,
) -> dict[int, npt.NDArray[np.uint64]]:
    """The `h` of the rows with these ranks in the order of their cell; 0 for the first."""
    before = {cell: np.concatenate([[0], np.cumsum(counts[cell])]) for cell in ranks}
    wanted = np.zeros(counts.shape, np.bool_)
    places: dict[int, list[int]] = {}
    for cell, of_cell in ranks.items():
        places[cell] = [int(np.searchsorted(before[cell], rank, "right")) - 1 for rank in of_cell]
        wanted[cell, places[cell][1:]] = True
    near = _ordered(keys, alive, wanted, splits)
    starts = {}
    for cell, of_cell in ranks.items():
        values = [0]
        for rank, place in list(zip(of_cell, places[cell], strict=True))[1:]:
            first = np.searchsorted(near[0], cell << _BITS | place)
            values.append(int(near[1][first + rank - before[cell][place]]))
        starts[cell] = np.array(values, np.uint64)
    return starts


def _ordered(
    keys: Keys, alive: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_], splits: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Cell with the first bits of `h`, and `h`, of the rows where these are wanted; in order."""
    at: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    hashes: list[npt.NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    for batch in _batches(keys, alive, "licence, split, h") if wanted.any() else ():
        cells, prefix = _cells(batch, splits).astype(np.int64), _prefix(batch)
        inside = wanted[cells, prefix]
        at.append((cells << _BITS | prefix)[inside])
        hashes.append(batch["h"].to_numpy()[inside])
    places, values = np.concatenate(at), np.concatenate(hashes)
    order = np.lexsort((values, places))
    return places[order], values[order]


def _batches(keys: Keys, alive: npt.NDArray[np.bool_], columns: str) -> Iterator[pa.RecordBatch]:
    """Key rows that are alive, in their order."""
    query = f"SELECT rowid AS id, {columns} FROM keys"
    for batch in keys.connection.sql(query).to_arrow_reader(_BATCH):
        yield batch.filter(pa.array(alive[batch["id"].to_numpy()]))


def _cells(batch: pa.RecordBatch, splits: int) -> npt.NDArray[np.int32]:
    """The number of each row's licence class and split."""
    licence: npt.NDArray[np.int32] = batch["licence"].to_numpy().astype(np.int32)
    split: npt.NDArray[np.int32] = batch["split"].to_numpy().astype(np.int32)
    return licence * splits + split


def _prefix(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    h: npt.NDArray[np.uint64] = batch["h"].to_numpy()
    return (h >> np.uint64(64 - _BITS)).astype(np.int64)


def _storage(clips: pa.Array) -> pa.Array:
    return clips.storage if isinstance(clips, pa.ExtensionArray) else clips


class _Groups:
    """Writes rows to the file of their group; rows come in the order of the groups."""

    def __init__(self, folder: Path, starts: Sequence[tuple[int, int]]) -> None:
        self._folder = folder
        self._starts = np.array([number << 32 | shard for number, shard in starts], np.int64)
        self._rows = [0] * len(starts)
        self._waiting: list[pa.Table] = []
        self._group = 0
        self._last = -1

    def add(self, rows: pa.Table) -> None:
        """Takes rows; writes the groups that are whole."""
        if not rows.num_rows:
            return
        number = rows["input"].to_numpy().astype(np.int64)
        places = number << 32 | rows["shard"].to_numpy()
        if places[0] < self._last or (np.diff(places) < 0).any():
            raise AssertionError("keys are not in the order of their files")
        self._last = int(places[-1])
        groups = np.searchsorted(self._starts, places, "right") - 1
        edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(groups)]
        for first, last in pairwise(edges):
            while self._group < groups[first]:
                self._write()
            self._waiting.append(rows.slice(first, last - first))

    def close(self) -> tuple[int, ...]:
        """Writes the groups that are left; rows of each group."""
        while self._group < len(self._starts):
            self._write()
        return tuple(self._rows)

    def _write(self) -> None:
        table = pa.concat_tables([SELECTED.empty_table(), *self._waiting])
        self._rows[self._group] = table.num_rows
        with replacing(self._folder / f"{self._group:05d}.parquet", durable=False) as path:
            pq.write_table(table, path, compression="zstd", use_dictionary=["input", "shard"])
        self._waiting = []
        self._group += 1
