"""Pictures without a stamp of their own, as H.264 and HEVC have them in program streams."""

from collections import deque
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from engine.media.choosing import InOrder
from engine.media.codec import Stamps
from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.measured import MeasuredStream
from engine.media.probe import probe
from engine.media.scenes import scene_cuts

X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
CODECS = {
    "H.264": (25, X264),
    "H.264 without B-frames": (10, [*X264, "-preset", "ultrafast"]),
    "two pictures a second": (2, [*X264, "-preset", "ultrafast"]),
    "HEVC": (25, ["-c:v", "libx265", "-x265-params", "log-level=none"]),
}


@pytest.fixture(scope="module", params=CODECS)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of red, then four of blue, with a tone."""
    rate, codec = CODECS[request.param]
    path = tmp_path_factory.mktemp("film") / "film.vob"
    colours = [f"color={colour}:s=128x96:r={rate}:d=4" for colour in ("red", "blue")]
    pictures = [option for colour in colours for option in ("-f", "lavfi", "-i", colour)]
    sound = ["-f", "lavfi", "-i", "sine=300:d=8"]
    joined = ["-filter_complex", "[0][1]concat=n=2[v]", "-map", "[v]", "-map", "2:a"]
    run([*pictures, *sound, *joined, *codec, "-c:a", "mp2", "-f", "vob", f"file:{path}"])
    return path


def _colours(path: Path, start_ms: int, end_ms: int) -> list[tuple[str, int]]:
    """The colours seen at eight moments of a span, each with the time at which it comes on screen."""
    plan = DecodePlan((), 8, 64)
    media = decode(bytes(path), "c", "h", start_ms, end_ms, plan, True, True).media
    assert media.frames is not None
    seen = [("red", "green", "blue")[int(np.argmax(f.mean(axis=(0, 1))))] for f in media.frames]
    return list(zip(seen, media.frame_times_ms, strict=True))


@pytest.mark.run
@pytest.mark.parametrize("start_ms", [0, 2500, 3500])
def test_pictures_under_one_stamp_are_shown_one_after_another(film, start_ms):
    seen = _colours(film, start_ms, start_ms + 4000)
    right = ["red" if start_ms + at < 4000 else "blue" for _, at in seen]
    assert {"red", "blue"} == {colour for colour, _ in _colours(film, 0, 8000)}
    assert [colour for colour, _ in seen] == right
    assert len(seen) == 8


@pytest.mark.run
def test_they_are_measured_and_scenes_change_with_them(film):
    probed = probe(bytes(film))
    assert probed.duration_ms == pytest.approx(8000, abs=120)
    assert scene_cuts(bytes(film)) == [pytest.approx(4000, abs=120)]


def _frame(pts: int | None, duration: int = 10) -> Any:
    return SimpleNamespace(pts=pts, dts=pts, duration=duration)


def _stream(rate: int | None = 25) -> Any:
    return SimpleNamespace(average_rate=rate, guessed_rate=None, time_base=Fraction(1, 1000))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("duration", "rate", "expected"),
    [
        (10, 25, [None, 100, 110, 120, 200, 210]),
        (0, 50, [None, 100, 120, 140, 200, 220]),
        (0, None, [None, 100, 140, 180, 200, 240]),
        (0, 90_000, [None, 100, 140, 180, 200, 240]),  # the clock's rate, of no film
    ],
)
def test_a_frame_without_a_stamp_follows_the_one_before(duration, rate, expected):
    stamps = Stamps(_stream(rate))
    frames = [_frame(pts, duration) for pts in (None, 100, None, None, 200, None)]
    assert [stamps.of(frame) for frame in frames] == expected


@pytest.mark.unit
def test_a_stamp_overrules_what_was_guessed_ahead_of_it():
    kept: list[tuple[int, str]] = []
    packets = [
        [SimpleNamespace(pts=pts, dts=pts, duration=50, name=name)]
        for name, pts in (("a", 0), ("b", None), ("c", None), ("d", 60), ("e", 120), ("f", 110))
    ]
    decoder = SimpleNamespace(name="h264", frames=lambda packet: packet or [])
    keeper = SimpleNamespace(add=lambda frame: kept.append((frame.pts, frame.name)))
    way = InOrder(
        cast(Any, decoder),
        cast(Any, keeper),
        deque([10, 60, 110, 150]),
        None,
        False,
        Stamps(_stream()),
    )
    for packet in packets:
        way._choose(cast(Any, packet))
    way.finish()
    assert kept == [(0, "a"), (50, "b"), (101, "d"), (120, "e")]


@pytest.mark.unit
def test_packets_without_stamps_are_measured_one_after_another():
    measured = MeasuredStream(None, None)
    packets = [(0, 20), (10, 60), (None, None), (None, None), (70, 90)]
    times = [
        measured._times(SimpleNamespace(dts=dts, pts=pts, duration=10, size=9))
        for dts, pts in packets
    ]
    assert times == [(0, 20), (10, 60), (20, 40), (30, 50), (70, 90)]
