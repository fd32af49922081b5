"""Decoding the packets of one video stream, whatever is wrong with them."""

from typing import Any

from av.codec import CodecContext
from av.error import EOFError as FFmpegEOF
from av.error import FFmpegError

from engine.media.open import MAX_PIXELS

# Codecs whose unreferenced frames can be left out without changing any other.
_SKIPPING = {"h264", "mpeg1video", "mpeg2video", "mpeg4"}

# FFmpeg's own decoders of these leave transparency out; libvpx's decode it, at a higher cost.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

# Pictures a second where nothing says how many, as players take it; more than any film has: what FFmpeg
# then says is the clock's own rate.
_USUAL_RATE, _MOST_RATE = 25, 300


class FrameDecoder:
    """The decoder of a video stream. name: FFmpeg's name of the codec. errors: packets that failed."""

    def __init__(self, stream: Any) -> None:
        context = stream.codec_context
        self.name: str = context.name
        self._context = _with_alpha(stream) or context
        self._skips = self.name in _SKIPPING
        self.errors = 0

    def frames(self, packet: Any) -> list[Any]:
        """The frames that come out when a packet goes in, or with None all that are still inside."""
        try:
            return list(self._context.decode(packet))
        except FFmpegEOF:
            return []
        except FFmpegError:
            self.errors += 1
            return []

    def need(self, needed: bool) -> None:
        """Says whether the frame of the next packet is needed for itself. If not, it is left out where
        no other frame needs it either."""
        if self._skips:
            self._context.skip_frame = "DEFAULT" if needed else "NONREF"

    def begin_anew(self) -> None:
        """Makes it ready for a key frame after all frames came out."""
        self._context.flush_buffers()


class Stamps:
    """When the frames of a video stream come on screen, in ticks of its clock.

    One without a stamp follows the one before by its duration: H.264 in program streams has several small
    pictures under one stamp.
    """

    def __init__(self, stream: Any) -> None:
        self._usual = usual_ticks(stream)
        self._next: int | None = None

    def of(self, frame: Any) -> int | None:
        """The stamp of the next frame, in the order shown; None before the first that has one."""
        stamp: int | None = self._next if frame.pts is None else frame.pts
        if stamp is not None:
            self._next = stamp + (frame.duration or self._usual)
        return stamp


def usual_ticks(stream: Any) -> int:
    """How long a picture of a video stream is shown, in ticks of its clock, by its rate."""
    rates = stream.average_rate, stream.guessed_rate
    rate = next((rate for rate in rates if rate and rate <= _MOST_RATE), _USUAL_RATE)
    ticks: int = round(1 / (rate * stream.time_base))
    return ticks


def _with_alpha(stream: Any) -> Any:
    """A decoder of colours and transparency for a stream of WebM that has both, else None."""
    name = _WITH_ALPHA.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return None
    context = CodecContext.create(name, "r")
    context.options = {"max_pixels": str(MAX_PIXELS)}
    context.thread_count = 1
    return context
