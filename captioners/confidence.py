"""Where a raw score becomes a confidence: a calibrated probability, and its tier as a word.

A **calibration** belongs to a captioner (by its name in the profile) and a kind of claim. It is data,
in `captioners/calibration/<captioner>.json`, fitted by `benchmarks/calibrate_cpu.py` from clips whose
content is known. The method is Platt's: P(true | s) = sigmoid(slope * logit(s) + intercept) (Platt,
«Probabilistic outputs for support vector machines», 1999, on the logit of a score that is in [0, 1]:
«beta calibration» with one slope, Kull et al. 2017), fitted as the maximum a posteriori under
slope ~ N(1, 0.5), intercept ~ N(0, 1): with little data a score means what it says, neither more nor
less. The standard deviations are our choice.

Rules that hold whatever a fit says:
- Under 100 media files the probability is drawn towards the prior, in proportion to what is missing,
  and the tier is never «high». n counts files, not claims: what is said of one file hangs together.
- Under 10 files the tier is «low»: that is an anecdote, not a calibration.
- A captioner or kind without calibration gets the prior (0.5, or the file's own) and tier «low».
- What `captioners.measures` says is measured, not judged: its files have the method «fact», which
  gives probability 1 and tier «high» whatever the score, a number in its own unit. No other method
  does, so that a model's guess of silence is calibrated like any other. «score» is for stand-ins
  (`captioners.dummy`): the score is the probability by construction.

Tiers are cut at 0.5 and 0.8; the paper does not publish its cut-points, so these are ours: «low» is
rather false than true, «high» at most one wrong in five.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from manifests.evidence import Claim, Confidence, Kind, Tier, WeakCaption
from manifests.ids import digest

ENOUGH = 100
FEW = 10
PRIOR = 0.5
MEDIUM, HIGH = 0.5, 0.8
_SLOPE = (1.0, 0.5)
_INTERCEPT = (0.0, 1.0)
_EDGE = 1e-3


class Fit(BaseModel):
    """The calibration of one kind of claim of one captioner.

    n: media files with at least one label, of so many origins (makers or makes). claims, true: labels,
    and how many of them were true. data_digest: of the labels (file, claim, score, truth) it was
    fitted with. brier, ece: of predictions for files of other origin than those fitted with; raw: of
    the scores themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["platt-map", "score", "fact"]
    n: int = Field(ge=0)
    origins: int = Field(default=0, ge=0)
    claims: int = Field(ge=0)
    true: int = Field(ge=0)
    prior: float = Field(default=PRIOR, gt=0, lt=1)
    slope: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    intercept: float = Field(default=0.0, allow_inf_nan=False)
    data_digest: str = ""
    brier: float | None = None
    brier_raw: float | None = None
    ece: float | None = None
    ece_raw: float | None = None

    def confidence(self, score: float) -> Confidence:
        """Of a claim with this raw score in [0, 1]; a score beyond is taken as the nearest end."""
        if self.method == "fact":
            return Confidence(1.0, "high")
        if self.method == "score":
            probability = min(max(score, 0.0), 1.0)
            return Confidence(probability, tier_of(probability, ENOUGH))
        fitted = float(_sigmoid(self.slope * _logit(np.array(score)) + self.intercept))
        known = min(1.0, self.n / ENOUGH)
        probability = known * fitted + (1 - known) * self.prior
        return Confidence(probability, tier_of(probability, self.n))


class Calibration(BaseModel):
    """What is known of one captioner: where the labels came from, and a fit for each kind of claim.

    version: of the captioner that was run (`Captioner.version`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    captioner: str
    source: str
    version: int
    kinds: dict[Kind, Fit]


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The calibrations of a profile, by captioner. unknown: captioners that have none."""

    by_captioner: dict[str, Calibration]
    unknown: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Digest of everything a confidence hangs on."""
        rules = [ENOUGH, FEW, PRIOR, MEDIUM, HIGH]
        known = {name: c.model_dump(mode="json") for name, c in self.by_captioner.items()}
        return digest({"rules": rules, "calibrations": known, "unknown": sorted(self.unknown)})

    def judge(self, weak: WeakCaption) -> WeakCaption:
        """`weak` with a confidence on each claim."""
        claims = tuple(
            replace(claim, confidence=self._confidence(weak.captioner, claim))
            for claim in weak.claims
        )
        return replace(weak, claims=claims)

    def _confidence(self, captioner: str, claim: Claim) -> Confidence:
        calibration = self.by_captioner.get(captioner)
        fit = calibration.kinds.get(claim.kind) if calibration else None
        return fit.confidence(claim.score) if fit else Confidence(PRIOR, "low")


def load(captioners: Iterable[str], folder: Traversable | None = None) -> Calibrations:
    """The calibrations of these captioners out of `folder` (the package's own by default).

    A captioner without a file is listed as unknown. Raises ValueError for a file that is not one of
    that captioner.
    """
    folder = folder or files("captioners") / "calibration"
    found: dict[str, Calibration] = {}
    unknown: list[str] = []
    for name in captioners:
        file = folder / f"{name}.json"
        if not file.is_file():
            unknown.append(name)
            continue
        found[name] = Calibration.model_validate(json.loads(file.read_text()))
        if found[name].captioner != name:
            raise ValueError(f"{file} calibrates {found[name].captioner!r}, not {name!r}")
    return Calibrations(found, tuple(unknown))


def tier_of(probability: float, n: int) -> Tier:
    """The word for a probability that `n` media files stand behind."""
    if probability < MEDIUM or n < FEW:
        return "low"
    return "high" if probability >= HIGH and n >= ENOUGH else "medium"


def fit(scores: Sequence[float], truths: Sequence[bool]) -> tuple[float, float]:
    """Slope and intercept, maximum a posteriori: Newton's method on a concave function.

    scores in [0, 1], truths alike in number. Without data it is the prior's (1, 0). A slope below 0
    (higher scores for what is false) is taken as 0: the score then says nothing.
    """
    mean = np.array([_SLOPE[0], _INTERCEPT[0]])
    precision = np.diag([_SLOPE[1] ** -2, _INTERCEPT[1] ** -2])
    logits = _logit(np.asarray(scores, dtype=np.float64))
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    truth = np.asarray(truths, dtype=np.float64)
    at = mean.copy()
    for _ in range(50):
        expected = _sigmoid(design @ at)
        gradient = design.T @ (truth - expected) - precision @ (at - mean)
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        at += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-10:
            break
    if at[0] < 0:
        share = (truth.sum() + 1) / (len(truth) + 2)
        return 0.0, float(_logit(np.array(share)))
    return float(at[0]), float(at[1])


def _logit(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    clipped = np.clip(scores, _EDGE, 1 - _EDGE)
    result: npt.NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return result


def _sigmoid(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = 1 / (1 + np.exp(-values))
    return result
