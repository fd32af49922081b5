"""Clips whose media are nearly alike."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.release import cells, near_media
from manifests.release.near_media import cluster, near
from tests.manifests.release.vectors import Vector, apart, clip, embeddings, unit

Media = Mapping[str, Mapping[str, Vector]]


def _found(folder: Path, *files: Path, at_least: float = 0.95, **settings: object) -> set:
    path = folder / "near.parquet"
    cluster(files, path, folder / "work", at_least=at_least, **settings)  # type: ignore[arg-type]
    assert not list((folder / "work").glob("*"))
    table = pq.read_table(path)
    by_root: dict[str, set[str]] = {}
    for one, root in zip(table["clip"].to_pylist(), table["root"].to_pylist(), strict=True):
        by_root.setdefault(root.hex, set()).add(one.hex)
    assert all(root in members for root, members in by_root.items())
    return {frozenset(members) for members in by_root.values()}


def _of(*numbers: int) -> frozenset[str]:
    return frozenset(map(clip, numbers))


def _video(**vectors: Vector) -> dict[str, dict[str, Vector]]:
    return {clip(int(name[1:])): {"video": vector} for name, vector in vectors.items()}


def test_clips_whose_pictures_are_alike_have_one_root(tmp_path: Path) -> None:
    first = unit(1)
    one = embeddings(tmp_path / "1.parquet", _video(c0=first, c1=unit(2), c2=apart(first, 0.96)))
    two = embeddings(tmp_path / "2.parquet", _video(c3=apart(first, 0.97, 5), c4=unit(3)))
    assert _found(tmp_path, one, two, at_least=0.93) in ({_of(0, 2, 3)}, {_of(0, 2), _of(0, 3)})
    assert _found(tmp_path, one, two, at_least=0.965) == {_of(0, 3)}
    kinds = duckdb.sql(f"DESCRIBE FROM '{tmp_path}/near.parquet'").fetchall()
    assert [kind[:2] for kind in kinds] == [("clip", "UUID"), ("root", "UUID")]


def test_all_media_must_be_alike_and_the_same(tmp_path: Path) -> None:
    picture, sound = unit(1), unit(2)
    media: Media = {
        clip(0): {"video": picture, "audio": sound},
        clip(1): {"video": picture, "audio": unit(3)},
        clip(2): {"video": picture, "audio": apart(sound, 0.98)},
        clip(3): {"video": picture},
        clip(4): {"audio": sound},
        clip(5): {"audio": sound},
    }
    assert _found(tmp_path, embeddings(tmp_path / "e.parquet", media)) == {_of(0, 2), _of(4, 5)}


def test_equal_vectors_are_one_cluster_at_a_cosine_of_one(tmp_path: Path) -> None:
    media = {clip(n): {"video": unit(1)} for n in range(40)}
    file = embeddings(tmp_path / "e.parquet", media)
    assert _found(tmp_path, file, at_least=1.0) == {_of(*range(40))}


def test_a_clip_of_several_workspaces_is_one(tmp_path: Path) -> None:
    one = embeddings(tmp_path / "1.parquet", _video(c0=unit(1), c1=unit(2)))
    two = embeddings(tmp_path / "2.parquet", _video(c0=unit(1)))
    assert _found(tmp_path, one, two) == set()


def test_only_clips_that_count_are_looked_at(tmp_path: Path) -> None:
    file = embeddings(tmp_path / "e.parquet", {clip(n): {"video": unit(1)} for n in range(5)})
    ids = [bytes.fromhex(clip(n)) for n in (1, 3, 99)]
    column = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([*ids, None], pa.binary(16)))
    pq.write_table(pa.table({"clip": column}), tmp_path / "[keys].parquet")
    assert _found(tmp_path, file, clips=[tmp_path / "[keys].parquet"]) == {_of(1, 3)}


def test_without_vectors_there_is_no_cluster(tmp_path: Path) -> None:
    assert _found(tmp_path) == set()
    assert _found(tmp_path, embeddings(tmp_path / "e.parquet", {clip(0): {}})) == set()


def _many() -> dict[str, dict[str, Vector]]:
    media = {}
    for n in range(400):
        vector = unit(n) if n % 5 else apart(unit(n // 50), 0.99, n)
        media[clip(n)] = {"video": vector} if n % 3 else {"video": vector, "audio": unit(n // 100)}
    return media


def _split(folder: Path, media: Media, size: int) -> list[Path]:
    folder.mkdir()
    names = list(media)
    return [
        embeddings(folder / f"{n}.parquet", {i: media[i] for i in names[n : n + size]}, group=17)
        for n in range(0, len(names), size)
    ]


def test_neither_order_nor_size_of_files_changes_roots(tmp_path: Path) -> None:
    media = _many()
    files = _split(tmp_path / "s", media, 100)
    expected = _found(tmp_path, *files)
    assert len(expected) > 8
    assert _found(tmp_path, *files[::-1]) == expected
    again = dict(reversed(media.items()))
    assert _found(tmp_path, *_split(tmp_path / "t", again, 70)) == expected


def test_blocks_and_slices_of_pivots_find_what_all_at_once_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _split(tmp_path / "s", _many(), 400)
    expected = _found(tmp_path, *files)
    for name, value in (("_BLOCK", 7), ("_PIVOTS", 11)):
        monkeypatch.setattr(cells, name, value)
        assert _found(tmp_path, *files) == expected


def test_cells_find_what_comparing_all_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _split(tmp_path / "s", _many(), 400)
    expected = _found(tmp_path, *files)
    for name, value in (("ALL", 130), ("_PER_CELL", 20), ("_READ", 50)):
        monkeypatch.setattr(cells, name, value)
    found = _found(tmp_path, *files)
    assert len(found & expected) >= 0.9 * len(expected)


def test_black_pictures_make_one_pair_each(tmp_path: Path) -> None:
    black = {clip(n): {"video": apart(unit(1), 0.9999, n)} for n in range(3000)}
    file = embeddings(tmp_path / "e.parquet", black)
    told = cluster([file], tmp_path / "near.parquet", tmp_path)
    assert (told.clusters, told.members) == (1, 3000)
    assert told.compared < 3000 + 512**2


def _near(folder: Path, clips: Media, evaluation: Media, at_least: float = 0.95) -> list[str]:
    ours = embeddings(folder / "ours.parquet", clips, group=3)
    theirs = embeddings(folder / "theirs.parquet", evaluation, group=2)
    count = near([ours], [theirs], folder / "near.parquet", at_least)
    table = pq.read_table(folder / "near.parquet")
    assert count == len(table) and table.column_names == ["clip"]
    return [each.hex for each in table["clip"].to_pylist()]


def test_clips_near_an_evaluation_clip_are_told(tmp_path: Path) -> None:
    first, second = unit(1), unit(2)
    clips = _video(c0=apart(first, 0.96), c1=apart(second, 0.9), c2=second, c3=unit(3))
    found = _near(tmp_path, clips, _video(c10=first, c11=unit(4), c12=second))
    assert found == sorted([clip(0), clip(2)])
    assert _near(tmp_path, clips, _video(c10=first), 0.97) == []


def test_media_that_only_one_of_both_has_are_not_asked_for(tmp_path: Path) -> None:
    picture, sound = unit(1), unit(2)
    clips: Media = {
        clip(0): {"video": picture, "audio": sound},
        clip(1): {"video": picture, "audio": unit(3)},
        clip(2): {"audio": sound},
        clip(3): {"video": picture},
    }
    assert _near(tmp_path, clips, {clip(9): {"audio": sound}}) == sorted([clip(0), clip(2)])
    both = {clip(9): {"audio": sound, "video": picture}}
    assert _near(tmp_path, clips, both) == sorted([clip(0), clip(2), clip(3)])


def test_slices_of_evaluation_sets_find_what_all_at_once_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = {clip(n): {"video": unit(n)} for n in range(90, 120)}
    expected = _near(tmp_path, _many(), evaluation)
    assert 20 <= len(expected) < 40
    for name, value in (("_EVALUATION", 4), ("_AT_ONCE", 2)):
        monkeypatch.setattr(near_media, name, value)
        assert _near(tmp_path, _many(), evaluation) == expected


def test_no_evaluation_clips_are_near_nothing(tmp_path: Path) -> None:
    assert _near(tmp_path, _video(c0=unit(1)), {}) == []
    assert near([], [], tmp_path / "near.parquet") == 0


def test_rows_of_the_same_vectors_are_alike_on_any_shape() -> None:
    vectors = np.random.default_rng(1).integers(-200, 200, (50, 1, 400)).astype(np.float32)
    whole = cells._alike(vectors, vectors, 1e5)
    alone = [cells._alike(vectors[n : n + 1], vectors, 1e5)[0] for n in range(50)]
    assert (whole == np.stack(alone)).all()
