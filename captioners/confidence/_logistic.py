"""Logistic regression with priors: how scores become probabilities.

A line is P(true | x) = sigmoid(w·x). Its weights are the maximum a posteriori under independent normal
priors, and what the data leave open of them is kept as their covariance (Laplace's approximation). A
probability is the mean over what is open, sigmoid(m / sqrt(1 + pi v / 8)) with m = w·x and v = x·C·x
(MacKay, "The evidence framework applied to classification networks", 1992): the fewer the data, the
nearer to a half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]

_EDGE = 1e-3
_DIGITS = 5


class Line(BaseModel):
    """weights: of the features, a constant last; covariance: of the weights, symmetric."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weights: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def probability(self, *features: float) -> float:
        """P(true) of a claim with these features, without the constant; six digits, so that it is the
        same on every processor."""
        x = np.array([*features, 1.0])
        mean = float(x @ np.array(self.weights))
        variance = max(0.0, float(x @ np.array(self.covariance) @ x))
        return round(float(sigmoid(mean / np.sqrt(1 + np.pi * variance / 8))), 6)


SAME = Line(weights=(1.0, 0.0), covariance=((0.0, 0.0), (0.0, 0.0)))
"""Of a log-odds: the probability that it is."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a weight before any data. sign: +1 or -1 where the other one means nothing;
    a weight that the data would turn round becomes 0."""

    mean: float
    sd: float
    sign: int = 0


def learn(
    features: npt.ArrayLike,
    truths: Sequence[bool],
    priors: Sequence[Prior],
    offset: npt.ArrayLike | None = None,
) -> Line:
    """The line of rows (n, len(priors)), the constant's column included; without rows, the priors.

    offset: added to each row's log-odds as it is.
    """
    design = np.asarray(features, np.float64).reshape(len(truths), len(priors))
    truth = np.asarray(truths, np.float64)
    begin = np.zeros(len(truth)) if offset is None else np.asarray(offset, np.float64)
    free = list(range(len(priors)))
    while True:
        weights, covariance = _newton(design[:, free], truth, [priors[i] for i in free], begin)
        wrong = [w * priors[i].sign for w, i in zip(weights, free, strict=True)]
        if not wrong or min(wrong) >= 0:
            break
        del free[int(np.argmin(wrong))]
    every = np.zeros(len(priors))
    every[free] = weights
    spread = np.zeros((len(priors), len(priors)))
    spread[np.ix_(free, free)] = covariance
    return Line(weights=_rounded(every), covariance=tuple(_rounded(row) for row in spread))


def _newton(
    design: Floats, truth: Floats, priors: Sequence[Prior], offset: Floats
) -> tuple[Floats, Floats]:
    """Weights and their covariance: Newton's method on a concave function."""
    mean = np.array([prior.mean for prior in priors])
    precision = np.diag([prior.sd**-2 for prior in priors])
    at = mean.copy()
    for _ in range(100):
        expected = sigmoid(design @ at + offset)
        gradient = design.T @ (truth - expected) - precision @ (at - mean)
        curved = (expected * (1 - expected))[:, None]
        curvature = (design * curved).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        at += np.clip(step, -1, 1)
        if not len(step) or np.abs(step).max() < 1e-10:
            break
    return at, np.linalg.inv(curvature)


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix of which few entries are not 0: at (rows, columns) stand the values; what stands at one
    place several times is added."""

    rows: Ints
    columns: Ints
    values: Floats
    shape: tuple[int, int]

    def times(self, weights: Floats) -> Floats:
        """The matrix by a vector of its columns."""
        products = self.values * weights[self.columns]
        return np.bincount(self.rows, products, self.shape[0]).astype(np.float64)

    def turned(self, weights: Floats) -> Floats:
        """Its transpose by a vector of its rows."""
        products = self.values * weights[self.rows]
        return np.bincount(self.columns, products, self.shape[1]).astype(np.float64)

    def of(self, mask: npt.NDArray[np.bool_]) -> "Sparse":
        """These rows of it."""
        inside = mask[self.rows]
        number = np.cumsum(mask) - 1
        shape = int(mask.sum()), self.shape[1]
        return Sparse(number[self.rows[inside]], self.columns[inside], self.values[inside], shape)


def learn_many(
    design: Sparse, truth: Floats, spread: Floats, offset: Floats, sign: Floats
) -> Floats:
    """Weights under priors N(0, spread), of so many features that only few of them speak of each row.

    sign: +1 or -1 where the other one means nothing, else 0; weights that the data would turn round
    become 0, all of them at once.
    """
    free = np.ones(len(spread), dtype=np.bool_)
    while True:
        values = design.values * free[design.columns]
        weights = _newton_many(replace(design, values=values), truth, spread, offset)
        wrong = weights * sign < 0
        if not wrong.any():
            return weights
        free &= ~wrong


def _newton_many(design: Sparse, truth: Floats, spread: Floats, offset: Floats) -> Floats:
    """Newton's method, its steps by conjugate gradients, halved until they gain."""
    precision = spread**-2.0

    def lost(weights: Floats) -> float:
        odds = design.times(weights) + offset
        return float((np.logaddexp(0, odds) - truth * odds).sum() + precision @ weights**2 / 2)

    at = np.zeros(len(spread))
    for _ in range(100):
        expected = sigmoid(design.times(at) + offset)
        step = _solved(
            design,
            expected * (1 - expected),
            precision,
            design.turned(truth - expected) - precision * at,
        )
        before = lost(at)
        for _ in range(30):
            if lost(at + step) <= before:
                break
            step = step / 2
        at = at + step
        if not len(step) or np.abs(step).max() < 1e-7:
            break
    return at


def _solved(design: Sparse, curved: Floats, precision: Floats, wanted: Floats) -> Floats:
    """x with (D' C D + P) x = wanted, by conjugate gradients with the diagonal as preconditioner."""
    squares = Sparse(design.rows, design.columns, design.values**2, design.shape)
    scale = 1 / (squares.turned(curved) + precision)
    solution, left = np.zeros(len(wanted)), wanted.copy()
    direction = scale * left
    gain = float(left @ direction)
    enough = 1e-12 * gain
    for _ in range(1000):
        if gain <= enough:
            break
        turned = design.turned(curved * design.times(direction)) + precision * direction
        length = gain / float(direction @ turned)
        solution, left = solution + length * direction, left - length * turned
        gain, last = float(left @ (scale * left)), gain
        direction = scale * left + gain / last * direction
    return solution


def logit(probability: float) -> float:
    """Log-odds of a probability or of a score in [0, 1]; beyond 0.001 and 0.999 those of the bound."""
    clipped = min(max(probability, _EDGE), 1 - _EDGE)
    return float(np.log(clipped / (1 - clipped)))


def sigmoid(values: npt.ArrayLike) -> Floats:
    """The probability of log-odds."""
    result: Floats = 1 / (1 + np.exp(-np.clip(np.asarray(values, np.float64), -500, 500)))
    return result


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)
