"""How good probabilities are, in figures and in a picture.

brier: mean squared error. ece: expected calibration error over bins of equal numbers of claims (adaptive
bins: Nguyen & O'Connor 2015; Nixon et al. 2019), ten bins, fewer where there would be under ten claims in
each. Its interval is a bootstrap over origins, shifted by the bootstrap's own bias: resampling makes an
error that is never negative larger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners.confidence.fit import Quality
from captioners.confidence.tiers import HIGH, MEDIUM
from manifests.evidence import Tier

_BINS, _LEAST = 10, 10
_DRAWS, _FEWEST_ORIGINS = 1000, 5
_DIGITS = 4

Floats = npt.NDArray[np.float64]
Point = tuple[float, float, int]
"""Of a bin: mean probability, share of true claims, number of claims."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Probabilities of claims before and after, whether they were true, and whose media they are of.

    tiers: the words after.
    """

    name: str
    before: Floats
    after: Floats
    true: npt.NDArray[np.bool_]
    origins: npt.NDArray[np.str_]
    files: int
    tiers: tuple[Tier, ...]

    def __len__(self) -> int:
        return len(self.true)


def quality(
    probabilities: Floats, true: npt.NDArray[np.bool_], origins: npt.NDArray[np.str_]
) -> Quality:
    """Brier and adaptive ECE of at least one claim, with the interval of the latter."""
    members = [np.flatnonzero(origins == origin) for origin in np.unique(origins)]
    error = ece(probabilities, true)
    interval = None
    if len(members) >= _FEWEST_ORIGINS:
        rng = np.random.default_rng(0)
        draws = []
        for _ in range(_DRAWS):
            picked = rng.integers(len(members), size=len(members))
            at = np.concatenate([members[i] for i in picked])
            draws.append(ece(probabilities[at], true[at]))
        low, high = np.quantile(draws, [0.025, 0.975]) - (np.mean(draws) - error)
        interval = (round(max(0.0, float(low)), _DIGITS), round(min(1.0, float(high)), _DIGITS))
    brier = float(np.mean((probabilities - true) ** 2))
    return Quality(brier=round(brier, _DIGITS), ece=round(error, _DIGITS), interval=interval)


def ece(probabilities: Floats, true: npt.NDArray[np.bool_]) -> float:
    """Mean distance of probability and share of true claims, over bins of equal numbers of claims."""
    means, shares, sizes = _binned(probabilities, true)
    return float(np.sum(sizes * np.abs(means - shares))) / len(true)


def bins(probabilities: Floats, true: npt.NDArray[np.bool_]) -> Iterator[Point]:
    """The bins, of equal numbers of claims; those of equal probability stay together."""
    means, shares, sizes = _binned(probabilities, true)
    yield from zip(means.tolist(), shares.tolist(), sizes.tolist(), strict=True)


def _binned(
    probabilities: Floats, true: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Of each bin the mean probability, the share of true claims, and the number of claims. Without a
    Python loop: an interval takes a thousand of them."""
    order = np.argsort(probabilities, kind="stable")
    p, t = probabilities[order], true[order]
    count = max(1, min(_BINS, len(p) // _LEAST))
    each, more = divmod(len(p), count)
    number = np.arange(count)
    starts = np.unique(np.searchsorted(p, p[number * each + np.minimum(number, more)]))
    sizes = np.diff(starts, append=len(p))
    return (
        np.add.reduceat(p, starts) / sizes,
        np.add.reduceat(t, starts, dtype=float) / sizes,
        sizes,
    )


def tier_shares(judged: Sequence[Judged]) -> dict[Tier, tuple[int, int]]:
    """By tier: how many claims have it, and how many of these are true."""
    shares: dict[Tier, tuple[int, int]] = {"low": (0, 0), "medium": (0, 0), "high": (0, 0)}
    for each in judged:
        for tier, true in zip(each.tiers, each.true.tolist(), strict=True):
            claims, right = shares[tier]
            shares[tier] = claims + 1, right + true
    return shares


def wilson(right: float, count: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), as if claims were independent."""
    z = 1.96
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


_BEFORE, _AFTER, _QUIET = "#b0713a", "#1f5fa8", "#8a8a8a"
_ACROSS, _DPI = 3, 110
# Below the diagonal's square: how many claims have which probability.
_COUNTS_FROM, _COUNTS_HIGH, _COUNTED = -0.27, 0.22, 20


def draw(panels: Sequence[Judged], fused: Sequence[Judged], path: Path, title: str) -> None:
    """The reliability diagram: a panel for each captioner and each of `fused`, and one of the tiers."""
    from matplotlib.figure import Figure

    every = [*panels, *fused]
    down = -(-(len(every) + 1) // _ACROSS)
    figure = Figure(figsize=(4.4 * _ACROSS, 4.7 * down + 0.8), layout="constrained")
    figure.suptitle(
        f"{title}\npoints: bins of equal numbers of claims, 95 % of the share as if claims were"
        " independent; below: how many claims; lines at the cuts of the tiers; ECE [95 % by origins]",
        fontsize=10,
    )
    axes = figure.subplots(down, _ACROSS, squeeze=False).ravel()
    for at, judged in enumerate(every):
        _panel(axes[at], judged, is_fused=at >= len(panels))
    _tiers(axes[len(every)], fused)
    for place in axes[len(every) + 1 :]:
        place.axis("off")
    figure.savefig(path, dpi=_DPI)


def _panel(axes: Any, judged: Judged, is_fused: bool) -> None:
    names = ("surest captioner alone", "fused") if is_fused else ("raw score", "calibrated")
    axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1, linestyle=":")
    for cut in (MEDIUM, HIGH):
        axes.axvline(cut, color=_QUIET, linewidth=0.6, alpha=0.6)
    axes.axhline(0, color="black", linewidth=0.6)
    _points(axes, judged.before, judged.true, _BEFORE, "o")
    _points(axes, judged.after, judged.true, _AFTER, "s")
    _counts(axes, judged)
    for at, (name, probabilities, colour) in enumerate(
        ((names[0], judged.before, _BEFORE), (names[1], judged.after, _AFTER))
    ):
        figures = quality(probabilities, judged.true, judged.origins)
        caption = f"{name}: Brier {figures.brier:.3f}, ECE {figures.ece:.3f}"
        if figures.interval:
            caption += " [{:.3f}, {:.3f}]".format(*figures.interval)
        where = {"transform": axes.transAxes, "color": colour, "fontsize": 8.5}
        axes.text(0.0, 1.062 - 0.045 * at, caption, **where)
    axes.set_title(judged.name, fontsize=12, fontweight="bold", loc="left", pad=30)
    origins = len(np.unique(judged.origins))
    axes.set_xlabel(
        f"probability ({len(judged)} claims, {judged.true.mean():.0%} true; {judged.files} files,"
        f" {origins} origins)",
        fontsize=8.5,
    )
    axes.set_ylabel("share that is true", fontsize=8.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(_COUNTS_FROM - 0.02, 1.04)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xticks([0, 0.25, MEDIUM, HIGH, 1])
    axes.tick_params(labelsize=8)


def _points(
    axes: Any, probabilities: Floats, true: npt.NDArray[np.bool_], colour: str, marker: str
) -> None:
    points = list(bins(probabilities, true))
    x, y = [mean for mean, _, _ in points], [share for _, share, _ in points]
    bounds = [wilson(share * size, size) for _, share, size in points]
    below = [max(0.0, share - low) for (low, _), share in zip(bounds, y, strict=True)]
    above = [max(0.0, high - share) for (_, high), share in zip(bounds, y, strict=True)]
    looks = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.1}
    axes.errorbar(x, y, yerr=[below, above], elinewidth=0.6, capsize=2, **looks)


def _counts(axes: Any, judged: Judged) -> None:
    """Two histograms side by side in each step of probability."""
    edges = np.linspace(0, 1, _COUNTED + 1)
    every = [np.histogram(p, edges)[0] for p in (judged.before, judged.after)]
    most = max(int(counts.max()) for counts in every)
    width = 0.4 / _COUNTED
    for at, (counts, colour) in enumerate(zip(every, (_BEFORE, _AFTER), strict=True)):
        heights = counts / most * _COUNTS_HIGH
        left = edges[:-1] + (0.1 + at * 0.4) / _COUNTED
        axes.bar(left, heights, width, _COUNTS_FROM, align="edge", color=colour, alpha=0.8)


def _tiers(axes: Any, fused: Sequence[Judged]) -> None:
    """What the words for the writer are worth."""
    shares = tier_shares(fused)
    for at, (tier, (claims, right)) in enumerate(shares.items()):
        if claims:
            low, high = wilson(right, claims)
            share = right / claims
            error = [[max(0.0, share - low)], [max(0.0, high - share)]]
            axes.bar(at, share, color=_AFTER, width=0.6, yerr=error, capsize=4)
            axes.text(at, 1.02, f"{share:.0%} of {claims}", ha="center", fontsize=9)
        else:
            axes.text(at, 1.02, "none", ha="center", fontsize=9)
        axes.text(at, -0.08, tier, ha="center", fontsize=10)
    for cut in (MEDIUM, HIGH):
        axes.axhline(cut, color=_QUIET, linewidth=0.6, alpha=0.6)
    axes.set_xlim(-0.6, 2.6)
    axes.set_ylim(-0.12, 1.1)
    axes.set_xticks([])
    axes.set_yticks([0, 0.25, MEDIUM, HIGH, 1])
    axes.tick_params(labelsize=8)
    axes.set_title("What the words are worth", fontsize=12, fontweight="bold", loc="left", pad=30)
    axes.text(
        0.0,
        1.015,
        "share of the fused claims of each tier that is true",
        transform=axes.transAxes,
        fontsize=8.5,
        color=_AFTER,
    )
