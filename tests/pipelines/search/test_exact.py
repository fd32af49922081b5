"""Exact search over stored vectors."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.search.exact import nearest
from pipelines.search.stored import stored
from tests.pipelines.search.embedded import WIDTH, drawn, embedded, unit


def test_the_order_is_that_of_the_products(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    read = stored(made.workspace, made.state)
    query = drawn(99, 1)[0].astype(np.float32)
    products = {
        clip: float(media["audio"].astype(np.float32) @ query)
        for clip, media in made.vectors.items()
    }
    wanted = sorted(products, key=lambda clip: -products[clip])
    matches, centre = nearest(read, "audio", query, 5)
    assert [match.clip_id for match in matches] == wanted[:5] and centre.count == 16
    told = [match.similarity for match in matches]
    assert told == pytest.approx([products[clip] for clip in wanted[:5]], abs=1e-6)


def test_a_match_knows_its_shard(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    matches, _ = nearest(
        stored(made.workspace, made.state), "audio", np.ones(WIDTH, np.float32), 16
    )
    listed = {row["clip_id"]: shard for shard in (0, 1) for row in made.made.rows("clips", shard)}
    assert {match.clip_id: match.shard for match in matches} == listed


def test_long_vectors_rank_by_their_products_and_not_by_their_cosine(tmp_path: Path) -> None:
    media = [{"audio": np.zeros(WIDTH, np.float16)} for _ in range(16)]
    media[3]["audio"][:2] = (30, 30)
    media[5]["audio"][0] = 2
    made = embedded(tmp_path / "w", media)
    query = np.eye(WIDTH, dtype=np.float32)[0]
    matches, _ = nearest(stored(made.workspace, made.state), "audio", query, 2)
    assert [match.clip_id for match in matches] == [made.ids[3], made.ids[5]]
    assert [match.similarity for match in matches] == [30, 2]


def test_equal_vectors_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    media = [{"audio": np.ones(WIDTH, np.float16)} for _ in range(16)]
    made = embedded(tmp_path / "w", media)
    query = np.ones(WIDTH, np.float32)
    matches, _ = nearest(stored(made.workspace, made.state), "audio", query, 7)
    assert [match.clip_id for match in matches] == sorted(made.ids)[:7]


def test_more_may_be_wanted_than_there_are(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    read = stored(made.workspace, made.state)
    matches, _ = nearest(read, "audio", np.ones(WIDTH, np.float32), 1000)
    assert len(matches) == 16


def test_the_centre_is_that_of_all_vectors(tmp_path: Path) -> None:
    media = [{"audio": n * unit(1, n)} if n % 3 else {} for n in range(16)]
    made = embedded(tmp_path / "w", media)
    vectors = np.stack([each["audio"] for each in media if each]).astype(np.float32)
    read = stored(made.workspace, made.state)
    _, centre = nearest(read, "audio", np.ones(WIDTH, np.float32), 1)
    assert centre.count == len(vectors)
    np.testing.assert_allclose(centre.mean, vectors.mean(axis=0), rtol=1e-5)
    assert centre.square == pytest.approx((vectors**2).sum(axis=1).mean(), rel=1e-5)
