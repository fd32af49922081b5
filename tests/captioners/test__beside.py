"""Captions in files beside the media: found where they lie, and what is none is left out or refused."""

import json
import os
from pathlib import Path

import pytest

from tests.captioners.test_imported import DOG, clip, said


@pytest.mark.parametrize("name", ["a.mp4.txt", "a.txt"])
def test_text_of_the_whole_name_or_the_stem_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(DOG)
    assert said(clip(tmp_path / "a.mp4"), "beside").text == DOG


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a.info.json"])
def test_a_file_for_two_media_of_a_stem_is_for_neither(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps({"caption": DOG}))
    for media in ("a.mp4", "a.wav"):
        (tmp_path / media).touch()
    for media in ("a.mp4", "a.wav"):
        weak = said(clip(tmp_path / media), "beside")
        assert weak.text == "" and weak.skipped is not None and "may be of" in weak.skipped


_TRANSPORT_STREAM = (b"\x47\x40\x00\x10" + bytes(184)) * 8


@pytest.mark.parametrize(
    ("other", "content"),
    [
        ("a", b"OggS" + bytes(60)),
        ("a.mod", b"\x00\x00\x01\xba\x44" + bytes(60)),
        ("a.tod", _TRANSPORT_STREAM),
        ("a.ts", _TRANSPORT_STREAM),
        ("a.Wav", b""),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.json"])
def test_media_of_any_suffix_may_be_the_one_that_is_meant(
    tmp_path: Path, other: str, content: bytes, name: str
) -> None:
    (tmp_path / name).write_text(json.dumps({"caption": DOG}))
    (tmp_path / "a.mp4").touch()
    (tmp_path / other).write_bytes(content)
    for media in ("a.mp4", other):
        weak = said(clip(tmp_path / media), "beside")
        assert weak.text == "" and weak.skipped is not None and "may be of" in weak.skipped


@pytest.mark.parametrize("other", ["a", "a.notes", "a.ts", "a.srt", ".a.mp4", "ab.mp4", "a.b.mp4"])
def test_what_is_no_media_of_that_stem_takes_no_caption(tmp_path: Path, other: str) -> None:
    (tmp_path / "a.txt").write_text(DOG)
    (tmp_path / "a.mp4").touch()
    (tmp_path / other).write_text("Some words of no use.")
    assert said(clip(tmp_path / "a.mp4"), "beside").text == DOG


def test_media_that_comes_later_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(DOG)
    (tmp_path / "a.mp4").touch()
    assert said(clip(tmp_path / "a.mp4"), "beside").text == DOG
    (tmp_path / "a.mkv").touch()
    os.utime(tmp_path, (1, 1))  # clocks of file systems are coarse
    assert said(clip(tmp_path / "a.mp4"), "beside").text == ""


def test_a_source_without_a_suffix_has_its_own_caption(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(DOG)
    (tmp_path / "a").write_bytes(b"OggS" + bytes(60))
    assert said(clip(tmp_path / "a"), "beside").text == DOG


def test_a_downloader_s_title_is_a_caption_only_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.info.json").write_text(json.dumps({"title": DOG, "description": "x"}))
    weak = said(clip(tmp_path / "a.mp4"), "beside")
    assert weak.text == "" and weak.skipped is not None and "title, description" in weak.skipped
    assert said(clip(tmp_path / "a.mp4"), "beside", key="title").text == DOG


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.txt"])
def test_subtitles_are_no_caption(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("1\n00:00:01,000 --> 00:00:02,000\nHello there.\n")
    weak = said(clip(tmp_path / "a.mp4"), "beside")
    assert weak.text == "" and weak.skipped is not None and "subtitles" in weak.skipped


SUBTITLES = [
    "1\r00:00:01,000 --> 00:00:02,000\rHello\r",
    "Kind: captions\nLanguage: en\n\n00:01.000 --> 00:02.000\nHello\n",
    "[00:00.000 --> 00:02.000]  Hello there\n",
    "0:00:01.000,0:00:02.000\nHello\n",
    "[ti:Song]\n[00:01.00]Hello\n",
    "[00:01.00]Hello\n[00:02.00]you\n",
    "[Script Info]\nTitle: x\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,Hello\n",
    "{0}{25}Hello\n",
    "0:00\nHello\n0:05\nthere\n",
    "start\tend\ttext\n0\t2000\tHello\n",
    '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body/></tt>',
]


@pytest.mark.parametrize("text", SUBTITLES)
def test_subtitles_of_every_kind_are_no_caption(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, newline="")
    weak = said(clip(tmp_path / "a.mp4"), "beside")
    assert weak.text == "" and weak.skipped == ("a.txt holds subtitles: words said, and no caption")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"\n<html>", "web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "web page"),
        (b"404: Not Found", "answer of a server"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:a\n", "git lfs pull"),
        (b"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\n\nversion https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"version https://hawser.github.com/spec/v1\n", "git lfs pull"),
        (b"../.git/annex/objects/a/b\n", "git annex get"),
        (b'{"caption": "A dog', "looks like JSON"),
        (b'{"caption": {"en": "A dog"}}', "an object with fields"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x00\x00\x00\x18ftypmp42", "a film"),
        (b"\x80\x04\x95\x0c", "a pickle"),
        (b"{\\rtf1 A dog}", "save it as plain text"),
        (b"\x01\x02\x03A dog\x04", "control characters"),
    ],
)
def test_what_is_no_text_of_a_caption_is_refused_with_the_file(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.txt: .*{told}"):
        said(clip(tmp_path / "a.mp4"), "beside")


def test_json_in_a_text_file_is_read_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(json.dumps({"caption": [DOG], "url": "x"}))
    assert said(clip(tmp_path / "a.mp4"), "beside").text == DOG
    (tmp_path / "a.txt").write_text(json.dumps({"text": DOG}))
    weak = said(clip(tmp_path / "a.mp4"), "beside")
    assert weak.text == "" and weak.skipped is not None and "name one with key" in weak.skipped


@pytest.mark.parametrize(
    "text",
    [
        "At 10:30 a man says hello.",
        "[loud] A dog barks.",
        "{A dog} barks --> loudly",
        "<b>A dog</b> barks.",
        "404 birds are not found here.",
        "A page that says not found",
    ],
)
def test_a_caption_with_odd_marks_is_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert said(clip(tmp_path / "a.mp4"), "beside").text == text
