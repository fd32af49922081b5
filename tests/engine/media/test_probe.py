import os
import pickle
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import Probe, probe
from tests import badmedia
from tests.engine.media import made as media

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("bad")
    return folder, badmedia.make(folder)


def _outcome(path: bytes) -> str:
    try:
        probe(path)
    except MediaError as error:
        return error.reason
    return badmedia.CAPTIONED


def test_every_file_of_the_corpus_ends_as_it_must(corpus):
    folder, expected = corpus
    outcomes = {name: _outcome(bytes(folder) + b"/" + os.fsencode(name)) for name in expected}
    assert outcomes == expected


def _made(tmp_path: Path, name: str, *options: str) -> Probe:
    return probe(bytes(media.make(tmp_path / name, list(options), seconds=2)))


def test_video_with_sound(tmp_path):
    probed = _made(tmp_path, "v.mp4", "-pix_fmt", "yuv420p", "-ac", "2", "-ar", "44100")
    (segment,) = probed.segments
    assert (segment.start_ms, segment.end_ms, segment.file_ms) == (0, 2_000, 0)
    assert replace(probed, segments=()) == Probe(
        kind="video",
        duration_ms=2_000,
        has_audio=True,
        has_video=True,
        width=160,
        height=96,
        fps=25.0,
        video_codec="h264",
        rate=44_100,
        channels=2,
        audio_codec="aac",
        container="mov,mp4,m4a,3gp,3g2,mj2",
        audio_tracks=1,
        audio_track=0,
        video_track=0,
    )


def test_a_still_is_an_image_of_no_length(corpus):
    probed = probe(bytes(corpus[0] / "still.jpg"))
    assert (probed.kind, probed.duration_ms, probed.has_audio) == ("image", 0, False)


def test_a_moving_gif_is_a_video(corpus):
    probed = probe(bytes(corpus[0] / "moving.gif"))
    assert (probed.kind, probed.duration_ms) == ("video", 2_000)


def test_size_is_that_of_the_upright_picture(corpus):
    probed = probe(bytes(corpus[0] / "turned-90.mp4"))
    assert (probed.width, probed.height) == (96, 128)


def test_pixels_that_are_not_square_make_the_picture_lower(tmp_path):
    probed = _made(tmp_path, "v.mp4", "-vf", "setsar=2/1", "-an")
    assert (probed.width, probed.height) == (160, 48)


def test_a_side_that_cannot_be_used_says_why(corpus):
    folder = corpus[0]
    broken_audio = probe(bytes(folder / "broken-audio.mp4"))
    broken_video = probe(bytes(folder / "broken-video.mp4"))
    cover = probe(bytes(folder / "sound-cover.mp3"))
    silent = probe(bytes(folder / "silent.mp4"))
    assert (broken_audio.kind, broken_audio.audio_reason) == (
        "video",
        "audio stream has no decodable packets",
    )
    assert (broken_video.kind, broken_video.video_reason) == (
        "audio",
        "video stream has no decodable packets",
    )
    assert (cover.kind, cover.video_reason) == ("audio", "only cover art")
    assert silent.audio_reason == "no audio stream"


def test_length_is_measured_where_the_header_lies(tmp_path):
    whole = media.make(tmp_path / "v.mp4", ["-movflags", "+faststart", "-g", "10"], seconds=8)
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) // 2])
    probed = probe(bytes(whole))
    assert 1_000 < probed.duration_ms < 7_000


def test_length_is_measured_where_there_is_none(tmp_path):
    sound = media.make(tmp_path / "a.mp3", ["-vn", "-write_xing", "0", "-q:a", "5"], seconds=8)
    assert abs(probe(bytes(sound)).duration_ms - 8_000) < 60


def test_a_source_of_hours(tmp_path):
    probed = probe(bytes(badmedia.hours(tmp_path / "long.wav", hours=3)))
    assert (probed.duration_ms, probed.rate) == (3 * 3_600_000, 8_000)


def test_text_is_no_media_whatever_it_says(tmp_path):
    path = tmp_path / "a.mp4"
    for text in (b"hello\n", b"\x1b[31mred\x1b[0m\n" * 500, Path(__file__).read_bytes() * 20):
        path.write_bytes(text)
        assert _outcome(bytes(path)) == "not_media"


def test_no_playlist_makes_it_connect(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        (tmp_path / "a.m3u8").write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n"
        )
        (tmp_path / "b.mp4").write_text(f"ffconcat version 1.0\nfile {url}\n")
        outcomes = [_outcome(bytes(tmp_path / name)) for name in ("a.m3u8", "b.mp4")]
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody waits to be let in
            server.accept()
    assert outcomes == ["network_reference"] * 2


def test_what_is_no_file_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "self.mp4").symlink_to(tmp_path / "self.mp4")
    assert _outcome(bytes(tmp_path / "pipe.mp4")) == "unreadable"
    assert _outcome(bytes(tmp_path / "self.mp4")) == "unreadable"
    assert _outcome(bytes(tmp_path)) == "unreadable"
    assert _outcome(b"/dev/zero") == "unreadable"
    assert _outcome(bytes(tmp_path / "none.mp4")) == "missing"


def test_results_and_errors_cross_processes(corpus):
    probed = probe(bytes(corpus[0] / "good.mp4"))
    assert pickle.loads(pickle.dumps(probed)) == probed
    error = pickle.loads(pickle.dumps(MediaError("broken", "why")))
    assert (error.reason, error.message, str(error)) == ("broken", "why", "broken: why")


def test_pictures_that_are_days_apart_are_shown_without_the_days(tmp_path):
    far = tmp_path / "far.mkv"
    stretch = ["-vf", "setpts=PTS*2000000", "-fps_mode", "passthrough", "-an", "-bf", "0"]
    run(["-f", "lavfi", "-i", "testsrc2=duration=1:size=64x64:rate=5", *stretch, str(far)])
    probed = probe(bytes(far))
    assert len(probed.segments) == 5
    assert probed.duration_ms < 10_000


def test_timestamps_that_run_on_for_years_are_refused(tmp_path):
    far = tmp_path / "far.mkv"
    slow = ["-vf", "setpts=N*100/TB", "-fps_mode", "passthrough", "-an", "-c:v", "ffv1"]
    run(["-f", "lavfi", "-i", "testsrc2=duration=650:size=16x16:rate=10", *slow, str(far)])
    assert _outcome(bytes(far)) == "bad_timestamps"
