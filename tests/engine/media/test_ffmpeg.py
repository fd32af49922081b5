import os
from pathlib import Path

import pytest

from engine.media.ffmpeg import FfmpegError, join, preview, run, still
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


def test_a_preview_is_the_span_made_small(tmp_path, video):
    preview(video, tmp_path / "p.mp4", 1_000, 3_000, longest_px=240)
    made = probe(bytes(tmp_path / "p.mp4"))
    assert (made.width, made.video_codec, made.audio_codec) == (240, "h264", "aac")
    assert abs(made.height - 135) <= 1
    assert abs(made.duration_ms - 2_000) <= 50


def test_a_preview_of_a_path_that_is_not_text(tmp_path, video):
    odd = bytes(tmp_path) + b"/\xff\n'.mp4"
    os.link(video, odd)
    preview(odd, tmp_path / "p.mp4", 0, 1_000)
    assert probe(bytes(tmp_path / "p.mp4")).kind == "video"


def test_a_preview_of_sound_alone(tmp_path, sound):
    preview(sound, tmp_path / "p.mp4", 0, 1_000)
    assert probe(bytes(tmp_path / "p.mp4")).kind == "audio"


def test_a_preview_never_follows_a_playlist(tmp_path, sound):
    run(["-i", str(sound), "-c:a", "aac", "-f", "mpegts", str(tmp_path / "a.ts")])
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n")
    run(["-i", str(playlist), "-f", "null", "-"])  # ffmpeg itself would follow it
    with pytest.raises(FfmpegError):
        preview(playlist, tmp_path / "p.mp4", 0, 1_000)


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
        preview(tmp_path / "none.mp4", tmp_path / "p.mp4", 0, 1_000)


def test_ffmpeg_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(FfmpegError, match="longer than"):
        run(["-re", "-f", "lavfi", "-i", "testsrc2=duration=60", "-f", "null", "-"], timeout_s=0.5)
