"""`captionmill duplicates`: clips that are nearly alike, by the cosine of their vectors.

A clip joins the most complete of the clips that are alike enough to it, if that one is more complete than
itself: with sound and picture, then longer, then of a larger file. So each group begins with its most
complete member, every other one is as like as was asked to an earlier one, and memory grows with the
clips and not with the pairs, of which a thousand black pictures have half a million.

Up to `pipelines.search.search.FROM` clips every pair is compared. Of more, a clip is compared with those
of the cells that are nearest to it (`pipelines.search.index`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.search.clips import columns_of
from pipelines.search.exact import ROWS
from pipelines.search.stored import ID_BYTES, Column, Floats, Half, Ids, SearchError, Stored

if TYPE_CHECKING:
    from pipelines.search.index import Index

Numbers = npt.NDArray[np.int64]

AT_LEAST = 0.95
_VISITORS = 512
_ROUNDING = 1e-6
_HELD_BYTES = 1 << 29
PROBES = 8
"""Cells in which the like of a clip are looked for."""


@dataclass(frozen=True, slots=True)
class Member:
    """A clip of a group. similarity: cosine with the earlier member that it is `like`, by id; None of
    the first."""

    clip_id: str
    shard: int
    similarity: float | None = None
    like: str | None = None


@dataclass(slots=True)
class _Known:
    """Clips with a vector, by position: ids, shards, and their ranks: 0 is the most complete."""

    ids: Ids
    shards: Numbers
    ranks: Numbers

    def __len__(self) -> int:
        return len(self.ids)


class _Parents:
    """For each clip, by rank, the most complete one that it is like so far, and how much."""

    def __init__(self, clips: int, at_least: float) -> None:
        self.of = np.full(clips, clips, np.int64)
        self.similarity = np.zeros(clips, np.float32)
        self._at_least = at_least - _ROUNDING

    def compare(
        self, visitors: Floats, ranks: Numbers, members: Floats, of_members: Numbers
    ) -> None:
        """Compares vectors of unit length, (clips, width) each, with their ranks; those of the members
        in order."""
        cosines = visitors @ members.T
        alike = (cosines >= self._at_least) & (of_members[None, :] < ranks[:, None])
        nearest = alike.argmax(axis=1)
        rows = np.flatnonzero(alike[np.arange(len(alike)), nearest])
        parents = of_members[nearest[rows]]
        better = parents < self.of[ranks[rows]]
        rows, parents = rows[better], parents[better]
        self.of[ranks[rows]] = parents
        self.similarity[ranks[rows]] = cosines[rows, nearest[rows]]


def groups(
    stored: Stored, column: Column, at_least: float, index: "Index | None"
) -> tuple[list[list[Member]], int]:
    """Groups of clips that are nearly alike, the largest first, and how many clips were compared. index:
    of the same vectors, where not every pair is to be compared. Raises SearchError."""
    known = _known(stored, column)
    if index is not None and index.vectors != len(known):
        raise SearchError(f"files of {stored.table} changed; captionmill verify tells which")
    parents = _Parents(len(known), at_least)
    if index is None:
        _compare_all(stored, column, known, parents)
    else:
        _compare_cells(index, known, parents)
    return _grouped(known, parents), len(known)


def _known(stored: Stored, column: Column) -> _Known:
    """All clips with a vector, in the order of the parts."""
    ids, shards = [np.empty((0, ID_BYTES), np.uint8)], [np.empty(0, np.int64)]
    worth = [np.empty((0, 3), np.int64)]
    for part in stored.parts:
        for block in stored.blocks(part, column):
            ids.append(block.ids)
            shards.append(np.full(len(block), block.shard))
            worth.append(_worth(stored, block.shard, block.ids))
    media, length, size = np.concatenate(worth).T
    order = np.lexsort((-size, -length, -media))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return _Known(np.concatenate(ids), np.concatenate(shards), ranks)


def _worth(stored: Stored, shard: int, ids: Ids) -> Numbers:
    """How complete clips of a shard are, (clips, 3): media, length in ms, bytes of the source."""
    table = columns_of(stored, shard, ("has_audio", "has_video", "start_ms", "end_ms", "size"))
    wanted = pa.array([row.tobytes().hex() for row in ids], pa.string())
    rows = pc.index_in(wanted, table["clip_id"].combine_chunks())
    if rows.null_count:
        raise SearchError(
            f"a clip has a vector in shard {shard}, but is not listed there; "
            "captionmill verify tells what is wrong"
        )
    taken = {name: np.asarray(table[name].take(rows), np.int64) for name in table.column_names[1:]}
    media = taken["has_audio"] + taken["has_video"]
    return np.stack([media, taken["end_ms"] - taken["start_ms"], taken["size"]], axis=1)


def _compare_all(stored: Stored, column: Column, known: _Known, parents: _Parents) -> None:
    """Every pair, in order of the ranks, until each clip has met the first that it is like."""
    blocks = (block for part in stored.parts for block in stored.blocks(part, column))
    vectors = np.concatenate(
        [np.empty((0, stored.width), np.float16), *(b.vectors for b in blocks)]
    )
    vectors = vectors[np.argsort(known.ranks)]
    for start in range(0, len(vectors), _VISITORS):
        end = min(start + _VISITORS, len(vectors))
        ranks = np.arange(start, end)
        visitors = _unit(vectors[start:end])
        for low in range(0, end, ROWS):
            high = min(low + ROWS, end)
            alone = parents.of[ranks] == len(known)
            parents.compare(
                visitors[alone], ranks[alone], _unit(vectors[low:high]), np.arange(low, high)
            )


def _compare_cells(index: "Index", known: _Known, parents: _Parents) -> None:
    """The clips of each cell with all that have this cell among their nearest."""
    homes = _homes(index)
    for first, end in _cell_blocks(index):
        visitors, vectors = _visiting(index, homes, first, end)
        cells = homes[visitors].reshape(-1)
        order = np.argsort(cells, kind="stable")
        starts = np.searchsorted(cells[order], np.arange(first, end + 1))
        for cell in range(first, end):
            rows = order[starts[cell - first] : starts[cell - first + 1]] // homes.shape[1]
            members = list(_by_rank(index, cell, known)) if len(rows) else []
            for start in range(0, len(rows), ROWS):
                some = rows[start : start + ROWS]
                ranks, unit = known.ranks[visitors[some]], _unit(vectors[some])
                for of_members, each in members:
                    parents.compare(unit, ranks, each, of_members)


def _homes(index: "Index") -> npt.NDArray[np.int32]:
    """The nearest cells of each clip, (clips, PROBES or fewer), by position."""
    homes = np.empty((index.vectors, min(PROBES, index.cells)), np.int32)
    for cell in range(index.cells):
        positions, vectors = index.members(cell)
        if len(positions):
            homes[positions] = index.homes(_unit(vectors), PROBES)
    return homes


def _cell_blocks(index: "Index") -> Iterator[tuple[int, int]]:
    """Cells [first, end) whose visitors can be held at once."""
    bytes_each = (
        2 * PROBES * index.width
    )  # of float16, if a clip visits as many cells as are visited
    first = held = 0
    for cell in range(index.cells):
        size = index.size(cell) * bytes_each
        if cell > first and held + size > _HELD_BYTES:
            yield first, cell
            first, held = cell, 0
        held += size
    yield first, index.cells


def _visiting(
    index: "Index", homes: npt.NDArray[np.int32], first: int, end: int
) -> tuple[Numbers, Half]:
    """Positions and vectors of the clips that have one of some cells among their nearest."""
    visits = np.asarray(((homes >= first) & (homes < end)).any(axis=1))
    places, vectors = [np.empty(0, np.int64)], [np.empty((0, index.width), np.float16)]
    for cell in range(index.cells):
        positions, of_cell = index.members(cell)
        rows = visits[positions]
        places.append(positions[rows])
        vectors.append(of_cell[rows])
    return np.concatenate(places), np.concatenate(vectors)


def _by_rank(index: "Index", cell: int, known: _Known) -> Iterator[tuple[Numbers, Floats]]:
    """The clips of a cell in the order of their ranks, so many at a time."""
    positions, vectors = index.members(cell)
    ranks = known.ranks[positions]
    order = np.argsort(ranks)
    for start in range(0, len(order), ROWS):
        rows = order[start : start + ROWS]
        yield ranks[rows], _unit(vectors[rows])


def _unit(vectors: Half) -> Floats:
    """Vectors of unit length; those of no length, which are like nothing, stay."""
    wide = vectors.astype(np.float32)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Floats = wide / np.where(length == 0, 1, length)
    return unit


def _grouped(known: _Known, parents: _Parents) -> list[list[Member]]:
    count = len(known)
    joined = np.flatnonzero(parents.of < count)
    position = np.argsort(known.ranks)
    roots = np.arange(count)
    members: dict[int, list[int]] = {}
    for rank in joined.tolist():  # an earlier rank has its root by now
        root = roots[rank] = roots[parents.of[rank]]
        members.setdefault(int(root), [int(root)]).append(rank)

    def clip(rank: int) -> str:
        return bytes(known.ids[position[rank]]).hex()

    def member(rank: int) -> Member:
        shard = int(known.shards[position[rank]])
        if parents.of[rank] == count:
            return Member(clip(rank), shard)
        similarity = min(1.0, float(parents.similarity[rank]))
        return Member(clip(rank), shard, similarity, clip(int(parents.of[rank])))

    ordered = sorted(members.values(), key=lambda ranks: (-len(ranks), ranks[0]))
    return [list(map(member, ranks)) for ranks in ordered]
