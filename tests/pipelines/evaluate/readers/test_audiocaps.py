"""AudioCaps' clips are found under the names that people gave them."""

import os
from pathlib import Path

import pytest

from manifests.sources.list import ListError
from pipelines.evaluate.items import Item
from pipelines.evaluate.readers.audiocaps import audiocaps

HEADER = "audiocap_id,youtube_id,start_time,caption\n"


def _items(folder: Path, rows: str, *files: str) -> tuple[Item, ...]:
    (folder / "test.csv").write_text(HEADER + rows)
    for file in files:
        (folder / "media" / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / "media" / file).touch()
    return audiocaps(folder / "test.csv", folder / "media").items


def _name(path: bytes | None) -> str | None:
    return None if path is None else os.fsdecode(os.path.basename(path))


@pytest.mark.parametrize(
    "file",
    [
        "7fmOlUlwoNg.wav",
        "Y7fmOlUlwoNg.wav",
        "test/7fmOlUlwoNg.flac",
        "7fmOlUlwoNg_20.wav",
        "7fmOlUlwoNg_000020.mp4",
        "7fmOlUlwoNg_20_30.m4a",
        "7fmOlUlwoNg_20.000_30.000.flac",
        "Y7fmOlUlwoNg_20000_30000.wav",
        "7fmOlUlwoNg-20.opus",
        "103549.wav",
    ],
)
def test_a_clip_has_many_names(file: str, tmp_path: Path) -> None:
    (item,) = _items(tmp_path, "103549,7fmOlUlwoNg,20,Constant rattling", file)
    assert _name(item.sound) == os.path.basename(file)


@pytest.mark.parametrize(
    "file", ["7fmOlUlwoNg_120.wav", "7fmOlUlwoN.wav", "x7fmOlUlwoNg.wav", "7fmOlUlwoNg20.wav"]
)
def test_another_clip_s_file_is_none_of_it(file: str, tmp_path: Path) -> None:
    (item,) = _items(tmp_path, "103549,7fmOlUlwoNg,20,Constant rattling", file)
    assert (item.sound, item.picture) == (None, None)


def test_ids_may_begin_with_y_a_dash_or_an_underscore(tmp_path: Path) -> None:
    ids = ("YQSuFyFm3Lc", "-0Gj8-vB1q4", "_xylo5_IiaM", "QSuFyFm3Lc_")
    rows = "\n".join(f"{n},{video},30,Sound {n}" for n, video in enumerate(ids))
    names = ("YQSuFyFm3Lc.wav", "Y-0Gj8-vB1q4.wav", "_xylo5_IiaM_30.wav", "QSuFyFm3Lc_.wav")
    items = _items(tmp_path, rows, *names)
    assert tuple(_name(item.sound) for item in items) == names


def test_five_rows_are_one_clip_with_five_captions(tmp_path: Path) -> None:
    rows = "".join(f'{n},7fmOlUlwoNg,20,"A bell, {n % 4}"\n' for n in range(5))
    (item,) = _items(tmp_path, rows, "7fmOlUlwoNg.wav")
    assert item.captions == tuple(f"A bell, {n % 4}" for n in range(5))


def test_two_starts_of_one_video_are_two_clips(tmp_path: Path) -> None:
    rows = "1,7fmOlUlwoNg,20,A bell\n2,7fmOlUlwoNg,30,A dog"
    items = _items(tmp_path, rows, "7fmOlUlwoNg_30.wav", "7fmOlUlwoNg_20.wav")
    assert [_name(item.sound) for item in items] == ["7fmOlUlwoNg_20.wav", "7fmOlUlwoNg_30.wav"]


def test_sound_and_picture_are_taken_from_where_they_are(tmp_path: Path) -> None:
    rows = "1,7fmOlUlwoNg,20,A bell\n2,6BJ455B1aAs,0,A rocket\n3,GOD8Bt5LfDE,100,A man"
    files = (
        "audio/7fmOlUlwoNg.flac",
        "video/7fmOlUlwoNg.mp4",
        "6BJ455B1aAs.mp4",
        "GOD8Bt5LfDE.wav",
    )
    items = _items(tmp_path, rows, *files)
    assert [(_name(item.sound), _name(item.picture)) for item in items] == [
        ("7fmOlUlwoNg.flac", "7fmOlUlwoNg.mp4"),
        ("6BJ455B1aAs.mp4", "6BJ455B1aAs.mp4"),
        ("GOD8Bt5LfDE.wav", None),
    ]


@pytest.mark.parametrize("row", ["1,,20,A bell", "1,7fmOlUlwoNg,soon,A bell"])
def test_a_row_that_cannot_be_read_is_told(row: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"test\.csv, row 1"):
        _items(tmp_path, row)
