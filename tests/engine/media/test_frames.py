"""Photos with EXIF, as cameras write them, stand upright."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.media.decode import DecodePlan, decode
from engine.media.probe import probe

_RED, _GREEN, _BLUE, _BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


@pytest.mark.parametrize(
    ("orientation", "size", "corners"),
    [
        (1, (60, 40), (_RED, _GREEN, _BLUE, _BLACK)),
        (3, (60, 40), (_BLACK, _BLUE, _GREEN, _RED)),
        (6, (40, 60), (_BLUE, _RED, _BLACK, _GREEN)),
        (8, (40, 60), (_GREEN, _BLACK, _RED, _BLUE)),
    ],
)
def test_a_photo_is_turned_as_its_exif_says(
    orientation: int,
    size: tuple[int, int],
    corners: tuple[tuple[int, int, int], ...],
    tmp_path: Path,
) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:20, :30], picture[:20, 30:], picture[20:, :30] = _RED, _GREEN, _BLUE
    image = Image.fromarray(picture)
    exif = image.getexif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    image.save(path, exif=exif, quality=95)

    probed = probe(bytes(path))
    assert (probed.kind, probed.width, probed.height) == ("image", *size)
    decoded = decode(bytes(path), "clip", "content", 0, 0, DecodePlan((), 1, 64), False, True)
    assert decoded.media.frames is not None
    (frame,) = decoded.media.frames
    seen = (frame[3, 3], frame[3, -4], frame[-4, 3], frame[-4, -4])
    for pixel, expected in zip(seen, corners, strict=True):
        assert np.abs(pixel.astype(int) - expected).max() < 40
