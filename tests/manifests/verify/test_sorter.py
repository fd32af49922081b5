"""Records come out in order whatever is held in memory, and what repeats is found over all of them."""

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from manifests.verify.sorter import Records, Sorter, records, repeated, with_many

HELD = [1, 7, 100, 10_000]


def _drawn(count: int, keys: int, seconds: int) -> list[tuple[int, int, int]]:
    chance = random.Random(3)
    return [
        (chance.randrange(keys) << 55, chance.randrange(seconds) << 40, place)
        for place in range(count)
    ]


def _sorter(rows: list[tuple[int, int, int]], held: int, folder: Path) -> Sorter:
    sorter = Sorter(folder, held)
    for start in range(0, len(rows), 13):
        sorter.add(records(rows[start : start + 13]))
    return sorter


def _all(sorter: Sorter) -> Records:
    return np.concatenate([np.empty((0, 3), np.uint64), *sorter.chunks()])


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("keys", [1, 5, 500])
def test_records_come_in_order(keys: int, held: int, tmp_path: Path) -> None:
    rows = _drawn(500, keys, 5)
    random.Random(1).shuffle(rows)
    assert _all(_sorter(rows, held, tmp_path)).tolist() == sorted(map(list, rows))


def test_few_records_do_not_touch_the_disk(tmp_path: Path) -> None:
    assert len(_all(_sorter(_drawn(90, 5, 5), 100, tmp_path / "missing"))) == 90


def test_no_records_are_no_chunks(tmp_path: Path) -> None:
    assert list(Sorter(tmp_path).chunks()) == []


def test_about_as_many_come_at_a_time_as_are_held(tmp_path: Path) -> None:
    sorter = _sorter(_drawn(5000, 500, 5), 200, tmp_path)
    assert len(list(tmp_path.iterdir())) >= 20
    assert max(map(len, sorter.chunks())) <= 200


@pytest.mark.parametrize("held", HELD)
def test_the_second_place_of_both_keys_is_told(held: int, tmp_path: Path) -> None:
    rows = _drawn(500, 20, 20)
    places = defaultdict(list)
    for first, second, place in rows:
        places[first, second].append(place)
    expected = sorted(each[1] for each in places.values() if len(each) > 1)
    assert len(expected) > 50
    assert repeated(_sorter(rows, held, tmp_path).chunks()) == expected


@pytest.mark.parametrize("held", HELD)
def test_keys_with_many_second_keys_are_told_in_the_order_in_which_they_got_them(
    held: int, tmp_path: Path
) -> None:
    rows = _drawn(500, 30, 12)
    seconds: dict[int, set[int]] = defaultdict(set)
    crossed: dict[int, int] = {}
    for first, second, place in rows:
        seconds[first].add(second)
        if len(seconds[first]) > 8:
            crossed.setdefault(first, place)
    expected = [(place, len(seconds[first])) for first, place in crossed.items()]
    assert 3 < len(expected) < 30
    assert with_many(_sorter(rows, held, tmp_path).chunks(), 8) == sorted(expected)
