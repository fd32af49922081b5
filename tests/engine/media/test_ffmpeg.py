import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.media.ffmpeg import FfmpegError, RawPictures, RawSound, join, run, still, web
from engine.media.probe import probe

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("video") / "-odd %03d name.mp4"
    picture = "testsrc2=size=640x360:rate=25:duration=4"
    sound = "sine=duration=4:sample_rate=44100"
    run(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, f"file:{out}"])
    return out


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sound") / "tone.wav"
    run(["-f", "lavfi", "-i", "sine=duration=1", f"file:{out}"])
    return out


def test_decoded_pictures_and_sound_become_a_film_for_the_web(tmp_path):
    pictures = np.arange(50 * 33 * 61 * 3, dtype=np.uint32).astype(np.uint8).reshape(50, -1)
    (tmp_path / "s.f32").write_bytes(bytes(4 * 64_000))
    given = (picture.tobytes() for picture in pictures)
    sound = RawSound(tmp_path / "s.f32", 32_000, 32_000)
    web(tmp_path / "p.mp4", RawPictures(given, (61, 33), Fraction(25), 50_000), sound)
    made = probe(bytes(tmp_path / "p.mp4"))
    assert (made.width, made.height, made.video_codec, made.audio_codec) == (62, 34, "h264", "aac")
    assert abs(made.duration_ms - 2_000) <= 50


def test_sound_alone_becomes_one_for_the_web(tmp_path):
    (tmp_path / "s.f32").write_bytes(bytes(4 * 32_000))
    web(tmp_path / "p.mp4", None, RawSound(tmp_path / "s.f32", 32_000, 32_000))
    assert probe(bytes(tmp_path / "p.mp4")).kind == "audio"


def test_few_bits_leave_high_sounds_in(tmp_path):
    wave = np.sin(np.arange(64_000) * 2 * np.pi * 7_000 / 32_000) / 4
    (tmp_path / "s.f32").write_bytes(wave.astype("<f4").tobytes())
    web(tmp_path / "p.mp4", None, RawSound(tmp_path / "s.f32", 32_000, 20_000))
    with av.open(tmp_path / "p.mp4") as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(heard[8_000:-8_000]).max() > 0.2


def test_what_is_given_to_ffmpeg_may_fail(tmp_path):
    def given() -> Iterator[bytes]:
        yield bytes(48)
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"):
        web(tmp_path / "p.mp4", RawPictures(given(), (4, 4), Fraction(25), 50_000), None)


def test_a_picture_of_a_path_that_is_not_text(tmp_path, video):
    odd = bytes(tmp_path) + b"/\xff\n'.mp4"
    os.link(video, odd)
    still(tmp_path / "s.jpg", odd, 1_000)
    assert probe(bytes(tmp_path / "s.jpg")).kind == "image"


def test_a_playlist_is_never_followed(tmp_path, video):
    run(["-i", f"file:{video}", "-f", "mpegts", str(tmp_path / "a.ts")])
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n")
    run(["-i", str(playlist), "-f", "null", "-"])  # ffmpeg itself would follow it
    with pytest.raises(FfmpegError):
        still(tmp_path / "s.jpg", playlist, 0)


def test_joined_picture_and_sound_last_as_long_as_the_picture(tmp_path, video, sound):
    join(tmp_path / "j.mp4", video, sound)
    made = probe(bytes(tmp_path / "j.mp4"))
    assert made.has_audio
    assert abs(made.duration_ms - 4_000) <= 50


def test_a_short_sound_can_be_repeated(tmp_path, video, sound):
    join(tmp_path / "j.mp4", video, sound, duration_ms=3_000, repeat_audio=True)
    made = probe(bytes(tmp_path / "j.mp4"))
    assert abs(made.duration_ms - 3_000) <= 50


def test_a_still_is_one_picture(tmp_path, video):
    still(tmp_path / "s.jpg", video, 2_000)
    made = probe(bytes(tmp_path / "s.jpg"))
    assert (made.kind, made.width, made.height) == ("image", 640, 360)


def test_a_failure_says_what_ffmpeg_said(tmp_path):
    with pytest.raises(FfmpegError, match="No such file"):
        still(tmp_path / "p.jpg", tmp_path / "none.mp4", 0)


def test_ffmpeg_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(FfmpegError, match="longer than"):
        run(["-re", "-f", "lavfi", "-i", "testsrc2=duration=60", "-f", "null", "-"], timeout_s=0.5)
