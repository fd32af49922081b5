"""Captions that exist already: found where they lie, and never given to a clip they are not of."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captioners.imported import ImportedHeard, ImportedSeen
from captioners.weights.cache import Cache
from manifests.evidence import WeakCaption
from manifests.ids import uri_of
from manifests.media import Media

DOG = "A dog barks."


def clip(path: Path, start_ms: int = 0, duration_ms: int = 1000, whole: bool = True) -> Media:
    uri = uri_of(bytes(path))
    return Media("c" * 32, "h" * 64, duration_ms, uri=uri, start_ms=start_ms, whole=whole)


def said(media: Media, source: str | Path, **options: Any) -> WeakCaption:
    captioner = ImportedHeard("given", Cache(), {"source": str(source), **options})
    captioner.load()
    (weak,) = captioner.caption([media])
    return weak


def test_webdataset_s_json_beside_the_media_is_read(tmp_path: Path) -> None:
    (tmp_path / "00001.json").write_text(json.dumps({"caption": DOG, "url": "x"}))
    weak = said(clip(tmp_path / "00001.mp4"), "beside")
    assert (weak.text, weak.clip_id, weak.content_hash) == (DOG, "c" * 32, "h" * 64)
    assert [(c.kind, c.modality, c.score) for c in weak.claims] == [("caption", "audio", 1.0)]


def test_its_text_beside_the_media_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "00001.txt").write_text(f"{DOG}\n")
    (tmp_path / "00001.json").write_text(json.dumps({"url": "x"}))
    assert said(clip(tmp_path / "00001.mp4"), "beside").text == DOG


@pytest.mark.parametrize("listed", [False, True])
def test_the_encoding_of_old_text_can_be_named(tmp_path: Path, listed: bool) -> None:
    text, clip_of = "Un chien très bruyant.", clip(tmp_path / "a.mp4")
    file = tmp_path / ("list.csv" if listed else "a.txt")
    file.write_text(f"file,caption\na.mp4,{text}\n" if listed else text, encoding="cp1252")
    source = file if listed else "beside"
    with pytest.raises(ValueError, match="save it as UTF-8"):
        said(clip_of, source)
    assert said(clip_of, source, encoding="cp1252").text == text


@pytest.mark.parametrize("name", ["ansi-52", "", "utf\0"])
def test_an_encoding_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f'no encoding is called "{name}"'):
        ImportedHeard("given", Cache(), {"source": "beside", "encoding": name})


def test_another_field_of_the_json_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"caption": "no", "long": DOG}))
    assert said(clip(tmp_path / "a.mp4"), "beside", key="long").text == DOG


def test_names_with_odd_bytes_are_found(tmp_path: Path) -> None:
    path = tmp_path / "it's 100% «ünïcode».mp4"
    path.with_suffix(".txt").write_text(DOG)
    assert said(clip(path), "beside").text == DOG


def test_a_clip_without_a_caption_is_skipped_with_a_reason(tmp_path: Path) -> None:
    weak = said(clip(tmp_path / "a.mp4"), "beside")
    assert (weak.text, weak.claims, weak.skipped) == ("", (), "no caption was given")


def test_a_caption_of_the_file_does_not_land_on_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(DOG)
    weak = said(clip(tmp_path / "a.mp4", whole=False), "beside")
    assert weak.claims == () and weak.skipped is not None and "a part" in weak.skipped


def _curated(folder: Path, *windows: dict[str, Any]) -> Path:
    """A clip as NeMo Curator's ClipWriterStage and cosmos-curate lay it; its path."""
    (folder / "metas" / "v0").mkdir(parents=True)
    (folder / "clips").mkdir()
    meta = {"span_uuid": "u", "framerate_source": 25.0, "windows": list(windows)}
    (folder / "metas" / "v0" / "u.json").write_text(json.dumps(meta))
    return folder / "clips" / "u.mp4"


def test_curator_s_windows_keep_their_times(tmp_path: Path) -> None:
    first = {"start_frame": 0, "end_frame": 256, "qwen_caption": "A man walks."}
    second = {"start_frame": 256, "end_frame": 500, "qwen_caption": "A car stops."}
    weak = said(clip(_curated(tmp_path, first, second), duration_ms=20_000), "curator")
    assert weak.text == "A man walks. A car stops."
    assert [claim.spans for claim in weak.claims] == [((0, 10_240),), ((10_240, 20_000),)]


def test_curator_s_enhanced_caption_comes_before_its_plain_one(tmp_path: Path) -> None:
    window = {
        "start_frame": 0,
        "end_frame": 9,
        "qwen_caption": "no",
        "qwen_lm_enhanced_caption": DOG,
    }
    assert said(clip(_curated(tmp_path, window)), "curator").text == DOG


