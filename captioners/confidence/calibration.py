"""Where a raw score becomes a confidence: a calibrated probability, its tier as a word, and who scored.

**The paper's way** is a scorer: the similarity of what a captioner said and the media. Its Joint-CLAP has
no public weights; whichever scorer the profile runs stands in, and `Confidence.by` names it. Without a
calibration it is not known how often a claim of such a similarity is true. The claim then gets a tier but
no number: the tier of its rank among decoys, fixed sentences about something else
(`captioners.confidence.tiers`, `captioners.scorers._decoys`).

**Beyond it**, a calibration says how often claims of such a score are true. It belongs to a captioner (by
its name in the profile) and a kind of claim, and is data: `<captioner>.json`, fitted by `captionmill
calibrate` from media whose content is known (`captioners.confidence.fit`).

Rules that hold whatever a fit says:
- Origins of media bound the tier (`captioners.confidence.tiers`): under 30 of them never "high", under 10
  "low".
- A claim of a captioner or kind without calibration that no scorer ranked has the tier "low" and no
  number. One of a fit of under 10 origins keeps that number and is "low", if no scorer ranked it.
- What `captioners.measures` says is measured, not judged: its files have the method "fact", which gives
  probability 1 and tier "high" whatever the score, a number in its own unit. No other method does, so
  that a model's guess of silence is calibrated like any other. "score" is for stand-ins
  (`captioners.dummy`): the score is the probability by construction.

The confidence with everybody's word is `captioners.confidence.fusion`'s.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from captioners.confidence import stack, tiers
from captioners.confidence._logistic import logit
from captioners.confidence.fit import Fit
from captioners.confidence.fusion import Fusion
from captioners.confidence.tiers import ENOUGH, FEW, tier_of, tier_of_rank
from manifests.errors import UserError
from manifests.evidence import Claim, Confidence, Kind, Support, WeakCaption
from manifests.ids import digest

FUSION = "fusion"
"""Name of the file of what was learned of all captioners together."""


class CalibrationError(UserError):
    """A calibration that can't be used; says why."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Calibration(_Data):
    """What is known of one captioner: a fit for each kind of claim.

    source: where the labels came from. table: the weak table that was labelled; it names the captioner's
    version, options and weights.
    """

    captioner: str
    source: str
    table: str = ""
    kinds: dict[Kind, Fit] = {}


