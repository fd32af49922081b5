"""What is decoded of a set's clips."""

import os
from pathlib import Path

import numpy as np
import pytest

from engine.media.ffmpeg import run
from manifests.media import Needs
from pipelines.evaluate.items import Item
from pipelines.evaluate.media import excerpt, excerpts
from pipelines.length import LONGEST_MS
from tests.mediazoo.kitchen import AAC, X264, picture, silence, tone

pytestmark = pytest.mark.run

BOTH = Needs(audio_hz=8_000, frames=4, frame_px=64)


def _file(folder: Path, name: str, *options: str) -> bytes:
    run([*options, f"file:{folder / name}"])
    return os.fsencode(folder / name)


def test_no_more_than_the_beginning_is_taken(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.wav", *tone(200, 40))
    taken = excerpt(Item("a", path, path), BOTH)
    assert taken.media is not None
    assert (taken.media.duration_ms, taken.longer) == (LONGEST_MS, True)
    assert len(taken.media.audio[8_000]) == 8 * LONGEST_MS
    ends = excerpt(Item("a", path, path, start_ms=15_000, end_ms=40_000), BOTH)
    assert ends.media is not None and (ends.media.duration_ms, ends.longer) == (25_000, False)


def test_of_two_files_one_may_be_broken(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.wav", *tone(200))
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    taken = excerpt(Item("a", path, os.fsencode(tmp_path / "b.mp4")), BOTH)
    assert taken.media is not None and taken.media.frames is None
    assert len(taken.media.audio[8_000]) == 16_000
    assert taken.reason == "not_media"


def test_the_picture_beside_a_sound_brings_no_sound(tmp_path: Path) -> None:
    sound = _file(tmp_path, "a.wav", *silence(1))
    film = _file(tmp_path, "b.mp4", *picture("red"), *tone(200), *X264, *AAC)
    taken = excerpt(Item("a", sound, film), BOTH)
    assert taken.media is not None and taken.media.frames is not None
    assert np.abs(taken.media.audio[8_000]).max() == 0 and taken.silent


def test_a_still_is_a_picture_without_length(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.png", *picture("red"), "-frames:v", "1")
    taken = excerpt(Item("a", path, path), BOTH)
    assert taken.media is not None and taken.media.frames is not None
    assert (len(taken.media.frames), taken.short) == (1, False)


def test_what_the_encoder_does_not_take_is_told(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.mp4", *picture("red"), *X264)
    taken = excerpt(Item("a", path, path), Needs(audio_hz=8_000))
    assert (taken.media, taken.reason) == (None, "no_streams")


def _dies(item: Item, needs: Needs) -> None:
    os._exit(3)


def test_a_file_that_ends_its_process_harms_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path, "a.wav", *tone(200, 1))
    items = [Item("gone"), Item("a", path, path)]
    taken = [each for _, each in excerpts(items, BOTH)]
    assert [each.reason for each in taken] == ["missing", None]
    monkeypatch.setattr("pipelines.evaluate.media.excerpt", _dies)
    assert [each.reason for _, each in excerpts(items, BOTH)] == ["decoder_crash"] * 2
