"""The fit of one kind of claim of one captioner: how often claims of such a score are true.

The method is Platt's ("Probabilistic outputs for support vector machines", 1999) on the logit of a score
in [0, 1], P(true | s) = sigmoid(slope * logit(s) + intercept): "beta calibration" with one slope (Kull
et al. 2017). It is the maximum a posteriori under slope ~ N(1, 0.5), intercept ~ N(0, 1), averaged over
what the data leave open (`captioners.confidence._logistic`): with little data a score means what it
says, drawn towards a half. Where a scorer reads the captioner, its similarity is a second feature,
standardised, with a weight ~ N(0, 1). The standard deviations are our choices; no weight may reverse a
score.

Objects and scenes share a fit: one network names both, and which is which is a matter of words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from captioners.confidence._logistic import SAME, Line, Prior, learn, logit
from captioners.confidence.tiers import FEW
from manifests.evidence import Kind
from manifests.ids import digest

TOGETHER: tuple[tuple[Kind, ...], ...] = (("object", "scene"),)
"""Kinds that share a fit."""

_SLOPE, _WEIGHT, _INTERCEPT = Prior(1.0, 0.5, sign=1), Prior(0.0, 1.0, sign=1), Prior(0.0, 1.0)


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Quality(_Data):
    """How good probabilities are for media of origins that nothing was fitted with.

    brier: mean squared error. ece: expected calibration error over bins of equal numbers of claims.
    interval: 95 % of it, by a bootstrap over origins; None where there are too few.
    """

    brier: float
    ece: float
    interval: tuple[float, float] | None = None


class Scored(_Data):
    """The same fit with a scorer's similarity beside the raw score: weights of logit(score), of
    (similarity - mean) / sd, and 1. n: media files with both, of so many origins."""

    scorer: str
    n: int = Field(ge=0)
    origins: int = Field(0, ge=0)
    mean: float
    sd: float = Field(gt=0)
    line: Line

    @property
    def behind(self) -> int:
        """The number of origins behind it. Where none are named, each file is an origin."""
        return self.origins or self.n


class Fit(_Data):
    """The calibration of one kind of claim of one captioner.

    n: media files with at least one label, of so many origins (makers or makes). claims, true: labels,
    and how many of them were true. line: weights of logit(score) and 1. data_digest: of the labels
    (file, claim, score, truth) it was fitted with. raw, fitted: of the scores themselves, and of what
    the same way makes of them for files of other origin than those fitted with.
    """

    method: Literal["platt-map", "score", "fact"]
    n: int = Field(0, ge=0)
    origins: int = Field(0, ge=0)
    claims: int = Field(0, ge=0)
    true: int = Field(0, ge=0)
    line: Line = SAME
    scored: Scored | None = None
    data_digest: str = ""
    raw: Quality | None = None
    fitted: Quality | None = None

    @property
    def behind(self) -> int:
        """The number of origins behind it. Where none are named, each file is an origin."""
        return self.origins or self.n


@dataclass(frozen=True, slots=True)
class Label:
    """A claim known to be true or false.

    similarities: of scorers that read its captioner, by name.
    """

    file: str
    origin: str
    name: str
    score: float
    true: bool
    similarities: Mapping[str, float] = field(default_factory=dict)


def fit_labels(labels: Sequence[Label]) -> Fit:
    """The fit of one kind of claim of one captioner, with the word of the scorer that read most of it."""
    line = learn(
        [[logit(label.score), 1.0] for label in labels],
        [label.true for label in labels],
        (_SLOPE, _INTERCEPT),
    )
    data = [[x.file, x.name, x.score, sorted(x.similarities.items()), x.true] for x in labels]
    read = Counter(name for label in labels for name in label.similarities)
    return Fit(
        method="platt-map",
        n=len({label.file for label in labels}),
        origins=len({label.origin for label in labels}),
        claims=len(labels),
        true=sum(label.true for label in labels),
        line=line,
        scored=_scored(labels, read.most_common(1)[0][0]) if read else None,
        data_digest=digest(data),
    )


def _scored(labels: Sequence[Label], scorer: str) -> Scored | None:
    """The fit with a scorer's word; None where it read media of fewer origins than a calibration
    needs."""
    both = [label for label in labels if scorer in label.similarities]
    similarities_of_both = np.array([label.similarities[scorer] for label in both])
    n, origins = len({label.file for label in both}), len({label.origin for label in both})
    if origins < FEW or similarities_of_both.min() == similarities_of_both.max():
        return None
    mean, sd = float(similarities_of_both.mean()), float(similarities_of_both.std())
    odds = np.array([logit(label.score) for label in both])
    line = learn(
        np.stack([odds, (similarities_of_both - mean) / sd, np.ones(len(both))], axis=1),
        [label.true for label in both],
        (_SLOPE, _WEIGHT, _INTERCEPT),
    )
    return Scored(scorer=scorer, n=n, origins=origins, mean=mean, sd=sd, line=line)
