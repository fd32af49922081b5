"""How loud the channels of sound are, and how alike, in cells of 100 ms by the clock of a clip."""

import math
from collections.abc import Iterator
from itertools import groupby

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]
"""Samples as (channels, n), full scale is 1."""
Floats = npt.NDArray[np.float64]

CELLS_A_SECOND = 10
# Where offsets are so much of the power, rounding of 32 bits would hide the rest.
_OFFSET = 0.99


class Levels:
    """Sums of the samples of each cell, of their products, and how many they are."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._first = 0
        self._sizes = np.zeros(0)
        self._sums = np.zeros((0, channels))
        self._products = np.zeros((0, channels, channels))

    @property
    def cells(self) -> range:
        """Numbers of the cells, from the first that may have samples to the last."""
        return range(self._first, self._first + len(self._sizes))

    def add(self, block: Block, first: int = 0, rate: int = 48_000) -> None:
        """Takes a block whose first sample is number `first` of the clip; it may be before it."""
        parts = list(cells(first, block.shape[1], rate))
        if not parts:
            return
        with np.errstate(all="ignore"):
            sums, products = _sums(block, parts)
            if not np.isfinite(products).all():  # broken float sound
                sums, products = _sums(np.clip(np.nan_to_num(block), -1, 1), parts)
        at = self._room(parts[0][0], parts[-1][0])
        self._sizes[at] += [end - start for _, start, end in parts]
        self._sums[at] += sums
        self._products[at] += products

    def covariances(self, wanted: range) -> Floats:
        """Mean products of each two channels about their means, (cells, channels, channels).

        Zeros where a cell has no samples.
        """
        whole = np.zeros((len(wanted), self._channels, self._channels))
        known = range(max(wanted.start, self.cells.start), min(wanted.stop, self.cells.stop))
        if known:
            at = slice(known.start - self._first, known.stop - self._first)
            sizes = np.maximum(1, self._sizes[at])[:, None, None]
            means = self._sums[at] / sizes[:, 0]
            products = self._products[at] / sizes - means[:, :, None] * means[:, None, :]
            whole[known.start - wanted.start : known.stop - wanted.start] = products
        return whole

    def sizes(self) -> Floats:
        """How many samples each of `cells` has."""
        return self._sizes

    def _room(self, first: int, last: int) -> slice:
        """Where these cells are in the arrays, which grow by as much as they have."""
        if not len(self._sizes):
            self._first = first
        known, more = self.cells, 64 + len(self._sizes)
        before = max(more, known.start - first) if first < known.start else 0
        after = max(more, last + 1 - known.stop) if last >= known.stop else 0
        if before or after:
            self._first -= before
            self._sizes, self._sums, self._products = (
                np.pad(array, [(before, after)] + [(0, 0)] * (array.ndim - 1))
                for array in (self._sizes, self._sums, self._products)
            )
        return slice(first - self._first, last + 1 - self._first)


def _sums(block: Block, parts: list[tuple[int, int, int]]) -> tuple[Floats, Floats]:
    """Sums of these parts of a block, (parts, channels), and of products of each two channels."""
    pieces = [_summed(equal) for equal in _equal(block, parts)]
    sums = np.concatenate([piece[0] for piece in pieces])
    products = np.concatenate([piece[1] for piece in pieces])
    sizes = np.array([end - start for _, start, end in parts])
    powers = np.diagonal(products, axis1=1, axis2=2)
    for number in np.flatnonzero((sums**2 > _OFFSET * powers * sizes[:, None]).any(axis=1)):
        _, start, end = parts[number]
        offsets = (sums[number] / sizes[number]).astype(np.float32)
        about = block[:, start:end] - offsets[:, None]
        left, mean = about.sum(axis=1, dtype=np.float64), offsets.astype(np.float64)
        cross = np.outer(mean, left)
        sums[number] = mean * sizes[number] + left
        moved = cross + cross.T + sizes[number] * np.outer(mean, mean)
        products[number] = _summed(about[:, None])[1][0] + moved
    return sums, products


def _equal(block: Block, parts: list[tuple[int, int, int]]) -> Iterator[Block]:
    """The parts as (channels, parts, samples), those of one size that follow each other together: numpy
    is as fast as memory then."""
    for size, group in groupby(parts, key=lambda part: part[2] - part[1]):
        equal = list(group)
        span = block[:, equal[0][1] : equal[-1][2]]
        yield span.reshape(len(block), len(equal), size)


def _summed(parts: Block) -> tuple[Floats, Floats]:
    """Sums of (channels, parts, samples) over samples, and of products of each two channels."""
    channels, number, size = parts.shape
    products = np.empty((number, channels, channels))
    for i in range(channels):
        for j in range(i, channels):
            products[:, i, j] = products[:, j, i] = np.vecdot(parts[i], parts[j])
    sums: Floats = (parts @ np.ones(size, dtype=np.float32)).T.astype(np.float64)
    return sums, products


def cells(first: int, size: int, rate: int) -> Iterator[tuple[int, int, int]]:
    """Cells that samples first, first + 1, ... lie in: number, and start and end among the samples."""
    cell, at = first * CELLS_A_SECOND // rate, 0
    while at < size:
        end = min(size, first_of(cell + 1, rate) - first)
        if end > at:
            yield cell, at, end
        cell, at = cell + 1, max(at, end)


def first_of(cell: int, rate: int) -> int:
    """The first sample of a cell."""
    return math.ceil(cell * rate / CELLS_A_SECOND)
