"""Where a probability, or a rank among decoys, becomes a word."""

import pytest

from captioners.confidence.tiers import ENOUGH, FEW, tier_of, tier_of_rank
from manifests.evidence import LEAST


def test_tiers_are_cut_at_a_half_and_four_fifths_and_need_origins() -> None:
    assert (FEW, ENOUGH) == (10, 30)
    assert tier_of(0.99, 9) == "low"
    assert tier_of(0.99, 10) == tier_of(0.99, 29) == "medium"
    tiers = [tier_of(p, 30) for p in (0.0, 0.49, 0.5, 0.79, 0.8, 1.0)]
    assert tiers == ["low", "low", "medium", "medium", "high", "high"]


def test_the_least_of_a_tier_is_of_that_tier() -> None:
    assert [tier_of(least, ENOUGH) for least in LEAST.values()] == list(LEAST)


@pytest.mark.parametrize(
    ("rank", "tier"), [(0.0, "low"), (0.95, "low"), (0.951, "medium"), (1.0, "medium")]
)
def test_a_rank_is_medium_above_95_percent_and_never_high(rank: float, tier: str) -> None:
    assert tier_of_rank(rank) == tier
