"""Cutting and transcoding with the ffmpeg that imageio-ffmpeg brings, described by ffmpeg-python.

For files that people look at (previews, sample clips) and for making test media. What captioners
see is decoded in `engine.media.decode`, never here.
"""

import os
import subprocess
from pathlib import Path
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
_ERROR_TAIL = 2_000
_PATH = "path:"


class FfmpegError(RuntimeError):
    """ffmpeg failed; the message ends with what it wrote."""


def binary() -> str:
    """Path of the ffmpeg inside imageio-ffmpeg's wheel."""
    import imageio_ffmpeg

    return cast(str, imageio_ffmpeg.get_ffmpeg_exe())


def run(arguments: list[str], timeout_s: float = 120.0) -> None:
    """Runs ffmpeg with these arguments, overwriting its outputs.

    Raises FfmpegError when it fails or takes longer than `timeout_s`.
    """
    command = [binary(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]
    try:
        subprocess.run(
            command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        raise FfmpegError(f"ffmpeg took longer than {timeout_s:g} s") from None
    except subprocess.CalledProcessError as error:
        output = error.stderr.decode("utf-8", "replace")[-_ERROR_TAIL:]
        raise FfmpegError(f"ffmpeg failed ({error.returncode}): {output}") from None


def preview(
    source: str | bytes | os.PathLike[Any],
    out: Path,
    start_ms: int,
    end_ms: int,
    longest_px: int = 480,
) -> None:
    """Writes the span [start_ms, end_ms) of `source` as MP4 (H.264, AAC) that browsers play.

    A side that the source has not is left out. The picture's longest side is at most `longest_px`.
    """
    import ffmpeg

    given = _input(source, ss=start_ms / 1000, t=(end_ms - start_ms) / 1000)
    fit = (
        f"scale='min({longest_px},iw)':'min({longest_px},ih)'"
        ":force_original_aspect_ratio=decrease:force_divisible_by=2"
    )
    _write(ffmpeg.output(given, _url(out), vf=fit, **_PICTURE, **_SOUND, **_REPRODUCIBLE))


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


def _write(stream: Any) -> None:
    run([_path_of(argument) for argument in stream.get_args()])


def _url(path: str | bytes | os.PathLike[Any]) -> str:
    """A path as ffmpeg-python may hold it: its graphs can't hold names that are not UTF-8."""
    return _PATH + quote_from_bytes(os.fsencode(path))


def _path_of(argument: str) -> str:
    """The argument with a path of `_url` written so that ffmpeg takes it for nothing else."""
    if not argument.startswith(_PATH):
        return argument
    return "file:" + os.fsdecode(unquote_to_bytes(argument.removeprefix(_PATH)))
