"""What fusion is held against: choosing concepts from the same evidence in other ways.

Every list with a free cut takes the one that gives the best event F1 on the calibration split, so that
none loses by an unlucky threshold; ours has the product's own. The oracle knows the generator: what it
believes of a concept is the exact posterior, and no fusion of this evidence can do better on average
than its ranking. The ceiling knows the truth and picks what is true of what anybody named: not even the
oracle reaches it, and it is no bound to aim at.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.fusion.fused import Said, ran, said, sides
from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import Hits, f1, happened, hits
from benchmarks.quality.measures.intervals import Figure, Floats, bootstrap
from benchmarks.quality.measures.measures import Ruler
from recipes.world.concepts import Side

Chosen = Callable[[Case, Side], frozenset[str]]
"""Which concepts a list says of one side of a clip."""
Beliefs = Callable[[Case, Side], Mapping[str, float]]

_CUTS = 25


@dataclass(frozen=True, slots=True)
class Single:
    """One captioner with its cut."""

    captioner: str
    cut: float


def score(ruler: Ruler, cases: Sequence[Case], side: Side, chosen: Chosen) -> list[Hits]:
    """How a list meets the truth, clip by clip; clips without this side have nothing."""
    return [
        hits(chosen(case, side), happened(case.truth, side), case.truth.unsure, ruler.concepts)
        if (case.has_audio if side == "heard" else case.has_video)
        else Hits()
        for case in cases
    ]


def best_single(ruler: Ruler, calibration: Sequence[Case], side: Side) -> Single:
    """The captioner, and the cut of its raw scores, with the best event F1 on the calibration split."""
    names = sorted(name for name, of in sides(calibration).items() if of == side)
    told = {case.clip_id: said(ruler, case, side) for case in calibration}
    found = []
    for name in names:
        scores = [one.score for each in told.values() for one in each if one.captioner == name]
        for cut in _cuts(scores):

            def chosen(case: Case, _: Side, name: str = name, cut: float = cut) -> frozenset[str]:
                return _of(told[case.clip_id], name, cut)

            found.append((_f1(score(ruler, calibration, side, chosen)), Single(name, cut)))
    return max(found, key=lambda each: each[0], default=(0.0, Single("nobody", 0.0)))[1]


def single(ruler: Ruler, best: Mapping[Side, Single]) -> Chosen:
    """The best captioner of each side alone."""
    return lambda case, side: _of(said(ruler, case, side), best[side].captioner, best[side].cut)


def best_vote_cut(ruler: Ruler, calibration: Sequence[Case], side: Side) -> float:
    """The raw score from which on a claim is a vote, best on the calibration split."""
    told = {case.clip_id: said(ruler, case, side) for case in calibration}
    listen = sides(calibration)

    def quality(cut: float) -> float:
        def voted(case: Case, of: Side) -> frozenset[str]:
            return _majority(ruler, told[case.clip_id], ran(case, of, listen), cut)

        return _f1(score(ruler, calibration, side, voted))

    return max(_cuts([one.score for each in told.values() for one in each]), key=quality)


def vote(ruler: Ruler, listen: Mapping[str, Side], cut: Mapping[Side, float]) -> Chosen:
    """What more than half of the captioners that looked at a clip say; who names a dog votes for an
    animal too."""
    return lambda case, side: _majority(
        ruler, said(ruler, case, side), ran(case, side, listen), cut[side]
    )


def _majority(
    ruler: Ruler, told: Sequence[Said], voters: Sequence[str], cut: float
) -> frozenset[str]:
    votes: Counter[str] = Counter()
    for name in voters:
        votes.update(ruler.concepts.implied(_of(told, name, cut)))
    return frozenset(key for key, count in votes.items() if 2 * count > len(voters))


def best_cut(ruler: Ruler, calibration: Sequence[Case], side: Side, beliefs: Beliefs) -> float:
    """The cut of beliefs with the best event F1 on the calibration split."""
    known = {case.clip_id: beliefs(case, side) for case in calibration}
    values = [p for each in known.values() for p in each.values()]

    def quality(cut: float) -> float:
        chosen = believed(lambda case, _: known[case.clip_id], {side: cut})
        return _f1(score(ruler, calibration, side, chosen))

    return max(_cuts(values), key=quality)


def believed(beliefs: Beliefs, cut: Mapping[Side, float]) -> Chosen:
    """What is believed at least so much."""
    return lambda case, side: frozenset(
        key for key, p in beliefs(case, side).items() if p >= cut[side]
    )


def crossed(choose: Callable[[Sequence[Case]], Chosen], cases: Sequence[Case]) -> Chosen:
    """A list that is chosen on one half of the clips and used on the other, both ways."""
    halves = cases[::2], cases[1::2]
    by = {
        case.clip_id: chosen
        for half, chosen in zip(halves, (choose(halves[1]), choose(halves[0])), strict=True)
        for case in half
    }
    return lambda case, side: by[case.clip_id](case, side)


def ceiling(ruler: Ruler) -> Chosen:
    """Knows the truth: all that is true of what anybody named."""

    def chosen(case: Case, side: Side) -> frozenset[str]:
        named = (ruler.concepts.implied(one.keys) for one in said(ruler, case, side))
        true = ruler.concepts.implied(happened(case.truth, side))
        return frozenset[str]().union(*named) & true

    return chosen


def gap_closed(best: Sequence[Hits], ours: Sequence[Hits], oracle: Sequence[Hits]) -> Figure:
    """The share of the gap in event F1 between the best single captioner and the oracle that ours closes,
    all three drawn by the same clips."""

    def closed(sums: Floats) -> Floats:
        low, middle, high = (f1(sums[..., at : at + 4]) for at in (0, 4, 8))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(high > low, (middle - low) / (high - low), np.nan)

    rows = [(*a.row, *b.row, *c.row) for a, b, c in zip(best, ours, oracle, strict=True)]
    return bootstrap(rows, closed)


def _of(told: Sequence[Said], captioner: str, cut: float) -> frozenset[str]:
    return frozenset[str]().union(
        *(one.keys for one in told if one.captioner == captioner and one.score >= cut)
    )


def _f1(clips: Sequence[Hits]) -> float:
    total = sum(clips, Hits())
    return float(np.nan_to_num(f1(np.array(total.row, np.float64))))


def _cuts(values: Sequence[float]) -> list[float]:
    """Cuts to try: quantiles, so that any unit will do."""
    if not values:
        return [0.0]
    return sorted(set(np.quantile(values, np.linspace(0, 1, _CUTS, endpoint=False)).tolist()))
