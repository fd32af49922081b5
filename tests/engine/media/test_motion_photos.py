"""HEIC and AVIF with a film behind them: stills, like JPEGs with one."""

import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.probe import probe

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A blue film with sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = ["-f", "lavfi", "-i", "color=blue:s=64x48:r=10:d=2"]
    run([*picture, "-f", "lavfi", "-i", "sine=440:d=2", "-pix_fmt", "yuv420p", str(path)])
    return path.read_bytes()


def _photo(path: Path) -> bytes:
    """A red photo."""
    red = Image.new("RGB", (128, 96), (220, 30, 30))
    if path.suffix == ".avif":
        red.save(path)
    else:
        heif = pillow_heif.from_pillow(red)
        heif.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["photo.heic", "photo.heif", "photo.avif"])
@pytest.mark.parametrize("way", ["bare", "in a box", "after a name", "with a trailer"])
def test_a_photo_with_a_film_behind_it_is_a_still(
    tmp_path: Path, film: bytes, name: str, way: str
) -> None:
    behind = {
        "bare": film,
        "in a box": struct.pack(">I4s", 8 + len(film), b"mpvd") + film,
        "after a name": b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + film,
        "with a trailer": film + b"SEFH" + bytes(20) + b"SEFT",
    }[way]
    path = tmp_path / name
    path.write_bytes(_photo(path) + behind)
    probed = probe(bytes(path))
    assert (probed.kind, probed.duration_ms, probed.has_audio) == ("image", 0, False)
    assert [segment.fault for segment in probed.segments] == [None]
    media = decode(bytes(path), "c", "h", 0, 0, DecodePlan((16_000,), 1, 64), False, True).media
    assert media.frames is not None
    assert np.abs(media.frames.mean(axis=(0, 1, 2)) - (220, 30, 30)).max() < 20
