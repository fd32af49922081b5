"""Scores that make products of two media comparable."""

import numpy as np
import pytest

from pipelines.search.centre import Centre, joined
from pipelines.search.stored import Floats
from tests.pipelines.search.embedded import WIDTH, drawn, unit


def _scores(vectors: Floats, query: Floats) -> Floats:
    return Centre.of(vectors).scores(query, vectors @ query)


def test_scores_order_as_products_do() -> None:
    vectors, query = drawn(1, 50).astype(np.float32), drawn(2, 1)[0].astype(np.float32)
    order = np.argsort(vectors @ query)
    np.testing.assert_array_equal(np.argsort(_scores(vectors, query)), order)


def test_what_all_vectors_have_in_common_does_not_count() -> None:
    vectors, query = drawn(1, 50).astype(np.float32), drawn(2, 1)[0].astype(np.float32)
    moved = vectors + 3 * drawn(3, 1)[0].astype(np.float32)
    np.testing.assert_allclose(_scores(moved, query), _scores(vectors, query), atol=1e-4)


@pytest.mark.parametrize("scale", [0.01, 40])
def test_the_scale_of_a_head_does_not_count(scale: float) -> None:
    vectors, query = drawn(1, 50).astype(np.float32), drawn(2, 1)[0].astype(np.float32)
    scaled = _scores(np.float32(scale) * vectors, np.float32(scale) * query)
    np.testing.assert_allclose(scaled, _scores(vectors, query), atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 1000])
@pytest.mark.parametrize("query", [unit(1, 2), 0 * unit(1)])
def test_equal_vectors_and_an_empty_query_score_nothing(count: int, query: Floats) -> None:
    vectors = np.repeat(unit(1, 1, 1)[None], count, axis=0).astype(np.float32)
    assert not _scores(vectors, query.astype(np.float32)).any()


def test_parts_join_to_the_centre_of_all() -> None:
    vectors = drawn(1, 50).astype(np.float32) * 7
    parts = [Centre.of(vectors[start:end]) for start, end in ((0, 0), (0, 1), (1, 30), (30, 50))]
    centre, whole = joined(parts, WIDTH), Centre.of(vectors)
    assert (centre.count, centre.square) == (50, pytest.approx(whole.square))
    np.testing.assert_allclose(centre.mean, whole.mean, atol=1e-5)
    assert joined([], WIDTH).count == 0
