"""Choosing the frames that are on screen at wanted times, with as little decoding as possible.

`ByGroup` knows from the packets' timestamps which frames will be wanted and decodes no others than
they need. `InOrder` decodes everything and chooses among the frames as they come out. Both give the
same frames.

All times are stamps on the stream's clock. A frame is on screen until the next one; the last stays.
"""

from collections import deque
from typing import Any

from engine.media.codec import FrameDecoder, Stamps
from engine.media.scaling import KeptFrames

# Packets held back at most; beyond it everything is decoded.
_HELD_BYTES = 256 << 20


class ByGroup:
    """Holds packets back, one group of pictures (a key frame and what follows) at a time, until it is
    certain which of them will be on screen at a wanted time.

    Decodes only groups that hold a wanted packet, only up to the last one wanted. targets: the wanted
    times, ascending; they are taken out as they are settled. since: what is shown before it is not taken.
    """

    def __init__(
        self, decoder: FrameDecoder, kept: KeptFrames, targets: deque[int], since: int | None
    ) -> None:
        self._decoder = decoder
        self._kept = kept
        self._targets = targets
        self._last = targets[-1]
        self._since = since
        self._groups: deque[list[Any]] = deque()
        self._held_bytes = 0
        self._waiting: set[int] = set()
        self.done = False

    @property
    def holds_too_much(self) -> bool:
        """Whether the packets held back take too much memory."""
        return self._held_bytes > _HELD_BYTES

    def feed(self, packet: Any) -> None:
        """The next packet, which is `timed`."""
        if packet.is_keyframe or not self._groups:
            self._groups.append([])
        self._groups[-1].append(packet)
        self._held_bytes += packet.size
        # Packets to come are shown after this one's dts: what precedes a key frame is all here.
        while len(self._groups) > 1 and packet.dts >= self._groups[1][0].pts:
            self._work(self._groups.popleft(), self._groups[0])
        if packet.dts > self._last:
            self.finish()

    def finish(self) -> None:
        """Decodes what is held back: no packet is to come, or none is needed."""
        while self._groups:
            following = self._groups[1] if len(self._groups) > 1 else None
            self._work(self._groups.popleft(), following)
        self.done = True

    def give_up(self) -> list[Any]:
        """The packets held back, none of them decoded, for another way to go on with."""
        self._decoder.need(True)
        held = [packet for group in self._groups for packet in group]
        self._groups.clear()
        return held

    def _work(self, group: list[Any], following: list[Any] | None) -> None:
        """Decodes of one group what the targets before the following one's key frame need."""
        leading = _leading(following) if following else []
        # A hidden packet, before the start of an edit list, is decoded for those after it.
        own = {packet.pts for packet in group if not packet.is_discard}
        shown = sorted(own.union(leading))
        limit = following[0].pts if following else None
        wanted = self._assign(shown, limit)
        continues = any(stamp in wanted for stamp in leading)
        self._waiting |= wanted
        last = max((i for i, p in enumerate(group) if p.pts in self._waiting), default=-1)
        if continues:
            last = len(group) - 1
        for packet in group[: last + 1]:
            self._decoder.need(packet.pts in self._waiting)
            self._keep_wanted(packet)
        if last >= 0 and not continues:
            self._keep_wanted(None)
            self._decoder.begin_anew()
            self._kept.lost += len(self._waiting)
            self._waiting.clear()
        self._held_bytes -= sum(packet.size for packet in group)

    def _assign(self, shown: list[int], limit: int | None) -> set[int]:
        """The stamps on screen at the targets before `limit`, or at all of them where nothing follows;
        those targets are settled by it."""
        wanted = set()
        if self._since is not None:
            shown = [stamp for stamp in shown if stamp >= self._since]
        while self._targets and (limit is None or self._targets[0] < limit):
            target = self._targets.popleft()
            before = [stamp for stamp in shown if stamp <= target]
            if before:
                wanted.add(before[-1])
        return wanted

    def _keep_wanted(self, packet: Any) -> None:
        for frame in self._decoder.frames(packet):
            if frame.pts in self._waiting:
                self._waiting.discard(frame.pts)
                self._kept.add(frame)


class InOrder:
    """Decodes every packet and keeps a frame when a later one shows that it was on screen at a target.

    targets: the wanted times, ascending; they are taken out as they are settled. unstamped: the frames'
    own stamps mean nothing (AVI says when packets are decoded, not when frames are shown). stamps: those
    of frames that lack some.
    """

    def __init__(
        self,
        decoder: FrameDecoder,
        kept: KeptFrames,
        targets: deque[int],
        since: int | None,
        unstamped: bool,
        stamps: Stamps,
    ) -> None:
        self._decoder = decoder
        self._stamps = stamps
        self._guessed = False
        self._kept = kept
        self._targets = targets
        self._since = since
        self._unstamped = unstamped
        self._first_dts: int | None = None
        self._delay: int | None = None
        self._on_screen: Any = None
        self.done = False

    def feed(self, packet: Any) -> None:
        """The next packet."""
        if self._first_dts is None:
            self._first_dts = packet.dts
            if self._decoder.name == "mpeg4":  # its decoder holds back one frame, ever
                self._delay = packet.duration
        self._choose(packet)
        self.done = not self._targets

    def finish(self) -> None:
        """No packet is to come."""
        self._choose(None)
        if self._on_screen is not None:
            self._settle(None)
        self.done = True

    def _choose(self, packet: Any) -> None:
        for frame in self._decoder.frames(packet):
            guessed = frame.pts is None and not self._unstamped
            frame.pts = self._shown_at(frame) if self._unstamped else self._stamps.of(frame)
            if frame.pts is None or (self._since is not None and frame.pts < self._since):
                continue
            if self._on_screen is not None:
                if frame.pts <= self._on_screen.pts:
                    if guessed or not self._guessed:
                        continue
                    # What was guessed ran ahead of the stamps: this frame takes over.
                    frame.pts, guessed = self._on_screen.pts + 1, True
                self._settle(frame.pts)
            self._guessed = guessed
            self._on_screen = frame
            while self._targets and self._targets[0] < frame.pts:
                self._targets.popleft()  # before the first picture

    def _shown_at(self, frame: Any) -> int | None:
        """When a frame without a stamp of its own is shown: at the dts of its place in the order."""
        if frame.dts is None or self._first_dts is None:
            return None
        if self._delay is None:
            self._delay = frame.dts - self._first_dts
        return int(frame.dts - self._delay)

    def _settle(self, until: int | None) -> None:
        """Keeps the frame on screen if a target lies in its time, which ends at `until`, or never."""
        passed = False
        while self._targets and (until is None or self._targets[0] < until):
            passed = self._targets.popleft() >= self._on_screen.pts or passed
        if passed:
            self._kept.add(self._on_screen)


def timed(packet: Any) -> bool:
    """Whether a packet's stamps can be relied on to plan what is decoded."""
    return packet.pts is not None and packet.dts is not None and packet.pts >= packet.dts


def _leading(group: list[Any]) -> list[int]:
    """Stamps of the pictures that come after the key frame in the file and before it on screen."""
    return [packet.pts for packet in group[1:] if packet.pts < group[0].pts]
