"""Picking frames out of a video stream while it is demuxed.

Decoding is most of the cost, so as little as possible is decoded. Packets are held back one group
of pictures at a time until it is certain which of them will be on screen at a wanted time. Then
only those groups are decoded that hold a wanted packet, only up to the last one wanted, and in
codecs that mark frames no other frame needs (B-frames), the unwanted ones of these are left out.
The pixels are those of decoding everything.

Where timestamps are missing or a codec's packets are not one frame each, every packet is decoded
and frames are picked as they come out.
"""

from collections import deque
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.error import EOFError as FFmpegEOF
from av.error import FFmpegError
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import Interpolation, VideoReformatter

from manifests.media import Frames

# One packet is one shown frame, and pictures after a key frame don't need what was before it
# (leading pictures apart, which are seen to).
_PLANNED = {
    *("h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "h263", "flv", "vp9", "av1", "libdav1d"),
    *("mjpeg", "prores", "dnxhd", "dvvideo", "ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo"),
    *("png", "apng"),
}
# Codecs whose unreferenced frames can be left out without changing any other.
_SKIPPED = {"h264", "mpeg1video", "mpeg2video", "mpeg4"}
# Packets held back at most; beyond it everything is decoded.
_HELD_BYTES = 256 << 20


class FramePicker:
    """Takes the packets of `stream` in order and keeps the frames on screen at `wanted` times.

    origin: seconds on the stream's clock that are time 0 of the source. wanted: seconds of the
    source, ascending; a frame that is on screen at several of them is kept once. px: longest side
    of a kept frame.
    """

    def __init__(self, stream: Any, origin: Fraction, wanted: Iterable[Fraction], px: int) -> None:
        self._stream = stream
        self._base: Fraction = stream.time_base
        self._context = stream.codec_context
        self._targets = deque(int((origin + t) // self._base) for t in wanted)
        self._last = self._targets[-1]
        self._scaler = _Scaler(px, stream)
        # AVI says when packets are decoded, not when frames are shown: the order out is the truth.
        self._unstamped = stream.container.format.name == "avi" and self._context.has_b_frames
        self._planned = self._context.name in _PLANNED and not self._unstamped
        self._first_dts: int | None = None
        self._delay: int | None = None
        self._skips = self._context.name in _SKIPPED
        self._groups: deque[list[Any]] = deque()
        self._held_bytes = 0
        self._waiting: set[int] = set()
        self._on_screen: Any = None
        self._seen = 0
        self._shown_until = 0
        self.done = False
        self.lost = 0
        self.errors = 0
        self.pictures: list[npt.NDArray[np.uint8]] = []
        self.stamps: list[int] = []

    def feed(self, packet: Any) -> None:
        """The next packet of the stream. Nothing more is taken once `done`."""
        if self.done or not packet.size:
            return
        self._seen += 1
        if self._planned and not _timed(packet):
            self._stop_planning()
        if not self._planned:
            if self._first_dts is None:
                self._first_dts = packet.dts
                if self._context.name == "mpeg4":  # its decoder holds back one frame, ever
                    self._delay = packet.duration
            self._pick(self._decode(packet))
            self.done = not self._targets
            return
        if packet.is_keyframe or not self._groups:
            self._groups.append([])
        self._groups[-1].append(packet)
        self._held_bytes += packet.size
        self._shown_until = max(self._shown_until, packet.pts + self._length(packet))
        # Packets to come are shown after this one's dts: what precedes a key frame is all here.
        while len(self._groups) > 1 and packet.dts >= self._groups[1][0].pts:
            self._work(self._groups.popleft(), self._groups[0])
        if packet.dts > self._last:
            self.finish()
        elif self._held_bytes > _HELD_BYTES:
            self._stop_planning()

    def finish(self) -> None:
        """Decodes what is held back: no packet is to come, or none is needed."""
        if self.done:
            return
        if self._planned:
            while self._groups:
                following = self._groups[1] if len(self._groups) > 1 else None
                self._work(self._groups.popleft(), following)
        else:
            self._pick(self._decode(None))
            self._pick_last()
        self.done = True

    def frames(self) -> Frames | None:
        """The frames kept, upright, (n, height, width, 3) uint8 RGB; None when there are none."""
        return np.stack(self.pictures) if self.pictures else None

    def times(self, origin: Fraction) -> list[Fraction]:
        """When each kept frame comes on screen, in seconds of the source."""
        return [stamp * self._base - origin for stamp in self.stamps]

    def _work(self, group: list[Any], following: list[Any] | None) -> None:
        """Decodes of one group what the targets before the following one's key frame need."""
        leading = _leading(following) if following else []
        own = {packet.pts for packet in group}
        shown = sorted(own.union(leading))
        limit = following[0].pts if following else self._shown_until
        wanted = self._assign(shown, limit)
        continues = any(stamp in wanted for stamp in leading)
        self._waiting |= wanted
        last = max((i for i, p in enumerate(group) if p.pts in self._waiting), default=-1)
        if continues:
            last = len(group) - 1
        for packet in group[: last + 1]:
            if self._skips:
                needed = packet.pts in self._waiting
                self._context.skip_frame = "DEFAULT" if needed else "NONREF"
            self._keep_wanted(self._decode(packet))
        if last >= 0 and not continues:
            self._keep_wanted(self._decode(None))
            self._context.flush_buffers()
            self.lost += len(self._waiting)
            self._waiting.clear()
        self._held_bytes -= sum(packet.size for packet in group)

    def _assign(self, shown: list[int], limit: int) -> set[int]:
        """The stamps on screen at the targets before `limit`; those targets are settled by it."""
        wanted = set()
        while self._targets and self._targets[0] < limit:
            target = self._targets.popleft()
            before = [stamp for stamp in shown if stamp <= target]
            if before:
                wanted.add(before[-1])
        return wanted

    def _keep_wanted(self, frames: list[Any]) -> None:
        for frame in frames:
            if frame.pts in self._waiting:
                self._waiting.discard(frame.pts)
                self._keep(frame)

    def _stop_planning(self) -> None:
        """Decodes all from here on, first what was held back."""
        self._planned = False
        if self._skips:
            self._context.skip_frame = "DEFAULT"
        for group in self._groups:
            for packet in group:
                self._pick(self._decode(packet))
        self._groups.clear()

    def _pick(self, frames: list[Any]) -> None:
        """Keeps the frame on screen when a later one shows that targets passed it."""
        for frame in frames:
            if self._unstamped:
                frame.pts = self._shown_at(frame)
            if frame.pts is None:
                continue
            if self._on_screen is not None:
                if frame.pts <= self._on_screen.pts:
                    continue
                self._settle(frame.pts)
            self._on_screen = frame
            self._shown_until = frame.pts + self._length(frame)
            while self._targets and self._targets[0] < frame.pts:
                self._targets.popleft()  # before the first picture

    def _shown_at(self, frame: Any) -> int | None:
        """When a frame without a stamp of its own is shown: at the dts of its place in the order."""
        if frame.dts is None or self._first_dts is None:
            return None
        if self._delay is None:
            self._delay = frame.dts - self._first_dts
        return int(frame.dts - self._delay)

    def _pick_last(self) -> None:
        if self._on_screen is not None:
            self._settle(self._shown_until)

    def _settle(self, until: int) -> None:
        passed = False
        while self._targets and self._targets[0] < until:
            passed = self._targets.popleft() >= self._on_screen.pts or passed
        if passed:
            self._keep(self._on_screen)

    def _keep(self, frame: Any) -> None:
        if frame.is_corrupt:
            self.lost += 1
            return
        self.pictures.append(self._scaler.picture(frame))
        self.stamps.append(frame.pts)

    def _length(self, shown: Any) -> int:
        """How long the last picture is taken to be shown: at least a second, in stream units."""
        return max(shown.duration or 0, int(1 / self._base))

    def _decode(self, packet: Any) -> list[Any]:
        try:
            return list(self._context.decode(packet))
        except FFmpegEOF:
            return []
        except FFmpegError:
            self.errors += 1
            return []


class _Scaler:
    """Frames to upright RGB of one size: that of the first, its longest side at most `px`."""

    def __init__(self, px: int, stream: Any) -> None:
        self._px = px
        self._stream = stream
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()

    def picture(self, frame: Any) -> npt.NDArray[np.uint8]:
        turned = _turn(frame)
        if self._size is None:
            width, height = upright_size(frame, self._stream)
            scale = min(Fraction(1), Fraction(self._px, max(width, height)))
            self._size = (max(1, round(width * scale)), max(1, round(height * scale)))
        width, height = self._size if not turned[0] else self._size[::-1]
        rgb = self._reformatter.reformat(
            frame, width, height, "rgb24", interpolation=Interpolation.BILINEAR, threads=1
        )
        return _upright(rgb.to_ndarray(), turned)


def upright_size(frame: Any, stream: Any) -> tuple[int, int]:
    """Width and height of a frame of `stream` as it is meant to be seen: square pixels, turned upright.

    Pixels that are not square make the frame narrower or lower, never larger.
    """
    width, height = frame.width, frame.height
    aspect = _aspect(stream)
    if aspect > 1:
        height = max(1, round(height / aspect))
    else:
        width = max(1, round(width * aspect))
    return (height, width) if _turn(frame)[0] else (width, height)


def _aspect(stream: Any) -> Fraction:
    """Width of a pixel over its height; what nobody would film with is taken for a mistake."""
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


def _turn(frame: Any) -> tuple[bool, bool, bool]:
    """(transpose, then flip left-right, then flip up-down) that its display matrix asks for.

    The matrix maps x' = a x + c y, y' = b x + d y (16.16 fixed point, 3 by 3, rows a b u, c d v).
    """
    try:
        data = frame.side_data.get(SideData.DISPLAYMATRIX)
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


def _timed(packet: Any) -> bool:
    return packet.pts is not None and packet.dts is not None and packet.pts >= packet.dts


def _leading(group: list[Any]) -> list[int]:
    """Stamps of the pictures that come after the key frame in the file and before it on screen."""
    return [packet.pts for packet in group[1:] if packet.pts < group[0].pts]