_Scores = Mapping[tuple[str, str], Mapping[str, Claim]]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The calibrations of a profile, by captioner. unknown: captioners that have none."""

    by_captioner: Mapping[str, Calibration]
    unknown: tuple[str, ...]
    fusion: Fusion = field(default_factory=Fusion)

    @property
    def digest(self) -> str:
        """Digest of everything a confidence hangs on: not of where that was fitted."""
        provenance = {"source", "table"}
        calibrations = {
            name: c.model_dump(mode="json", exclude=provenance)
            for name, c in self.by_captioner.items()
        }
        return digest(
            {
                "rules": [*tiers.RULES, *stack.RULES],
                "calibrations": calibrations,
                "unknown": sorted(self.unknown),
                "fusion": self.fusion.model_dump(mode="json", exclude=provenance),
            }
        )

    def judge(self, captions: Sequence[WeakCaption]) -> tuple[WeakCaption, ...]:
        """All weak captions of one clip, in the profile's order, with a confidence on each claim; none
        on those of kind "score", which speak of other claims."""
        scores = _scores(captions)
        return tuple(
            replace(
                weak,
                claims=tuple(
                    replace(claim, confidence=self._confidence(weak.captioner, claim, scores))
                    for claim in weak.claims
                ),
            )
            for weak in captions
        )

    def fuse(
        self, captions: Sequence[WeakCaption], supports: Sequence[Support]
    ) -> tuple[WeakCaption, ...]:
        """Judged weak captions of one clip, each claim with everybody's word too.

        supports: what `prompts.support.supports` finds in them.
        """
        scores = _scores(captions)
        behind = {
            (at, number): self._judged(weak.captioner, claim, scores)[1]
            for at, weak in enumerate(captions)
            for number, claim in enumerate(weak.claims)
        }
        return self.fusion.fuse(captions, supports, behind)

    def _fit(self, captioner: str, kind: Kind) -> Fit | None:
        calibration = self.by_captioner.get(captioner)
        return calibration.kinds.get(kind) if calibration else None

    def _confidence(self, captioner: str, claim: Claim, scores: _Scores) -> Confidence | None:
        return None if claim.kind == "score" else self._judged(captioner, claim, scores)[0]

    def _judged(self, captioner: str, claim: Claim, scores: _Scores) -> tuple[Confidence, int]:
        """The confidence of a claim, and the origins behind it."""
        fit = self._fit(captioner, claim.kind)
        if fit is not None and fit.method == "fact":
            return Confidence(1.0, "high", "fact"), ENOUGH
        if fit is not None and fit.method == "score":
            probability = min(max(claim.score, 0.0), 1.0)
            sure = Confidence(probability, tier_of(probability, ENOUGH), f"score {captioner}")
            return sure, ENOUGH
        by_scorer = scores.get((captioner, claim.label), {})
        if fit is None or fit.behind < FEW:
            for scorer, score in by_scorer.items():
                if score.rank is not None:
                    return Confidence(None, tier_of_rank(score.rank), scorer), 0
        if fit is None:
            return Confidence(None, "low", "prior"), 0
        odds, by, behind = logit(claim.score), f"{fit.method} {captioner}", fit.behind
        scored = fit.scored
        if scored is not None and scored.scorer in by_scorer:
            standard = (by_scorer[scored.scorer].score - scored.mean) / scored.sd
            probability = scored.line.probability(odds, standard)
            by, behind = f"{by}+{scored.scorer}", scored.behind
        else:
            probability = fit.line.probability(odds)
        return Confidence(probability, tier_of(probability, behind), by), behind


def load(captioners: Iterable[str], folder: Traversable | None = None) -> Calibrations:
    """The calibrations of these captioners out of `folder`; what it lacks out of the package's own.

    A captioner without a file is listed as unknown. Raises CalibrationError for a folder that is not
    there and for a file that is not one of that captioner.
    """
    own = files("captioners.confidence") / "calibrations"
    if folder is not None and not folder.is_dir():
        raise CalibrationError(
            f"there is no folder {folder} of calibrations; make it with: "
            "captionmill calibrate LABELLED WORKSPACE"
        )
    calibrations: dict[str, Calibration] = {}
    unknown: list[str] = []
    for name in captioners:
        file = _file(name, folder, own)
        if file is None:
            unknown.append(name)
            continue
        calibrations[name] = _read(file, Calibration)
        if calibrations[name].captioner != name:
            raise CalibrationError(
                f"{file} calibrates {calibrations[name].captioner!r}, not {name!r}"
            )
    file = _file(FUSION, folder, own)
    return Calibrations(calibrations, tuple(unknown), _read(file, Fusion) if file else Fusion())


def similarities(captions: Sequence[WeakCaption]) -> dict[tuple[str, str], dict[str, float]]:
    """What scorers say of claims: similarity by scorer, by (captioner, label)."""
    return {
        claim: {scorer: score.score for scorer, score in by_scorer.items()}
        for claim, by_scorer in _scores(captions).items()
    }


def _scores(captions: Sequence[WeakCaption]) -> dict[tuple[str, str], dict[str, Claim]]:
    """The claims of scorers by scorer, by what they speak of: (captioner, label)."""
    by_claim: dict[tuple[str, str], dict[str, Claim]] = {}
    for weak in captions:
        for claim in weak.claims:
            if claim.kind == "score":
                captioner, _, label = claim.label.partition("/")
                by_claim.setdefault((captioner, label), {})[weak.captioner] = claim
    return by_claim


def _file(name: str, folder: Traversable | None, own: Traversable) -> Traversable | None:
    places = [own] if folder is None else [folder, own]
    return next((f for place in places if (f := place / f"{name}.json").is_file()), None)


def _read(file: Traversable, model: type[Model]) -> Model:
    try:
        content = json.loads(file.read_text("utf-8"))
        if isinstance(content, dict) and "cuts" in content:
            raise CalibrationError(
                f"{file} cuts similarities into tiers; a claim's rank among decoys does that now: "
                "remove the file, or fit one with captionmill calibrate"
            )
        return model.model_validate(content)
    except (OSError, ValueError, ValidationError) as error:
        raise CalibrationError(f"{file} is no calibration: {error}") from error
