"""Pictures with something behind them are stills."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.media.decode import DecodePlan, decode
from engine.media.probe import probe
from tests.engine.media.test_recordings import FILMS, _film


def _picture(kind: str, size: tuple[int, int], colour: str = "red") -> bytes:
    """A picture of one colour with noise at its top."""
    image = Image.new("RGB", size, colour)
    noise = np.random.default_rng(1).integers(0, 256, (size[1] // 8, size[0], 3), np.uint8)
    image.paste(Image.fromarray(noise), (0, 0))
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()


NOISE = np.random.default_rng(2).bytes(200_000)
OLDER = _picture("PNG", (300, 200), "blue")
BEHIND = {
    "a byte": b"x",
    "zeros": bytes(70_000),
    "the rest of an older picture": OLDER[len(OLDER) // 3 :],
    "another picture": OLDER,
    "an archive": b"PK\3\4" + NOISE,
    "noise": NOISE,
}


def _assert_red_still(path: Path) -> None:
    probed = probe(bytes(path))
    assert (probed.kind, probed.duration_ms) == ("image", 0)
    media = decode(bytes(path), "c", "h", 0, 0, DecodePlan((), 4, 64), False, True).media
    assert media.frames is not None
    assert len(media.frames) == 1
    assert int(np.argmax(media.frames[0].mean(axis=(0, 1)))) == 0


@pytest.mark.unit
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "PPM"])
@pytest.mark.parametrize("size", [(64, 48), (640, 480)])
def test_a_picture_with_something_behind_it_is_a_still(tmp_path, kind, behind, size):
    path = tmp_path / f"picture.{kind}"
    path.write_bytes(_picture(kind, size) + BEHIND[behind])
    _assert_red_still(path)


@pytest.mark.run
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("film", ["mp4", "mkv", "webm"])
def test_a_small_picture_with_a_film_behind_it_is_a_still(tmp_path, kind, film):
    behind = _film(tmp_path / f"film.{film}", "blue", 900, *FILMS[film], seconds=1)
    path = tmp_path / f"picture.{kind}"
    path.write_bytes(_picture(kind, (64, 48)) + behind.read_bytes())
    _assert_red_still(path)


@pytest.mark.unit
def test_many_jpegs_in_a_row_are_a_film(tmp_path):
    path = tmp_path / "film.mjpg"
    path.write_bytes(_picture("JPEG", (64, 48)) * 12)
    probed = probe(bytes(path))
    assert (probed.kind, probed.duration_ms) == ("video", 480)