def _list(path: Path, *rows: dict[str, Any]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".csv":
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_list_by_file_is_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, Any]] = [
        {"file": "clips/a.mp4", "caption": DOG, "score": 0.5},
        {"file": "b.mp4", "caption": "no"},
    ]
    listed = _list(tmp_path / f"list{suffix}", {**rows[0]}, {**rows[1], "score": 0.1})
    weak = said(clip(tmp_path / "clips" / "a.mp4"), listed)
    assert weak.text == DOG and weak.claims[0].score == 0.5


@pytest.mark.parametrize("key", ["clip_id", "content_hash", "uri"])
def test_a_list_may_name_clips_by_any_identity(tmp_path: Path, key: str) -> None:
    media = clip(tmp_path / "a.mp4")
    listed = _list(tmp_path / "list.jsonl", {key: getattr(media, key), "caption": DOG})
    assert said(media, listed).text == DOG


def test_a_caption_with_times_goes_to_the_clips_that_hold_half_of_it(tmp_path: Path) -> None:
    row = {"file": "a.mp4", "caption": DOG, "start_ms": 25_000, "end_ms": 35_000}
    listed = _list(tmp_path / "list.jsonl", row)
    path = tmp_path / "a.mp4"
    first = said(clip(path, 0, 30_000, whole=False), listed)
    later = said(clip(path, 60_000, 30_000, whole=False), listed)
    assert first.claims[0].spans == ((25_000, 30_000),)
    assert later.claims == ()


def test_two_lists_differ_in_what_enters_the_digest(tmp_path: Path) -> None:
    one = _list(tmp_path / "one.jsonl", {"file": "a", "caption": DOG})
    two = _list(tmp_path / "two.jsonl", {"file": "a", "caption": "A cat."})
    assert ImportedSeen.state_of({"source": str(one)}) != ImportedSeen.state_of(
        {"source": str(two)}
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("list.jsonl", '{"path": "a", "caption": "x"}', "one of clip_id, content_hash, uri, file"),
        ("list.jsonl", '{"file": "a", "text": "x"}', 'column "caption" is missing'),
        ("list.xml", "<x/>", "a list ends in"),
    ],
)
def test_a_list_that_can_not_be_used_is_told(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=told):
        said(clip(tmp_path / "a.mp4"), tmp_path / name)


@pytest.mark.parametrize(
    "cell",
    [
        *(None, float("nan"), "nan", "NaN", "None", "null", " ", [], [None], "[nan]", "N/A"),
        *("\\N", "<NULL>", "(null)", "np.nan", "nan.", "None."),
    ],
)
def test_a_cell_that_says_nothing_is_no_caption(tmp_path: Path, cell: Any) -> None:
    listed = _list(tmp_path / "list.jsonl", {"file": "a.mp4", "caption": cell})
    weak = said(clip(tmp_path / "a.mp4"), listed)
    assert (weak.text, weak.claims, weak.skipped) == ("", (), "no caption was given")


@pytest.mark.parametrize(
    "cell",
    [
        ["A dog barks", "Rain falls"],
        "['A dog barks', 'Rain falls']",
        "['A dog barks' 'Rain falls']",
        "[u'A dog barks', None, b'Rain falls']",
        "[np.str_('A dog barks'), np.str_('Rain falls')]",
        "\"['A dog barks', 'Rain falls']\"",
        "array(['A dog barks', 'Rain falls'], dtype=object)",
        "('A dog barks', 'Rain falls')",
        '["A dog barks", "Rain falls"]',
    ],
)
def test_several_captions_in_a_cell_are_one_weak_caption(tmp_path: Path, cell: Any) -> None:
    listed = _list(tmp_path / "list.jsonl", {"file": "a.mp4", "caption": cell})
    weak = said(clip(tmp_path / "a.mp4"), listed)
    assert weak.text == "A dog barks. Rain falls"
    assert [claim.text for claim in weak.claims] == ["A dog barks", "Rain falls"]


@pytest.mark.parametrize(
    "cell", ["b'A dog barks.'", "A dog \ud83dbarks.", "\ufeffA dog\x00 barks.", "A dog barks."]
)
def test_bytes_and_half_characters_are_text(tmp_path: Path, cell: str) -> None:
    listed = _list(tmp_path / "list.jsonl", {"file": "a.mp4", "caption": cell})
    assert said(clip(tmp_path / "a.mp4"), listed).text == DOG


