"""Shares and agreement, against other ways to count them."""

from math import comb

import numpy as np
import pytest

from pipelines.calibrate.reliability import wilson
from pipelines.reviews.intervals import FEWEST, kappa, needed, rate, sign_test, weighted


@pytest.mark.parametrize("half", [0.01, 0.03, 0.05, 0.1, 0.5])
def test_so_many_draws_are_enough_for_any_share_and_one_less_is_not(half: float) -> None:
    count = needed(half)
    for right in range(0, count + 1, max(1, count // 50)):
        low, high = wilson(right, count)
        assert (high - low) / 2 <= half + 1e-9
    if count > 2:
        low, high = wilson((count - 1) / 2, count - 1)
        assert (high - low) / 2 > half - 1e-4


def test_a_rate_of_nothing_is_unknown() -> None:
    assert (rate(0, 0).share, rate(0, 10).share) == (None, 0.0)
    high = rate(0, 10).high
    assert high is not None and high > 0.2


def test_strata_weigh_by_their_sizes() -> None:
    made = weighted([(900, 1, 10), (100, 9, 10)])
    assert made.share == pytest.approx(0.9 * 0.1 + 0.1 * 0.9)
    assert (made.count, made.of) == (10, 20)
    assert made.low is not None and made.high is not None
    assert made.low < 0.18 < made.high


def test_strata_drawn_by_their_sizes_are_a_plain_sample() -> None:
    strata, plain = weighted([(900, 3, 90), (100, 2, 10)]), rate(5, 100)
    assert (strata.low, strata.high) == pytest.approx((plain.low, plain.high))


def test_a_stratum_without_draws_leaves_the_rate_unknown() -> None:
    assert weighted([(900, 3, 90), (100, 0, 0)]).share is None


def test_the_interval_of_weighted_strata_holds_the_truth() -> None:
    """In 2,000 made samples of strata that differ, at least 94 in 100 hold it."""
    chance, truths, sizes = np.random.default_rng(1), (0.05, 0.3, 0.6), (700, 200, 100)
    truth = sum(t * s for t, s in zip(truths, sizes, strict=True)) / 1000
    held = 0
    for _ in range(2000):
        drawn = [(s, int(chance.binomial(60, t)), 60) for t, s in zip(truths, sizes, strict=True)]
        made = weighted(drawn)
        assert made.low is not None and made.high is not None
        held += made.low <= truth <= made.high
    assert held >= 1880


def test_kappa_is_that_of_a_worked_example() -> None:
    """45 and 15, 25 and 15 of 100: Cohen's example of 0.13."""
    pairs = [(True, True)] * 45 + [(True, False)] * 15
    pairs += [(False, True)] * 25 + [(False, False)] * 15
    made = kappa("ada", "bob", pairs)
    assert (made.clips, made.same) == (100, 60)
    assert made.kappa == pytest.approx((0.60 - 0.54) / 0.46)


def test_the_interval_of_kappa_is_that_of_resampled_clips() -> None:
    chance = np.random.default_rng(2)
    pairs = [(True, True)] * 90 + [(True, False)] * 20 + [(False, True)] * 15
    pairs += [(False, False)] * 75
    made = kappa("ada", "bob", pairs)
    again = []
    for _ in range(1000):
        drawn = [pairs[at] for at in chance.integers(0, len(pairs), len(pairs))]
        again.append(kappa("ada", "bob", drawn).kappa)
    low, high = np.quantile(np.array(again, float), [0.025, 0.975])
    assert (made.low, made.high) == pytest.approx((low, high), abs=0.02)


def test_reviewers_who_always_say_the_same_word_have_no_kappa() -> None:
    made = kappa("ada", "bob", [(True, True)] * 30)
    assert (made.kappa, made.same) == (None, 30)


def test_too_few_clips_have_no_kappa() -> None:
    pairs = [(True, True), (True, False), *[(False, False)] * (FEWEST - 3)]
    assert kappa("ada", "bob", pairs).kappa is None
    made = kappa("ada", "bob", [*pairs, (False, False)])
    assert made.kappa is not None and made.low is not None and made.high is not None
    assert made.low < made.kappa < made.high


def test_full_agreement_of_few_clips_has_an_interval_too() -> None:
    made = kappa("ada", "bob", [(True, True)] * 4 + [(False, False)] * 6)
    assert (made.kappa, made.high) == (1.0, 1.0)
    assert made.low is not None and made.low < 0.6


@pytest.mark.parametrize("clips", [FEWEST, 20, 50])
@pytest.mark.parametrize(
    ("often", "other", "truth"),
    [(0.5, 0.5, 0.0), (0.5, 0.5, 0.9), (0.2, 0.2, 0.6), (0.1, 0.1, 0.8), (0.2, 0.35, 0.3)],
)
def test_the_interval_of_kappa_holds_the_truth(
    clips: int, often: float, other: float, truth: float
) -> None:
    """In 400 made samples of clips that reviewers call bad so often, at least 9 in 10 hold it."""
    chance = often * other + (1 - often) * (1 - other)
    both = (chance + truth * (1 - chance) - 1 + often + other) / 2
    cells = [both, often - both, other - both, 1 - often - other + both]
    words = [(True, True), (True, False), (False, True), (False, False)]
    held = []
    for counts in np.random.default_rng(4).multinomial(clips, cells, size=400):
        pairs = [word for word, count in zip(words, counts, strict=True) for _ in range(count)]
        made = kappa("ada", "bob", pairs)
        if made.low is not None and made.high is not None:
            held.append(made.low <= truth <= made.high)
    assert len(held) > 200 and sum(held) >= 0.9 * len(held)


def test_the_sign_test_is_exact() -> None:
    assert sign_test(5, 5) == 1.0
    assert sign_test(9, 1) == pytest.approx(2 * (comb(10, 0) + comb(10, 1)) / 1024)
    assert sign_test(0, 0) == 1.0
