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


def retrieval(scores: Scores, relevant: Relevant, ks: Sequence[int] = KS) -> Retrieval:
    """All figures. Queries without a relevant item don't count. Raises ValueError where none has one, or
    where a score is no number."""
    if np.isnan(scores).any():
        raise ValueError("a score is not a number")
    asked = relevant.any(axis=1)
    if not asked.any():
        raise ValueError("no query has a relevant item")
    scores, relevant = scores[asked], relevant[asked]
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    above = (scores > best).sum(axis=1)
    equal = scores == best
    wrong, right = (equal & ~relevant).sum(axis=1), (equal & relevant).sum(axis=1)
    return Retrieval(
        len(scores),
        scores.shape[1],
        {k: float(_within(k - above, wrong, right).mean()) for k in ks},
        # Each of `wrong` comes before the first of `right` once in right + 1 orders.
        float(np.median(above + 1 + wrong / (right + 1))),
        float(np.mean([_average_precision(s, r) for s, r in zip(scores, relevant, strict=True)])),
    )


def reweighted(scores: Scores) -> Scores:
    """Scores as the public evaluation of PE-AV changes them: s *= 10, then s * softmax(s, dim=0).

    The softmax is over all queries of an item, so one query's figure depends on the others
    (transductive): a figure of its own, never the headline.
    """
    tens = scores * 10
    shares = np.exp(tens - tens.max(axis=0))
    product: Scores = tens * (shares / shares.sum(axis=0))
    return product


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


def _average_precision(scores: Scores, relevant: Relevant) -> float:
    """Of one query; equal scores take their places in random order."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], relevant[order]
    total = before = found = 0.0
    starts = np.flatnonzero(np.diff(ranked, prepend=np.nan) != 0)
    for start, end in zip(starts, [*starts[1:], len(ranked)], strict=True):
        size, right = end - start, float(hits[start:end].sum())
        if right:
            # At place i of the group stands a hit with chance right / size, after (i - 1) (right - 1) /
            # (size - 1) others of the group in the mean.
            places = np.arange(1, size + 1)
            others = (places - 1) * (right - 1) / max(1, size - 1)
            total += right / size * float(((found + 1 + others) / (before + places)).sum())
        before, found = before + size, found + right
    return total / found
