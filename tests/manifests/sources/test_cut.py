import random
from itertools import pairwise

import pytest

from manifests.sources.cut import cut


def test_a_short_source_is_one_clip():
    assert cut(12_345) == [(0, 12_345)]


def test_a_long_source_is_cut_every_max_ms():
    assert cut(75_000) == [(0, 30_000), (30_000, 60_000), (60_000, 75_000)]


def test_a_short_tail_joins_the_clip_before_it():
    assert cut(60_999) == [(0, 30_000), (30_000, 60_999)]
    assert cut(61_000) == [(0, 30_000), (30_000, 60_000), (60_000, 61_000)]


def test_a_still_is_one_span_of_no_length():
    assert cut(0) == [(0, 0)]


def test_scenes_are_cut_apart():
    assert cut(20_000, scene_cuts_ms=[5_000, 12_500]) == [
        (0, 5_000),
        (5_000, 12_500),
        (12_500, 20_000),
    ]


def test_a_scene_too_short_joins_its_neighbour():
    assert cut(20_000, scene_cuts_ms=[500, 5_000, 5_400, 19_500]) == [(0, 5_000), (5_000, 20_000)]


@pytest.mark.parametrize("limits", [(-1, 30_000, 1_000), (10, 500, 1_000), (10, 500, 0)])
def test_limits_that_cannot_hold_are_refused(limits):
    with pytest.raises(ValueError, match="can't cut"):
        cut(*limits)


def test_spans_tile_any_source_within_the_limits():
    chance = random.Random(3)
    for _ in range(2_000):
        low = chance.randint(1, 2_000)
        high = chance.randint(low, 40_000)
        length = chance.randint(1, 300_000)
        cuts = [chance.randint(-1_000, length + 1_000) for _ in range(chance.randint(0, 12))]
        spans = cut(length, high, low, cuts)
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        lengths = [end - start for start, end in spans]
        assert min(lengths) >= min(low, length)
        assert max(lengths) < high + low
