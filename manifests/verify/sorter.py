"""Records sorted outside memory: what concerns all shards of a workspace is found in one pass over them.

A record is three 64-bit numbers: a key, a second key, and a place, which tells records apart. Few records
never touch the disk.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

HELD = 1 << 20
"""Records in memory, of 24 bytes each."""

Records = npt.NDArray[np.uint64]
"""Shape (n, 3)."""


def key_of(*texts: str) -> int:
    """64 bits of a digest of texts."""
    content = "\0".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def records(rows: Iterable[tuple[int, int, int]]) -> Records:
    """Records as an array."""
    return np.fromiter((number for row in rows for number in row), np.uint64).reshape(-1, 3)


class Sorter:
    """Takes records in any order, and gives them in order. folder: for its files; it must be there when
    the first is written. held: so many records are in memory."""

    def __init__(self, folder: Path, held: int = HELD) -> None:
        self._folder, self._held = folder, held
        self._pieces: list[Records] = []
        self._count = 0
        self._runs: list[Records] = []

    def add(self, piece: Records) -> None:
        """More records."""
        self._pieces.append(piece)
        self._count += len(piece)
        if self._count > self._held:
            path = self._folder / f"{len(self._runs):06d}.records"
            self._taken().tofile(path)
            self._runs.append(np.memmap(path, np.uint64, "r").reshape(-1, 3))

    def chunks(self) -> Iterator[Records]:
        """All records in order, about as many at a time as are held."""
        runs = [run for run in (*self._runs, self._taken()) if len(run)]
        at_once = max(1, self._held // max(1, len(runs)))
        while runs:
            blocks = [run[:at_once] for run in runs]
            ends = [
                block[-1] for run, block in zip(runs, blocks, strict=True) if len(block) < len(run)
            ]
            # What comes after a block is greater than its last record.
            last = min(map(tuple, ends), default=None)
            parts = blocks if last is None else [block[_until(block, last)] for block in blocks]
            runs = [run[len(part) :] for run, part in zip(runs, parts, strict=True)]
            runs = [run for run in runs if len(run)]
            yield _sorted(np.concatenate(parts))

    def _taken(self) -> Records:
        pieces, self._pieces, self._count = self._pieces, [], 0
        return _sorted(np.concatenate([np.empty((0, 3), np.uint64), *pieces]))


def _sorted(piece: Records) -> Records:
    ordered: Records = piece[np.lexsort((piece[:, 2], piece[:, 1], piece[:, 0]))]
    return ordered


def _until(block: Records, last: tuple[np.uint64, ...]) -> npt.NDArray[np.bool_]:
    """Where the records of a block are not greater than one."""
    first, second, place = (block[:, column] for column in range(3))
    until: npt.NDArray[np.bool_] = (first < last[0]) | (
        (first == last[0]) & ((second < last[1]) | ((second == last[1]) & (place <= last[2])))
    )
    return until


def repeated(chunks: Iterable[Records]) -> list[int]:
    """Of the keys that several records have, the second place of each, in order of the places."""
    places: list[int] = []
    for piece in _counted(chunks, keys=2):
        places += piece.records[piece.position == 1, 2].tolist()
    return sorted(places)


class Many(NamedTuple):
    """A key with many second keys. crossed: the place at which they became so many."""

    crossed: int
    seconds: int


def with_many(chunks: Iterable[Records], more_than: int) -> list[Many]:
    """Keys that have more than so many second keys, in the order in which they came to have them."""
    found: list[Many] = []
    key, count, least = -1, 0, np.empty(0, np.uint64)

    def end() -> None:
        if count > more_than:
            found.append(Many(int(least[more_than]), count))

    for firsts in (piece.records[piece.position == 0] for piece in _counted(chunks, keys=2)):
        starts = np.flatnonzero(np.diff(firsts[:, 0], prepend=~firsts[:1, 0]))
        sizes = np.diff(starts, append=len(firsts))
        # Of keys that begin and end here only those with many matter; the first and last may go on.
        worth = sizes > more_than
        worth[:1] = worth[-1:] = True
        for start, size in zip(starts[worth].tolist(), sizes[worth].tolist(), strict=True):
            group = firsts[start : start + size]
            if int(group[0, 0]) != key:
                end()
                key, count, least = int(group[0, 0]), 0, np.empty(0, np.uint64)
            count += size
            least = np.sort(np.concatenate([least, group[:, 2]]))[: more_than + 1]
    end()
    return sorted(found)


class _Counted(NamedTuple):
    """Records, and the position of each among those of its keys."""

    records: Records
    position: npt.NDArray[np.int64]


def _counted(chunks: Iterable[Records], keys: int) -> Iterator[_Counted]:
    before, count = np.empty(0, np.uint64), 0  # the last keys, and how many records have had them
    for piece in chunks:
        own = piece[:, :keys]
        new = np.ones(len(piece), bool)
        new[1:] = (own[1:] != own[:-1]).any(axis=1)
        starts = np.flatnonzero(new)
        position = np.arange(len(piece)) - np.repeat(starts, np.diff(starts, append=len(piece)))
        if np.array_equal(own[0], before):
            end = int(starts[1]) if len(starts) > 1 else len(piece)
            position[:end] += count
        before, count = own[-1].copy(), int(position[-1]) + 1
        yield _Counted(piece, position)
