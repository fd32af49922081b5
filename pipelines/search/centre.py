"""Where the vectors of a medium lie, which makes products with them comparable with those of another.

Each medium has heads of its own, so a text may lie nearer to all pictures than to any sound. A score
therefore counts from the product with the mean of all vectors of the medium, in lengths of the query and
typical distances of the vectors from their mean. It orders the clips of one medium as their products do.
`python -m benchmarks.either` compares it with others.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipelines.search.stored import Floats

_ROUNDING = 1e-3
"""Of the length of the vectors: what sums of equal ones leave."""


@dataclass(frozen=True, slots=True)
class Centre:
    """count: of vectors. mean: of them, (width,). square: mean of their squared lengths."""

    count: int
    mean: Floats
    square: float

    @classmethod
    def of(cls, vectors: Floats) -> "Centre":
        """That of some vectors, (vectors, width)."""
        count = len(vectors)
        square = float(np.vdot(vectors, vectors)) / max(count, 1)
        return cls(count, vectors.sum(axis=0) / max(count, 1), square)

    def scores(self, query: Floats, products: Floats) -> Floats:
        """Products of the query, (width,), with some of the vectors, as they stand to those with all.
        Zeros where all vectors are equal."""
        away = math.sqrt(max(self.square - float(np.vdot(self.mean, self.mean)), 0.0))
        length = float(np.linalg.norm(query))
        if length == 0 or away <= _ROUNDING * math.sqrt(self.square):
            return np.zeros_like(products)
        scores: Floats = (products - float(np.vdot(self.mean, query))) / (length * away)
        return scores


def joined(parts: Iterable[Centre], width: int) -> Centre:
    """The centre of the vectors of all parts."""
    count, total, square = 0, np.zeros(width), 0.0
    for part in parts:
        count += part.count
        total += part.count * part.mean.astype(np.float64)
        square += part.count * part.square
    return Centre(count, (total / max(count, 1)).astype(np.float32), square / max(count, 1))