def test_bytes_of_parquet_are_text(tmp_path: Path) -> None:
    listed = _list(tmp_path / "list.parquet", {"file": "a.mp4", "caption": DOG.encode()})
    assert said(clip(tmp_path / "a.mp4"), listed).text == DOG


@pytest.mark.parametrize("start", [1200, 1200.0, "1200.0", "1200"])
def test_whole_milliseconds_may_have_a_point(tmp_path: Path, start: Any) -> None:
    row = {"file": "a.mp4", "caption": DOG, "start_ms": start, "end_ms": 2000, "score": "nan"}
    weak = said(clip(tmp_path / "a.mp4", 0, 3000), _list(tmp_path / "list.jsonl", row))
    assert weak.claims[0].spans == ((1200, 2000),)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"caption": {"text": DOG}}, "row 1: an object with fields"),
        ({"caption": "{'text': 'A dog'}"}, "row 1: an object with fields"),
        ({"caption": "['A dog's bark']"}, "row 1: looks like a list"),
        ({"caption": "[['a dog'], ['rain']]"}, "row 1: a list in a list"),
        ({"caption": "[('a dog', 0.5)]"}, "row 1: a list in a list"),
        ({"caption": "['A dog barks', 'rain fal"}, "row 1: looks like a list without an end"),
        ({"caption": 12}, "row 1: int 12, not text"),
        ({"caption": "#NAME?"}, "row 1: .* error of a spreadsheet"),
        ({"score": 1.5}, r"row 1: score: 1.5 is not in \[0, 1\]"),
        ({"score": -0.1}, "row 1: score"),
        ({"score": "95%"}, "row 1: score: .* divide percentages by 100"),
        ({"start_ms": 1.5, "end_ms": 3}, "row 1: start_ms: 1.5 is no whole number"),
        ({"start_ms": 1}, "row 1: it has a start and no end"),
        ({"start_ms": 2, "end_ms": 1}, "row 1: it ends at 1 ms"),
        ({"start": 1.0, "end": 2.0}, 'row 1: nobody can tell what the column "start" counts'),
        ({"start_sec": 1.0, "end_sec": 2.0}, 'row 1: nobody .* column "start_sec" counts'),
        ({"Start Seconds": "1.0"}, 'row 1: nobody .* column "Start Seconds" counts'),
        ({"t_start": "00:01"}, 'row 1: nobody .* column "t_start" counts'),
        ({"begin_time": 1, "stop_time": 2}, 'row 1: nobody .* column "begin_time" counts'),
        ({"from": 1, "to": 2}, 'row 1: nobody .* column "from" counts'),
        ({"timestamp": [2.0, 4.5]}, 'row 1: nobody .* column "timestamp" counts'),
        ({"start_frame": 25}, 'row 1: nobody .* column "start_frame" counts'),
        ({"file": float("nan")}, "row 1: it needs one of"),
        ({"file": "a\ud83d.mp4"}, "row 1: file: .* half a character"),
    ],
)
def test_a_row_that_can_not_be_used_is_told(
    tmp_path: Path, cells: dict[str, Any], told: str
) -> None:
    listed = _list(tmp_path / "list.jsonl", {"file": "a.mp4", "caption": DOG, **cells})
    with pytest.raises(ValueError, match=told):
        said(clip(tmp_path / "a.mp4"), listed)


def test_a_long_text_makes_a_bounded_number_of_claims(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" ".join(f"A dog{at} barks." for at in range(1000)))
    assert len(said(clip(tmp_path / "a.mp4"), "beside").claims) == 256


@pytest.mark.parametrize("text", ["1\n00:00:01,000 --> 00:00:02,000\nHello", "[00:01.00]Hello"])
def test_subtitles_in_a_field_or_a_list_are_no_caption(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"caption": text}))
    weak = said(clip(tmp_path / "a.mp4"), "beside")
    assert weak.text == "" and weak.skipped == "a.json holds subtitles: words said, and no caption"
    listed = _list(tmp_path / "list.jsonl", {"file": "a.mp4", "caption": text})
    assert said(clip(tmp_path / "a.mp4"), listed).skipped == "no caption was given"


@pytest.mark.parametrize("text", ["<!DOCTYPE html><html>404</html>", "Entry not found"])
def test_pages_in_a_field_or_a_list_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"caption": text}))
    with pytest.raises(ValueError, match=r"a\.json: caption: it is"):
        said(clip(tmp_path / "a.mp4"), "beside")
    listed = _list(tmp_path / "list.jsonl", {"file": "a.mp4", "caption": text})
    with pytest.raises(ValueError, match=r"list\.jsonl, row 1: it is"):
        said(clip(tmp_path / "a.mp4"), listed)
