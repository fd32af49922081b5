"""Clusters of near duplicate captions."""

from itertools import pairwise, permutations
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.release import near
from manifests.release.near import Clusters, cluster
from tests.manifests.release.signed import Address, changed, drawn, jaccard, roots, signed

TEMPLATE = (
    "a dog barks loudly while music plays in the background and a man speaks to a small crowd of "
    "people beside the old house near a river"
)


def _clusters(found: dict[Address, bytes]) -> set[frozenset[Address]]:
    by_root: dict[bytes, set[Address]] = {}
    for address, root in found.items():
        by_root.setdefault(root, set()).add(address)
    return {frozenset(members) for members in by_root.values()}


def _found(folder: Path, files: list[Path], **settings: object) -> tuple[dict, Clusters]:
    told = cluster(files, folder / "near.parquet", folder / "work", **settings)  # type: ignore[arg-type]
    assert not list((folder / "work").glob("*"))
    return roots(folder / "near.parquet"), told


def test_near_duplicates_of_all_shards_have_one_root(tmp_path: Path) -> None:
    one, two, three = drawn(1, 3, 40)
    shards = {(0, 0): [one, two], (0, 1): [None, changed(one, 1)], (1, 0): [three, changed(one, 2)]}
    found, told = _found(tmp_path, signed(tmp_path / "s", shards))
    assert _clusters(found) == {frozenset({(0, 0, 0), (0, 1, 1), (1, 0, 1)})}
    assert told == Clusters(5, 5, 1, 3, told.compared)


def test_equal_captions_have_one_root(tmp_path: Path) -> None:
    files = signed(tmp_path / "s", {(0, 0): ["A dog barks.", "a cat"], (0, 1): ["a dog barks"]})
    found, told = _found(tmp_path, files)
    assert _clusters(found) == {frozenset({(0, 0, 0), (0, 1, 0)})}
    assert (told.rows, told.signatures, told.clusters) == (3, 2, 1)


def test_the_file_has_the_columns_that_are_promised_by_address(tmp_path: Path) -> None:
    files = signed(tmp_path / "s", {(1, 1): ["a dog barks"] * 3, (0, 2): ["a dog barks"] * 2})
    for names in (files, []):
        cluster(names, tmp_path / "near.parquet", tmp_path)
        kinds = duckdb.sql(f"DESCRIBE FROM '{tmp_path}/near.parquet'").fetchall()
        assert [kind[:2] for kind in kinds] == [
            ("input", "INTEGER"),
            ("shard", "INTEGER"),
            ("row", "INTEGER"),
            ("root", "UUID"),
        ]
        if names:
            assert list(roots(tmp_path / "near.parquet")) == [
                (0, 2, 0),
                (0, 2, 1),
                (1, 1, 0),
                (1, 1, 1),
                (1, 1, 2),
            ]


def test_only_rows_that_count_are_looked_at(tmp_path: Path) -> None:
    # The middle is like both ends; these are not like each other.
    start = drawn(2, 1, 40)[0]
    middle = changed(changed(start, 1), 2)
    end = changed(changed(middle, 4), 5)
    assert jaccard(start, end) < 0.75 < 0.8 < min(jaccard(start, middle), jaccard(middle, end))
    files = signed(tmp_path / "s [1]*'?", {(0, 0): [start, end, middle, start]})
    table = {"input": [0] * 3, "shard": [0] * 3, "row": [0, 1, 3], "other": [1] * 3}
    pq.write_table(pa.table(table), tmp_path / "[0] rows.parquet")
    found, told = _found(tmp_path, files, rows=[tmp_path / "[0] rows.parquet"])
    assert _clusters(found) == {frozenset({(0, 0, 0), (0, 0, 3)})} and told.rows == 3
    assert _found(tmp_path, files, rows=[])[0] == {}


