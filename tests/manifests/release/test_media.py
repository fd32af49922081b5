"""Vectors of clips, read from tables of embeddings."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.release.media import SCALE, MediaError, blocks, least
from tests.manifests.release.vectors import WIDTH, apart, clip, embeddings, unit


def test_vectors_are_whole_numbers_whose_products_are_exact(tmp_path: Path) -> None:
    media = {clip(n): {"video": unit(n) * (n + 1), "audio": -unit(n)} for n in range(20)}
    (block,) = blocks([embeddings(tmp_path / "e.parquet", media)])
    assert block.has.all() and block.vectors.dtype == np.int16
    wide = block.vectors.astype(np.float32)
    exact = block.vectors.astype(np.int64)
    for medium in (0, 1):
        products = wide[:, medium] @ wide[:, medium].T
        assert (products == exact[:, medium] @ exact[:, medium].T).all()
        assert np.abs(products).max() < 1 << 24
    assert np.diag(products) == pytest.approx([SCALE**2] * 20, rel=5e-4)


@pytest.mark.parametrize("cosine", [1.0, 0.95, 0.5])
def test_a_cosine_is_right_to_a_thousandth(cosine: float, tmp_path: Path) -> None:
    one = unit(1)
    media = {clip(0): {"video": one}, clip(1): {"video": apart(one, cosine)}}
    (block,) = blocks([embeddings(tmp_path / "e.parquet", media)])
    product = float(np.prod(block.vectors[:, 0].astype(np.float64), axis=0).sum())
    assert product >= least(cosine)
    assert product < least(cosine + 0.0015)


def test_clips_without_a_vector_are_left_out(tmp_path: Path) -> None:
    broken = unit(1)
    broken[3] = np.inf
    media = {
        clip(0): {"video": unit(0)},
        clip(1): {},
        clip(2): {"audio": np.zeros(WIDTH), "video": broken},
        clip(3): {"audio": unit(3), "video": broken},
    }
    made = [*blocks([embeddings(tmp_path / "e.parquet", media, group=3)])]
    ids = np.concatenate([block.ids for block in made])
    assert [row.tobytes().hex() for row in ids] == [clip(0), clip(3)]
    assert np.concatenate([block.has for block in made]).tolist() == [[True, False], [False, True]]
    assert not made[1].vectors[0, 0].any()


def test_ids_are_those_of_the_keys(tmp_path: Path) -> None:
    names = [clip(0), clip(1) + "ff", "clip 7", "é"]
    media = {name: {"video": unit(0)} for name in names}
    (block,) = blocks([embeddings(tmp_path / "e.parquet", media)])
    md5 = [hashlib.md5(name.encode()).hexdigest() for name in names[2:]]
    assert [row.tobytes().hex() for row in block.ids] == [clip(0), clip(1), *md5]


def test_what_is_no_table_of_embeddings_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"clip_id": [clip(0)]}), tmp_path / "a.parquet")
    with pytest.raises(MediaError, match=r"a\.parquet has no column audio"):
        list(blocks([tmp_path / "a.parquet"]))
    lists = pa.array([[1.0]])
    table = pa.table({"clip_id": [clip(0)], "audio": lists, "video": lists})
    pq.write_table(table, tmp_path / "b.parquet")
    with pytest.raises(MediaError, match=r"b\.parquet has vectors of list"):
        list(blocks([tmp_path / "b.parquet"]))
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    with pytest.raises(MediaError, match=r"c\.parquet can't be read"):
        list(blocks([tmp_path / "c.parquet"]))


def test_vectors_of_different_encoders_are_refused(tmp_path: Path) -> None:
    small = embeddings(tmp_path / "a.parquet", {clip(0): {"video": unit(0)}})
    large = embeddings(tmp_path / "b.parquet", {clip(1): {"video": unit(0, 32)}}, 32)
    with pytest.raises(MediaError, match=r"b\.parquet has vectors of 32 numbers, others have 16"):
        list(blocks([small, large]))
