"""Intervals and tests of the truth bench."""

import numpy as np
import pytest

from benchmarks.quality.measures.intervals import mean, share, sign_test, wilson


def test_a_share_has_an_interval_over_clips_and_is_the_same_every_time() -> None:
    rng = np.random.default_rng(3)
    hits = (rng.random(400) < 0.3).astype(float)
    found = share(hits, np.ones(400))
    assert found.value == hits.mean()
    low, high = wilson(int(hits.sum()), 400)
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)
    assert found == share(hits, np.ones(400))


def test_captions_of_one_clip_hang_together() -> None:
    alone = share([0, 1] * 50, [1] * 100)
    together = share([0, 10] * 50, [10] * 100)
    assert (together.low, together.high) == (alone.low, alone.high)
    assert together.of == 1000 and together.clips == 100


def test_no_hit_in_few_clips_does_not_prove_that_there_are_none() -> None:
    found = share([0] * 20, [3] * 20)
    assert found.value == 0 and found.low == 0
    assert found.high == pytest.approx(0.161, abs=0.001)
    assert share([0, 0], [0, 0]).value is None


def test_means_are_drawn_by_clip() -> None:
    assert mean([1, 2, 3]).value == 2
    assert mean([]).value is None


def test_the_sign_test_counts_clips_that_differ() -> None:
    found = sign_test([1.0] * 9 + [0.0, 0.5], [0.0] * 9 + [1.0, 0.5])
    assert (found.better, found.worse, found.equal) == (9, 1, 1)
    assert found.p == pytest.approx(2 * 11 / 1024)
    assert sign_test([1.0], [1.0]).p == 1
