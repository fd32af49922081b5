"""Intervals and tests for figures of clips: what one clip says hangs together, so clips are drawn.

Everything is seeded: the same numbers give the same intervals.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DRAWS = 2000
_SEED = 20251219
_Z = 1.959964
"""Standard normal deviate of 95 %."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval. clips: that had something to count; of: what was counted, the
    denominator. value None: there was nothing."""

    value: float | None
    low: float | None
    high: float | None
    clips: int
    of: float


NOTHING = Figure(None, None, None, 0, 0)


def bootstrap(
    counts: npt.ArrayLike, statistic: Callable[[Floats], Floats], of: int | None = None
) -> Figure:
    """A statistic of sums over clips.

    counts: one row of numbers a clip. statistic: of sums (..., numbers), nan where there is nothing.
    of: the column that is told as the denominator; without one, clips are.
    """
    rows = np.asarray(counts, np.float64)
    if not len(rows):
        return NOTHING
    value = float(statistic(rows.sum(0)))
    if math.isnan(value):
        return NOTHING
    # Rows that are alike are drawn together: a few kinds of rows stand for thousands of clips.
    kinds, numbers = np.unique(rows, axis=0, return_counts=True)
    drawn = np.random.default_rng(_SEED).multinomial(len(rows), numbers / len(rows), _DRAWS)
    found = statistic(drawn @ kinds)
    low, high = np.nanpercentile(found, [2.5, 97.5])
    clips = int((rows[:, of] > 0).sum()) if of is not None else len(rows)
    total = float(rows[:, of].sum()) if of is not None else len(rows)
    return Figure(value, float(low), float(high), clips, total)


def summed(counts: npt.ArrayLike, clusters: Sequence[Hashable]) -> Floats:
    """Rows of numbers of clips summed by cluster, so that `bootstrap` draws clusters. clusters: one label
    a row."""
    numbers = {label: at for at, label in enumerate(dict.fromkeys(clusters))}
    rows = np.asarray(counts, np.float64)
    found = np.zeros((len(numbers), *rows.shape[1:]))
    np.add.at(found, [numbers[label] for label in clusters], rows)
    return found


def share(hits: Sequence[float], of: Sequence[float]) -> Figure:
    """Hits of all, summed over clips. Where every clip says the same (no hit, or nothing but hits) no
    draw differs, and the interval is Wilson's over the clips that had something to count."""
    found = bootstrap(np.column_stack([hits, of]) if len(of) else [], ratio, of=1)
    if found.value in (0.0, 1.0):
        low, high = wilson(found.clips if found.value else 0, found.clips)
        return Figure(found.value, low, high, found.clips, found.of)
    return found


def ratio(sums: Floats) -> Floats:
    """The first number by the second."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def mean(values: Sequence[float]) -> Figure:
    """The mean of a number of each clip."""
    return bootstrap(np.column_stack([values, np.ones(len(values))]) if len(values) else [], ratio)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of independent trials."""
    if not of:
        return 0.0, 1.0
    p, z2 = hits / of, _Z**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign test: clips where ours is better, worse, neither; p: two-sided, of at least so uneven a
    split if both were as likely."""

    better: int
    worse: int
    equal: int
    p: float


def sign_test(ours: Sequence[float], theirs: Sequence[float]) -> Sign:
    """Ours against theirs, clip by clip."""
    pairs = list(zip(ours, theirs, strict=True))
    better = sum(a > b for a, b in pairs)
    worse = sum(a < b for a, b in pairs)
    return Sign(better, worse, len(pairs) - better - worse, _uneven(better, worse))


def _uneven(better: int, worse: int) -> float:
    n, most = better + worse, max(better, worse)
    logs = [
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
        for k in range(most, n + 1)
    ]
    return min(1.0, 2 * math.fsum(map(math.exp, logs)))
