"""Decoding the packets of one video stream, whatever is wrong with them."""

from typing import Any

from av.error import EOFError as FFmpegEOF
from av.error import FFmpegError

# Codecs whose unreferenced frames can be left out without changing any other.
_SKIPPING = {"h264", "mpeg1video", "mpeg2video", "mpeg4"}


class FrameDecoder:
    """The decoder of a video stream. name: FFmpeg's name of the codec. errors: packets that failed."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._skips = context.name in _SKIPPING
        self.name: str = context.name
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
