"""Brier, adaptive ECE and its interval, and the picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from manifests.evidence import Tier
from pipelines.calibrate.reliability import Judged, bins, draw, ece, quality, tier_shares, wilson


def _world(count: int, shift: float = 0.0, a_file: int = 1) -> Judged:
    """Claims as likely as they say, or off by `shift`; so many of one origin."""
    rng = np.random.default_rng(1)
    chances = rng.uniform(0.1, 0.9, count)
    true = rng.uniform(size=count) < chances
    told = np.clip(chances + shift, 0, 1)
    tiers: tuple[Tier, ...] = tuple("low" if p < 0.5 else "medium" for p in told)
    origins = np.array([f"o{i // a_file}" for i in range(count)])
    return Judged("ears", np.clip(chances + 0.3, 0, 1), told, true, origins, count, tiers)


def test_bins_hold_equal_numbers_and_all_claims() -> None:
    world = _world(1000)
    found = list(bins(world.after, world.true))
    assert [size for _, _, size in found] == [100] * 10
    assert [mean for mean, _, _ in found] == sorted(mean for mean, _, _ in found)
    assert sum(share * size for _, share, size in found) == pytest.approx(world.true.sum())


def test_equal_probabilities_stay_together_and_few_claims_make_few_bins() -> None:
    true = np.arange(25) % 2 == 0
    assert len(list(bins(np.full(25, 0.5), true))) == 1
    assert len(list(bins(np.linspace(0, 1, 25), true))) == 2


def test_ece_is_the_gap_and_brier_the_squared_error() -> None:
    sure, half = np.full(20, 0.9), np.arange(20) % 2 == 0
    assert ece(sure, half) == pytest.approx(0.4)
    origins = np.array([f"o{i}" for i in range(20)])
    assert quality(sure, half, origins).brier == pytest.approx(0.41)


def test_what_is_off_is_found_and_what_is_not_is_not() -> None:
    right, off = (_world(3000, shift) for shift in (0.0, 0.1))
    assert ece(right.after, right.true) < 0.03
    assert 0.07 < ece(off.after, off.true) < 0.13


def test_the_interval_holds_the_figure_and_grows_with_what_hangs_together() -> None:
    loose, tied = (
        quality(w.after, w.true, w.origins) for w in (_world(400), _world(400, a_file=40))
    )
    for found in (loose, tied):
        assert found.interval is not None
        assert found.interval[0] <= found.ece <= found.interval[1]
    assert quality(*(getattr(_world(400, 0.2), n) for n in ("after", "true", "origins"))).interval
    assert loose == quality(*(getattr(_world(400), n) for n in ("after", "true", "origins")))


def test_too_few_origins_have_no_interval() -> None:
    world = _world(40, a_file=10)
    assert quality(world.after, world.true, world.origins).interval is None


def test_the_interval_covers_what_is_true_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many small worlds that are off by 0.15, some nineteen of twenty intervals reach it."""
    monkeypatch.setattr("pipelines.calibrate.reliability._DRAWS", 200)
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        chances = rng.uniform(0.1, 0.7, 150)
        true = rng.uniform(size=150) < chances
        found = quality(chances + 0.15, true, np.arange(150).astype(str)).interval
        assert found is not None
        covered += found[0] <= 0.15 + 0.01 and found[1] >= 0.15 - 0.01
    assert covered >= 52


def test_shares_are_counted_by_tier() -> None:
    world = _world(500)
    shares = tier_shares([world, world])
    assert shares["high"] == (0, 0)
    assert sum(claims for claims, _ in shares.values()) == 1000
    assert sum(right for _, right in shares.values()) == 2 * world.true.sum()


def test_an_interval_of_a_share_is_wilsons() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 10)[0] == 0 and wilson(10, 10)[1] == 1


def test_the_picture_has_a_panel_for_each_and_the_tiers(tmp_path: Path) -> None:
    sizes = []
    for count in (1, 4):
        draw([_world(200)] * count, [_world(300), _world(3)], tmp_path / "r.png", "of these")
        with Image.open(tmp_path / "r.png") as picture:
            sizes.append(picture.size)
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20
    assert sizes[1][1] > sizes[0][1] and sizes[1][0] == sizes[0][0]
