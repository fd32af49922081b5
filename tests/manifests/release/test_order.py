"""Where selected rows go: splits by source, seeded order, parts and buckets of even size."""

from pathlib import Path

import pytest

from manifests.release.order import Selection, Sizes
from tests.manifests.release.keyed import Row, clips, named, row, rules, selected


def _rows(count: int) -> list[Row]:
    return [row(f"clip{n}", source=f"source{n // 3}") for n in range(count)]


def test_parts_and_their_buckets_are_of_even_size(tmp_path: Path) -> None:
    selection, rows = selected(
        tmp_path, rules(tmp_path), {(0, 0): _rows(700), (0, 1): []}, sizes=Sizes(300, 64)
    )
    assert [(part.number, part.of, part.rows) for part in selection.parts] == [
        (0, 3, 233),
        (1, 3, 233),
        (2, 3, 234),
    ]
    counted = [sum(each["bucket"] == n for each in rows) for n in range(selection.buckets)]
    assert counted == [size for part in selection.parts for size in part.buckets]
    assert max(counted) <= 64 and max(counted) - min(counted) <= 1
    assert [part.first for part in selection.parts] == [0, 4, 8]
    hashes = [each["h"] for each in rows]
    assert hashes == sorted(hashes)
    assert selection.groups == (700, 0)


def test_a_source_is_in_one_split(tmp_path: Path) -> None:
    wanted = rules(tmp_path, split={"train": 0.8, "valid": 0.1, "test": 0.1})
    selection, rows = selected(tmp_path, wanted, {(0, 0): _rows(3000)})
    assert {part.split for part in selection.parts} == {"train", "valid", "test"}
    split_of: dict[int, str] = {}
    for each in rows:
        (part,) = (
            p for p in selection.parts if p.first <= each["bucket"] < p.first + len(p.buckets)
        )
        assert split_of.setdefault(each["row"] // 3, part.split) == part.split
    share = sum(split == "train" for split in split_of.values()) / len(split_of)
    assert share == pytest.approx(0.8, abs=0.04)


def test_licence_classes_are_parts_of_their_own(tmp_path: Path) -> None:
    rows = [row("a", licence="unknown"), row("b"), row("c", licence="no-training")]
    selection, kept = selected(tmp_path, rules(tmp_path), {(0, 0): rows})
    assert [part.licence for part in selection.parts] == ["permissive", "unknown", "no-training"]
    assert clips(kept[:1]) == named("b")


def test_the_seed_decides_the_order_and_the_splits(tmp_path: Path) -> None:
    orders, tests = [], []
    for number, seed in enumerate((1, 1, 2)):
        wanted = rules(tmp_path, split={"train": 0.5, "test": 0.5}, shuffle={"seed": seed})
        selection, rows = selected(tmp_path / str(number), wanted, {(0, 0): _rows(300)})
        orders.append([each["clip"] for each in rows])
        (test,) = (part for part in selection.parts if part.split == "test")
        tests.append(clips([each for each in rows if each["bucket"] == test.first]))
    assert orders[0] == orders[1] != orders[2]
    assert tests[0] == tests[1] != tests[2]


def test_a_selection_is_read_as_it_was_written(tmp_path: Path) -> None:
    selection, _ = selected(tmp_path, rules(tmp_path), {(0, 0): _rows(20)}, sizes=Sizes(7, 3))
    selection.save(tmp_path / "selection.json")
    assert Selection.load(tmp_path / "selection.json") == selection
