"""Pictures and films of the truth bench's real part, by ffmpeg.

A photograph becomes a film by a camera that moves over it, a cut-out by moving it over its background.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.quality.real.plan import Clip
from benchmarks.quality.real.sources import Picture, pictures
from recipes import media

_WIDE, _HIGH, _RATE = 640, 360, 15
_VIDEO = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p")
_FIT = f"scale={_WIDE}:{_HIGH}:force_original_aspect_ratio=increase,crop={_WIDE}:{_HIGH}"
_HELD = f"loop=-1:1:0,setpts=N/({_RATE}*TB)"
"""A picture for ever."""


def length_ms(clip: Clip, wanted_ms: int) -> int:
    """How long a clip can be: no film is looped."""
    picture = pictures().get(clip.picture or "")
    if picture is None or picture.film is None:
        return wanted_ms
    return min(wanted_ms, round((picture.film[1] - picture.film[0]) * 1000))


def write(
    path: Path, clip: Clip, sound: Path | None, duration_ms: int, folders: Mapping[str, Path]
) -> None:
    """A film of a clip, with its sound if it has one, or a still."""
    seconds = f"{duration_ms / 1000:.3f}"
    inputs, graph = _drawn(clip, seconds, folders)
    if clip.still:
        media.ffmpeg(*inputs, "-filter_complex", graph, "-map", "[out]", "-frames:v", "1", path)
        return
    beside: list[str | Path] = ["-i", sound] if sound else []
    heard = ["-map", f"{inputs.count('-i')}:a", "-c:a", "aac", "-b:a", "160k"] if sound else []
    drawn = ["-filter_complex", graph, "-map", "[out]"]
    media.ffmpeg(*inputs, *beside, *drawn, *heard, *_VIDEO, "-t", seconds, path)


def _drawn(clip: Clip, seconds: str, folders: Mapping[str, Path]) -> tuple[list[str | Path], str]:
    """Inputs of ffmpeg, and the filters that make [out] of them."""
    if clip.picture is None or clip.picture == "black":
        return _colour("black", seconds), "[0:v]null[out]"
    picture = pictures()[clip.picture]
    if picture.film:
        start, end = (str(each) for each in picture.film)
        shot: list[str | Path] = ["-ss", start, "-to", end, "-i", _file(picture, folders)]
        return shot, f"[0:v]{_FIT},fps={_RATE}[out]"
    if picture.cut:
        return _laid(clip, picture, seconds, folders)
    still = f"[0:v]scale={_WIDE * 3 // 2}:-2[out]"
    film = f"[0:v]{_cover(5 / 4)},{_HELD},{_panned(seconds)}[out]"
    return ["-i", _file(picture, folders)], still if clip.still else film


def _cover(times: float) -> str:
    """A picture that is so much larger than a film, nothing of it left out."""
    size = f"{int(_WIDE * times)}:{int(_HIGH * times)}"
    return f"scale={size}:force_original_aspect_ratio=increase"


def _panned(seconds: str) -> str:
    """A camera that goes from the upper left to the lower right of a picture larger than the film."""
    return f"crop={_WIDE}:{_HIGH}:x='(iw-{_WIDE})*t/{seconds}':y='(ih-{_HIGH})*t/{seconds}'"


def _laid(
    clip: Clip, picture: Picture, seconds: str, folders: Mapping[str, Path]
) -> tuple[list[str | Path], str]:
    """A cut-out that crosses its background, or so many side by side."""
    behind = pictures().get(clip.behind or "")
    ground = ["-i", _file(behind, folders)] if behind else _colour(str(clip.behind), seconds)
    inputs: list[str | Path] = [*ground, "-i", _file(picture, folders)]
    held = f",{_HELD}" if behind else ""
    room = (_WIDE - 40) // clip.copies
    fit = f"scale={min(room - 10, 420)}:280:force_original_aspect_ratio=decrease"
    copies = "".join(f"[c{n}]" for n in range(clip.copies))
    graph = f"[0:v]{_FIT}{held}[b0];[1:v]{fit},format=rgba,{_HELD},split={clip.copies}{copies}"
    for n in range(clip.copies):
        across = f"{20 + n * room}+({room}-w)/2"
        if clip.copies == 1 and not clip.still:
            across = f"20+({_WIDE}-40-w)*t/{seconds}"
        last = "out" if n == clip.copies - 1 else f"b{n + 1}"
        graph += f";[b{n}][c{n}]overlay=x='{across}':y='H-h-30'[{last}]"
    return inputs, graph


def _colour(name: str, seconds: str) -> list[str | Path]:
    return ["-f", "lavfi", "-i", f"color={name}:s={_WIDE}x{_HIGH}:r={_RATE}:d={seconds}"]


def _file(picture: Picture, folders: Mapping[str, Path]) -> Path:
    return folders[picture.package] / picture.file
