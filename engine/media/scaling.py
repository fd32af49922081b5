"""Frames as they are kept: upright, RGB, small, and all of one size."""

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideData
from av.video.format import VideoFormat
from av.video.reformatter import Interpolation, VideoReformatter

from engine.media.ground import Ground
from engine.media.hdr import to_sdr, transfer
from manifests.media import Frames


class KeptFrames:
    """The frames of a clip, scaled. stamps: when each comes on screen, on the stream's clock. lost: how
    many are missing because they are corrupt or never came out of the decoder."""

    def __init__(self, scaler: "Scaler") -> None:
        self._scaler = scaler
        self.lost = 0
        self.stamps: list[int] = []
        self._pictures: list[npt.NDArray[np.uint8]] = []

    def add(self, frame: Any) -> None:
        """Keeps a decoded frame, unless it is corrupt."""
        if frame.is_corrupt:
            self.lost += 1
            return
        self._pictures.append(self._scaler.picture(frame))
        self.stamps.append(frame.pts)

    def stacked(self) -> Frames | None:
        """All of them, (n, height, width, 3) uint8; None when there are none."""
        return np.stack(self._pictures) if self._pictures else None


class Scaler:
    """Turns frames into upright RGB of one size: that of the first, its longest side at most `px`.

    What is transparent shows a light ground, and HDR is made what an ordinary screen shows."""

    def __init__(self, px: int, stream: Any) -> None:
        self._px = px
        self._stream = stream
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()
        self._ground = Ground()

    def picture(self, frame: Any) -> npt.NDArray[np.uint8]:
        """The frame as (height, width, 3) uint8."""
        turned = _turn(frame, self._stream)
        if self._size is None:
            width, height = upright_size(frame, self._stream)
            scale = min(Fraction(1), Fraction(self._px, max(width, height)))
            self._size = (max(1, round(width * scale)), max(1, round(height * scale)))
        width, height = self._size if not turned[0] else self._size[::-1]
        return _upright(self._rgb(frame, width, height), turned)

    def _rgb(self, frame: Any, width: int, height: int) -> npt.NDArray[np.uint8]:
        coded, alpha = transfer(frame), _has_alpha(frame.format.name)
        form = ("rgba64le" if alpha else "rgb48le") if coded else ("rgba" if alpha else "rgb24")
        scaled: Any = self._reformatter.reformat(
            frame, width, height, form, interpolation=Interpolation.BILINEAR, threads=1
        ).to_ndarray()
        if coded:
            colours = to_sdr(scaled[..., :3], coded)
            if not alpha:
                return colours
            scaled = np.dstack([colours, (scaled[..., 3] >> 8).astype(np.uint8)])
        return self._ground.under(scaled) if alpha else scaled


@cache
def _has_alpha(pixel_format: str) -> bool:
    """Whether pixels of this format may be transparent, if only by their palette."""
    form = VideoFormat(pixel_format)
    return form.has_palette or any(component.is_alpha for component in form.components)


def upright_size(frame: Any, stream: Any) -> tuple[int, int]:
    """Width and height of a frame of `stream` as it is meant to be seen: square pixels, upright.

    Pixels that are not square make the frame narrower or lower, never larger.
    """
    width, height = frame.width, frame.height
    aspect = _aspect(stream)
    if aspect > 1:
        height = max(1, round(height / aspect))
    else:
        width = max(1, round(width * aspect))
    return (height, width) if _turn(frame, stream)[0] else (width, height)


def _aspect(stream: Any) -> Fraction:
    """Width of a pixel over its height; an extreme one is taken for a mistake."""
    aspect = stream.sample_aspect_ratio
    return Fraction(aspect) if aspect and Fraction(1, 4) <= aspect <= 4 else Fraction(1)


# By degrees counter-clockwise; orientations that also mirror are no camera's.
_TURNS = {
    0: (False, False, False),
    90: (True, False, True),
    -90: (True, True, False),
    180: (False, True, True),
    -180: (False, True, True),
}


_NAMED = ("png", "apng")
"""Codecs whose colour profile has a name. PyAV 18.1 frees such side data twice once it is looked at, and
the process dies: of these only the rotation is read."""


def _turn(frame: Any, stream: Any) -> tuple[bool, bool, bool]:
    """What the frame's display matrix asks for: (transpose, then flip left-right, then flip up-down).

    The matrix maps x' = a x + c y, y' = b x + d y (16.16 fixed point, 3 by 3, rows a b u, c d v).
    """
    if stream.codec_context.name in _NAMED:
        return _TURNS.get(frame.rotation, _TURNS[0])
    try:
        # Not `frame.side_data`: the frame would hold it and it the frame, so that the pixels of every
        # frame lived until Python's next full garbage collection.
        side_data: Any = SideDataContainer  # its stub does not say that it takes a frame
        data = side_data(frame).get(SideData.DISPLAYMATRIX)
    except ValueError:  # PyAV 18.1 stumbles over side data it does not know, as EXIF of a photo
        return _TURNS[frame.rotation]
    if data is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32)[:5].tolist()
    transpose = abs(b) + abs(c) > abs(a) + abs(d)
    return (True, c < 0, b < 0) if transpose else (False, a < 0, d < 0)


def _upright(picture: npt.NDArray[Any], turned: tuple[bool, bool, bool]) -> npt.NDArray[np.uint8]:
    transpose, mirror, flip = turned
    if transpose:
        picture = picture.transpose(1, 0, 2)
    if mirror:
        picture = picture[:, ::-1]
    if flip:
        picture = picture[::-1]
    return picture
