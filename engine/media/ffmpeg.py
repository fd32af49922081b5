"""Cutting and transcoding with the ffmpeg that imageio-ffmpeg brings, described by ffmpeg-python.

For files that people look at (previews, sample clips) and for making test media. What captioners
see is decoded in `engine.media.decode`, never here.
"""

import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, cast
from urllib.parse import quote_from_bytes, unquote_to_bytes

from engine.media.open import DEMUXERS

# ffmpeg writes the same bytes for the same input: one thread, no versions or dates in the file.
_REPRODUCIBLE: dict[str, Any] = {
    "threads": 1,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
    "map_metadata": -1,
}
_PICTURE: dict[str, Any] = {
    "c:v": "libx264",
    "preset": "veryfast",
    "crf": 26,
    "pix_fmt": "yuv420p",
    "movflags": "+faststart",
}
_SOUND: dict[str, Any] = {"c:a": "aac", "b:a": "96k"}
_WEB_PICTURE: dict[str, Any] = {
    "c:v": "libx264",
    "pix_fmt": "yuv420p",
    # Players want even sides.
    "vf": "scale='max(16,2*trunc((iw+1)/2))':'max(16,2*trunc((ih+1)/2))'",
}
# Below this rate ffmpeg's AAC leaves out what is above 4 kHz: birds, hiss, half of all consonants. (At
# 16 kHz the same quality would take 4 kbit/s less, but Chromium reads such AAC at twice its speed.)
_AAC_FULL_BPS, _AAC_LEAST_HZ = 32_000, 8_000
_ERROR_TAIL = 2_000
_PATH = "path:"


@dataclass(frozen=True, slots=True)
class RawPictures:
    """Pictures to encode: each as RGB of 8 bits, of `size` (width, height), `rate` a second, in at most
    `bps` bits a second. crf: as x264 has it, smaller is better."""

    each: Iterable[bytes]
    size: tuple[int, int]
    rate: Fraction
    bps: int
    crf: int = 30


@dataclass(frozen=True, slots=True)
class Coding:
    """How MP4 is written. preset: of x264. chunk_us: least microseconds of pictures, and of sound, in one
    piece, since each change between them takes room; then the order of the pieces is not always the
    same."""

    preset: str
    chunk_us: int | None = None


SMALL = Coding("slow", 1_000_000)
SAME = Coding("veryfast")
"""The same bytes every time. Half the work of "slow", for files as small (`benchmarks/coding.py`)."""


@dataclass(frozen=True, slots=True)
class RawSound:
    """Sound to encode: a file of mono float32, little-endian, at `hz`, in about `bps` bits a second."""

    path: Path
    hz: int
    bps: int


class FfmpegError(RuntimeError):
    """ffmpeg failed; the message ends with what it wrote."""


def binary() -> str:
    """Path of the ffmpeg inside imageio-ffmpeg's wheel."""
    import imageio_ffmpeg

    return cast(str, imageio_ffmpeg.get_ffmpeg_exe())


def run(
    arguments: list[str], timeout_s: float = 120.0, given: Iterable[bytes] | None = None
) -> None:
    """Runs ffmpeg with these arguments, overwriting its outputs.

    given: what it reads from its standard input. Raises FfmpegError when it fails or takes longer than
    `timeout_s`, and what `given` raises.
    """
    command = [binary(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]
    stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
    # What it writes goes to a file: a pipe that nobody reads would fill up.
    with TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=stdin, stdout=errors, stderr=errors)
        try:
            _feed(process, given)
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise FfmpegError(f"ffmpeg took longer than {timeout_s:g} s") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            errors.seek(0)
            output = errors.read().decode("utf-8", "replace")[-_ERROR_TAIL:]
            raise FfmpegError(f"ffmpeg failed ({process.returncode}): {output}")


def _feed(process: "subprocess.Popen[bytes]", given: Iterable[bytes] | None) -> None:
    if given is None or process.stdin is None:
        return
    # When ffmpeg ends early, its exit status says why.
    with suppress(BrokenPipeError), process.stdin as pipe:
        for piece in given:
            pipe.write(piece)