def _many() -> dict[tuple[int, int], list[str | None]]:
    """Rows of which a fifth are near duplicates, of captions of their own and of one template."""
    texts: list[str | None] = [*drawn(3, 200, 30)]
    texts += [changed(str(texts[n]), n) for n in range(60)]
    texts += [changed(changed(str(texts[n]), n), n + 1) for n in range(40)]
    texts += (
        [changed(TEMPLATE, n) for n in range(120)] + ["boilerplate text"] * 30 + [None, "", "!"]
    )
    order = np.random.default_rng(4).permutation(len(texts))
    texts = [texts[n] for n in order]
    return {(n % 2, n // 2): texts[n * 100 : n * 100 + 100] for n in range(5)}


def _texts(shards: dict[tuple[int, int], list[str | None]]) -> dict[Address, str]:
    return {(*s, row): str(t) for s, texts in shards.items() for row, t in enumerate(texts)}


def test_neither_order_of_files_nor_threads_nor_parts_change_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = signed(tmp_path / "s", _many())
    expected, told = _found(tmp_path, files)
    assert len(_clusters(expected)) > 60
    for order in list(permutations(files))[17:120:25]:
        assert _found(tmp_path, list(order)) == (expected, told)
    for threads in (2, 7):
        assert _found(tmp_path, files, threads=threads) == (expected, told)
    monkeypatch.setattr(near.bands, "ROWS", 30)
    monkeypatch.setattr(near, "_ROWS", 16)
    assert _found(tmp_path, files)[0] == expected


def test_shards_of_other_sizes_give_the_same_clusters(tmp_path: Path) -> None:
    shards = _many()
    found, _ = _found(tmp_path, signed(tmp_path / "s", shards))
    texts = _texts(shards)
    every = list(texts.values())[::-1]
    again = {(0, n): every[n * 90 : n * 90 + 90] for n in range(6)}
    other, _ = _found(tmp_path, signed(tmp_path / "t", again))  # type: ignore[arg-type]
    of = {(text, found.get(address)) for address, text in texts.items()}
    assert {(text, other.get(address)) for address, text in _texts(again).items()} == of  # type: ignore[arg-type]


def test_each_row_is_like_its_root(tmp_path: Path) -> None:
    shards = _many()
    found, _ = _found(tmp_path, signed(tmp_path / "s", shards), at_least=0.8)
    texts = _texts(shards)
    for members in _clusters(found):
        # The root is one of the members.
        likeness = [min(jaccard(texts[a], texts[b]) for a in members) for b in members]
        assert max(likeness) > 0.65


def test_near_duplicates_of_a_template_are_found_among_many(tmp_path: Path) -> None:
    places = range(2, 26, 3)
    texts = []
    for n in range(1200):
        words = TEMPLATE.split()
        words[places[n % len(places)]] = f"word{n}"
        texts.append(" ".join(words))
    found, told = _found(tmp_path, signed(tmp_path / "s", {(0, 0): texts}))
    kept = len(texts) - len(found) + len(_clusters(found))
    assert len(places) <= kept < 60
    assert told.compared < 1200 * 18 * 48


def test_captions_with_a_word_changed_are_found(tmp_path: Path) -> None:
    texts = drawn(5, 300, 45)
    others = [changed(text, n) for n, text in enumerate(texts)]
    assert min(map(jaccard, texts, others)) > 0.9
    found, _ = _found(tmp_path, signed(tmp_path / "s", {(0, 0): texts, (0, 1): others}))
    assert sum(found.get((0, 0, n), 0) == found.get((0, 1, n)) for n in range(300)) >= 298
    assert len(_clusters(found)) >= 298


def test_captions_that_are_half_alike_are_not(tmp_path: Path) -> None:
    texts = drawn(6, 200, 40)
    others = [t[: len(t) // 2] + u[len(u) // 2 :] for t, u in pairwise(texts)]
    found, _ = _found(tmp_path, signed(tmp_path / "s", {(0, 0): [*texts, *others]}))
    assert found == {}
