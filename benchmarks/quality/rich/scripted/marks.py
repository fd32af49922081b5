"""Media that carry a number which can be read from them: a tone of its own, and a pattern of its own.

The pattern is 3 x 3 cells, light or dark: eight bits and one that makes the light ones odd. Below it
something moves. Both survive AAC, MPEG-4, scaling and JPEG; what is unclear is read as nothing.
"""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from manifests.media import Audio, Frames

MOST = 254
"""The largest mark; 255 and 0 are plain pictures."""
SECONDS, FPS = 1.6, 10
_HZ = 16_000
_LOWEST_HZ, _STEP_HZ = 300.0, 25.0
_CELL, _STRIP = 32, 16
_SIDE = 3 * _CELL
_DARK, _LIGHT = np.array([40, 60, 90], np.uint8), np.array([220, 205, 160], np.uint8)
_SURE_DARK, _SURE_LIGHT = 95, 160


def write(path: Path, mark: int, audio: bool = True, video: bool = True) -> None:
    """A clip of `SECONDS` that carries a mark in its sound, its picture, or both."""
    with av.open(str(path), "w") as container:
        if video:
            pictures = container.add_stream("mpeg4", rate=FPS)
            pictures.width, pictures.height, pictures.pix_fmt = _SIDE, _SIDE + _STRIP, "yuv420p"
        if audio:
            sound = container.add_stream("aac", rate=_HZ)
            sound.layout = "mono"
        if video:
            for number in range(round(SECONDS * FPS)):
                frame = av.VideoFrame.from_ndarray(picture(mark, number), format="rgb24")
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        if audio:
            heard = av.AudioFrame.from_ndarray(tone(mark)[None], "fltp", "mono")
            heard.rate, heard.pts = _HZ, 0
            container.mux(sound.encode(heard))
            container.mux(sound.encode(None))


def tone(mark: int) -> Audio:
    """The sound of a mark at 16 kHz: float32 (samples,)."""
    time = np.arange(round(SECONDS * _HZ)) / _HZ
    return (0.3 * np.sin(2 * np.pi * _hz(mark) * time)).astype(np.float32)


def picture(mark: int, number: int = 0) -> Frames:
    """A frame of a mark, RGB (height, width, 3). number: of the frame, moves what moves."""
    frame = np.empty((_SIDE + _STRIP, _SIDE, 3), np.uint8)
    frame[:] = _DARK
    for cell, light in enumerate(_cells(mark)):
        row, column = divmod(cell, 3)
        rows = slice(row * _CELL, (row + 1) * _CELL)
        frame[rows, column * _CELL : (column + 1) * _CELL] = _LIGHT if light else _DARK
    at = number * _STRIP // 2 % (_SIDE - _STRIP)
    frame[_SIDE:, at : at + _STRIP] = _LIGHT
    return frame


def heard(samples: npt.NDArray[np.floating], hz: int) -> int | None:
    """The mark of a sound (samples,), None where no single tone of a mark is in it."""
    if len(samples) < hz // 4:
        return None
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    width = hz / len(samples)
    peak = int(power.argmax())
    around = slice(max(0, peak - 4), peak + 5)
    if not power[around].sum() > 0.8 * power.sum():
        return None
    mark = round((peak * width - _LOWEST_HZ) / _STEP_HZ)
    near = abs(peak * width - _hz(mark)) < _STEP_HZ / 4
    return mark if near and 1 <= mark <= MOST else None


def seen(frame: npt.NDArray[np.uint8]) -> int | None:
    """The mark of a frame, RGB (height, width, 3) of any size; None where a cell is unclear."""
    side = frame.shape[1]
    edges = [round(third * side / 3) for third in range(4)]
    cells = []
    for top, bottom in pairwise(edges):
        for left, right in pairwise(edges):
            inner = (right - left) // 4  # colours of neighbours run into the edges
            cell = frame[top + inner : bottom - inner, left + inner : right - inner]
            brightness = float(cell.mean()) if cell.size else 128.0
            if _SURE_DARK < brightness < _SURE_LIGHT:
                return None
            cells.append(brightness >= _SURE_LIGHT)
    mark = sum(light << bit for bit, light in enumerate(cells[:8]))
    return mark if 1 <= mark <= MOST and _cells(mark) == cells else None


def _hz(mark: int) -> float:
    return _LOWEST_HZ + mark * _STEP_HZ


def _cells(mark: int) -> list[bool]:
    bits = [bool(mark >> bit & 1) for bit in range(8)]
    return [*bits, sum(bits) % 2 == 0]
