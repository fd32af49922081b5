"""Transparency: a light ground under every kind of transparent picture and film."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.ground import Ground
from engine.media.probe import probe

pytestmark = pytest.mark.run

_BLACK_BOX, _OUTSIDE = (40, 50), (100, 80)


def _frames(path: Path) -> npt.NDArray[np.uint8]:
    probed = probe(bytes(path))
    plan = DecodePlan((), 4, 512)
    frames = decode(bytes(path), "c", "h", 0, probed.duration_ms, plan, False, True).media.frames
    assert frames is not None
    return frames


def _box() -> Image.Image:
    """A black box, 20 to 80 across and 20 to 60 down, on transparent black."""
    picture = Image.new("RGBA", (128, 96), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((20, 20, 80, 60), fill=(0, 0, 0, 255))
    return picture


def _save(path: Path) -> None:
    box = _box()
    if path.stem == "grey":
        box.convert("LA").save(path)
    elif path.stem == "palette":
        flat = Image.new("P", box.size, 0)
        flat.putpalette([0, 0, 0, 10, 10, 10])
        ImageDraw.Draw(flat).rectangle((20, 20, 80, 60), fill=1)
        flat.save(path, transparency=0)
    elif path.stem == "key":
        flat = Image.new("RGB", box.size, (0, 0, 1))
        ImageDraw.Draw(flat).rectangle((20, 20, 80, 60), fill=(0, 0, 0))
        flat.save(path, transparency=(0, 0, 1))
    elif path.stem == "deep":
        raw = path.with_suffix(".raw")
        raw.write_bytes((np.asarray(box).astype("<u2") * 257).tobytes())
        run(["-f", "rawvideo", "-pix_fmt", "rgba64le", "-s", "128x96", "-i", str(raw), str(path)])
    else:
        box.save(path, lossless=True) if path.suffix == ".webp" else box.save(path)


@pytest.mark.parametrize(
    "name",
    [
        *("a.png", "a.webp", "a.gif", "a.tif", "a.avif"),
        *("grey.png", "palette.png", "palette.gif", "key.png", "deep.png"),
    ],
)
def test_a_transparent_picture_is_seen_on_a_light_ground(tmp_path: Path, name: str) -> None:
    _save(tmp_path / name)
    frame = _frames(tmp_path / name)[0]
    assert frame[_BLACK_BOX].max() < 30
    assert frame[_OUTSIDE[1], _OUTSIDE[0]].min() > 200


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (
            "vp8.webm",
            ["-c:v", "libvpx", "-auto-alt-ref", "0", "-b:v", "1M", "-pix_fmt", "yuva420p"],
        ),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuva420p"]),
        ("prores.mov", ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"]),
        ("a.apng", ["-f", "apng"]),
        ("qtrle.mov", ["-c:v", "qtrle", "-pix_fmt", "argb"]),
        ("ffv1.mkv", ["-c:v", "ffv1", "-pix_fmt", "bgra"]),
    ],
)
def test_a_transparent_film_is_seen_on_a_light_ground(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    _box().save(tmp_path / "in.png")
    loop = ["-loop", "1", "-framerate", "10", "-t", "2", "-i", str(tmp_path / "in.png")]
    run([*loop, *options, str(tmp_path / name)])
    frames = _frames(tmp_path / name)
    assert len(frames) == 4
    for frame in frames:
        assert frame[_BLACK_BOX].max() < 40
        assert frame[_OUTSIDE[1], _OUTSIDE[0]].min() > 200


def test_white_on_nothing_can_be_seen() -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[5:15, 5:15] = 255
    seen = Ground().under(rgba)
    assert seen[10, 10].tolist() == [255] * 3
    assert 150 < seen[0, 0, 0] < 230


def test_a_fourth_byte_that_nobody_set_hides_nothing() -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[5:15, 5:15, :3] = (10, 200, 30)
    assert Ground().under(rgba)[10, 10].tolist() == [10, 200, 30]
    assert not Ground().under(rgba)[0, 0].any()


def test_half_transparent_is_mixed_and_opaque_is_kept() -> None:
    rgba = np.full((2, 2, 4), (0, 100, 0, 128), np.uint8)
    assert Ground().under(rgba)[0, 0].tolist() == [127, 177, 127]
    rgba[..., 3] = 255
    assert Ground().under(rgba)[0, 0].tolist() == [0, 100, 0]
