"""Spans of longer sources as files of their own, coded from what the captioners' decoder gives.

What a clip's file has is exactly the clip by its own clock: of pictures 25 a second, each what is on
screen in the middle of its 40 ms, at most 512 pixels long (H.264 in MP4); of sound what the captioners
heard, one channel at 48 kHz (AAC in the MP4, FLAC of 16 bits where there is no picture). Cutting the
source without coding it could not be exact: pictures can be cut at key frames only.
"""

import shutil
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from engine.media import ffmpeg
from engine.media.ffmpeg import FfmpegError, RawPictures, RawSound
from engine.media.open import MediaError
from engine.media.pool import Died, GuardedPool, reading_s
from manifests.ids import path_of
from pipelines.preview.source import LONGEST_MS, Span

Row = Mapping[str, Any]

_HZ, _SOUND_BPS = 48_000, 128_000
_PX, _CRF, _PICTURE_BPS = 512, 20, 4_000_000
BYTES_PER_S = {True: 150_000, False: 60_000}
"""About how many bytes a second of a clip takes, with pictures and without."""
_S_PER_S = 20
"""So many seconds may coding a second take before it counts as hung."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A file with a clip. extension: of its format. path: where it is for now."""

    extension: str
    path: Path


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a clip could not be coded."""

    message: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    row: Row
    folder: Path


def coded(rows: Iterable[Row], folder: Path) -> Generator[Coded | Failed, None, None]:
    """Files of clips in a folder, in the order of the rows; each is gone once the next is asked for.

    rows: of data, with the `mtime_ns` that their sources have. A process of its own reads them, which a
    source may crash. Raises UserError when something else ends it.
    """
    wanted = (_Wanted(row, folder) for row in rows)
    with GuardedPool(1, "coding a clip") as pool:
        for _, made in pool.each(_code, wanted, _seconds, 1):
            yield Failed(f"{made.reason}: {made.message}") if isinstance(made, Died) else made
            if isinstance(made, Coded):
                made.path.unlink(missing_ok=True)


def _seconds(wanted: _Wanted) -> float:
    row = wanted.row
    lasting = float(row["end_ms"] - row["start_ms"]) / 1000
    return 3 * reading_s(path_of(row["uri"])) + 60 + _S_PER_S * lasting


def _code(wanted: _Wanted) -> Coded | Failed:
    """The file of a clip, made in this process."""
    row = wanted.row
    if not 0 < row["end_ms"] - row["start_ms"] <= LONGEST_MS:
        most = LONGEST_MS // 1000
        return Failed(f"a span of a source is coded where it has up to {most} s; set keep.max_ms")
    scratch = Path(mkdtemp(dir=wanted.folder))
    try:
        return _encoded(Span.of(row, None), scratch, wanted.folder / row["clip_id"])
    except (MediaError, FfmpegError) as error:
        return Failed(str(error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _encoded(span: Span, scratch: Path, out: Path) -> Coded:
    """Raises MediaError where a side is missing that the clip has, and FfmpegError."""
    heard = None
    if span.row["has_audio"]:
        heard = RawSound(scratch / "sound.f32", _HZ, _SOUND_BPS)
        heard.path.write_bytes(span.sound(_HZ).astype("<f4").tobytes())
    if not span.row["has_video"]:
        if heard is None:
            raise MediaError("no_streams", "nothing to see or hear")
        made = Coded("flac", out)
        ffmpeg.flac(out, heard)
        return made
    pictures = span.pictures(_PX)
    first = next(pictures)
    seen = RawPictures(
        (picture.tobytes() for picture in chain([first], pictures)),
        (first.shape[1], first.shape[0]),
        Fraction(span.count * 1000, span.ms),
        _PICTURE_BPS,
        _CRF,
    )
    ffmpeg.web(out, seen, heard, ffmpeg.SAME)
    return Coded("mp4", out)
