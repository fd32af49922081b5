"""Clusters from pairs of rows that are alike, so that each member is like the first of its cluster.

Connected components would join what is not alike: of captions from one template, each with another
word changed, the first and the last have little in common. So a row here joins a *pivot*, a row of
lower number that it was compared with. Pivots are chosen in the order of the numbers (Ailon,
Charikar, Newman 2008, "Aggregating inconsistent information"), many at a time: a row with no
undecided row of lower number beside it is one. Numbers are of digests, in an order that has nothing
to do with the rows, so few rounds are enough and neither inputs nor workers change the outcome.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint32]

UNDECIDED = np.uint32(2**32 - 1)
_PAIRS = 1 << 20
_ROUNDS = 4
"""How often rows are compared again that were like others which then joined another root."""


def settled(
    rows: int, files: Sequence[Path], compare: Callable[[Numbers], int]
) -> tuple[Numbers, int]:
    """The root of each of so many rows, and how many pairs were compared.

    compare: compares some rows, writes the pairs that are alike to the files (`join`), and says how
    many it compared.
    """
    of = np.full(rows, UNDECIDED)
    some = np.arange(rows, dtype=np.uint32)
    compared = 0
    for _ in range(_ROUNDS):
        compared += compare(some)
        join(of, files)
        alone, some = unsettled(of, files)
        if not len(alone):
            break
        of[alone] = UNDECIDED
    rest = np.flatnonzero(of == UNDECIDED)
    of[rest] = rest
    return of, compared


def join(of: Numbers, files: Sequence[Path]) -> None:
    """Lets rows join pivots.

    of: (rows,): the number of a row's pivot, its own where it is one, or `UNDECIDED`; no row stays
    undecided. files: pairs of numbers of rows that are alike, the lower first, (pairs, 2) of uint32
    each. They are read twice a round, some at a time.
    """
    while True:
        _join_pivots(of, files)
        lowest = np.full(len(of), UNDECIDED)
        paired = np.zeros(len(of), np.bool_)
        for low, high in _pairs(files):
            both = (of[low] == UNDECIDED) & (of[high] == UNDECIDED)
            np.minimum.at(lowest, high[both], low[both])
            paired[low[both]] = True
        new = np.flatnonzero(paired & (lowest == UNDECIDED))
        if not len(new):
            break
        of[new] = new
    rest = np.flatnonzero(of == UNDECIDED)
    of[rest] = rest


def _join_pivots(of: Numbers, files: Sequence[Path]) -> None:
    """Each undecided row joins the lowest pivot beside it, if there is one."""
    joined = np.full(len(of), UNDECIDED)
    for low, high in _pairs(files):
        for pivot, row in ((low, high), (high, low)):
            may = (of[pivot] == pivot) & (of[row] == UNDECIDED)
            np.minimum.at(joined, row[may], pivot[may])
    decided = joined != UNDECIDED
    of[decided] = joined[decided]


def _pairs(files: Sequence[Path]) -> Iterator[tuple[Numbers, Numbers]]:
    for file in files:
        if file.stat().st_size:
            pairs = np.memmap(file, np.uint32, "r").reshape(-1, 2)
            for start in range(0, len(pairs), _PAIRS):
                low, high = np.ascontiguousarray(pairs[start : start + _PAIRS].T)
                yield low, high


def unsettled(of: Numbers, files: Sequence[Path]) -> tuple[Numbers, Numbers]:
    """Rows that may have missed a pivot: like others, but all of these joined elsewhere, and none
    joined them. And the rows to compare them with: they and the pivots that were joined."""
    has_pair = np.zeros(len(of), np.bool_)
    for low, high in _pairs(files):
        has_pair[low] = has_pair[high] = True
    own = np.arange(len(of), dtype=np.uint32)
    is_joined = np.zeros(len(of), np.bool_)
    is_joined[of[of != own]] = True
    is_alone = has_pair & (of == own) & ~is_joined
    return own[is_alone], own[is_alone | is_joined]
