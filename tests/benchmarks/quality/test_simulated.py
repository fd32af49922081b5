"""Simulated clips are what they say, the same for a seed, and the oracle is right about them."""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
import pytest

from benchmarks.quality.simulation.model import Field, cast, confusion_rates
from benchmarks.quality.simulation.scenes import topics_of
from benchmarks.quality.simulation.simulated import Simulated, cases, posterior, truths
from recipes.world.world import load

_WORLD = load("bench")


@lru_cache(maxsize=8)
def _cases(correlation: float, honest: bool = True) -> list[Simulated]:
    return cases(1, 55, correlation, honest, captioners=2)


def _claims(case: Simulated) -> list[tuple[float, bool, float]]:
    """Score, truth and posterior of every claim that is no signal."""
    true, known = truths(case), posterior(case)
    return [
        (case.weak[at].claims[n].score, said.key in true, known[at, n])
        for at, claims in enumerate(case.said)
        for n, said in enumerate(claims)
        if not _WORLD.entries[said.key].signal
    ]


def test_the_same_seed_gives_the_same_clips() -> None:
    assert cases(1, 5, 0.5, captioners=2) == _cases(0.5)[:5]
    assert cases(2, 5, 0.5, captioners=2) != _cases(0.5)[:5]


def test_claims_say_what_is_recorded() -> None:
    for case in _cases(0.0):
        for weak, said in zip(case.weak, case.said, strict=True):
            assert len(weak.claims) == len(said)
            for claim, one in zip(weak.claims, said, strict=True):
                entry = _WORLD.entries[one.key]
                assert one.count or claim.text in entry.bench
                assert 0 < claim.score <= 1
                assert claim.modality == ("audio" if entry.concept.side == "heard" else "video")
                assert all(0 <= s < e <= case.duration_ms for s, e in claim.spans)


def test_dishonest_captioners_say_the_same_and_are_surer() -> None:
    plain, proud = _cases(0.5), _cases(0.5, honest=False)
    assert [c.truth for c in plain] == [c.truth for c in proud]
    scores = [[s for c in some for s, _, _ in _claims(c)] for some in (plain, proud)]
    assert len(scores[0]) == len(scores[1])
    assert np.mean(scores[1]) > np.mean(scores[0]) + 0.05


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_oracle_is_calibrated_and_beats_any_captioner(correlation: float) -> None:
    rows = [row for case in _cases(correlation) for row in _claims(case)]
    score, true, known = (np.array(column, float) for column in zip(*rows, strict=True))
    assert len(rows) > 250
    assert abs(score.mean() - true.mean()) < 0.05
    assert abs(known.mean() - true.mean()) < 0.04
    assert np.mean((known - true) ** 2) < 0.6 * np.mean((score - true) ** 2)


def test_looking_at_one_concept_alone_tells_less() -> None:
    squares = {True: 0.0, False: 0.0}
    for case in _cases(0.0)[:40]:
        true = truths(case)
        for context in squares:
            for (at, n), p in posterior(case, context).items():
                squares[context] += (p - (case.said[at][n].key in true)) ** 2
    assert squares[True] < squares[False]


def test_correlated_captioners_err_together() -> None:
    def agreeing(correlation: float) -> float:
        together = wrong = 0
        for case in _cases(correlation):
            keys = [{said.key for said in claims} - truths(case) for claims in case.said]
            for at, captioner in enumerate(case.weak):
                if captioner.captioner in ("sim-tagger", "sim-detector"):
                    others = set[str]().union(*(k for n, k in enumerate(keys) if n != at))
                    together += len(keys[at] & others)
                    wrong += len(keys[at])
        return together / wrong

    assert agreeing(0.9) > agreeing(0.0) + 0.1


def test_scenarios_hold() -> None:
    found = set()
    for case in _cases(0.0) + cases(3, 60, captioners=2):
        found.add(case.scenario)
        heard = _WORLD.all_true(h.key for h in case.truth.heard)
        assert not case.truth.silent & heard
        if case.scenario == "no audio":
            assert not case.has_audio and not case.truth.heard
        if case.scenario == "silence":
            assert [h.key for h in case.truth.heard] == ["silence"]
    assert {"silent visible source", "order", "speech with words", "off-screen sound"} <= found
    assert {"no audio", "silence"} <= found


def test_more_clips_leave_the_first_as_they_are() -> None:
    assert cases(1, 3, captioners=2) == _cases(0.0)[:3]


def test_shared_wording() -> None:
    for case in cases(4, 20, captioners=2, wording="shared"):
        for weak, said in zip(case.weak, case.said, strict=True):
            for claim, one in zip(weak.claims, said, strict=True):
                assert one.count or claim.text == _WORLD.entries[one.key].bench[0]


def test_training_clips_use_no_bench_wording() -> None:
    train = load("train")
    for case in cases(5, 20, captioners=2, part="train"):
        for weak, said in zip(case.weak, case.said, strict=True):
            for claim, one in zip(weak.claims, said, strict=True):
                assert not train.entries[one.key].bench_only
                assert one.count or claim.text in train.entries[one.key].train


def test_the_tagger_has_yamnets_confusions() -> None:
    world = load("bench")
    topic = next(t for t in topics_of(world) if t.name == "farm")
    farm = Field(world, topic, "heard", 0.05, cast(1))
    cow = farm.keys.index("cow_moos")
    rates = {(true, said): rate for true, said, rate in confusion_rates()}
    there = farm.sets.index(frozenset({"sheep_bleats"}))
    claimed = 1 - NormalDist().cdf(farm.at[0, cow] - farm.mean[there, 0, cow])
    assert claimed == pytest.approx(rates["sheep_bleats", "cow_moos"], abs=0.05)


def test_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="correlation"):
        cases(1, 1, correlation=1.0)
    with pytest.raises(ValueError, match="captioners"):
        cases(1, 1, captioners=9)
