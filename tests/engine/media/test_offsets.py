"""Sound and picture that begin at different times, as phones, screen recorders and downloaders write
them: each clip shows and sounds as a player does."""

from pathlib import Path

import numpy as np
import pytest

from engine.media.decode import DecodePlan
from engine.media.examine import examine_one
from engine.media.ffmpeg import run
from engine.profile.profile import Cutting
from engine.stages.actors import Decoder
from manifests.sources.examined import clip_rows
from tests.engine.media import made

pytestmark = pytest.mark.run

_HZ, _SECONDS, _FPS = 16_000, 24, 25
_FRAME_S, _LAG_MS = 1.5 / _FPS, 30
_SHOWN = made.melody(_SECONDS, _HZ)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Numbered frames with B-frames in groups of ten seconds, and the melody."""
    path = tmp_path_factory.mktemp("whole") / "whole.mp4"
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "250"]
    return made.make(path, [*coded, "-pix_fmt", "yuv420p", "-c:a", "aac"], seconds=_SECONDS)


def _heard(start_s: float, length: int) -> np.ndarray:
    """So many samples of the melody from a time on, zeros outside of it."""
    at = np.arange(length) + round(start_s * _HZ)
    inside = (at >= 0) & (at < len(_SHOWN))
    return np.where(inside, _SHOWN[np.clip(at, 0, len(_SHOWN) - 1)], 0).astype(np.float32)


def _check(path: Path, picture_s: float, sound_s: float) -> None:
    """Each clip of 8 s, where the first frame and the first sound come at these times of content."""
    examined = examine_one(bytes(path), Cutting(max_seconds=8))
    clips = clip_rows(examined)
    assert examined.fault is None and len(clips) >= 3
    for clip in clips:
        _, media = Decoder(DecodePlan((_HZ,), 6, 160)).decode(clip)
        assert media is not None
        start = clip["start_ms"] / 1000
        if media.frames is not None:
            for frame, ms in zip(media.frames, media.frame_times_ms, strict=True):
                shown = picture_s + made.number_of(frame) / _FPS
                assert shown <= start + ms / 1000 + _FRAME_S
                assert ms == 0 or shown >= start + ms / 1000 - _FRAME_S
        due = _heard(start - sound_s, len(media.audio.get(_HZ, ())))
        if np.any(due):
            assert abs(made.lag_ms(media.audio[_HZ], due, _HZ)) < _LAG_MS


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "ts", "flv"])
@pytest.mark.parametrize(("picture_s", "sound_s"), [(1.8, 0), (0, 2.5), (0, 13)])
def test_the_side_that_begins_later_does(tmp_path, whole, kind, picture_s, sound_s):
    path = tmp_path / f"late.{kind}"
    inputs = ["-itsoffset", str(picture_s), "-i", str(whole)]
    inputs += ["-itsoffset", str(sound_s), "-i", str(whole)]
    run([*inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", str(path)])
    _check(path, picture_s, sound_s)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
def test_what_begins_long_after_zero_begins_at_once(tmp_path, whole, kind):
    path = tmp_path / f"both.{kind}"
    inputs = ["-itsoffset", "5", "-i", str(whole), "-itsoffset", "5.3", "-i", str(whole)]
    kept = ["-copyts", "-avoid_negative_ts", "disabled"]
    run([*inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", *kept, str(path)])
    _check(path, 0, 0.3)


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_each_track_may_have_an_edit_list_of_its_own(tmp_path, whole, kind):
    path = tmp_path / f"edits.{kind}"
    inputs = ["-ss", "4.3", "-i", str(whole), "-itsoffset", "2", "-i", str(whole)]
    run([*inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", str(path)])
    _check(path, -4.3, 2)


def test_a_recording_of_a_browser_has_neither_length_nor_index(tmp_path, whole):
    path = tmp_path / "live.webm"
    inputs = ["-itsoffset", "1.3", "-i", str(whole), "-i", str(whole), "-map", "0:v", "-map", "1:a"]
    coded = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
    run([*inputs, *coded, "-live", "1", str(path)])
    _check(path, 1.3, 0)
