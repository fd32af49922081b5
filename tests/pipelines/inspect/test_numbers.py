"""Sets of clips, and clips in order, against the same in plain Python."""

from itertools import chain

import numpy as np
import pytest

from pipelines.inspect import numbers
from pipelines.inspect.numbers import Numbers
from pipelines.inspect.sorting import first

SIZE = 1000


def _drawn(seed: int, count: int = 300) -> set[int]:
    return set(np.random.default_rng(seed).integers(0, SIZE, count).tolist())


def _held(some: set[int]) -> Numbers:
    return Numbers.of([np.array(sorted(some, reverse=True), np.int32)], SIZE)


def _listed(held: Numbers) -> list[int]:
    return [int(number) for block in held.blocks() for number in block]


def test_sets_are_those_of_python() -> None:
    a, b = _drawn(1), _drawn(2)
    for made, expected in (
        (_held(a) & _held(b), a & b),
        (_held(a) | _held(b), a | b),
        (_held(a) - _held(b), a - b),
        (Numbers.every(SIZE) - _held(a), set(range(SIZE)) - a),
        (Numbers.load(_held(a).dump(), SIZE), a),
    ):
        assert _listed(made) == sorted(expected)
        assert len(made) == len(expected)
    every = np.arange(SIZE, dtype=np.int32)
    assert _held(a).has(every).tolist() == [number in a for number in range(SIZE)]


def test_parts_from_a_number_on_lack_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_BLOCK", 64)
    some = _drawn(1)
    for start in (0, 63, 64, 700, SIZE - 1):
        up = [block.tolist() for block in _held(some).blocks(start)]
        down = [block.tolist() for block in _held(some).blocks(start, down=True)]
        assert {n for n in chain(*up) if n >= start} == {n for n in some if n >= start}
        assert {n for n in chain(*down) if n <= start} == {n for n in some if n <= start}
        assert up == sorted(up)
        assert down == sorted(down, reverse=True)


@pytest.mark.parametrize("kinds", [2, 40, 10_000])
@pytest.mark.parametrize("back", [False, True])
def test_the_first_clips_are_those_that_sorting_all_gives(kinds: int, back: bool) -> None:
    drawn = np.random.default_rng(kinds)
    keys = drawn.integers(0, kinds, SIZE).astype(np.float64)
    keys[drawn.random(SIZE) < 0.1] = np.inf
    parts = [(np.arange(s, s + 250, dtype=np.int32), keys[s : s + 250]) for s in (0, 250, 500, 750)]
    ordered = sorted(range(SIZE), key=lambda number: (keys[number], number))
    for place in (0, 7, 400, 990, SIZE - 1):
        start = (float(keys[ordered[place]]), ordered[place])
        expected = ordered[:place][::-1] if back else ordered[place + 1 :]
        assert first(parts, start, back, 5) == expected[:5]
    assert first(parts, None, back, 5) == (ordered[::-1] if back else ordered)[:5]
