"""Clips that are nearly alike, in groups."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.search import duplicates
from pipelines.search.alike import Duplicates
from pipelines.search.bytes_alike import copies
from pipelines.search.clips import Clips
from pipelines.search.duplicates import Member, groups
from pipelines.search.index import make
from pipelines.search.stored import SearchError, Stored, stored
from tests.manifests.made import Row
from tests.pipelines.search.embedded import Embedded, commit, drawn, embedded, unit


def _stored(made: Embedded) -> Stored:
    return stored(made.workspace, made.state)


def _ids(grouped: Sequence[Sequence[Member]]) -> list[list[str]]:
    return [[member.clip_id for member in group] for group in grouped]


def _apart(cosine: float, first: int, second: int) -> np.ndarray:
    """A vector of this cosine to the direction `first`."""
    vector = np.zeros(8)
    vector[first], vector[second] = cosine, np.sqrt(1 - cosine**2)
    return vector.astype(np.float16)


def _alike(length: float = 1.0) -> list[dict[str, np.ndarray]]:
    """Clips 4, 9 and 12 are alike; 6 and 7 are as well, less so; the others are not."""
    media = [{"audio": unit(*vector)} for vector in np.eye(16, 8) + drawn(3, 16)]
    for clip in range(16):
        media[clip] = {"audio": np.zeros(8, np.float16)} if clip not in (0, 1) else media[clip]
    media[0], media[1] = {"audio": unit(0, 0, 1)}, {"audio": unit(0, 0, 0, 1)}
    media[4], media[9] = {"audio": unit(1)}, {"audio": _apart(0.99, 0, 4)}
    media[12] = {"audio": _apart(0.985, 0, 5)}
    media[6], media[7] = {"audio": unit(0, 1)}, {"audio": _apart(0.96, 1, 6)}
    return [{"audio": (m["audio"] * length).astype(np.float16)} for m in media]


@pytest.mark.parametrize("length", [1.0, 20.0])
def test_groups_are_of_clips_with_the_cosine_that_was_asked(length: float, tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _alike(length))
    grouped, compared = groups(_stored(made), "audio", 0.95, None)
    assert [sorted(group) for group in _ids(grouped)] == [
        sorted(made.ids[n] for n in (4, 9, 12)),
        sorted(made.ids[n] for n in (6, 7)),
    ]
    assert compared == 16
    stricter, _ = groups(_stored(made), "audio", 0.97, None)
    assert [len(group) for group in stricter] == [3]


def test_the_most_complete_member_comes_first_and_the_others_say_what_they_are_like(
    tmp_path: Path,
) -> None:
    made = embedded(tmp_path / "w", _alike())

    def change(rows: list[Row]) -> list[Row]:
        for row in rows:
            row["has_audio"] = row["clip_id"] != made.ids[4]
            row["size"] = {made.ids[12]: 900, made.ids[9]: 500}.get(row["clip_id"], 1)
        return rows

    for shard in (0, 1):
        made.made.edit("clips", change, shard)
    grouped, _ = groups(_stored(made), "audio", 0.95, None)
    first, second, third = grouped[0]
    assert [first.clip_id, second.clip_id, third.clip_id] == [made.ids[n] for n in (12, 9, 4)]
    assert (first.similarity, first.like) == (None, None)
    assert second.like == third.like == first.clip_id
    assert third.similarity == pytest.approx(0.985, abs=1e-3)


def test_equal_vectors_are_alike_at_one(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", [{"audio": unit(1, 2, 3)}] * 16)
    grouped, _ = groups(_stored(made), "audio", 1.0, None)
    assert [len(group) for group in grouped] == [16]
    assert [member.similarity for member in grouped[0][1:]] == pytest.approx([1.0] * 15)


def test_vectors_of_no_length_are_like_nothing(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", [{"audio": np.zeros(8, np.float16)}] * 16)
    assert groups(_stored(made), "audio", 0.5, None) == ([], 16)


def test_a_workspace_without_the_medium_has_none(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", [{}] * 16)
    assert groups(_stored(made), "audio", 0.9, None) == ([], 0)


@pytest.mark.parametrize("at_least", [0.3, 0.6, 0.9])
def test_blocks_and_cells_find_what_comparing_all_at_once_finds(
    at_least: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = embedded(tmp_path / "w")
    read = _stored(made)
    whole, _ = groups(read, "audio", at_least, None)
    index = make(read, "audio", tmp_path / "cache")
    assert index is not None
    monkeypatch.setattr(duplicates, "_VISITORS", 3)
    monkeypatch.setattr(duplicates, "ROWS", 2)
    monkeypatch.setattr(duplicates, "PROBES", index.cells)
    monkeypatch.setattr(duplicates, "_HELD_BYTES", 1)  # each cell is a block of its own
    assert _ids(groups(read, "audio", at_least, None)[0]) == _ids(whole)
    assert _ids(groups(read, "audio", at_least, index)[0]) == _ids(whole)


def test_each_member_is_like_a_more_complete_one_of_its_group(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    grouped, _ = groups(_stored(made), "audio", 0.4, None)
    assert grouped
    for group in grouped:
        earlier: list[str] = []
        for member in group:
            if earlier:
                assert member.like in earlier and member.similarity is not None
                pair = (made.vectors[clip]["audio"] for clip in (member.clip_id, member.like))
                a, b = (vector.astype(np.float64) for vector in pair)
                cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
                assert member.similarity == pytest.approx(cosine, abs=1e-5) and cosine >= 0.4
            earlier.append(member.clip_id)


def test_a_clip_that_is_not_listed_is_told(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    commit(made.made, 0, {"0" * 32: {"audio": unit(1)}}, generation=1)
    with pytest.raises(SearchError, match="not listed there"):
        groups(_stored(made), "audio", 0.9, None)


def _told(made: Embedded) -> Duplicates:
    read = _stored(made)
    grouped, vectors = groups(read, "audio", 0.95, None)
    listed = Clips(read).of((m.clip_id, m.shard) for group in grouped for m in group)
    return Duplicates("audio", 0.95, grouped, listed, copies(read), vectors, read.clips)


def test_lines_show_path_span_similarity_and_caption(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _alike())
    told = [line.plain for line in _told(made).lines()]
    head = "2 groups of near-duplicates, 5 clips (cosine at least 0.95, by audio)"
    assert told[:2] == [head, "group 1"]
    assert told[2].startswith("         /clips/6 \\xff.mp4  [0-10 s]") and "Sound 12." in told[2]
    assert told[4].startswith("  0.985  /clips/2 \\xff.mp4  [0-10 s]")
    assert told[5] == "group 2" and len(told) == 8


def _copied(made: Embedded) -> None:
    """A copy of source 2 is listed, and one of source 3 that changed later."""

    def change(rows: list[Row]) -> list[Row]:
        second, third = rows[2], rows[3]
        again = [second | {"uri": "file:///copy%1B.mp4", "duplicate": True}]
        again.append(third | {"uri": "file:///changed.mp4", "duplicate": True})
        again.append(third | {"uri": "file:///changed.mp4", "content_hash": "0" * 64})
        return [*rows, *again]

    made.made.edit("sources", change)


def test_files_of_the_same_bytes_are_told_apart(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _alike())
    _copied(made)
    told = _told(made)
    (uris,) = told.copies.values()
    original = made.clips[made.ids[4]]["uri"]
    assert sorted(uris) == sorted([original, "file:///copy%1B.mp4"])
    lines = [line.plain for line in told.lines()]
    assert lines[-3:] == [
        "files of the same bytes, each worked once",
        "  /clips/2 \\xff.mp4",
        "    = /copy\\x1b.mp4",
    ]
    same = [member["same_bytes"] for member in told.to_json()["groups"][0]]
    assert same == [[], [], ["file:///copy%1B.mp4"]]
    assert told.to_json()["same_bytes"] == [list(uris)]


def test_json_says_what_each_is_like(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w", _alike())
    told = _told(made).to_json()
    assert (told["at_least"], told["vectors"], told["clips"]) == (0.95, 16, 16)
    first, second, _ = told["groups"][0]
    assert (first["similarity"], second["like"]) == (None, first["clip_id"])
    assert first["audio_caption"] == "Sound 12." and second["audio_caption"] is None
