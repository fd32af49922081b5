"""Picking frames out of a video stream while it is demuxed.

Decoding is most of the cost, so as little as possible is decoded (`engine.media.choosing`). The pixels
are those of decoding everything.

Where timestamps are missing or a codec's packets are not one frame each, every packet is decoded and
frames are picked as they come out.
"""

from collections import deque
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from engine.media.choosing import ByGroup, InOrder, timed
from engine.media.codec import FrameDecoder, Stamps
from engine.media.scaling import KeptFrames, Scaler
from manifests.media import Frames

# Codecs in which one packet is one shown frame, and pictures after a key frame don't need what came
# before it (leading pictures apart, which are seen to).
_PLANNED = {
    *("h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "h263", "flv", "vp9", "av1", "libdav1d"),
    *("mjpeg", "prores", "dnxhd", "dvvideo", "ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo"),
    *("png", "apng"),
}


class FramePicker:
    """Takes the packets of `stream` in order and keeps the frames on screen at `wanted` times.

    origin: seconds on the stream's clock that are time 0 of the source. wanted: seconds of the
    source, ascending; a frame that is on screen at several of them is kept once. px: longest side
    of a kept frame. since: seconds of the source before which no frame counts.
    """

    def __init__(
        self,
        stream: Any,
        origin: Fraction,
        wanted: Iterable[Fraction],
        px: int,
        since: Fraction | None = None,
    ) -> None:
        self._base: Fraction = stream.time_base
        self._stamps = Stamps(stream)
        self._decoder = FrameDecoder(stream)
        self._kept = KeptFrames(Scaler(px, stream))
        self._since = None if since is None else int((origin + since) // self._base)
        self._targets = deque(int((origin + time) // self._base) for time in wanted)
        # AVI says when packets are decoded, not when frames are shown: the order out is the truth.
        self._unstamped = stream.container.format.name == "avi" and bool(
            stream.codec_context.has_b_frames
        )
        self._way: ByGroup | InOrder
        if self._decoder.name in _PLANNED and not self._unstamped:
            self._way = ByGroup(self._decoder, self._kept, self._targets, self._since)
        else:
            self._way = self._in_order()

    @property
    def done(self) -> bool:
        """Whether no packet is needed any more."""
        return self._way.done

    @property
    def errors(self) -> int:
        """How many packets could not be decoded."""
        return self._decoder.errors

    @property
    def lost(self) -> int:
        """How many wanted frames are missing."""
        return self._kept.lost

    @property
    def count(self) -> int:
        """How many frames are kept."""
        return len(self._kept.stamps)

    def feed(self, packet: Any) -> None:
        """The next packet of the stream. Nothing more is taken once `done`."""
        if self.done or not packet.size:
            return
        if isinstance(self._way, ByGroup) and not timed(packet):
            self._stop_planning(self._way)
        self._way.feed(packet)
        if isinstance(self._way, ByGroup) and not self._way.done and self._way.holds_too_much:
            self._stop_planning(self._way)

    def finish(self) -> None:
        """Decodes what is held back: no packet is to come."""
        if not self.done:
            self._way.finish()

    def frames(self) -> Frames | None:
        """The frames kept, upright, (n, height, width, 3) uint8 RGB; None when there are none."""
        return self._kept.stacked()

    def times(self, origin: Fraction) -> list[Fraction]:
        """When each kept frame comes on screen, in seconds of the source."""
        return [stamp * self._base - origin for stamp in self._kept.stamps]

    def _stop_planning(self, planned: ByGroup) -> None:
        """Decodes everything from here on, first what was held back."""
        self._way = self._in_order()
        for packet in planned.give_up():
            self._way.feed(packet)

    def _in_order(self) -> InOrder:
        how = self._since, self._unstamped, self._stamps
        return InOrder(self._decoder, self._kept, self._targets, *how)
