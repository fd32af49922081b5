"""Sound of any channels, decoded to mono."""

from pathlib import Path

import numpy as np
import pytest

from engine.media import sound
from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run

pytestmark = pytest.mark.run

_LEVEL = 20 * np.log10(0.125 / np.sqrt(2))  # of ffmpeg's sine, in dBFS of RMS


def _decoded(path: Path, *rates: int) -> dict[int, np.ndarray]:
    return decode(
        bytes(path), "c", "h", 0, 4_000, DecodePlan(rates or (16_000,), 0, 0), True, False
    ).media.audio


def _pan(path: Path, pan: str, *options: str, hertz: int = 440) -> Path:
    tone = ["-f", "lavfi", "-i", f"sine={hertz}:d=4"]
    run([*tone, "-af", pan, *options, str(path)])
    return path


def _level(samples: np.ndarray, hertz: float, rate: int = 16_000) -> float:
    """Level of one tone in dBFS of RMS."""
    size = len(samples)
    at = np.arange(size) / rate
    part = np.abs(samples @ (np.hanning(size) * np.exp(-2j * np.pi * hertz * at)))
    return float(20 * np.log10(max(1e-9, part * 4 / size / np.sqrt(2))))


@pytest.mark.parametrize(
    ("name", "pan"),
    [
        ("phase.wav", "pan=stereo|c0=c0|c1=-1*c0"),
        ("delayed.flac", "pan=stereo|c0=c0|c1=-1*c0,adelay=0|0.2"),
        ("left.wav", "pan=stereo|c0=c0|c1=0*c0"),
        ("right.m4a", "pan=stereo|c0=0*c0|c1=c0"),
        ("centre.wav", "pan=5.1|FC=c0"),
        ("centre.ac3", "pan=5.1|FC=c0"),
        ("surround.flac", "pan=7.1|BL=c0"),
        ("twelve.wav", "pan=12c|c5=c0"),
        ("phase.opus", "pan=stereo|c0=c0|c1=-1*c0"),
    ],
)
def test_what_some_channels_carry_is_heard_at_its_level(tmp_path, name, pan):
    audio = _decoded(_pan(tmp_path / name, pan), 16_000, 48_000)
    for rate, samples in audio.items():
        assert abs(_level(samples[rate // 2 : -rate // 2], 440, rate) - _LEVEL) < 1


def test_both_tracks_of_a_dual_mono_are_heard(tmp_path):
    path = tmp_path / "a.wav"
    tones = [f for hertz in (300, 900) for f in ("-f", "lavfi", "-i", f"sine={hertz}:d=4")]
    run([*tones, "-filter_complex", "amerge", str(path)])
    samples = _decoded(path)[16_000]
    for hertz in (300, 900):
        assert abs(_level(samples, hertz) - _LEVEL + 6) < 0.2


def test_a_layout_that_changes_midway_is_mixed_part_by_part(tmp_path):
    parts = []
    for number, pan in enumerate(("pan=stereo|c0=c0|c1=-1*c0", "pan=5.1|FC=c0")):
        part = tmp_path / f"{number}.ts"
        late = ["-output_ts_offset", str(2 * number), "-f", "mpegts"]
        _pan(part, pan, "-t", "2", "-c:a", "aac", *late)
        parts.append(part.read_bytes())
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    samples = _decoded(tmp_path / "both.ts")[16_000]
    for second in (0.5, 2.5):
        part = samples[int(16_000 * second) :][:16_000]
        assert abs(_level(part, 440) - _LEVEL) < 1


def test_all_rates_have_the_same_mix(tmp_path):
    path = _pan(tmp_path / "a.wav", "pan=stereo|c0=c0|c1=0.41*c0")
    levels = [_level(s, 440, hz) for hz, s in _decoded(path, 8_000, 16_000, 44_100).items()]
    assert max(levels) - min(levels) < 0.1


def test_long_sound_is_mixed_before_it_ends(tmp_path, monkeypatch):
    path = _pan(tmp_path / "a.wav", "pan=stereo|c0=c0|c1=-1*c0")
    whole = _decoded(path)[16_000]
    monkeypatch.setattr(sound, "_HELD_BYTES", 100_000)
    assert np.array_equal(_decoded(path)[16_000], whole)


def _turning(path: Path, *options: str) -> Path:
    """A tone in both channels, in opposite phase from 1.85 s on."""
    turn = "aeval=val(0)|val(0)*if(gt(t\\,1.85)\\,-1\\,1):c=stereo,"
    turn += "aformat=sample_rates=44100:channel_layouts=stereo"
    return _pan(path, turn, "-t", "4", *options)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.m4a", "a.opus", "a.ogg", "a.mkv"])
def test_no_part_is_lost_where_the_phase_turns(tmp_path, name):
    codec = {".ogg": ["-c:a", "flac"], ".mkv": ["-c:a", "ac3"]}.get(Path(name).suffix, [])
    for rate, samples in _decoded(_turning(tmp_path / name, *codec), 16_000, 48_000).items():
        for at in np.arange(0.1, 3.7, 0.2):
            part = samples[int(at * rate) : int((at + 0.2) * rate)]
            assert abs(20 * np.log10(np.sqrt(np.mean(part**2))) - _LEVEL) < 1


def test_a_long_clip_that_turns_is_mixed_before_it_ends(tmp_path, monkeypatch):
    path = _turning(tmp_path / "a.wav")
    monkeypatch.setattr(sound, "_HELD_BYTES", 900_000)
    some = _decoded(path)[16_000]
    monkeypatch.setattr(sound, "_HELD_BYTES", 1_000_000)
    assert np.array_equal(_decoded(path)[16_000], some)


def test_a_part_of_a_file_is_mixed_as_if_it_were_a_file(tmp_path):
    whole, late = _turning(tmp_path / "a.wav"), tmp_path / "late.wav"
    run(["-ss", "1", "-i", str(whole), str(late)])
    plan = DecodePlan((44_100,), 0, 0)
    first = decode(bytes(whole), "c", "h", 1_000, 4_000, plan, True, False).media.audio[44_100]
    second = decode(bytes(late), "c", "h", 0, 3_000, plan, True, False).media.audio[44_100]
    assert np.array_equal(first, second)
