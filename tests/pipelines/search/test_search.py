"""Searches by text and by example."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.search import search as searching
from pipelines.search.places import path
from pipelines.search.search import Answer, Search, either, lines, note
from pipelines.search.stored import By, SearchError, stored
from tests.conftest import write_clip
from tests.manifests.made import FILTERED, JOB
from tests.pipelines.search.embedded import (
    TABLE,
    Embedded,
    TinyEncoder,
    commit,
    drawn,
    embedded,
    settings,
    unit,
)


def _search(made: Embedded, by: By = "both", cache: Path | None = None) -> Search:
    encoder = TinyEncoder()
    return Search(stored(made.workspace, made.state), by, lambda stored: encoder, cache)


def _ids(answer: Answer) -> list[str]:
    return [result.clip.clip_id for result in answer.results]


def _north_and_east() -> list[dict[str, np.ndarray]]:
    """Clip 0 is north, clip 1 east, clip 2 both, by sound and picture together; by sound alone clip 3
    is north: the heads of the tiny encoder differ. The others point elsewhere."""
    media = [{"audio_video": unit(0, 0, 0, 0, 1, n)} for n in range(16)]
    media[0] = {"audio_video": unit(1)}
    media[1] = {"audio_video": unit(0, 1)}
    media[2] = {"audio_video": unit(1, 1)}
    media[3] = {"audio": unit(0, 1), "video": unit(1)}
    return media


def test_a_text_finds_what_its_head_makes_of_it(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())
    assert _ids(_search(made).text("north", 2)) == [made.ids[0], made.ids[2]]
    assert _ids(_search(made).text("north and east", 1)) == [made.ids[2]]
    assert _ids(_search(made, "audio").text("north", 5)) == [made.ids[3]]
    assert _ids(_search(made, "video").text("north", 5)) == [made.ids[3]]


def test_ranks_and_similarities_are_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())
    answer = _search(made).text("north", 2)
    assert [result.rank for result in answer.results] == [1, 2]
    told = [result.similarity for result in answer.results]
    assert told == pytest.approx([1, 2**-0.5], abs=1e-3)
    assert answer.exact and (answer.vectors, answer.clips) == (15, 16)


def test_a_clip_of_the_workspace_finds_its_like_but_not_itself(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())
    answer = _search(made).like(made.ids[0][:9], 1)
    assert _ids(answer) == [made.ids[2]] and answer.asked == made.ids[0]
    every = _search(made).like(made.ids[0], 100)
    assert made.ids[0] not in _ids(every) and len(every.results) == 14


def test_stored_vectors_need_no_encoder(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")

    def never(_: object) -> TinyEncoder:
        raise AssertionError

    assert Search(stored(made.workspace, made.state), "both", never).like(made.ids[0], 3).results


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ("", "no embedded clip whose id begins so|no clip has such an id"),
        ("no such.mp4", "there is no file 'no such.mp4'"),
        ("f" * 31, "no embedded clip whose id begins so"),
        ("0" * 33, "no clip has such an id"),
        ("ABCDEF", "no clip has such an id"),
    ],
)
def test_an_example_that_is_not_there_is_told(example: str, told: str, tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    with pytest.raises(SearchError, match=told):
        _search(made).like(example, 1)


def test_digits_of_several_clips_are_told_with_their_ids(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    commit(made.made, 0, {f"dead{n:028x}": {} for n in range(5)}, generation=1)
    with pytest.raises(
        SearchError, match=r"5 clips begin with dead: dead0+, .*, \.\.\.\. Give more"
    ):
        _search(made).like("dead", 1)


@pytest.mark.parametrize(
    ("media", "by", "told"),
    [
        ({"audio": unit(1)}, "both", "has no sound and picture together: try --by audio or --by"),
        ({"video": unit(1)}, "audio", "has no sound: try --by video"),
        ({"audio": unit(1)}, "video", "has no picture: try --by audio"),
    ],
)
def test_an_example_without_the_medium_says_what_to_try(
    media: dict[str, np.ndarray], by: By, told: str, tmp_path: Path
) -> None:
    made = embedded(tmp_path / "w", [media] + [{"audio": unit(1), "video": unit(1)}] * 15)
    with pytest.raises(SearchError, match=told):
        _search(made, by).like(made.ids[0], 1)


def test_a_workspace_in_which_no_clip_has_the_medium_is_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", [{"audio": unit(1)}] * 16)
    with pytest.raises(
        SearchError, match="none of 16 embedded clips has picture: try another --by"
    ):
        _search(made, "video").text("north", 3)


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\u2003"])
def test_an_empty_text_is_told_before_the_encoder_is_loaded(text: str, tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")

    def never(_: object) -> TinyEncoder:
        raise AssertionError

    with pytest.raises(SearchError, match="the text is empty"):
        Search(stored(made.workspace, made.state), "both", never).text(text, 1)


def test_an_encoder_of_another_width_is_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", [{"audio_video": vector} for vector in drawn(1, 16, 4)])
    with pytest.raises(SearchError, match=f"gives vectors of 8 numbers, those of {TABLE} have 4"):
        _search(made).text("north", 1)


def test_a_file_is_decoded_and_embedded_as_the_stage_does(tmp_path: Path) -> None:
    write_clip(tmp_path / "example.mp4", 1)
    media = [{"audio": unit(0, 1), "video": unit(0, 1), "audio_video": unit(0, 0, 1)}] * 16
    media[7] = {"audio": unit(1), "video": unit(1), "audio_video": unit(1, 1)}
    made = embedded(tmp_path / "w", media)
    for by in ("audio", "video", "both"):
        search = _search(made, by)
        answer = search.like(str(tmp_path / "example.mp4"), 1)
        assert _ids(answer) == [made.ids[7]]
        (seen,) = search._encoder.seen  # type: ignore[attr-defined]
        assert seen.audio[16_000].size and len(seen.frames) == 2


def test_of_a_long_file_the_first_clip_is_the_example(tmp_path: Path) -> None:
    write_clip(tmp_path / "long.mp4", 1, seconds=4)
    made = embedded(tmp_path / "w")
    settings(made.made, "e" * 16, "embed", {"embeddings": TABLE}, clips={"max_seconds": 1.5})
    search = _search(made)
    answer = search.like(str(tmp_path / "long.mp4"), 1)
    (seen,) = search._encoder.seen  # type: ignore[attr-defined]
    assert seen.duration_ms == 1500
    assert answer.asked.endswith("long.mp4, the first of its 3 clips")


@pytest.mark.parametrize("content", [b"", b"no media at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 99])
def test_a_file_that_is_no_media_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    made = embedded(tmp_path / "w")
    with pytest.raises(SearchError, match=r"x\.mp4 can't be used"):
        _search(made).like(str(tmp_path / "x.mp4"), 1)


def test_a_folder_is_no_example(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    with pytest.raises(SearchError, match="can't be used"):
        _search(made).like(str(tmp_path), 1)


def test_results_have_their_place_and_the_caption_of_what_was_compared(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    for by, column in (
        ("audio", "audio_caption"),
        ("video", "visual_caption"),
        ("both", "audio_visual_caption"),
    ):
        captions = {
            row["clip_id"]: row[column] for s in (0, 1) for row in made.made.rows("captions", s)
        }
        answer = _search(made, by).like(made.ids[0], 100)
        for result in answer.results:
            clip, row = result.clip, made.clips[result.clip.clip_id]
            assert (clip.uri, clip.start_ms, clip.end_ms) == (
                row["uri"],
                row["start_ms"],
                row["end_ms"],
            )
            assert clip.caption(by) == captions.get(clip.clip_id)


def test_lines_show_rank_similarity_place_and_caption(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())
    first, second, third, fourth = (line.plain for line in lines(_search(made).text("east", 2)))
    assert first == f"  1   1.000  /clips/0 \\xff.mp4  [10-20 s]  {made.ids[1][:12]}"
    assert second.strip() == "no caption"  # it was filtered
    assert FILTERED == 1
    assert third.startswith("  2   0.707  /clips/1 \\xff.mp4  [0-10 s]")
    assert fourth.strip() == "no caption"


def test_a_caption_cannot_command_the_terminal(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())

    def change(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        return [row | {"audio_visual_caption": "red \x1b[31m\nnext"} for row in rows]

    made.made.edit("captions", change)
    told = [line.plain for line in lines(_search(made).text("north", 16))]
    assert any("red" in line for line in told)
    assert not any("\x1b" in line or "\n" in line for line in told)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("file:///a%0Ab%1B.mp4", "/a\\nb\\x1b.mp4"),
        ("https://example.org/\x1bx", "https://example.org/\ufffdx"),
        ("", ""),
    ],
)
def test_odd_places_are_shown_safely(uri: str, shown: str) -> None:
    assert path(uri) == shown


def test_json_has_every_caption_and_the_place(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())
    told = _search(made).text("north", 1).to_json()
    assert (told["asked"], told["by"], told["exact"]) == ("north", "both", True)
    (result,) = told["results"]
    assert result["clip_id"] == made.ids[0] and result["rank"] == 1
    assert result["audio_caption"] == "Sound 0." and result["uri"] == made.clips[made.ids[0]]["uri"]


def test_a_workspace_that_was_never_captioned_can_be_searched(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    made.workspace.config(JOB).unlink()
    records = made.made.workspace.commits / "000001"
    for record in records.glob("0*.json"):
        record.write_text(record.read_text().replace(f'"job":"{JOB}"', f'"job":"{"e" * 16}"'))
    assert len(_search(made).like(made.ids[0], 5).results) == 5


def test_a_vector_of_a_clip_that_is_not_listed_is_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    commit(made.made, 0, {"0" * 32: {"audio_video": unit(1) * 9}}, generation=1)
    with pytest.raises(SearchError, match=r"clip 0+ has a vector in shard 0, but is not listed"):
        _search(made).text("north", 1)


def test_a_damaged_listing_is_named(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    file = tmp_path / "w" / made.made.file("clips").path
    file.write_bytes(b"PAR1")
    with pytest.raises(SearchError, match=file.name):
        _search(made).like(made.ids[-1], 16)


def test_what_was_not_searched_is_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _north_and_east())
    answer = _search(made).text("north", 1)
    assert note(answer, 0) == "not searched: 1 clip has no sound and picture together"
    assert note(answer, 2) == (
        "not searched: 1 clip has no sound and picture together, 2 clips not embedded yet"
    )
    full = _search(embedded(tmp_path / "full")).text("north", 1)
    assert note(full, 0) is None


def test_many_clips_are_searched_exactly_at_first_and_then_by_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FROM", 15)
    made = embedded(tmp_path / "w")
    first = _search(made, cache=tmp_path / "cache")
    exact = first.like(made.ids[0], 5)
    assert first.is_large and exact.exact
    first.make_index()
    later = _search(made, cache=tmp_path / "cache")
    answer = later.like(made.ids[0][:10], 5)
    assert later.is_large and not answer.exact and answer.vectors == 16
    assert _ids(answer) == _ids(exact)


def test_a_clip_that_the_index_lacks_is_known_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FROM", 15)
    made = embedded(tmp_path / "w", _north_and_east())
    search = _search(made, cache=tmp_path / "cache")
    search.make_index()
    with pytest.raises(SearchError, match="has no sound and picture together"):
        search.like(made.ids[3], 1)


def _either(made: Embedded, text: str, count: int, cache: Path | None = None) -> Answer:
    sides: tuple[By, ...] = ("audio", "video")
    return either([_search(made, by, cache).text(text, count) for by in sides], count)


def _loud_pictures() -> list[dict[str, np.ndarray]]:
    """All pictures lie near the north, clip 1 a little nearer; sounds lie elsewhere, but for clip 0."""
    media = [{"audio": unit(0, 0, 0, 1, n), "video": unit(2, 0, 0, 1, n / 40)} for n in range(16)]
    media[0] = {"audio": unit(0, 1, 1)}
    media[1] = {"video": unit(2, 0, 0, 0.8)}
    return media


def test_a_medium_whose_products_are_higher_does_not_drown_the_other(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _loud_pictures())
    answer = _either(made, "north", 3)
    first, second = answer.results[:2]
    assert (first.clip.clip_id, first.by) == (made.ids[0], "audio")
    assert (second.clip.clip_id, second.by) == (made.ids[1], "video")
    assert [result.rank for result in answer.results] == [1, 2, 3]
    assert first.similarity == pytest.approx(2**-0.5, abs=1e-3) and second.similarity > 0.9
    assert (answer.by, note(answer, 0)) == ("either", None)


def test_a_clip_that_both_media_find_is_told_once(tmp_path: Path) -> None:
    media = [{"audio": unit(0, 0, 0, 1, n), "video": unit(0, 0, 0, 1, n)} for n in range(16)]
    media[5] = {"audio": unit(0, 2, 1), "video": unit(1)}
    made = embedded(tmp_path / "w", media)
    answer = _either(made, "north", 16)
    assert _ids(answer)[0] == made.ids[5] and answer.results[0].by == "video"
    assert sorted(_ids(answer)) == sorted(made.ids)


def test_an_index_gives_the_scores_of_exact_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = embedded(tmp_path / "w", _loud_pictures())
    exact = _either(made, "north", 5)
    monkeypatch.setattr(searching, "FROM", 15)
    for by in ("audio", "video"):
        _search(made, by, tmp_path / "cache").make_index()
    answer = _either(made, "north", 5, tmp_path / "cache")
    assert exact.exact and not answer.exact and _ids(answer) == _ids(exact)
    scores = [result.score for result in exact.results]
    assert [result.score for result in answer.results] == pytest.approx(scores, abs=1e-5)


def test_of_two_media_the_score_and_the_medium_are_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _loud_pictures())
    answer = _either(made, "north", 2)
    told = answer.to_json()["results"]
    assert [each["score"] for each in told] == [result.score for result in answer.results]
    assert told[0]["score"] > told[1]["score"] and told[0]["similarity"] < told[1]["similarity"]
    assert [line.plain[-8:] for line in lines(answer)[::2]] == ["by audio", "by video"]
    alone = _search(made, "audio").text("north", 1)
    assert "score" not in alone.to_json()["results"][0] and "by" not in lines(alone)[0].plain
