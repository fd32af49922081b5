"""Lists beside ours, in the little world with captioners that err by known rates."""

import random
from collections.abc import Mapping, Sequence

import pytest

from benchmarks.quality.fusion import baselines, fused
from benchmarks.quality.fusion.baselines import score
from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import Hits, f1_figure
from manifests.evidence import Claim, WeakCaption
from recipes.world.concepts import Side
from tests.benchmarks.quality import little

_SAYS = {
    "bark": "a dog barks",
    "bell": "a bell rings",
    "music": "music plays",
    "meow": "a cat meows",
}
_GOOD: Mapping[str, float] = {"sharp": 0.9, "dull": 0.6}
RULER = little.ruler()


def _claims(rng: random.Random, true: str, good: float) -> tuple[Claim, ...]:
    """One claim: right with probability `good`, its score says how sure that was."""
    right = rng.random() < good
    key = true if right else rng.choice([k for k in _SAYS if k != true])
    sure = rng.betavariate(6, 2) if right else rng.betavariate(2, 4)
    text = _SAYS[key]
    return (Claim(text, text, "sound", "audio", sure),)


def cases(seed: int, count: int) -> list[Case]:
    """Clips with one sound each, of which two captioners say something."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        true = rng.choice(sorted(_SAYS))
        name = f"{seed}-{number}"
        weak = tuple(
            WeakCaption(name, "hash", who, "", _claims(rng, true, good))
            for who, good in _GOOD.items()
        )
        found.append(little.case((true,), (), name, weak=weak))
    return found


CALIBRATION, TEST = cases(1, 150), cases(2, 100)


def _f1(chosen: baselines.Chosen) -> float:
    found = f1_figure(score(RULER, TEST, "heard", chosen)).value
    assert found is not None
    return found


def test_the_best_captioner_is_chosen_on_other_clips_with_its_cut() -> None:
    best = baselines.best_single(RULER, CALIBRATION, "heard")
    assert best.captioner == "sharp"
    assert 0 <= best.cut < 0.7


def test_a_vote_needs_more_than_half() -> None:
    listen = fused.sides(TEST)
    assert listen == {"sharp": "heard", "dull": "heard"}
    voted = baselines.vote(RULER, listen, {"heard": 0.0})
    agreed = [case for case in TEST if voted(case, "heard") - {"animal~"}]
    assert 0 < len(agreed) < len(TEST)


def test_our_fusion_goes_through_the_products_own_fit() -> None:
    known = fused.calibrated(RULER, CALIBRATION)
    assert known.fusion.audio.n == 150

    def ours(case: Case, side: Side) -> frozenset[str]:
        from prompts.selection import select

        return fused.keys_of(RULER, case, select(fused.evidence(case, known)), side)

    def beliefs(case: Case, side: Side) -> Mapping[str, float]:
        return fused.beliefs(RULER, case, fused.evidence(case, known), side)

    best = baselines.best_single(RULER, CALIBRATION, "heard")
    alone = _f1(baselines.single(RULER, {"heard": best}))
    assert _f1(ours) > alone - 0.05
    cut = baselines.best_cut(RULER, CALIBRATION, "heard", beliefs)
    assert 0 < cut < 1
    assert _f1(baselines.ceiling(RULER)) >= _f1(ours)


def test_the_share_of_the_gap() -> None:
    low, high = [Hits(0, 1, 0, 1), Hits(1, 1, 1, 1)] * 20, [Hits(1, 1, 1, 1)] * 40
    middle = [Hits(0, 1, 0, 1), *[Hits(1, 1, 1, 1)] * 3] * 10
    found = baselines.gap_closed(low, middle, high)
    assert found.value == pytest.approx(0.5)
    assert found.low is not None and found.low < 0.5
    assert baselines.gap_closed(high, high, high).value is None


def test_a_crossed_list_is_chosen_on_the_clips_that_it_is_not_used_on() -> None:
    every = cases(1, 6)
    seen: list[list[str]] = []

    def choose(part: Sequence[Case]) -> baselines.Chosen:
        seen.append([case.clip_id for case in part])
        return lambda case, side: frozenset([c.clip_id for c in part])

    chosen = baselines.crossed(choose, every)
    assert sorted(seen[0] + seen[1]) == sorted(case.clip_id for case in every)
    assert not any(case.clip_id in chosen(case, "heard") for case in every)
