"""The clips of a step follow from seed and step; each comes as often as weighted, once in a batch."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from pipelines.train.order import EMPTY, Order, parts

_CLIPS, _BATCH = 50, 8


def _epochs(order: Order, count: int) -> list[Counter[int]]:
    steps = order.steps_per_epoch
    return [
        Counter(
            int(clip) for step in range(e * steps, (e + 1) * steps) for clip in order.batch(step)
        )
        for e in range(count)
    ]


def test_a_step_is_the_same_whenever_it_is_asked_for() -> None:
    ahead, back = Order(np.ones(_CLIPS), _BATCH, 3), Order(np.ones(_CLIPS), _BATCH, 3)
    forth = [ahead.batch(step).tolist() for step in range(20)]
    assert [back.batch(step).tolist() for step in reversed(range(20))] == forth[::-1]
    assert Order(np.ones(_CLIPS), _BATCH, 4).batch(0).tolist() != forth[0]


def test_an_epoch_has_no_clip_twice_and_the_next_another_order() -> None:
    first, second = _epochs(Order(np.ones(_CLIPS), _BATCH, 0), 2)
    assert set(first.values()) == set(second.values()) == {1}
    assert sum(first.values()) == _CLIPS // _BATCH * _BATCH
    assert list(first) != list(second)


def test_weights_are_met_in_the_mean() -> None:
    weights = np.array([1.0] * 30 + [3.0] * 10 + [1.5] * 10)
    epochs = _epochs(Order(weights, 5, 1), 60)
    total = sum(epochs, Counter())
    # A clip that comes again within a batch is left out there.
    groups = (range(30), range(30, 40), range(40, 50))
    means = [np.mean([total[clip] for clip in group]) / 60 for group in groups]
    assert means == pytest.approx([1.0, 2.85, 1.47], abs=0.12)


def test_no_clip_comes_twice_in_a_batch() -> None:
    order = Order(np.full(10, 4.0), 8, 0)
    for step in range(order.steps_per_epoch):
        kept = [clip for clip in order.batch(step).tolist() if clip != EMPTY]
        assert len(kept) == len(set(kept))


def test_fewer_clips_than_a_batch_are_an_error() -> None:
    with pytest.raises(ValueError, match="7 clips are less than a batch of 8"):
        Order(np.ones(7), 8, 0)


@pytest.mark.parametrize(("ranks", "part"), [(1, 100), (1, 3), (2, 2), (3, 4), (4, 1)])
def test_ranks_share_a_batch_in_parts_of_equal_sizes(ranks: int, part: int) -> None:
    lengths = np.arange(_CLIPS) % 11
    chosen = Order(np.ones(_CLIPS), 10, 0).batch(2)
    dealt = [parts(chosen, lengths, rank, ranks, part) for rank in range(ranks)]
    assert len({tuple(len(each) for each in own) for own in dealt}) == 1
    assert all(len(each) <= part for own in dealt for each in own)
    every = [int(clip) for own in dealt for each in own for clip in each if clip != EMPTY]
    assert sorted(every) == sorted(chosen.tolist())


def test_parts_hold_clips_of_about_one_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, _CLIPS)
    own = parts(np.arange(40), lengths, 0, 1, 10)
    spans = [(lengths[each].min(), lengths[each].max()) for each in own]
    assert all(before[0] >= after[1] for before, after in pairwise(spans))
