"""Logistic regression with priors: how scores become probabilities.

A line is P(true | x) = sigmoid(w·x). Its weights are the maximum a posteriori under independent normal
priors, and what the data leave open of them is kept as their covariance (Laplace's approximation). A
probability is the mean over what is open, sigmoid(m / sqrt(1 + pi v / 8)) with m = w·x and v = x·C·x
(MacKay, «The evidence framework applied to classification networks», 1992): the fewer the data, the
nearer to a half.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Floats = npt.NDArray[np.float64]

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
