"""How many cells a search must look into, measured against exact search while an index is made."""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.search.stored import COLUMNS, Column, Floats, Stored

if TYPE_CHECKING:
    from pipelines.search.index import Index

NEIGHBOURS = 10
GOAL = 0.97
"""Share of the nearest ten that shall be found, of each kind of queries; what is promised is 0.95."""
_QUERIES, _EACH = 128, 4
_ROUNDING = 1e-5


class Measured:
    """Exact neighbours of some vectors as queries: those of the column itself, and those of the other
    columns where there are any. The column has some vector.
    """

    def __init__(self, stored: Stored, column: Column) -> None:
        others = [other for other in COLUMNS.values() if other != column]
        drawn = [_drawn(stored, name) for name in (column, *others)]
        self._kinds = [kind for kind in drawn if len(kind)]
        self._queries = np.concatenate(self._kinds)
        self._best = np.empty((len(self._queries), 0), np.float32)

    def add(self, vectors: Floats) -> None:
        """Compares the queries with some vectors of the column."""
        best = np.concatenate([self._best, self._queries @ vectors.T], axis=1)
        if best.shape[1] > NEIGHBOURS:
            best = np.partition(best, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        self._best = best

    def probes(self, index: "Index") -> tuple[int, float]:
        """The fewest probes, of 1, 2, 4, ..., by which each kind of queries finds as much as it shall,
        and the recall of the kind that finds least."""
        probes = 1
        while True:
            recall = self._recall(index, probes)
            if recall >= GOAL or probes >= index.cells:
                return min(probes, index.cells), recall
            probes *= 2

    def _recall(self, index: "Index", probes: int) -> float:
        products, _ = index.search(self._queries, self._best.shape[1], probes)
        # By products and not by clips: of equal vectors any is as near. FAISS adds in another order.
        rounding = _ROUNDING * np.abs(self._best).max(axis=1, keepdims=True)
        hits = (products >= self._best.min(axis=1, keepdims=True) - rounding).mean(axis=1)
        ends = np.cumsum([len(kind) for kind in self._kinds])
        return min(float(part.mean()) for part in np.split(hits, ends[:-1]))


def _drawn(stored: Stored, column: Column) -> Floats:
    """Vectors of a column, a few of each of many files, the same each time."""
    random = np.random.default_rng(1)
    each = max(_EACH, -(-_QUERIES // len(stored.parts)))
    drawn = [np.empty((0, stored.width), np.float16)]
    for number in random.permutation(len(stored.parts)).tolist():
        for block in stored.blocks(stored.parts[number], column):
            rows = random.permutation(len(block))[:each]
            drawn.append(block.vectors[rows])
        if sum(map(len, drawn)) >= _QUERIES:
            break
    return np.concatenate(drawn)[:_QUERIES].astype(np.float32)
