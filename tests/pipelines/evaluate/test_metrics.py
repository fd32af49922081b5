"""Retrieval figures are those of all orders of what is equal, tried one by one."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from pipelines.evaluate.metrics import (
    Relevant,
    Reweighting,
    Scores,
    Tally,
    retrieval,
    reweighted,
)


def _by_trying(scores: Scores, relevant: Relevant, k: int) -> tuple[float, float, list[float]]:
    """R@k, mAP and the mean rank of each query, over all orders that keep higher scores first."""
    recalls, precisions, ranks = [], [], []
    for row, right in zip(scores, relevant, strict=True):
        orders = [
            order
            for order in permutations(range(len(row)))
            if all(row[a] >= row[b] for a, b in pairwise(order))
        ]
        places = [[i + 1 for i, item in enumerate(order) if right[item]] for order in orders]
        recalls.append(np.mean([each[0] <= k for each in places]))
        ranks.append(float(np.mean([each[0] for each in places])))
        precisions.append(
            np.mean([np.mean([(i + 1) / p for i, p in enumerate(each)]) for each in places])
        )
    return float(np.mean(recalls)), float(np.mean(precisions)), ranks


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("levels", [1, 2, 4, 100])
def test_figures_are_the_means_over_all_orders(seed: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(levels, size=(5, 6)).astype(float)
    relevant = random.random((5, 6)) < 0.4
    relevant[np.arange(5), random.integers(6, size=5)] = True
    found = retrieval(scores, relevant, (1, 2, 5))
    for k in (1, 2, 5):
        recall, precision, ranks = _by_trying(scores, relevant, k)
        assert found.recalls[k] == pytest.approx(recall)
        assert found.mean_average_precision == pytest.approx(precision)
        assert found.median_rank == pytest.approx(np.median(ranks))


def test_a_constant_score_is_chance() -> None:
    found = retrieval(np.zeros((50, 50)), np.eye(50, dtype=bool))
    assert found.recalls == pytest.approx({1: 0.02, 5: 0.1, 10: 0.2})
    assert found.median_rank == 25.5


def test_queries_without_an_answer_do_not_count() -> None:
    relevant = np.eye(3, dtype=bool)
    relevant[2] = False
    assert retrieval(np.eye(3), relevant).queries == 2
    with pytest.raises(ValueError, match="no query has a relevant item"):
        retrieval(np.eye(3), np.zeros((3, 3), bool))


def test_a_score_that_is_no_number_is_told() -> None:
    with pytest.raises(ValueError, match="not a number"):
        retrieval(np.full((2, 2), np.nan), np.eye(2, dtype=bool))


def test_the_published_reweighting_is_its_formula() -> None:
    scores = np.random.default_rng(0).normal(size=(4, 3))
    tens = scores * 10
    wanted = tens * (np.exp(tens) / np.exp(tens).sum(axis=0, keepdims=True))
    np.testing.assert_allclose(reweighted(scores), wanted)


def test_queries_may_come_a_few_at_a_time() -> None:
    random = np.random.default_rng(3)
    scores = random.integers(3, size=(7, 6)).astype(float)
    relevant = random.random((7, 6)) < 0.4
    tally, reweighting = Tally(), Reweighting()
    for part in (slice(0, 3), slice(3, 3), slice(3, 7)):
        tally.add(scores[part], relevant[part])
        reweighting.show(scores[part])
    assert tally.retrieval() == retrieval(scores, relevant)
    np.testing.assert_allclose(reweighting.reweighted(scores[2:4]), reweighted(scores)[2:4])


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e4])
def test_reweighting_is_a_number_for_scores_of_any_size(factor: float) -> None:
    scores = np.random.default_rng(1).normal(size=(5, 4)) * factor
    assert np.isfinite(reweighted(scores)).all()