def web(
    out: Path, pictures: RawPictures | None, sound: RawSound | None, coding: Coding = SMALL
) -> None:
    """Writes decoded pictures, sound or both as small MP4 (H.264, AAC) that browsers play.

    What is decoded can't lead ffmpeg astray: it does not look for a format. Raises FfmpegError, and what
    reading the pictures raises.
    """
    import ffmpeg

    sides: list[Any] = []
    options: dict[str, Any] = {"movflags": "+faststart", "format": "mp4", **_REPRODUCIBLE}
    options["max_interleave_delta"] = 0  # however late one side is, the other waits for it
    if coding.chunk_us is not None:
        options["chunk_duration"] = coding.chunk_us
    if pictures is not None:
        form = {"pix_fmt": "rgb24", "s": "{}x{}".format(*pictures.size), "r": str(pictures.rate)}
        sides.append(ffmpeg.input("pipe:0", format="rawvideo", **form).video)
        options |= {
            **_WEB_PICTURE,
            "preset": coding.preset,
            "crf": pictures.crf,
            "maxrate": pictures.bps,
            "bufsize": 2 * pictures.bps,
        }
    if sound is not None:
        sides.append(ffmpeg.input(_url(sound.path), format="f32le", ar=sound.hz, ac=1).audio)
        options |= {"c:a": "aac", "b:a": sound.bps}
        if sound.bps < _AAC_FULL_BPS:
            options["cutoff"] = _AAC_LEAST_HZ
    given = None if pictures is None else pictures.each
    _write(ffmpeg.output(*sides, _url(out), **options), given)


def flac(out: Path, sound: RawSound) -> None:
    """Writes decoded sound as FLAC of 16 bits; its `bps` does not count. Raises FfmpegError."""
    import ffmpeg

    given = ffmpeg.input(_url(sound.path), format="f32le", ar=sound.hz, ac=1).audio
    options = {"format": "flac", "c:a": "flac", "sample_fmt": "s16", **_REPRODUCIBLE}
    _write(ffmpeg.output(given, _url(out), **options))


def join(
    out: Path,
    video: str | bytes | os.PathLike[Any] | None,
    audio: str | bytes | os.PathLike[Any] | None,
    *,
    start_ms: int = 0,
    duration_ms: int | None = None,
    repeat_audio: bool = False,
) -> None:
    """Writes the picture of `video` (from `start_ms` on) with the sound of `audio` to `out`.

    Without `duration_ms` the file is as long as its picture, or its sound when it has no picture.
    A shorter sound ends early unless `repeat_audio`. The kind of file follows `out`'s suffix.
    """
    import ffmpeg

    sides: list[Any] = []
    options: dict[str, Any] = {**_REPRODUCIBLE}
    if video is not None:
        sides.append(_input(video, ss=start_ms / 1000).video)
        options.update(_PICTURE)
    if audio is not None:
        loop = {"stream_loop": -1} if repeat_audio else {}
        sides.append(_input(audio, **loop).audio)
        if out.suffix == ".mp4":
            options.update(_SOUND)
    if duration_ms is not None:
        options["t"] = duration_ms / 1000
    elif repeat_audio:
        options["shortest"] = None
    _write(ffmpeg.output(*sides, _url(out), **options))


def still(out: Path, video: str | bytes | os.PathLike[Any], at_ms: int) -> None:
    """Writes the frame of `video` at `at_ms` as a picture; the kind follows `out`'s suffix."""
    import ffmpeg

    given = _input(video, ss=at_ms / 1000).video
    _write(ffmpeg.output(given, _url(out), **{"frames:v": 1, "q:v": 3, "update": 1}))


def _input(source: str | bytes | os.PathLike[Any], **options: Any) -> Any:
    import ffmpeg

    safe = {"protocol_whitelist": "file", "format_whitelist": ",".join(DEMUXERS)}
    return ffmpeg.input(_url(source), **safe, **options)


def _write(stream: Any, given: Iterable[bytes] | None = None) -> None:
    run([_path_of(argument) for argument in stream.get_args()], given=given)


def _url(path: str | bytes | os.PathLike[Any]) -> str:
    """A path as ffmpeg-python may hold it: its graphs can't hold names that are not UTF-8."""
    return _PATH + quote_from_bytes(os.fsencode(path))


def _path_of(argument: str) -> str:
    """The argument with a path of `_url` written so that ffmpeg takes it for nothing else."""
    if not argument.startswith(_PATH):
        return argument
    return "file:" + os.fsdecode(unquote_to_bytes(argument.removeprefix(_PATH)))
