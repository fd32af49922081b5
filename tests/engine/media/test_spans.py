"""Pauses of the sound over a picture that stands still, and gaps where a recorder stopped."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.media.decode import DecodePlan
from engine.media.examine import examine_one
from engine.media.ffmpeg import run
from engine.profile.profile import Cutting
from engine.stages.actors import Decoder
from manifests.sources.examined import Examined, clip_rows, source_row

pytestmark = pytest.mark.run

KINDS = ["mp4", "mov", "mkv", "ts"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0"]


def _color(name: str, seconds: float, fps: int = 5) -> list[str]:
    return ["-f", "lavfi", "-i", f"color={name}:s=64x48:r={fps}:d={seconds}"]


def _tone(seconds: float) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine=500:d={seconds}:r=48000"]


def _late(after_s: float, by_s: float) -> str:
    """A bitstream filter that stamps what comes after a moment later."""
    return f"setts=ts=TS+gte(TS*TB\\,{after_s})*{by_s}/TB"


def _pictures(folder: Path, *shown: tuple[str, float]) -> Path:
    """One picture for each colour and the second at which it comes."""
    inputs = [part for name, _ in shown for part in _color(name, 1, 1)]
    labels = "".join(f"[{n}:v]" for n in range(len(shown)))
    times = "+".join(f"eq(N\\,{n})*{second}" for n, (_, second) in enumerate(shown))
    graph = f"{labels}concat=n={len(shown)}:v=1:a=0,settb=1/1000,setpts='({times})/TB'[v]"
    path = folder / "pictures.mkv"
    coded = [*H264, "-enc_time_base", "1/1000", "-fps_mode", "passthrough"]
    run([*inputs, "-filter_complex", graph, "-map", "[v]", *coded, str(path)])
    return path


def _paused(folder: Path, kind: str, pictures: Path, pause_s: int, seconds: int = 10) -> Path:
    """These pictures, and sound that pauses in its middle."""
    sound, path = folder / "sound.mka", folder / f"paused.{kind}"
    run([*_tone(seconds), "-c:a", "aac", str(sound)])
    maps = ["-i", str(pictures), "-i", str(sound), "-map", "0:v", "-map", "1:a", "-c", "copy"]
    run([*maps, "-bsf:a", _late(seconds / 2, pause_s), str(path)])
    return path


def _examined(path: Path) -> Examined:
    examined = examine_one(bytes(path), Cutting(max_seconds=10))
    assert examined.fault is None
    return examined


def _seen(clip: dict[str, Any]) -> str:
    """The colours of a clip by their first letters, each once until another comes."""
    _, media = Decoder(DecodePlan((16_000,), 4, 64)).decode(clip)
    assert media is not None
    if media.frames is None:
        return ""
    names = ["rgb"[int(np.argmax(frame))] for frame in media.frames.mean(axis=(1, 2))]
    return "".join(name for n, name in enumerate(names) if not n or name != names[n - 1])


def _segments(examined: Examined) -> list[tuple[int, int]]:
    row = source_row(examined, 1, duplicate=False)
    return [(s["file_ms"], s["file_ms"] + s["end_ms"] - s["start_ms"]) for s in row["segments"]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pause_s", [15, 60])
def test_one_picture_is_shown_through_a_pause_of_the_sound_and_after_it(tmp_path, kind, pause_s):
    path = _paused(tmp_path, kind, _pictures(tmp_path, ("green", 0)), pause_s)
    examined = _examined(path)
    assert _segments(examined) == [(0, pytest.approx(1000 * pause_s + 10_000, abs=100))]
    clips = clip_rows(examined)
    assert [_seen(clip) for clip in clips] == ["g"] * len(clips)
    assert [clip["has_audio"] for clip in clips] == [True] + [False] * (len(clips) - 2) + [True]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pause_of_minutes_is_left_out_and_the_picture_stays(tmp_path, kind):
    path = _paused(tmp_path, kind, _pictures(tmp_path, ("green", 0)), 300)
    examined = _examined(path)
    first, second = _segments(examined)
    assert first == (0, pytest.approx(5_000, abs=100))
    assert second == (pytest.approx(305_000, abs=100), pytest.approx(310_000, abs=100))
    assert [(_seen(clip), clip["has_audio"]) for clip in clip_rows(examined)] == [("g", True)] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_slides_keep_their_times_where_the_sound_pauses(tmp_path, kind):
    slides = _pictures(tmp_path, ("red", 0), ("green", 25), ("blue", 50), ("red", 70))
    examined = _examined(_paused(tmp_path, kind, slides, 72, seconds=16))
    assert _segments(examined) == [(0, pytest.approx(88_000, abs=100))]
    seen = [_seen(clip) for clip in clip_rows(examined)]
    assert seen == ["r", "r", "rg", "g", "g", "b", "b", "r", "r"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_slide_may_come_with_the_sound_after_the_pause(tmp_path, kind):
    slides = _pictures(tmp_path, ("red", 0), ("green", 30), ("blue", 33))
    examined = _examined(_paused(tmp_path, kind, slides, 22, seconds=16))
    assert _segments(examined) == [(0, pytest.approx(38_000, abs=100))]
    assert [_seen(clip) for clip in clip_rows(examined)] == ["r", "r", "r", "gb"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gap_s", [15, 60])
def test_where_a_recorder_stopped_the_gap_is_left_out(tmp_path, kind, gap_s):
    film, path = tmp_path / "film.mkv", tmp_path / f"gap.{kind}"
    joint = ["-filter_complex", "[0:v][1:v]concat=n=2:v=1:a=0[v]", "-map", "[v]", "-map", "2:a"]
    inputs = [*_color("red", 5, 25), *_color("blue", 5, 25), *_tone(10)]
    run([*inputs, *joint, *H264, "-g", "25", "-c:a", "aac", str(film)])
    later = _late(4.99, gap_s)
    run(["-i", str(film), "-c", "copy", "-bsf:v", later, "-bsf:a", later, str(path)])
    examined = _examined(path)
    assert len(_segments(examined)) == 2
    assert source_row(examined, 1, duplicate=False)["duration_ms"] == pytest.approx(10_000, abs=100)
    assert [(_seen(clip), clip["has_audio"]) for clip in clip_rows(examined)] == [
        ("r", True),
        ("b", True),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_picture_of_a_film_stays_where_sound_comes_again(tmp_path, kind):
    film = tmp_path / "film.mkv"
    run([*_color("blue", 5, 25), *H264, str(film)])
    examined = _examined(_paused(tmp_path, kind, film, 20))
    assert _segments(examined) == [(0, pytest.approx(30_000, abs=100))]
    clips = clip_rows(examined)
    assert [(_seen(clip), clip["has_audio"]) for clip in clips] == [
        ("b", True),
        ("b", False),
        ("b", True),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_clips_before_the_first_picture_are_sound(tmp_path, kind):
    path = tmp_path / f"late.{kind}"
    inputs = [*_tone(40), "-itsoffset", "25", *_color("green", 15)]
    run([*inputs, "-map", "1:v", "-map", "0:a", *H264, "-c:a", "aac", str(path)])
    examined = _examined(path)
    clips = clip_rows(examined)
    assert [(clip["kind"], _seen(clip)) for clip in clips] == [
        ("audio", ""),
        ("audio", ""),
        ("video", "g"),
        ("video", "g"),
    ]
    assert {clip["video_reason"] for clip in clips[:2]} == {"no picture here"}
    assert len(_segments(examined)) == 1


def _alone(path: Path, side: str, by_s: int, seconds: int = 10) -> Path:
    """A film, red and then blue, low and then high, in which the clock of one side jumps in the middle.
    What was side by side stays so in the file."""
    film = path.with_suffix(".source.mkv")
    tones = [["-f", "lavfi", "-i", f"sine={hertz}:d={seconds}:r=48000"] for hertz in (300, 900)]
    inputs = [*_color("red", seconds, 10), *tones[0], *_color("blue", seconds, 10), *tones[1]]
    graph = "[0:v][1:a][2:v][3:a]concat=n=2:v=1:a=1[v][a]"
    codecs = [*H264, "-g", "10", "-c:a", "aac"]
    run([*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *codecs, str(film)])
    later = ["-c", "copy", f"-bsf:{side}", _late(seconds - 0.01, by_s)]
    run(["-i", str(film), *later, "-max_interleave_delta", "1", str(path)])
    return path


@pytest.mark.parametrize("kind", ["ts", "mkv", "flv"])
@pytest.mark.parametrize("side", ["v", "a"])
@pytest.mark.parametrize("by_s", [12, pytest.param(60, marks=pytest.mark.exhaustive)])
def test_after_a_clock_jumped_alone_each_stream_is_by_itself(tmp_path, kind, side, by_s):
    path = _alone(tmp_path / f"alone.{kind}", side, by_s)
    examined = _examined(path)
    heard: dict[str, set[int]] = {}
    for clip in clip_rows(examined):
        _, media = Decoder(DecodePlan((16_000,), 4, 64)).decode(clip)
        assert media is not None
        tones = heard.setdefault(_seen(clip), set())
        if media.audio:
            sound = media.audio[16_000]
            strongest = int(np.argmax(np.abs(np.fft.rfft(sound)))) * 16_000 / len(sound)
            tones.add(100 * round(strongest / 100))
    assert {picture: tones for picture, tones in heard.items() if picture or tones} == {
        "r": {300},
        "b": set(),
        "": {900},
    }
    length = source_row(examined, 1, duplicate=False)["duration_ms"]
    assert length == pytest.approx(30_000, abs=200)


@pytest.mark.parametrize("kind", ["ts", "m2ts", "mts"])
def test_pictures_that_flow_again_after_the_sound_has_ended_begin_anew(tmp_path, kind):
    film, path = tmp_path / "film.mkv", tmp_path / f"jump.{kind}"
    joint = ["-filter_complex", "[0:v][1:v]concat=n=2:v=1:a=0[v]", "-map", "[v]", "-map", "2:a"]
    inputs = [*_color("red", 5, 25), *_color("blue", 5, 25), *_tone(10)]
    run([*inputs, *joint, *H264, "-g", "25", "-c:a", "aac", str(film)])
    run(["-i", str(film), "-c", "copy", "-bsf:v", _late(4.99, 60), str(path)])
    examined = _examined(path)
    assert source_row(examined, 1, duplicate=False)["duration_ms"] == pytest.approx(15_000, abs=200)
    assert [_seen(clip) for clip in clip_rows(examined)] == ["r", "b"]
