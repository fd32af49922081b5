"""JPEG XL: what its header says of light, turned and moving pictures."""

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from imagecodecs import jpegxl_encode, jpegxl_encode_jpeg
from PIL import Image

from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.jxl import Header, header
from engine.media.probe import Probe, probe

pytestmark = pytest.mark.run


def _header(path: Path) -> Header:
    with path.open("rb", buffering=0) as file:
        return header(file)


def _seen(path: Path) -> tuple[Probe, npt.NDArray[np.uint8]]:
    probed = probe(bytes(path))
    media = decode(bytes(path), "c", "h", 0, 0, DecodePlan((), 1, 512), False, True).media
    assert media.frames is not None
    return probed, media.frames[0]


def _coded(path: Path, form: str, transfer: str, distance: int) -> Path:
    """A grey picture of code 128 of 255."""
    colours = f"format={form},setparams=color_trc={transfer}:color_primaries=bt2020:range=pc"
    grey = ["-f", "lavfi", "-i", "color=gray:s=128x96", "-vf", colours, "-frames:v", "1"]
    run([*grey, "-c:v", "libjxl", "-distance", str(distance), str(path)])
    return path


@pytest.mark.parametrize("form", ["rgb24", "rgb48le", "rgba", "gray", "ya8", "gray16le"])
@pytest.mark.parametrize("distance", [0, 1])
@pytest.mark.parametrize(
    ("transfer", "told", "seen"),
    [("smpte2084", "pq", 178), ("arib-std-b67", "hlg", 136), ("iec61966-2-1", None, 127)],
)
def test_hdr_is_tone_mapped(tmp_path, form, distance, transfer, told, seen):
    path = _coded(tmp_path / "a.jxl", form, transfer, distance)
    assert _header(path) == Header(128, 96, told)
    _, frame = _seen(path)
    assert np.abs(frame.astype(int) - seen).max() <= 8


@pytest.mark.parametrize(
    ("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)], ids=["0", "180", "90", "270"]
)
def test_a_jpeg_that_became_one_stands_upright(tmp_path, orientation, turns):
    picture = np.zeros((48, 96, 3), np.uint8)
    picture[:24, :48, 0] = 255
    exif = Image.Exif()
    exif[0x112] = orientation
    jpeg = BytesIO()
    Image.fromarray(picture).save(jpeg, "JPEG", quality=95, exif=exif.tobytes())
    path = tmp_path / "a.jxl"
    path.write_bytes(jpegxl_encode_jpeg(jpeg.getvalue()))
    probed, frame = _seen(path)
    upright = np.rot90(picture, turns)
    assert (probed.height, probed.width) == upright.shape[:2] == frame.shape[:2]
    assert np.abs(frame.astype(int) - upright).mean() < 5


def test_of_moving_pictures_the_first_is_shown(tmp_path):
    path = tmp_path / "a.jxl"
    pictures = np.zeros((3, 64, 96, 3), np.uint8)
    for number in range(3):
        pictures[number, ..., number] = 200
    path.write_bytes(jpegxl_encode(pictures))
    assert _header(path) == Header(96, 64, None)
    probed, frame = _seen(path)
    assert (probed.kind, probed.duration_ms) == ("image", 0)
    assert frame.mean(axis=(0, 1)).argmax() == 0


def test_a_header_of_any_bytes_is_one(tmp_path):
    path, rng = tmp_path / "a.jxl", np.random.default_rng(5)
    whole = _coded(tmp_path / "whole.jxl", "rgba", "smpte2084", 0).read_bytes()
    for length in range(2, 40):
        path.write_bytes(whole[:length])
        _header(path)
        path.write_bytes(whole[:2] + rng.bytes(length))
        _header(path)
