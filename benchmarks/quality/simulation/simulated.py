"""Simulated clips: what is in them, and what weak captioners with known faults say of them.

    cases(seed, 500, correlation=0.5, honest=True, captioners=3)   clips with truth and weak captions
    posterior(case)            of every claim, P(its concept is there | all readings): the oracle's
    truths(case)               all concepts that are true of it, broader ones as well
    case.said                  of every claim, the concept that it says, and the number

How clips come about: `scenes`; how captioners err: `model`; the oracle: `oracle`. One seed
gives the same clips and the same noise for honest and dishonest captioners. Wordings are the world's
for the bench, none that a writer is trained with. Calibration and bench take different seeds
(`CALIBRATION_SEEDS`, `BENCH_SEEDS`); parameters of captioners are the same in both.

Dishonest: the logit of the honest score times 1.8 plus a bias of the captioner's own. It is monotone, so
the oracle is the same.

What follows from time and number is not in `posterior`: a claim that says "two" has its concept's
probability there. Its number is right with P = `NUMBER_RIGHT` where the concept is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt

import numpy as np

from benchmarks.quality.known import Case
from benchmarks.quality.simulation.clips import Clip, clip
from benchmarks.quality.simulation.model import Model, cast
from benchmarks.quality.simulation.oracle import Oracle, Readings
from benchmarks.quality.simulation.scenes import Floats, places_of
from benchmarks.quality.simulation.words import Said, Wording, spoken_of, weak_of
from recipes.world.concepts import Side
from recipes.world.world import Part, load

CALIBRATION_SEEDS, BENCH_SEEDS = range(1000), range(1000, 2000)
_CORRELATED_AT_MOST = 0.95
"""What the oracle's grid resolves."""


@dataclass(frozen=True, slots=True)
class Simulated(Case):
    """A clip of known making. said: of each claim of each weak caption, what it says. readings: what
    drove the claims (`model`), for the oracle; correlation, captioners, part: of its making."""

    said: tuple[tuple[Said, ...], ...] = ()
    readings: Readings | None = field(default=None, compare=False, repr=False)
    correlation: float = 0.0
    captioners: int = 3
    part: Part = "bench"


def cases(
    seed: int,
    count: int,
    correlation: float = 0.0,
    honest: bool = True,
    captioners: int = 3,
    wording: Wording = "own",
    part: Part = "bench",
) -> list[Simulated]:
    """This many clips of a seed; the first of more are the same.

    captioners: of each side, 1 to 4, the strongest first; a speech recogniser comes with them. wording:
    "own": every captioner has phrasings of its own, "shared": all put a concept alike, as captioners of
    one vocabulary do. part: of the world, for captions to train with ("train").
    """
    if not 0 <= correlation <= _CORRELATED_AT_MOST:
        raise ValueError(f"{correlation} is no correlation from 0 to {_CORRELATED_AT_MOST}")
    model = _model(captioners, part)
    return [
        _case(model, f"{seed}/{at}", correlation, honest, captioners, wording, part)
        for at in range(count)
    ]


def posterior(case: Simulated, context: bool = True) -> dict[tuple[int, int], float]:
    """By (weak caption, claim): the probability that the concept it says is in the clip, for who knows
    how clips and captioners are made and has every captioner's readings. Of signals, 1.

    context: whether place, rivals, company and the other side count. Without, it is what all captioners'
    readings of this one concept tell: as far as fusion concept by concept can get.
    """
    oracle = _oracle(case.captioners, case.part, case.correlation)
    readings = case.readings or {}
    inferred = oracle.inferred(readings) if context else None
    world = oracle.model.world
    known: dict[str, float] = {}
    for key in {one.key for claims in case.said for one in claims}:
        side = world.entries[key].concept.side
        if world.entries[key].signal:
            known[key] = 1.0
        elif inferred is not None:
            known[key] = oracle.probability(inferred, side, key)
        else:
            known[key] = oracle.by_concept(readings, side, key)
    return {
        (at, number): known[said.key]
        for at, claims in enumerate(case.said)
        for number, said in enumerate(claims)
    }


def truths(case: Simulated) -> frozenset[str]:
    """The keys of all that is true of a clip: what is in it, and what is broader than that."""
    return load(case.part).all_true(h.key for h in case.truth.heard + case.truth.seen)


@lru_cache(maxsize=8)
def _model(captioners: int, part: Part) -> Model:
    world = load(part)
    return Model(world, places_of(world), cast(captioners))


@lru_cache(maxsize=8)
def _oracle(captioners: int, part: Part, correlation: float) -> Oracle:
    return Oracle(_model(captioners, part), correlation)


def _case(
    model: Model,
    name: str,
    correlation: float,
    honest: bool,
    captioners: int,
    wording: Wording,
    part: Part,
) -> Simulated:
    rng = np.random.default_rng([int(n) for n in name.split("/")])
    made = clip(model, rng)
    readings = _readings(model, made, rng, correlation)
    spoken = spoken_of(made, rng)
    clip_id = f"sim-{part}-{name.replace('/', '-')}"
    weak, said = weak_of(model, made, readings, rng, clip_id, spoken, honest, wording)
    return Simulated(
        clip_id=clip_id,
        scenario=made.scenario,
        truth=made.truth(spoken),
        has_audio=made.has_audio,
        has_video=made.has_video,
        duration_ms=made.duration_ms,
        weak=weak,
        said=said,
        readings=readings,
        correlation=correlation,
        captioners=captioners,
        part=part,
    )


def _readings(model: Model, made: Clip, rng: np.random.Generator, correlation: float) -> Readings:
    """Everybody's x, of what is claimed; sides that nobody can perceive are left out."""
    found: dict[tuple[int, Side], Floats] = {}
    sides: Sequence[Side] = ("heard", "seen")
    for t, fields in enumerate(model.fields):
        for side in sides:
            if (known := fields.get(side)) is None:
                continue
            z = rng.standard_normal(len(known.keys))
            own = rng.standard_normal(known.strength.shape)
            if side not in made.perceived:
                continue
            mean = known.mean[made.set_of(known, t)]
            x = mean + sqrt(correlation) * z + sqrt(1 - correlation) * own
            found[t, side] = np.where(x > known.at, x, np.nan)
    return found
