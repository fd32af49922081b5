"""Whether facts are true as often as their confidence says.

The expected calibration error (ECE) of the fused confidences of the facts: facts sorted by confidence
and cut into ten bins of equal mass, in each the difference between the mean confidence and the share
that is true, averaged by the bins' mass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import happened
from benchmarks.quality.measures.intervals import Figure, Floats
from benchmarks.quality.measures.measures import Ruler, rates
from prompts.selection import Facts
from recipes.world.concepts import Side

BINS = 10
_DRAWS = 2000
_SEED = 20251219


@dataclass(frozen=True, slots=True)
class Believed:
    """A fact of a clip. confidence: fused probability. true: None where nobody can decide it."""

    case: Case
    side: Side
    confidence: float
    true: bool | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far confidences are to be trusted. facts: how many. mean: of their confidences. true: the share
    that is true. ece: expected calibration error. chance: the mean of what confidences that are right
    would show in so many facts. bins: (facts, mean confidence, share true), the least sure first."""

    facts: int
    mean: float
    true: Figure
    ece: float
    chance: float
    bins: tuple[tuple[int, float, float], ...]


def believed(ruler: Ruler, cases: Iterable[Case], facts: Mapping[str, Facts]) -> list[Believed]:
    """The facts of clips with their confidence and whether they are true.

    True: all concepts that the matcher reads in the fact happened, or are implied by what did.
    Undecided: not all, and of one that it names nobody can tell. Left out: signals ("silence"), facts
    that the matcher can't read, and facts without a probability.
    """
    sides: tuple[Side, ...] = ("heard", "seen")
    found = []
    for case in cases:
        for side in sides:
            held = ruler.concepts.implied(happened(case.truth, side))
            known = facts[case.clip_id]
            for fact in known.heard if side == "heard" else known.seen:
                keys, sure = ruler.keys(fact.text, side), fact.confidence.probability
                if fact.kind == "signal" or not keys or sure is None:
                    continue
                open_to = any(ruler.concepts.undecided(key, case.truth.unsure) for key in keys)
                true = True if keys <= held else None if open_to else False
                found.append(Believed(case, side, sure, true))
    return found


def reliability(
    facts: Sequence[Believed], unsure_is_false: bool, clusters: Mapping[str, str] | None = None
) -> Reliability | None:
    """Of the facts that can be decided; with `unsure_is_false` of all. clusters: by clip id, for the
    interval of the share that is true. None where there are no facts."""
    counted = [fact for fact in facts if unsure_is_false or fact.true is not None]
    if not counted:
        return None
    sure = np.array([fact.confidence for fact in counted], np.float64)
    true = np.array([bool(fact.true) for fact in counted], np.float64)
    share = rates(((f.case, {"true": (bool(f.true), 1)}) for f in counted), clusters)["true"]
    draws = np.random.default_rng(_SEED).random((_DRAWS, len(counted))) < sure
    return Reliability(
        facts=len(counted),
        mean=float(sure.mean()),
        true=share,
        ece=ece(sure, true),
        chance=float(np.mean([ece(sure, draw.astype(np.float64)) for draw in draws])),
        bins=tuple((len(b), float(sure[b].mean()), float(true[b].mean())) for b in _bins(sure)),
    )


def ece(confidences: Floats, true: Floats) -> float:
    """Expected calibration error. true: 1 or 0 for each confidence."""
    gaps = (len(b) * abs(confidences[b].mean() - true[b].mean()) for b in _bins(confidences))
    return float(sum(gaps) / len(confidences))


def _bins(confidences: Floats) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """The places of each bin's facts, none of them empty. Equal confidences stay in their order."""
    order = np.argsort(confidences, kind="stable")
    return [part for part in np.array_split(order, BINS) if len(part)]
