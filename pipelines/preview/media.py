"""The web preview of a clip: H.264 and AAC in MP4, from what the decoder gives."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

from engine.media import ffmpeg
from engine.media.open import MediaError
from manifests.media import Audio
from pipelines.preview.pictures import tiles_of
from pipelines.preview.source import Picture, Span

HZ = 32_000
PX = 320
"""Sampling rate and longest side of previews."""


@dataclass
class Film:
    """What was encoded of a clip: the bytes, its media type, and the pictures of the strip."""

    media: bytes
    media_type: str
    tiles: list[Picture] = field(default_factory=list)


def encode(span: Span, sound: Audio | None, scratch: Path) -> Film:
    """The preview of a clip with this sound, made in the folder `scratch`.

    Raises MediaError where it has pictures that can't be shown, or neither pictures nor sound, and
    FfmpegError.
    """
    heard = None
    if sound is not None:
        heard = scratch / "sound.f32"
        heard.write_bytes(sound.astype("<f4").tobytes())
    out = scratch / "preview.mp4"
    rate = Fraction(span.count * 1000, span.ms)
    if not span.row["has_video"]:
        if heard is None:
            raise MediaError("no_streams", "nothing to see or hear")
        ffmpeg.web(out, None, (0, 0), rate, heard, HZ)
        return Film(out.read_bytes(), "audio/mp4")
    pictures = span.pictures(PX)
    first = next(pictures)
    size = first.shape[1], first.shape[0]
    tiles: list[Picture] = []
    shown = _kept(chain([first], pictures), set(tiles_of(size, span.count)), tiles)
    ffmpeg.web(out, shown, size, rate, heard, HZ)
    return Film(out.read_bytes(), "video/mp4", tiles)


def _kept(pictures: Iterator[Picture], numbers: set[int], tiles: list[Picture]) -> Iterator[bytes]:
    """The bytes of the pictures, of which those of some numbers are kept in `tiles`."""
    for number, picture in enumerate(pictures):
        if number in numbers:
            tiles.append(picture)
        yield picture.tobytes()
