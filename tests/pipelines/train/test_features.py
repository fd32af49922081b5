"""Features are computed once, by clip_id, and survive a kill; what fails has its reason."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioners.encoder.encoder import Features
from pipelines.train import features as of
from pipelines.train.features import Store, in_turn

_ROWS = [{"clip_id": f"c{number}"} for number in range(7)]


class _Computing:
    """Features that tell which clip they are of; those of c3 can't be had."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, part: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Features | str]]:
        for row in reversed(part):  # the order of answers is nobody's promise
            self.asked.append(row["clip_id"])
            number = int(row["clip_id"][1:])
            if number == 3:
                yield row["clip_id"], "broken: no sound"
                continue
            made: dict[Any, Any] = {"audio": np.full((1 + number, 4), number / 2)}
            if number % 2:
                made["video"] = np.full((2, 3), -number)
            yield row["clip_id"], made


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Seven clips in parts of three."""
    monkeypatch.setattr(of, "PART", 3)
    made = Store(tmp_path)
    made.add(_ROWS, _Computing())
    return made


@pytest.mark.parametrize("again", [False, True])
def test_each_clip_has_its_own_features(store: Store, again: bool, tmp_path: Path) -> None:
    kept = Store(tmp_path) if again else store
    for number in (0, 1, 2, 4, 5, 6):
        features = kept[f"c{number}"]
        assert features["audio"].dtype == np.float16
        np.testing.assert_array_equal(features["audio"], np.full((1 + number, 4), number / 2))
        assert ("video" in features) == bool(number % 2)
        assert kept.length(f"c{number}") == max(1 + number, 2 * (number % 2))
    assert kept.faults == {"c3": "broken: no sound"}
    assert kept.clips == {f"c{number}" for number in (0, 1, 2, 4, 5, 6)}


def test_nothing_is_computed_twice(store: Store, tmp_path: Path) -> None:
    computing = _Computing()
    Store(tmp_path).add([*_ROWS, {"clip_id": "c9"}], computing)
    assert computing.asked == ["c9"]
    assert "c9" in Store(tmp_path).clips


def test_a_part_without_its_index_is_computed_again(store: Store, tmp_path: Path) -> None:
    (tmp_path / "part-00002.parquet").unlink()
    computing, kept = _Computing(), Store(tmp_path)
    kept.add(_ROWS, computing)
    assert computing.asked == ["c6"]
    np.testing.assert_array_equal(kept["c6"]["audio"], np.full((7, 4), 3.0))


def test_some_clips_are_shown_evenly(store: Store) -> None:
    shown = list(in_turn(store, ["c0", "c1", "c2", "c4", "c5", "c6"], 3))
    assert [len(each["audio"]) for each in shown] == [1, 3, 6]
    assert list(in_turn(store, [], 3)) == []
