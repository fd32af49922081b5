"""Where a probability becomes a word."""

from captioners.confidence.tiers import MIDDLE, tier_of


def test_tiers_are_cut_at_a_half_and_four_fifths_and_need_files() -> None:
    assert tier_of(0.99, 9) == "low"
    assert tier_of(0.99, 10) == tier_of(0.99, 99) == "medium"
    tiers = [tier_of(p, 100) for p in (0.0, 0.49, 0.5, 0.79, 0.8, 1.0)]
    assert tiers == ["low", "low", "medium", "medium", "high", "high"]


def test_the_middle_of_a_tier_is_of_that_tier() -> None:
    assert [tier_of(middle, 100) for middle in MIDDLE.values()] == list(MIDDLE)
