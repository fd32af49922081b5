"""Retrieval figures, with ties as chance would break them.

Scores that are equal have no order. An argmax takes the first, which makes a constant score look perfect
where the first item is relevant. Here every figure is its mean over all orders of what is equal.
Relevance is by set: of several clips that share a caption each one answers it. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
"""Of each query against each item, (queries, items)."""
Relevant = npt.NDArray[np.bool_]
"""Which items answer a query, (queries, items)."""

KS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Figures of one direction.

    queries, items: how many. recalls: share of queries of which a relevant item is among the first k, by
    k. median_rank: of the best relevant item, 1 is best. mean_average_precision: over all relevant items.
    """

    queries: int
    items: int
    recalls: dict[int, float]
    median_rank: float
    mean_average_precision: float


class Tally:
    """Figures of queries that come a few at a time."""

    def __init__(self, ks: Sequence[int] = KS) -> None:
        self._ks = tuple(ks)
        self._items = 0
        self._within: list[npt.NDArray[np.floating]] = []
        self._ranks: list[npt.NDArray[np.floating]] = []
        self._precisions: list[npt.NDArray[np.floating]] = []

    def add(self, scores: Scores, relevant: Relevant) -> None:
        """Counts queries; those without a relevant item don't count. Raises ValueError where a score is
        no number."""
        if np.isnan(scores).any():
            raise ValueError("a score is not a number")
        self._items = scores.shape[1]
        asked = relevant.any(axis=1)
        scores, relevant = scores[asked], relevant[asked]
        best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
        above = (scores > best).sum(axis=1)
        equal = scores == best
        wrong, right = (equal & ~relevant).sum(axis=1), (equal & relevant).sum(axis=1)
        self._within.append(np.stack([_within(k - above, wrong, right) for k in self._ks]))
        # Each of `wrong` comes before the first of `right` once in right + 1 orders.
        self._ranks.append(above + 1 + wrong / (right + 1))
        self._precisions.append(_average_precisions(scores, relevant, above, wrong, right))

    def retrieval(self) -> Retrieval:
        """All figures. Raises ValueError where no query has a relevant item."""
        ranks = np.concatenate(self._ranks) if self._ranks else np.zeros(0)
        if not len(ranks):
            raise ValueError("no query has a relevant item")
        recalls = np.concatenate(self._within, axis=1).mean(axis=1)
        return Retrieval(
            len(ranks),
            self._items,
            {k: float(recall) for k, recall in zip(self._ks, recalls, strict=True)},
            float(np.median(ranks)),
            float(np.mean(np.concatenate(self._precisions))),
        )


def retrieval(scores: Scores, relevant: Relevant, ks: Sequence[int] = KS) -> Retrieval:
    """All figures. Queries without a relevant item don't count. Raises ValueError where none has one, or
    where a score is no number."""
    tally = Tally(ks)
    tally.add(scores, relevant)
    return tally.retrieval()


class Reweighting:
    """The change of scores in the public evaluation of PE-AV: s *= 10, then s * softmax(s, dim=0).

    The softmax is over all queries of an item, so one query's figure depends on the others
    (transductive): a figure of its own, never the headline. To be shown all scores first.
    """

    def __init__(self) -> None:
        self._highest: Scores | None = None
        self._sum: Scores | None = None

    def show(self, scores: Scores) -> None:
        """Takes in the scores of some queries."""
        if not len(scores):
            return
        tens = scores * 10
        highest = tens.max(axis=0)
        if self._highest is None or self._sum is None:
            self._highest, self._sum = highest, np.zeros(len(highest))
        raised = np.maximum(highest, self._highest)
        grown = np.exp(tens - raised).sum(axis=0, dtype=np.float64)
        self._sum = self._sum * np.exp(self._highest - raised) + grown
        self._highest = raised

    def reweighted(self, scores: Scores) -> Scores:
        """Scores of some of the queries, changed."""
        if self._highest is None or self._sum is None:
            raise ValueError("no scores were shown")
        tens = scores * 10
        changed: Scores = tens * (np.exp(tens - self._highest) / self._sum)
        return changed


def reweighted(scores: Scores) -> Scores:
    """Scores as `Reweighting` changes them, of all queries at once."""
    reweighting = Reweighting()
    reweighting.show(scores)
    return reweighting.reweighted(scores)


def _within(
    places: npt.NDArray[np.int_], wrong: npt.NDArray[np.int_], right: npt.NDArray[np.int_]
) -> npt.NDArray[np.floating]:
    """Chance that one of `right` is among the first `places` of it and `wrong` in random order."""
    missed = np.ones(len(places))
    for at in range(max(0, int(places.max(initial=0)))):
        left = wrong - at
        step = np.clip(left, 0, None) / np.maximum(1, left + right)
        missed = np.where(at < places, missed * step, missed)
    return np.where(places > 0, 1 - missed, 0.0)


def _average_precisions(
    scores: Scores,
    relevant: Relevant,
    above: npt.NDArray[np.int_],
    wrong: npt.NDArray[np.int_],
    right: npt.NDArray[np.int_],
) -> npt.NDArray[np.floating]:
    """Of each query. above, wrong, right: items before the best answer, others equal to it, and answers
    equal to it."""
    precisions = 1 / (above + 1.0)
    for row in np.flatnonzero((wrong + right > 1) | (relevant.sum(axis=1) > right)):
        precisions[row] = _average_precision(scores[row], relevant[row])
    return precisions


def _average_precision(scores: Scores, relevant: Relevant) -> float:
    """Of one query; equal scores take their places in random order."""
    ranked = np.sort(scores)
    values, rights = np.unique(scores[relevant], return_counts=True)
    ends = len(ranked) - np.searchsorted(ranked, values, "left")
    starts = len(ranked) - np.searchsorted(ranked, values, "right")
    hits = rights.sum()
    earlier = hits - np.cumsum(rights)
    if (ends - starts == 1).all():
        return float(((earlier + 1) / ends).sum() / hits)
    groups = zip(starts, ends, rights, earlier, strict=True)
    return sum(_tied(*map(int, group)) for group in groups) / int(hits)


def _tied(start: int, end: int, right: int, earlier: int) -> float:
    """Sum of the precisions at the hits of equal items, of which `right` are hits.

    start, end: how many items come before the first and up to the last of them. earlier: hits before.
    """
    size = end - start
    places = np.arange(1, size + 1)
    # At place i stands a hit with chance right / size, after (i - 1) (right - 1) / (size - 1) others
    # of the group in the mean.
    others = (places - 1) * (right - 1) / max(1, size - 1)
    return right / size * float(((earlier + 1 + others) / (start + places)).sum())
