"""HDR: patches of known light look as they should on an ordinary screen."""

from pathlib import Path

import numpy as np
import pytest

from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.hdr import to_sdr
from engine.media.probe import probe

_TO_BT2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
_LUMA = np.array([0.2627, 0.6780, 0.0593])


def _pq(nits: np.ndarray) -> np.ndarray:
    """The inverse EOTF of ST 2084, 0 to 1."""
    power = (np.asarray(nits) / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(nits: np.ndarray) -> np.ndarray:
    """The inverse OOTF and OETF of BT.2100 for a screen of 1,000 cd/m2, 0 to 1."""
    display = np.asarray(nits) / 1000
    luminance = max(float(display @ _LUMA), 1e-9)
    scene = display * luminance ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    )


def _seen(code: np.ndarray, transfer: str) -> list[int]:
    patch = np.broadcast_to(np.round(code * 65535).astype(np.uint16), (2, 2, 3))
    return to_sdr(patch, transfer)[0, 0].tolist()  # type: ignore[arg-type]


def _linear(srgb: tuple[int, ...]) -> np.ndarray:
    code = np.array(srgb) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(("transfer", "encode"), [("pq", _pq), ("hlg", _hlg)])
def test_greys_of_known_light(transfer, encode):
    seen = [_seen(encode(np.full(3, nits)), transfer)[0] for nits in (0, 0.18 * 203, 203, 1000)]
    assert seen[0] == 0
    assert abs(seen[1] - 118) <= 2
    assert seen[2] >= 235
    assert seen[3] >= 254


@pytest.mark.parametrize(("transfer", "encode"), [("pq", _pq), ("hlg", _hlg)])
@pytest.mark.parametrize("skin", [(224, 172, 138), (141, 85, 54), (96, 60, 44)])
def test_colours_of_bt709_come_back(transfer, encode, skin):
    seen = _seen(encode(_TO_BT2020 @ _linear(skin) * 203), transfer)
    assert np.abs(np.subtract(seen, skin)).max() <= 4


def test_lights_above_white_stay_in_order_and_coloured():
    levels = [_seen(_pq(np.full(3, nits)), "pq")[0] for nits in (150, 203, 400, 700, 1000)]
    assert levels == sorted(set(levels))
    red = _seen(_pq(_TO_BT2020 @ np.array([1000.0, 60, 60])), "pq")
    assert red[0] > 240
    assert red[1] < 100
    assert _seen(np.ones(3), "pq") == [255] * 3


def _film(path: Path, rgb: list[float], transfer: str, options: list[str]) -> Path:
    """A second of one colour, given in codes of the transfer, 0 to 1, encoded as limited range."""
    red, _, blue = rgb
    luma = float(np.array(rgb) @ _LUMA)
    codes = (64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746)
    raw = path.with_suffix(".raw")
    planes = [
        np.full(n, round(code), "<u2") for n, code in zip((4096, 1024, 1024), codes, strict=True)
    ]
    raw.write_bytes(b"".join(plane.tobytes() for plane in planes) * 10)
    given = ["-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", "64x64", "-r", "10", "-i", str(raw)]
    tags = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    run([*given, "-vf", tags, *options, str(path)])
    return path


_X265 = ["-c:v", "libx265", "-x265-params", "log-level=error", "-preset", "ultrafast"]


@pytest.mark.run
@pytest.mark.parametrize(("transfer", "encode"), [("smpte2084", _pq), ("arib-std-b67", _hlg)])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hevc.mp4", _X265),
        ("h264.mkv", ["-c:v", "libx264", "-preset", "ultrafast"]),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-profile:v", "2", "-cpu-used", "8", "-crf", "10"]),
        ("av1.mp4", ["-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "10"]),
    ],
)
def test_films_in_hdr_are_tone_mapped(tmp_path, name, options, transfer, encode):
    skin = (200, 150, 120)
    code = encode(_TO_BT2020 @ _linear(skin) * 203)
    path = _film(tmp_path / name, list(code), transfer, options)
    frames = decode(
        bytes(path), "c", "h", 0, probe(bytes(path)).duration_ms, DecodePlan((), 2, 64), False, True
    ).media.frames
    assert frames is not None
    assert np.abs(frames.mean(axis=(0, 1, 2)) - skin).max() <= 8


@pytest.mark.run
def test_a_film_whose_transfer_an_encoder_dropped_is_not_dim(tmp_path):
    path = _film(tmp_path / "a.mkv", [float(_pq(np.array(203.0)))] * 3, "unknown", _X265)
    frames = decode(bytes(path), "c", "h", 0, 1000, DecodePlan((), 1, 64), False, True).media.frames
    assert frames is not None
    assert frames.mean() > 230


@pytest.mark.run
def test_a_film_that_is_not_hdr_keeps_its_codes(tmp_path):
    path = _film(tmp_path / "a.mkv", [0.5] * 3, "bt709", ["-c:v", "libx264"])
    frames = decode(bytes(path), "c", "h", 0, 1000, DecodePlan((), 1, 64), False, True).media.frames
    assert frames is not None
    assert abs(frames.mean() - 128) < 3
