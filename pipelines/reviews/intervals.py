"""Shares, agreement and comparisons of reviews, with their 95 % intervals."""

from collections.abc import Mapping, Sequence
from math import ceil, comb, sqrt

from pydantic import BaseModel, ConfigDict

from pipelines.calibrate.reliability import wilson

_Z = 1.96
FEWEST = 10
"""Clips of which fewer say nothing of how far two reviewers agree."""
_ADDED = 0.5
"""Clips that are added to each of the four cells before the error of kappa is taken."""


class Rate(BaseModel):
    """A share. count: what counts of so many; a tie counts half. low and high: its 95 % interval; None
    of nothing."""

    model_config = ConfigDict(frozen=True)

    count: float
    of: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


class Kappa(BaseModel):
    """How far two reviewers agree. clips: that both judged; same: alike. kappa: Cohen's (1960); None of
    fewer than `FEWEST` clips, and where both always said the same word, so that chance explains all.

    The 95 % interval is that of the large-sample error (Fleiss, Cohen and Everitt 1969) after half a clip
    is added to each cell (Gart and Zweifel 1967): without it the error of full agreement would be 0.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    clips: int
    same: int
    kappa: float | None = None
    low: float | None = None
    high: float | None = None


def rate(count: float, of: int) -> Rate:
    """A share of independent draws (Wilson)."""
    if not of:
        return Rate(count=count, of=of)
    low, high = wilson(count, of)
    return Rate(count=count, of=of, share=count / of, low=low, high=high)


def weighted(strata: Sequence[tuple[int, int, int]]) -> Rate:
    """The share of a set by its strata, each with its size, what counts of it, and how many were drawn.

    The interval is Wilson's for the draws that a plain sample would have needed (Kish 1965): exact where
    strata do not differ, else too wide. A stratum of which nothing was drawn leaves the share unknown.
    """
    strata = [stratum for stratum in strata if stratum[0]]
    count, of = sum(s[1] for s in strata), sum(s[2] for s in strata)
    if not of or any(not drawn for _, _, drawn in strata):
        return Rate(count=count, of=of)
    whole = sum(size for size, _, _ in strata)
    share = sum(size / whole * count / drawn for size, count, drawn in strata)
    worth = 1 / sum((size / whole) ** 2 / drawn for size, _, drawn in strata)
    low, high = wilson(share * worth, worth)
    return Rate(count=count, of=of, share=share, low=low, high=high)


def needed(half: float) -> int:
    """Draws by which the 95 % interval of any share is at most so wide to each side."""
    return max(1, ceil(_Z**2 / (4 * half**2) - _Z**2))


def kappa(first: str, second: str, pairs: Sequence[tuple[bool, bool]]) -> Kappa:
    """Of the verdicts of two reviewers on the same clips."""
    counts = {(a, b): float(pairs.count((bool(a), bool(b)))) for a in (0, 1) for b in (0, 1)}
    same = sum(a == b for a, b in pairs)
    told = Kappa(first=first, second=second, clips=len(pairs), same=same)
    if len(pairs) < FEWEST:
        return told
    value, _ = _kappa(counts)
    if value is None:
        return told
    centre, error = _kappa({cell: count + _ADDED for cell, count in counts.items()})
    assert centre is not None
    low = max(-1.0, min(value, centre - _Z * error))
    high = min(1.0, max(value, centre + _Z * error))
    return told.model_copy(update={"kappa": value, "low": low, "high": high})


def _kappa(counts: Mapping[tuple[int, int], float]) -> tuple[float | None, float]:
    """Cohen's kappa of a table, and its large-sample error; None where chance explains all."""
    count = sum(counts.values())
    cells = {cell: number / count for cell, number in counts.items()}
    rows = [cells[a, 0] + cells[a, 1] for a in (0, 1)]
    columns = [cells[0, b] + cells[1, b] for b in (0, 1)]
    seen, chance = cells[0, 0] + cells[1, 1], sum(rows[a] * columns[a] for a in (0, 1))
    if chance >= 1 - 1e-12:
        return None, 0.0
    value = (seen - chance) / (1 - chance)
    on = sum(cells[a, a] * (1 - chance - (rows[a] + columns[a]) * (1 - seen)) ** 2 for a in (0, 1))
    off = (1 - seen) ** 2 * sum(
        cells[a, b] * (columns[a] + rows[b]) ** 2 for a in (0, 1) for b in (0, 1) if a != b
    )
    rest = (seen * chance - 2 * chance + seen) ** 2
    return value, sqrt(max(0.0, on + off - rest) / count) / (1 - chance) ** 2


def sign_test(wins: int, losses: int) -> float:
    """Probability of a difference at least as large if both sides were as good: exact, two-sided; ties
    are left out."""
    count, least = wins + losses, min(wins, losses)
    tail = sum(comb(count, k) for k in range(least + 1))
    return min(1.0, 2 * tail / (1 << count))
