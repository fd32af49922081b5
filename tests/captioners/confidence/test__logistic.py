"""Logistic lines: what data teach, what they leave open, and what no weight may do."""

import numpy as np
import pytest

from captioners.confidence._logistic import (
    SAME,
    Line,
    Prior,
    Sparse,
    learn,
    learn_many,
    logit,
    sigmoid,
)

_FREE = (Prior(1.0, 0.5, sign=1), Prior(0.0, 1.0))


def _scores(count: int, slope: float, intercept: float) -> tuple[list[list[float]], list[bool]]:
    rng = np.random.default_rng(1)
    odds = [logit(score) for score in rng.uniform(0.02, 0.98, count)]
    chances = sigmoid(np.array(odds) * slope + intercept)
    return [[x, 1.0] for x in odds], (rng.uniform(size=count) < chances).tolist()


def test_without_data_the_priors_stand() -> None:
    line = learn([], [], _FREE)
    assert line.weights == (1.0, 0.0)
    assert line.covariance == ((0.25, 0.0), (0.0, 1.0))


def test_the_fit_finds_what_made_the_data() -> None:
    line = learn(*_scores(20_000, 1.5, -0.7), _FREE)
    assert line.weights == pytest.approx((1.5, -0.7), abs=0.06)


def test_the_fewer_the_data_the_nearer_to_a_half() -> None:
    features, truths = _scores(2_000, 1.0, 0.0)
    told = [learn(features[:n], truths[:n], _FREE) for n in (0, 20, 2_000)]
    bare = [Line(weights=line.weights, covariance=SAME.covariance) for line in told]
    drawn = [abs(b.probability(3.0) - t.probability(3.0)) for b, t in zip(bare, told, strict=True)]
    assert drawn == sorted(drawn, reverse=True)
    assert drawn[0] > 0.03 and drawn[-1] < 0.001


def test_a_mean_over_what_is_open_is_that_of_draws() -> None:
    line = learn(*_scores(30, 1.0, 0.5), _FREE)
    rng = np.random.default_rng(2)
    draws = rng.multivariate_normal(line.weights, line.covariance, 200_000)
    for odds in (-2.0, 0.5, 3.0):
        mean = float(sigmoid(draws @ np.array([odds, 1.0])).mean())
        assert line.probability(odds) == pytest.approx(mean, abs=0.01)


def test_a_score_that_misleads_says_nothing() -> None:
    features = [[logit(0.1), 1.0]] * 50 + [[logit(0.9), 1.0]] * 50
    line = learn(features, [True] * 50 + [False] * 50, _FREE)
    assert line.weights[0] == 0
    assert line.probability(logit(0.1)) == line.probability(logit(0.9)) == pytest.approx(0.5)


def test_an_offset_counts_as_it_is() -> None:
    features, truths = _scores(5_000, 1.0, 0.8)
    only = learn([[1.0]] * 5_000, truths, (_FREE[1],), offset=[x for x, _ in features])
    assert only.weights == pytest.approx((0.8,), abs=0.1)


def test_log_odds_of_what_is_certain_are_finite() -> None:
    assert (logit(1.0), logit(0.0)) == pytest.approx((np.log(999), -np.log(999)))
    assert logit(0.5) == 0
    assert SAME.probability(logit(0.9)) == 0.9


def test_many_sparse_weights_are_learned_as_few_are() -> None:
    rng = np.random.default_rng(3)
    dense = rng.normal(size=(300, 6)) * (rng.random((300, 6)) < 0.3)
    offset = rng.normal(size=300)
    truth = rng.random(300) < sigmoid(dense @ np.array([2.0, -1.0, 0.0, 3.0, 0.5, -4.0]) + offset)
    rows, columns = np.nonzero(dense)
    design = Sparse(rows, columns, dense[rows, columns], dense.shape)
    found = learn_many(design, truth.astype(float), np.full(6, 1.5), offset, np.zeros(6))
    line = learn(dense, truth.tolist(), [Prior(0.0, 1.5)] * 6, offset)
    assert found == pytest.approx(line.weights, abs=1e-5)


def test_a_sparse_weight_that_the_data_would_turn_round_is_nothing() -> None:
    rng = np.random.default_rng(4)
    dense = rng.normal(size=(300, 2))
    truth = (rng.random(300) < sigmoid(dense @ np.array([2.0, 1.0]))).astype(float)
    design = Sparse(*np.indices(dense.shape).reshape(2, -1), dense.ravel(), dense.shape)
    found = learn_many(design, truth, np.full(2, 1.5), np.zeros(300), np.array([0.0, -1.0]))
    assert found[0] > 1 and found[1] == 0


def test_rows_of_a_sparse_matrix_are_those_of_the_dense_one() -> None:
    design = Sparse(np.array([0, 1, 1, 2]), np.array([1, 0, 0, 1]), np.arange(1.0, 5.0), (3, 2))
    dense = np.array([[0.0, 1.0], [5.0, 0.0], [0.0, 4.0]])
    kept = np.array([False, True, True])
    weights = np.array([2.0, 3.0])
    assert design.of(kept).times(weights) == pytest.approx(dense[kept] @ weights)
    assert design.of(kept).turned(weights) == pytest.approx(dense[kept].T @ weights)
