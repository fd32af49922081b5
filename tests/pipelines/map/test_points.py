"""The points of a map, chosen again in plain Python from the raw tables."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.map import points as drawing
from pipelines.map.points import INSPECT, points
from pipelines.map.projection import projected
from pipelines.report.shown import visible
from pipelines.search.stored import SearchError
from tests.manifests.made import JOB, SHARDS, Made, make
from tests.pipelines.report.made import made, rows
from tests.pipelines.search.embedded import Embedded, drawn, embedded, settings, unit


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A captioned and embedded workspace."""
    return made(tmp_path_factory.mktemp("map") / "a * [set]")


def test_each_captioned_clip_has_its_own_vector_and_captions(place: Made) -> None:
    of = points(place.root, "audio")
    captions = {row["clip_id"]: row for row in rows(place)}
    told = of.rows.to_pylist()
    assert [row["clip_id"] for row in told] == sorted(captions)
    vectors = {
        row["clip_id"]: row["audio"]
        for shard in range(SHARDS)
        for row in place.rows("embeddings/tiny-8-" + "d" * 16, shard)
    }
    for row, vector in zip(told, of.vectors, strict=True):
        theirs = captions[row["clip_id"]]
        assert row["heard"] == theirs["audio_caption"]
        assert row["seen"] == theirs["visual_caption"]
        fullest = [theirs[f"{name}_caption"] for name in ("audio_visual", "audio", "visual")]
        assert row["caption"] == next((text for text in fullest if text), None)
        assert row["clip"] == INSPECT + row["clip_id"]
        assert np.array_equal(vector, np.array(vectors[row["clip_id"]], np.float16))


def test_a_tier_is_that_of_the_mean_probability(place: Made) -> None:
    for row in points(place.root, None).rows.to_pylist():
        sure = row["confidence"]
        tier = (
            "none" if sure is None else "low" if sure < 0.5 else "medium" if sure < 0.8 else "high"
        )
        assert row["tier"] == tier


def test_of_more_clips_those_with_the_lowest_ids_are_drawn(
    place: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = points(place.root, "video")
    monkeypatch.setattr(drawing, "MOST", 9)
    of = points(place.root, "video")
    embedded_ids = sorted(row["clip_id"] for s in range(SHARDS) for row in place.rows("clips", s))
    expected = [row for row in whole.rows.to_pylist() if row["clip_id"] in embedded_ids[:9]]
    assert of.rows.to_pylist() == expected
    assert np.array_equal(of.vectors, whole.vectors[: len(expected)])
    assert of.vectored == len(embedded_ids)


def test_without_a_wish_it_is_by_what_most_clips_have(tmp_path: Path) -> None:
    vectors = [{"audio": unit(1, number)} for number in range(15)] + [{"video": unit(1)}]
    place: Embedded = embedded(tmp_path / "set", vectors)
    assert points(place.made.root, None).by == "audio"


def test_a_workspace_without_vectors_says_what_to_do(tmp_path: Path) -> None:
    place = make(tmp_path / "set")
    settings(place, JOB, "caption", {})
    with pytest.raises(SearchError, match="captionmill embed"):
        points(place.root, None)


def test_hidden_characters_are_seen(tmp_path: Path) -> None:
    bad = "\u202egod a <b>\x1b[31m"
    place = made(tmp_path / "set", change=lambda row: row | {"audio_visual_caption": bad})
    told = points(place.root, None).rows["together"].to_pylist()
    assert set(told) == {visible(bad)} and "[U+202E]" in told[0]


def test_a_few_vectors_are_placed_by_the_axes_in_which_they_differ_most() -> None:
    vectors = np.zeros((4, 8), np.float16)
    vectors[:, 3], vectors[:, 5] = [3, -3, 3, -3], [1, 1, -1, -1]
    assert projected(vectors).tolist() == pytest.approx(
        np.array([[3, 1], [-3, 1], [3, -1], [-3, -1]], np.float32)
    )
    assert projected(drawn(0, 1)).tolist() == [[0, 0]]
