"""The index of many vectors: what it finds, and when it is made, used and thrown away."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from pipelines.search import index as indices
from pipelines.search.exact import nearest
from pipelines.search.index import Index, make, opened
from pipelines.search.stored import Stored, stored
from tests.manifests.made import JOB
from tests.manifests.made import make as made_workspace
from tests.pipelines.search.embedded import (
    EMBED,
    TABLE,
    Embedded,
    commit,
    drawn,
    embedded,
    settings,
    unit,
)

SHARDS, ROWS, WIDTH = 6, 400, 16


def _clip(number: int) -> str:
    return f"{number:08x}" * 4


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """2,400 vectors of several lengths, in six shards; every tenth has no sound."""
    made = made_workspace(tmp_path_factory.mktemp("many") / "w")
    settings(made, JOB, "caption", {})
    settings(made, EMBED, "embed", {"embeddings": TABLE})
    lengths = np.random.default_rng(3).uniform(0.5, 4, size=(SHARDS * ROWS, 1))
    vectors = {
        name: (drawn(seed, SHARDS * ROWS, WIDTH) * lengths).astype(np.float16)
        for seed, name in enumerate(("audio", "audio_video"))
    }
    for shard in range(SHARDS):
        numbers = range(shard * ROWS, (shard + 1) * ROWS)
        of_clips = {
            _clip(n): {
                name: of[n] for name, of in vectors.items() if name == "audio_video" or n % 10
            }
            for n in numbers
        }
        commit(made, shard, of_clips)
    return stored(made.workspace, made.state)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def index(many: Stored, cache: Path) -> Index:
    made = make(many, "audio", cache)
    assert made is not None
    return made


def test_it_finds_the_nearest_with_the_promised_recall(many: Stored, index: Index) -> None:
    assert index.probes < index.cells
    hits = 0
    for query in drawn(50, 50, WIDTH).astype(np.float32):
        exact, _ = nearest(many, "audio", query, 10)
        hits += len({m.clip_id for m in exact} & {m.clip_id for m in index.nearest(query, 10)})
    assert hits / 500 >= 0.95


def test_its_products_shards_and_ids_are_those_of_exact_search(many: Stored, index: Index) -> None:
    query = drawn(51, 1, WIDTH)[0].astype(np.float32)
    exact, centre = nearest(many, "audio", query, 10_000)
    assert centre.count == index.vectors == SHARDS * ROWS * 9 // 10
    of_exact = {match.clip_id: match for match in exact}
    for match in index.nearest(query, 10):
        assert match.shard == of_exact[match.clip_id].shard
        assert match.similarity == pytest.approx(of_exact[match.clip_id].similarity, abs=1e-4)


def test_more_than_the_usual_cells_hold_can_be_had(index: Index) -> None:
    query = drawn(52, 1, WIDTH)[0].astype(np.float32)
    assert len(index.nearest(query, index.vectors)) == index.vectors


def test_cells_hold_every_vector_once(many: Stored, index: Index) -> None:
    held = [index.members(cell) for cell in range(index.cells)]
    positions = np.concatenate([positions for positions, _ in held])
    assert sorted(positions.tolist()) == list(range(index.vectors))
    blocks = [block for part in many.parts for block in many.blocks(part, "audio")]
    wanted = np.concatenate([block.vectors for block in blocks])
    np.testing.assert_array_equal(np.concatenate([v for _, v in held]), wanted[positions])


def test_segments_are_of_bounded_size_and_searched_together(
    many: Stored, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indices, "_SEGMENT_BYTES", ROWS * WIDTH)
    parted = make(many, "audio", tmp_path)
    assert parted is not None and len(list(tmp_path.rglob("lists-*.faiss"))) == SHARDS
    for query in drawn(53, 5, WIDTH).astype(np.float32):
        assert parted.nearest(query, 10) == index.nearest(query, 10)


def test_one_that_is_there_is_opened_and_not_made_again(many: Stored, cache: Path) -> None:
    assert make(many, "audio", cache) is not None
    (folder,) = cache.glob("search/*/*-audio-*")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert make(many, "audio", cache) is not None and opened(many, "audio", cache) is not None
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_changed_workspace_gets_a_new_one_and_the_old_one_goes(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    cache = tmp_path / "cache"
    other = embedded(tmp_path / "other")
    make(_stored(other), "audio", cache)
    make(_stored(made), "audio", cache)
    make(_stored(made), "video", cache)
    commit(made.made, 0, {"0" * 32: {"audio": unit(1)}}, generation=1)
    assert opened(_stored(made), "audio", cache) is None
    assert make(_stored(made), "audio", cache) is not None
    place = made.workspace.place_id
    names = [path.name for path in (cache / "search").glob("*/*-*")]
    assert sorted(name.rpartition("-")[0] for name in names if name[0] != ".") == sorted(
        [f"{other.workspace.place_id}-audio", f"{place}-audio", f"{place}-video"]
    )
    assert opened(_stored(other), "audio", cache) is not None


def _stored(made: Embedded) -> Stored:
    return stored(made.workspace, made.state)


def test_its_centre_is_that_of_exact_search(many: Stored, index: Index) -> None:
    _, centre = nearest(many, "audio", np.ones(WIDTH, np.float32), 1)
    assert index.centre.count == centre.count
    assert index.centre.square == pytest.approx(centre.square, rel=1e-5)
    np.testing.assert_allclose(index.centre.mean, centre.mean, atol=1e-6)


def test_one_of_an_older_version_is_not_used_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = embedded(tmp_path / "w")
    with monkeypatch.context() as patch:
        patch.setattr(indices, "_VERSION", 1)
        make(_stored(made), "audio", tmp_path)
    (old,) = tmp_path.glob("search/v1/*-audio-*")
    assert opened(_stored(made), "audio", tmp_path) is None
    assert make(_stored(made), "audio", tmp_path) is not None
    assert not old.exists() and len(list(tmp_path.glob("search/*/*-audio-*"))) == 1


def test_one_that_was_not_finished_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = embedded(tmp_path / "w")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(indices._Making, "_describe", killed)
        with pytest.raises(KeyboardInterrupt):
            make(_stored(made), "audio", tmp_path)
    assert opened(_stored(made), "audio", tmp_path) is None
    assert make(_stored(made), "audio", tmp_path) is not None


@pytest.mark.parametrize("name", ["meta.json", "ids", "cells.faiss", "lists-00000.faiss"])
@pytest.mark.parametrize("harm", ["cut", "gone", "other"])
def test_one_that_was_damaged_is_made_again(name: str, harm: str, tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    make(_stored(made), "audio", tmp_path)
    (file,) = tmp_path.glob(f"search/*/*/{name}")
    content = file.read_bytes()
    if harm == "cut":
        file.write_bytes(content[:-1])
    elif harm == "gone":
        file.unlink()
    elif name == "ids":
        return  # any bytes are ids
    else:
        file.write_bytes(b"\0" * len(content))
    assert opened(_stored(made), "audio", tmp_path) is None
    assert make(_stored(made), "audio", tmp_path) is not None


def test_while_another_process_makes_it_nothing_is_done(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    assert make(_stored(made), "audio", tmp_path) is not None
    (folder,) = tmp_path.glob("search/*/*-audio-*")
    shutil.rmtree(folder)
    lock = folder.parent / f".{folder.name.rpartition('-')[0]}.lock"
    with FileLock(lock):
        assert make(_stored(made), "audio", tmp_path) is None
    assert not folder.exists()


def test_few_vectors_and_equal_ones_are_no_fault(tmp_path: Path) -> None:
    media = [{"audio": unit(1)} if n < 3 else {} for n in range(16)]
    made = embedded(tmp_path / "w", media)
    index = make(_stored(made), "audio", tmp_path)
    assert index is not None and index.vectors == 3
    assert len(index.nearest(unit(1).astype(np.float32), 10)) == 3


def test_nothing_is_left_in_the_workspace(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    before = sorted((tmp_path / "w").rglob("*"))
    make(_stored(made), "audio", tmp_path / "cache")
    assert sorted((tmp_path / "w").rglob("*")) == before
