"""Rows join pivots."""

from pathlib import Path

import numpy as np
import pytest

from manifests.release import pivots
from manifests.release.pivots import UNDECIDED, join, unsettled

Pairs = set[tuple[int, int]]


def _files(folder: Path, pairs: Pairs, count: int = 3) -> list[Path]:
    every = np.array(sorted(pairs), np.uint32).reshape(-1, 2)
    every = np.random.default_rng(1).permutation(every)
    files = [folder / f"pairs-{number}" for number in range(count)]
    for file, some in zip(files, np.array_split(every, count), strict=True):
        file.write_bytes(some.tobytes())
    return files


def _joined(folder: Path, count: int, pairs: Pairs) -> list[int]:
    of = np.full(count, UNDECIDED)
    join(of, _files(folder, pairs))
    return of.tolist()


def test_a_row_joins_the_lowest_that_it_is_like(tmp_path: Path) -> None:
    assert _joined(tmp_path, 5, {(0, 2), (1, 2), (0, 4)}) == [0, 1, 0, 3, 0]


def test_a_chain_is_no_cluster(tmp_path: Path) -> None:
    assert _joined(tmp_path, 6, {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)}) == [0, 0, 2, 2, 4, 4]


def test_without_pairs_each_row_is_its_own(tmp_path: Path) -> None:
    assert _joined(tmp_path, 3, set()) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(6))
def test_pivots_are_those_of_one_after_the_other(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pivots, "_PAIRS", 7)
    random = np.random.default_rng(seed)
    drawn = np.sort(random.integers(0, 60, (40 * (seed + 1), 2)), axis=1)
    pairs = {(low, high) for low, high in drawn.tolist() if low != high}
    of = _joined(tmp_path, 60, pairs)
    expected: list[int] = []
    for row in range(60):
        if not any((pivot, row) in pairs for pivot in expected):
            expected.append(row)
    assert [row for row in range(60) if of[row] == row] == expected
    assert all((pivot, row) in pairs for row, pivot in enumerate(of) if row != pivot)


def test_a_row_whose_like_joined_elsewhere_is_compared_again(tmp_path: Path) -> None:
    of = np.full(6, UNDECIDED)
    files = _files(tmp_path, {(0, 1), (1, 2), (1, 3)})
    join(of, files)
    alone, rows = unsettled(of, files)
    assert alone.tolist() == [2, 3] and rows.tolist() == [0, 2, 3]
    of[alone] = UNDECIDED
    join(of, _files(tmp_path, {(2, 3)}))
    assert of.tolist() == [0, 0, 2, 2, 4, 5]


def test_a_row_that_is_compared_again_may_join_a_higher_pivot(tmp_path: Path) -> None:
    of = np.array([0, 0, UNDECIDED, 3, 3], np.uint32)
    join(of, _files(tmp_path, {(2, 3)}))
    assert of.tolist() == [0, 0, 3, 3, 3]
