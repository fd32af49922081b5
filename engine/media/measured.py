"""A stream of a source while it is read: its packets, its clock, its first frames."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.media.clock import Clock
from engine.media.codec import usual_ticks
from engine.media.open import origin_of, packets_of

if TYPE_CHECKING:
    from av.container import InputContainer

# Between stamps further apart, with neither sound nor a new picture, nothing is shown: the clock jumped.
# A film without sound may stand still for longer, but not in the formats that carry a running clock.
LONGEST_GAP_S = 10.0
LONGEST_STILL_S = 120.0
_LONGEST_SOUND_S = 5.0  # of one packet
# Packets of each stream that are decoded to see that it can be: B-frames may hold back 16 of them.
_TRIED_PACKETS = 40
_WANTED_FRAMES = {"audio": 8, "video": 1}
# What FFmpeg says of a picture above its `max_pixels`; the error itself is like any other.
_TOO_LARGE = "Picture size"
# Packets that are read to measure the length (a day and a half of video with sound).
_MEASURED_PACKETS = 10_000_000


@dataclass
class MeasuredStream:
    """One stream while it is read."""

    stream: Any
    reason: str | None
    longest: float = _LONGEST_SOUND_S
    packets: int = 0
    tried: int = 0
    errors: int = 0
    frames: list[Any] = field(default_factory=list)
    decoded: int = 0
    failed: Any = None

    def __post_init__(self) -> None:
        self.clock = Clock(LONGEST_GAP_S, self.longest)
        self._base = float(self.stream.time_base or 1) if self.stream is not None else 1.0
        self._first_shown = 0
        if self.stream is not None:
            self._first_shown = int(origin_of(self.stream.container) // self.stream.time_base)
        self._at = -1
        # In ticks: when the next packet is decoded if it does not say so, how long after that the first
        # one was shown, and how long a picture is shown whose packet does not say so.
        self._next: int | None = None
        self._held = 0
        self._usual = 0
        if self.stream is not None and self.stream.type == "video":
            self._usual = usual_ticks(self.stream)

    def see(self, packet: Any, beside: float | None = None) -> None:
        """Measures a packet and, among the first, decodes it. beside: where the other stream stands."""
        decoded, shown = self._times(packet)
        # Before the start of an edit list: decoded, and never shown.
        hidden = packet.is_discard or (shown is not None and shown < self._first_shown)
        if packet.size:
            self.packets += 1
            if packet.pos is not None and packet.pos >= 0:
                self._at = packet.pos
            if shown is not None and not hidden:
                since = None if decoded is None else decoded * self._base
                seconds = (packet.duration or 0) * self._base
                self.clock.see(since, shown * self._base, seconds, self._at, beside)
        wanted = _WANTED_FRAMES[self.stream.type]
        if self.tried < _TRIED_PACKETS and self.decoded < wanted:
            self._decode(packet, hidden)

    def _times(self, packet: Any) -> tuple[int | None, int | None]:
        """When a packet is decoded and shown, in ticks; None where that is not known. One without stamps
        follows the one before."""
        decoded, shown = packet.dts, packet.pts if packet.pts is not None else packet.dts
        if shown is None and self._next is not None and packet.size:
            decoded, shown = self._next, self._next + self._held
        elif self._next is None and decoded is not None:
            self._held = max(0, shown - decoded)
        if shown is not None:
            begin = shown if decoded is None else decoded
            self._next = begin + (packet.duration or self._usual)
        return decoded, shown

    def flush(self) -> None:
        """Takes what the decoder still holds."""
        self._decode(None)

    def _decode(self, packet: Any, hidden: bool = False) -> None:
        import av

        self.tried += packet is not None and bool(packet.size) and not hidden
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.EOFError:
            return
        except av.FFmpegError:
            self.errors += not hidden
            self.failed = self.failed or packet
            return
        good = [f for f in frames if not f.is_corrupt]
        self.errors += len(frames) - len(good)
        self.decoded += len(good)
        self.frames = self.frames or good[:1]

    def judge(self) -> None:
        """Sets the reason when the stream can't be used."""
        if not self.packets:
            self.reason = f"{self.stream.type} stream has no packets"
        elif not self.decoded or self.errors > self.decoded:
            self.reason = f"{self.stream.type} stream has no decodable packets"


_AFTER_RESTART = 1000
"""Packets behind a clock that went back in which the others must have done so: some 20 s of sound."""


def measure(container: "InputContainer", streams: dict[int, MeasuredStream]) -> bool:
    """Reads until the end, or until a clock goes back, and a little on: the other clocks go back too, and
    a picture that is long on the screen comes late. Whether all was measured."""
    import av

    left, after = _MEASURED_PACKETS, _AFTER_RESTART
    clocks = [stream.clock for stream in streams.values()]
    try:
        for packet in packets_of(container, [f.stream for f in streams.values()]):
            stream = streams[packet.stream.index]
            if stream.clock.restart is None:
                others = (clock.now for clock in clocks if clock is not stream.clock)
                stream.see(packet, next(others, None))
            left -= 1
            if any(clock.restart is not None for clock in clocks):
                after -= 1
                if not after or all(clock.going_back is not None for clock in clocks):
                    break
            if not left:
                break
    except av.FFmpegError:
        pass  # What was read until here is what there is.
    restarted = any(stream.clock.restart is not None for stream in streams.values())
    for stream in streams.values():
        if stream.tried < _TRIED_PACKETS and not stream.decoded and stream.packets:
            stream.flush()
        stream.clock.finish(restarted)
    return bool(left)


def is_too_large(packet: Any) -> bool:
    """Whether a packet failed for its picture's size: only FFmpeg's log tells."""
    import av

    if packet is None:
        return False
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as log:
            packet.stream.codec_context.flush_buffers()
            packet.decode()
    except av.FFmpegError:
        pass
    finally:
        av.logging.set_level(None)
    return any(_TOO_LARGE in line for _, _, line in log)
