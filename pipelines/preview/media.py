"""The web preview of a clip: H.264 and AAC in MP4, from what the decoder gives."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

from engine.media.ffmpeg import RawPictures, RawSound, web
from engine.media.open import MediaError
from manifests.media import Audio
from pipelines.preview.pictures import tiles_of
from pipelines.preview.source import Picture, Span

HZ = 32_000
"""Sampling rate of previews."""
# Bits a second for the pictures and the sound of 10 s and less, the least for longer ones, and how they
# fall with the length: 10 s take about 115 kB and 30 s 125 kB, so that 200 clips of 30 s make a page of
# 40 MB.
_PICTURE_BPS, _PICTURE_FALL = (11_000, 56_000), 1.4
_SOUND_BPS, _SOUND_FALL = (18_000, 32_000), 1.0
# Longest side, and that of pictures with few bits.
_PX, _SMALL_PX, _FEW_BPS = 320, 240, 40_000


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
    heard = seen = None
    if sound is not None:
        heard = RawSound(scratch / "sound.f32", HZ, _bps(_SOUND_BPS, _SOUND_FALL, span.ms))
        heard.path.write_bytes(sound.astype("<f4").tobytes())
    tiles: list[Picture] = []
    if span.row["has_video"]:
        bps = _bps(_PICTURE_BPS, _PICTURE_FALL, span.ms)
        pictures = span.pictures(_PX if bps > _FEW_BPS else _SMALL_PX)
        first = next(pictures)
        size = first.shape[1], first.shape[0]
        shown = _kept(chain([first], pictures), set(tiles_of(size, span.count)), tiles)
        seen = RawPictures(shown, size, Fraction(span.count * 1000, span.ms), bps)
    if seen is None and heard is None:
        raise MediaError("no_streams", "nothing to see or hear")
    out = scratch / "preview.mp4"
    web(out, seen, heard)
    return Film(out.read_bytes(), "audio/mp4" if seen is None else "video/mp4", tiles)


def _bps(limits: tuple[int, int], fall: float, ms: int) -> int:
    least, most = limits
    wanted = most * math.pow(10_000 / ms, fall)
    return min(most, max(least, round(wanted)))


def _kept(pictures: Iterator[Picture], numbers: set[int], tiles: list[Picture]) -> Iterator[bytes]:
    """The bytes of the pictures, of which those of some numbers are kept in `tiles`."""
    for number, picture in enumerate(pictures):
        if number in numbers:
            tiles.append(picture)
        yield picture.tobytes()
