import gc
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from engine.media.decode import Decoded, DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import probe
from tests import badmedia
from tests.engine.media import made as media

pytestmark = pytest.mark.run

SECONDS, FPS = 12, 25
PLAN = DecodePlan(audio_hz=(16_000, 48_000), frames=16, frame_px=160)
_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
_VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]
_MPEG4 = ["-c:v", "mpeg4", "-bf", "2", "-q:v", "3"]

# How ffmpeg makes each source, by how many frames at most its pictures may be off, and by how many
# ms its sound: containers that do not say how long a lossy codec's delay is keep it, and Matroska
# rounds to whole ms.
SOURCES: dict[str, tuple[list[str], int, float]] = {
    "h264.mp4": ([*_X264, "-bf", "3"], 0, 0.05),
    "h264-open-gop.mp4": ([*_X264, "-x264-params", "open-gop=1:keyint=24:bframes=3"], 0, 0.05),
    "h264.mkv": ([*_X264, "-c:a", "flac"], 0, 1.01),
    "h264.ts": ([*_X264, "-c:a", "aac"], 1, 25),
    "h264.avi": ([*_X264, "-c:a", "libmp3lame"], 0, 25),
    "vp9.webm": ([*_VP9, "-c:a", "libopus"], 0, 1.01),
    "mpeg4.mp4": ([*_MPEG4, "-c:a", "aac"], 0, 0.05),
    "mpeg4.avi": ([*_MPEG4, "-c:a", "pcm_s16le"], 0, 0.05),
    "mjpeg.mov": (["-c:v", "mjpeg", "-q:v", "4", "-c:a", "pcm_s16le"], 0, 0.05),
    "mpeg2.mpv": (["-an", "-c:v", "mpeg2video", "-bf", "2", "-q:v", "3", "-f", "mpeg2video"], 1, 0),
    "mpeg4.m4v": (["-an", *_MPEG4, "-f", "m4v"], 0, 0),
    "moving.gif": (["-an"], 0, 0),
    "moving.png": (["-an", "-f", "apng"], 0, 0),
    "tagged.mp3": (["-vn", "-c:a", "libmp3lame"], 0, 0.1),
    "bare.mp3": (["-vn", "-c:a", "libmp3lame", "-write_xing", "0", "-q:a", "4"], 0, 25),
    "sound.flac": (["-vn"], 0, 0.05),
    "sound.ogg": (["-vn", "-c:a", "libvorbis"], 0, 10),
    "sound.wav": (["-vn"], 0, 0.05),
    "sound.m4a": (["-vn"], 0, 0.05),
}
SPANS = [(0, 12_000), (1_500, 4_000), (5_000, 9_000), (7_333, 8_000)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("bad")
    badmedia.make(made)
    return made


def _source(folder: Path, name: str) -> Path:
    path = folder / name
    return path if path.exists() else media.make(path, SOURCES[name][0], SECONDS, FPS)


def _clip(
    path: Path, start_ms: int = 0, end_ms: int | None = None, plan: DecodePlan = PLAN
) -> Decoded:
    probed = probe(bytes(path))
    end_ms = probed.duration_ms if end_ms is None else end_ms
    return decode(bytes(path), "c", "h", start_ms, end_ms, plan, probed.has_audio, probed.has_video)


def _due(start_ms: int, end_ms: int) -> list[int]:
    """Numbers of the frames on screen in the middles of 16 equal parts, each once."""
    part = (end_ms - start_ms) / 16
    return sorted({int((start_ms + (i + 0.5) * part) * FPS / 1000) for i in range(16)})


@pytest.mark.parametrize("name", [n for n in SOURCES if "-vn" not in SOURCES[n][0]])
def test_frames_are_those_of_the_span(folder, name):
    path = _source(folder, name)
    for start, end in SPANS:
        frames = _clip(path, start, end).media.frames
        assert frames is not None
        off = np.subtract([media.number_of(frame) for frame in frames], _due(start, end))
        assert np.abs(off).max() <= SOURCES[name][1], (start, end, off)


@pytest.mark.parametrize("name", [n for n in SOURCES if "-an" not in SOURCES[n][0]])
def test_sound_is_that_of_the_span(folder, name):
    path = _source(folder, name)
    whole = media.melody(SECONDS)
    for start, end in SPANS:
        audio = _clip(path, start, end).media.audio
        assert {hz: len(samples) for hz, samples in audio.items()} == {
            16_000: 16 * (end - start),
            48_000: 48 * (end - start),
        }
        original = whole[48 * start : 48 * end]
        assert abs(media.lag_ms(audio[48_000], original, 48_000)) <= SOURCES[name][2], (start, end)
        assert abs(media.lag_ms(audio[16_000], original[::3], 16_000)) <= SOURCES[name][2] + 0.07


def test_what_planning_leaves_out_changes_no_pixel(folder):
    import av

    path = _source(folder, "h264.mp4")
    frames = _clip(path).media.frames
    with av.open(str(path)) as container:
        every = list(container.decode(video=0))
    plain = [every[i].reformat(format="rgb24", interpolation="BILINEAR") for i in _due(0, 12_000)]
    assert frames is not None
    assert np.array_equal(frames, np.stack([frame.to_ndarray() for frame in plain]))


def test_the_same_clip_is_the_same_bytes(folder):
    path = _source(folder, "h264.mkv")
    first, second = (_clip(path, 5_000, 9_000).media for _ in range(2))
    assert np.array_equal(first.frames, second.frames)
    assert all(np.array_equal(first.audio[hz], second.audio[hz]) for hz in first.audio)


def test_frame_times_are_counted_from_the_start_of_the_clip(folder):
    clip = _clip(_source(folder, "h264.mp4"), 5_000, 9_000).media
    assert clip.frame_times_ms == tuple(40 * n - 5_000 for n in _due(5_000, 9_000))


def test_media_is_tied_to_its_clip_and_crosses_processes(folder):
    path = _source(folder, "sound.wav")
    made = decode(bytes(path), "the clip", "the hash", 0, 500, PLAN, True, False)
    copy = pickle.loads(pickle.dumps(made)).media
    assert (copy.clip_id, copy.content_hash, copy.duration_ms) == ("the clip", "the hash", 500)


def test_frames_are_made_smaller_and_never_larger(folder):
    path = _source(folder, "h264.mp4")
    small = _clip(path, plan=DecodePlan((), 4, 80)).media.frames
    same = _clip(path, plan=DecodePlan((), 4, 1_000)).media.frames
    assert small is not None
    assert same is not None
    assert (small.shape, same.shape) == ((4, 48, 80, 3), (4, 96, 160, 3))


def test_a_plan_without_sound_or_frames_decodes_neither(folder):
    path = _source(folder, "h264.mp4")
    assert _clip(path, plan=DecodePlan((), 2, 80)).media.audio == {}
    assert _clip(path, plan=DecodePlan((16_000,), 0, 0)).media.frames is None


def test_frames_are_freed_as_soon_as_they_are_scaled(folder):
    import av

    path = _source(folder, "h264.mp4")
    gc.collect()
    gc.disable()
    try:
        _clip(path)
        assert not any(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_frames_stand_upright(folder, degrees):
    turned = folder / f"turned-{degrees}.mp4"
    plain = _source(folder, "h264.mp4")
    run(["-display_rotation", str(degrees), "-i", str(plain), "-c", "copy", str(turned)])
    upright = _clip(turned, 5_000, 6_000).media.frames
    lying = _clip(plain, 5_000, 6_000).media.frames
    assert upright is not None
    assert np.array_equal(upright, np.rot90(lying, degrees // 90, axes=(1, 2)))


def test_a_mirrored_picture_is_turned_back(folder):
    mirrored = folder / "mirrored.mp4"
    plain = _source(folder, "h264.mp4")
    run(["-display_hflip", "-i", str(plain), "-c", "copy", str(mirrored)])
    frames = _clip(mirrored, 5_000, 6_000).media.frames
    assert frames is not None
    assert np.array_equal(frames, _clip(plain, 5_000, 6_000).media.frames[:, :, ::-1])


def test_a_still_is_one_frame(corpus):
    clip = _clip(corpus / "still.jpg").media
    assert clip.frames is not None
    assert (clip.frames.shape, clip.frame_times_ms) == ((1, 96, 128, 3), (0,))


@pytest.mark.parametrize(
    "name", ["yuv444p10.mkv", "gray16.mkv", "alpha.webm", "16x16.mp4", "8k.mp4", "still-rgb48.png"]
)
def test_odd_pictures_become_rgb(corpus, name):
    frames = _clip(corpus / name).media.frames
    assert frames is not None
    assert frames.dtype == np.uint8
    assert frames.std() > 10
    assert max(frames.shape[1:3]) <= 160


@pytest.mark.parametrize(
    ("name", "hertz"),
    [("sound-8k-mono.wav", 300), ("sound-192k-5.1.wav", 310), ("sound-odd-rate.flac", 320)],
)
def test_odd_sound_becomes_mono_at_the_rate(corpus, name, hertz):
    audio = _clip(corpus / name).media.audio
    for hz, samples in audio.items():
        spectrum = np.abs(np.fft.rfft(samples))
        assert abs(np.argmax(spectrum) * hz / len(samples) - hertz) < 1


def test_frames_of_a_changing_rate_are_even_in_time(tmp_path):
    slowing = ["-vf", "setpts='if(lt(N,50),N,50+(N-50)*10)/25/TB'", "-fps_mode", "vfr", "-an"]
    path = media.make(tmp_path / "v.mkv", [*_X264, *slowing], seconds=6)
    clip = _clip(path, 0, 20_000).media
    assert clip.frames is not None
    times = [625 + 1_250 * i for i in range(16)]
    due = [t // 40 if t < 2_000 else 50 + (t - 2_000) // 400 for t in times]
    assert [media.number_of(frame) for frame in clip.frames] == due


def test_few_frames_come_once_each(tmp_path):
    path = media.make(tmp_path / "v.mp4", [*_X264, "-an"], seconds=4, fps=2)
    clip = _clip(path).media
    assert clip.frames is not None
    assert [media.number_of(frame) for frame in clip.frames] == list(range(8))


def test_sound_that_starts_late_and_ends_early_keeps_its_place(tmp_path):
    delayed = ["-af", "atrim=0:2,adelay=1000", "-c:a", "pcm_s16le"]
    path = media.make(tmp_path / "v.mkv", [*_X264, *delayed])
    samples = _clip(path).media.audio[48_000]
    original = media.melody(2)
    assert not samples[:47_900].any()
    assert not samples[3 * 48_000 + 100 :].any()
    assert abs(media.lag_ms(samples[48_000 : 3 * 48_000], original, 48_000)) <= 1


def test_sound_that_changes_its_rate_and_channels_goes_on(tmp_path):
    parts = []
    for number, form in enumerate((["-ar", "48000", "-ac", "1"], ["-ar", "44100", "-ac", "2"])):
        part = tmp_path / f"{number}.ts"
        tone = ["-f", "lavfi", "-i", f"sine=frequency={440 * (number + 1)}:duration=2"]
        late = ["-output_ts_offset", str(2 * number)]
        run([*tone, *form, "-c:a", "aac", *late, "-f", "mpegts", str(part)])
        parts.append(part.read_bytes())
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    samples = _clip(tmp_path / "both.ts", 0, 4_000).media.audio[16_000]
    for second, hertz in enumerate((440, 440, 880, 880)):
        middle = samples[16_000 * second + 4_000 : 16_000 * second + 12_000]
        assert np.argmax(np.abs(np.fft.rfft(middle))) * 2 == hertz


@pytest.mark.parametrize("channels", ["stereo", "5.1"])
def test_channels_are_mixed_without_clipping(tmp_path, channels):
    raw, path = tmp_path / "raw.f32", tmp_path / "a.wav"
    count = {"stereo": 2, "5.1": 6}[channels]
    raw.write_bytes(np.repeat(media.melody(1, 16_000), count).tobytes())
    form = ["-f", "f32le", "-ar", "16000", "-ch_layout", channels, "-i", str(raw)]
    run([*form, "-c:a", "pcm_f32le", str(path)])
    heard = _clip(path).media.audio[16_000]
    # the low-frequency channel is left out, and the other weights sum to 1
    assert np.allclose(heard, media.melody(1, 16_000), atol=1e-4)


def test_channels_without_a_layout_are_mixed(tmp_path):
    raw, path = tmp_path / "raw.f32", tmp_path / "a.wav"
    raw.write_bytes(np.repeat(media.melody(1, 16_000), 9).tobytes())
    form = ["-f", "f32le", "-ar", "16000", "-ac", "9", "-i", str(raw), "-c:a", "pcm_f32le"]
    run([*form, str(path)])
    assert np.allclose(_clip(path).media.audio[16_000], media.melody(1, 16_000), atol=1e-6)


def test_sound_that_is_no_number_or_too_loud_is_held_in_range(tmp_path):
    samples = np.full(16_000, 0.25, dtype=np.float32)
    samples[4_000:4_010] = np.nan
    samples[8_000:8_500] = 40.0
    samples[9_000:9_010] = -np.inf
    raw, path = tmp_path / "raw.f32", tmp_path / "a.wav"
    raw.write_bytes(samples.tobytes())
    form = ["-f", "f32le", "-ar", "16000", "-ac", "1", "-i", str(raw), "-c:a", "pcm_f32le"]
    run([*form, str(path)])
    heard = _clip(path).media.audio[16_000]
    assert np.abs(heard).max() <= 1.0
    assert heard[8_100] == 1.0
    assert heard[2_000] == 0.25


def test_a_broken_side_leaves_the_other(corpus):
    plan = DecodePlan((16_000,), 4, 64)
    for name, audio, frames in (("broken-audio.mp4", 0, 4), ("broken-video.mp4", 1, 0)):
        path = bytes(corpus / name)
        made = decode(path, "c", "h", 0, 2_000, plan, has_audio=True, has_video=True)
        assert (len(made.media.audio), 0 if made.media.frames is None else 4) == (audio, frames)
        assert (made.audio_reason is None, made.video_reason is None) == (audio == 1, frames == 4)


def test_both_sides_broken_is_an_error(corpus):
    with pytest.raises(MediaError) as caught:
        decode(bytes(corpus / "broken-both.mp4"), "c", "h", 0, 2_000, PLAN, True, True)
    assert caught.value.reason == "broken"
    assert "sound is broken" in caught.value.message
    assert "picture is broken" in caught.value.message


def test_a_side_that_ends_before_the_span_says_so(tmp_path):
    path = media.make(tmp_path / "v.mkv", [*_X264, "-af", "atrim=0:1"])
    made = _clip(path, 3_000, 5_000)
    assert made.media.audio == {}
    assert made.audio_reason == "no sound in this span"


def test_a_clip_late_in_a_long_source_is_sought(tmp_path):
    path = badmedia.hours(tmp_path / "long.wav", hours=2)
    samples = _clip(path, 7_000_000, 7_030_000).media.audio[16_000]
    spectrum = np.abs(np.fft.rfft(samples[:160_000]))
    minute = 7_000_000 // 60_000
    assert abs(np.argmax(spectrum) / 10 - (200 + 5 * minute)) < 1


def test_a_changed_source_is_refused(tmp_path):
    path = media.make(tmp_path / "a.wav", ["-vn"], seconds=1)
    status = path.stat()
    expect = (status.st_size, status.st_mtime_ns)
    assert decode(bytes(path), "c", "h", 0, 900, PLAN, True, False, expect).media.audio
    os.utime(path, ns=(0, status.st_mtime_ns + 1))
    with pytest.raises(MediaError) as caught:
        decode(bytes(path), "c", "h", 0, 900, PLAN, True, False, expect)
    assert caught.value.reason == "source_changed"


def test_a_playlist_is_refused(corpus):
    with pytest.raises(MediaError) as caught:
        decode(bytes(corpus / "local-list.m3u8"), "c", "h", 0, 900, PLAN, True, True)
    assert caught.value.reason == "network_reference"
