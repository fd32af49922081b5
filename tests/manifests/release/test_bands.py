"""Pairs of like signatures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from manifests.release import bands
from manifests.release.bands import BANDS, LOWEST, WIDTH, WINDOW, agreeing, keys, pairs
from manifests.release.minhash import SLOTS


def _pairs(folder: Path, made: np.ndarray, least: int) -> tuple[set[tuple[int, int]], int]:
    columns = keys(made)
    rows = np.arange(len(made), dtype=np.uint32)
    both: set[tuple[int, int]] = set()
    compared = 0
    for band in range(BANDS):
        file = folder / "pairs"
        following = columns[(band + 1) % BANDS]
        compared += pairs(rows, columns[band], following, made, least, file)
        both |= {tuple(p) for p in np.fromfile(file, np.uint32).reshape(-1, 2).tolist()}  # type: ignore[misc]
    return both, compared


def _drawn(rows: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (rows, SLOTS)).astype(np.uint8)


def test_a_key_is_what_a_band_holds() -> None:
    made = _drawn(3)
    made[1, :WIDTH] = made[0, :WIDTH]
    columns = keys(made)
    assert columns.shape == (BANDS, 3)
    assert columns[0, 0] == columns[0, 1] and columns[1, 0] != columns[1, 1]
    assert columns[0, 0].tobytes()[:WIDTH] == made[0, :WIDTH].tobytes()


def test_similarity_is_in_slots_that_agree() -> None:
    assert (agreeing(1.0), agreeing(0.8), agreeing(0.0)) == (128, 102, 0)


def test_rows_with_a_band_in_common_are_a_pair_if_enough_slots_agree(tmp_path: Path) -> None:
    made = _drawn(50)
    made[30, :110] = made[4, :110]
    made[7, :20] = made[6, :20]
    found, compared = _pairs(tmp_path, made, 103)
    assert found == {(4, 30)}
    assert compared == 110 // WIDTH + 20 // WIDTH


def test_parts_find_what_all_at_once_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _drawn(300)
    made[150:, :100] = made[:150, :100]
    whole = _pairs(tmp_path, made, 90)
    assert len(whole[0]) == 150
    for name, value in (("ROWS", 40), ("_COMPARED", 8), ("HELD", 16), ("HELD", 1)):
        monkeypatch.setattr(bands, name, value)
        assert _pairs(tmp_path, made, 90) == whole


class _Watched(np.ndarray):
    """Signatures that tell of how many rows at once they are asked for."""

    asked: list[int]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, np.ndarray) and hasattr(self, "asked"):
            self.asked.append(len(key))
        return np.asarray(super().__getitem__(key))


def test_signatures_of_many_buckets_are_asked_for_so_many_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "HELD", 16)
    rows = np.arange(300, dtype=np.uint32)
    band = np.repeat(np.arange(100, dtype=np.uint64), 3)
    made = _drawn(300).view(_Watched)
    made.asked = []
    pairs(rows, band, band, made, 103, tmp_path / "pairs")
    # Each row once, and nothing pair by pair.
    assert sum(made.asked) == 300 and max(made.asked) <= 16 and len(made.asked) <= 300 / 12


@pytest.mark.parametrize("held", [bands.HELD, 100])
def test_one_band_in_common_of_very_many_rows_costs_a_bounded_number(
    held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "HELD", held)
    made = _drawn(3000)
    made[:, :WIDTH] = 1
    found, compared = _pairs(tmp_path, made, 103)
    assert not found
    assert 3000 * LOWEST / 2 < compared <= 3000 * (LOWEST + WINDOW)


@pytest.mark.parametrize("held", [bands.HELD, 100])
def test_of_very_many_rows_like_ones_are_found_where_their_next_slots_agree(
    held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "HELD", held)
    made = _drawn(3000)
    made[:, :WIDTH] = 1
    made[2999, WIDTH:116] = made[1000, WIDTH:116]
    assert (1000, 2999) in _pairs(tmp_path, made, 103)[0]


def test_a_cluster_leaves_one_pair_a_row(tmp_path: Path) -> None:
    made = np.repeat(_drawn(1), 500, axis=0)
    made[:, 120:] = _drawn(500)[:, 120:]
    found, _ = _pairs(tmp_path, made, 103)
    assert found == {(0, row) for row in range(1, 500)}
