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
_PICTURE_FALL, _SOUND_FALL = 1.4, 1.0
"""How bits a second fall with the length of a clip beyond 10 s."""
_FEW_BPS = 40_000


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a preview is. picture_bps, sound_bps: bits a second, at least and at most. px: the longest
    side. few_px: that of pictures with few bits."""

    picture_bps: tuple[int, int]
    sound_bps: tuple[int, int]
    px: int
    few_px: int


IN_PAGE = Quality((11_000, 56_000), (18_000, 32_000), 320, 240)
"""For pages that hold many: 10 s take about 115 kB and 30 s 125 kB, so that 200 clips of 30 s make a page
of 40 MB."""
TO_JUDGE = Quality((1_200_000, 1_200_000), (128_000, 128_000), 640, 640)
"""For people who judge captions by it: nothing that can be heard or seen is to be lost."""


@dataclass
class Film:
    """What was encoded of a clip: the bytes, its media type, and the pictures of the strip."""

    media: bytes
    media_type: str
    tiles: list[Picture] = field(default_factory=list)


def encode(span: Span, sound: Audio | None, scratch: Path, quality: Quality = IN_PAGE) -> Film:
    """The preview of a clip with this sound, made in the folder `scratch`.

    Raises MediaError where it has pictures that can't be shown, or neither pictures nor sound, and
    FfmpegError.
    """
    heard = seen = None
    if sound is not None:
        heard = RawSound(scratch / "sound.f32", HZ, _bps(quality.sound_bps, _SOUND_FALL, span.ms))
        heard.path.write_bytes(sound.astype("<f4").tobytes())
    tiles: list[Picture] = []
    if span.row["has_video"]:
        bps = _bps(quality.picture_bps, _PICTURE_FALL, span.ms)
        pictures = span.pictures(quality.px if bps > _FEW_BPS else quality.few_px)
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
