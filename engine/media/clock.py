"""The clock of one stream: where its timestamps run on, where they jump, and where they start again.

Containers carry any stamps: a recorder whose clock is set while it records jumps ahead, two
recordings in one file start again. A single wrong stamp is neither: it is a jump only if what follows
runs on from there.
"""

from typing import NamedTuple

# Stamps may go back by this much where a muxer was careless.
_BACK_S = 1.0
# So many packets without a return to the old clock make a jump; fewer are wrong stamps. A B-frame
# pyramid sets back at most 16 in a stream that has no decoding times.
_CONFIRMED_BY = 20
_CONFIRMED_AT_END_BY = 3
# From so many on, odd packets are a clock of their own that others may run on from.
_RUN = 2
# A packet of unknown duration, and one that seems long before a jump, is shown for this long; where
# pictures may stand still for long, for the other.
_LEAST_S, _LEAST_STILL_S = 0.04, 1.0


class _Stamped(NamedTuple):
    dts: float
    start: float
    duration: float
    at: int
    beside: float | None


class Clock:
    """Takes the stamps of a stream in the order of the file.

    gap: seconds without a packet that count as a jump. longest: seconds up to which a packet's own
    duration is believed; in MP4 a jump of the clock looks like a long packet. stretches: [start, end] in
    seconds, between which nothing jumps. lasts: of each, when its last two packets are shown. beside: of
    each, where the other stream's clock stood when it began. restart: the byte at which the clock goes
    back for good (-1 when that is not known), None while it does not; what comes after it is not taken.
    """

    def __init__(self, gap: float, longest: float) -> None:
        self._gap = gap
        self._longest = longest
        self._least = _LEAST_STILL_S if longest > gap else _LEAST_S
        self.stretches: list[list[float]] = []
        self.lasts: list[tuple[float, float]] = []
        self.beside: list[float | None] = []
        self.restart: int | None = None
        self._dts = 0.0
        self._until = 0.0
        # Where the stretch ends if the last packet's long duration turns out to be a jump.
        self._surely = 0.0
        self._odd: list[_Stamped] = []

    @property
    def now(self) -> float | None:
        """Where it stands, in seconds; None before the first packet."""
        return self._dts if self.stretches else None

    @property
    def going_back(self) -> int | None:
        """The byte at which the clock goes back, certain or not yet; None where it does not."""
        if self.restart is None and self._odd and self._is_before(self._odd[0]):
            return self._odd[0].at
        return self.restart

    def see(
        self,
        dts: float | None,
        start: float,
        duration: float,
        at: int,
        beside: float | None = None,
    ) -> None:
        """A packet: when it is decoded (None where the container does not say), when it is shown and for
        how long, in seconds; the byte at which it lies; where the other stream's clock stands.

        Pictures are shown out of the order in which they lie in the file, so that only times of decoding
        tell whether the clock runs on.
        """
        if self.restart is not None:
            return
        if dts is None:
            dts = max(self._dts, start - self._gap) if self.stretches else start
        self._take(_Stamped(dts, start, duration, at, beside))
        if len(self._odd) >= _CONFIRMED_BY:
            self._settle()

    def finish(self, restarted: bool = False) -> None:
        """No packet is to come: what is held back is settled. restarted: another stream's clock went back
        for good, so that a single packet tells that this one's did too."""
        enough = 1 if restarted else _CONFIRMED_AT_END_BY
        while self._odd and self.restart is None:
            if self._is_before(self._odd[0]) and len(self._odd) < enough:
                self._odd.clear()
            else:
                self._settle()

    def _take(self, packet: _Stamped) -> None:
        fits = self._dts - _BACK_S <= packet.dts <= self._until + self._gap
        if self.stretches and (not fits or self._catches_up(packet)):
            self._odd.append(packet)
            return
        self._odd.clear()
        if not self.stretches:
            self._begin(packet)
        self._extend(packet)

    def _catches_up(self, packet: _Stamped) -> bool:
        """Whether a packet runs on from odd ones of a clock that went back: in short recordings, and in
        those of few pictures, the second one is soon where the first ended, and has not returned."""
        if len(self._odd) < _RUN or not self._is_before(self._odd[0]):
            return False
        before, last = self._odd[-2:]
        # Pictures that stand for long come out of order where the container has no times of decoding.
        usual = min(max(last.duration, last.dts - before.dts, _LEAST_S), _LEAST_STILL_S)
        return 0 <= packet.dts - last.dts <= 2 * usual

    def _settle(self) -> None:
        """Believes the first of the odd packets."""
        first, *others = self._odd
        self._odd = []
        if self._is_before(first):
            self.restart = first.at
            return
        self.stretches[-1][1] = self._surely
        self._begin(first)
        for packet in (first, *others):
            self._take(packet)

    def _begin(self, packet: _Stamped) -> None:
        self.stretches.append([packet.start, packet.start])
        self.lasts.append((packet.start, packet.start))
        self.beside.append(packet.beside)
        self._dts = self._until = packet.dts
        self._surely = packet.start + self._least

    def _extend(self, packet: _Stamped) -> None:
        stretch, end = self.stretches[-1], packet.start + min(packet.duration, self._longest)
        surely = packet.start + self._least if packet.duration > self._longest else end
        self._surely = max(self._surely, surely)
        stretch[0], stretch[1] = min(stretch[0], packet.start), max(stretch[1], end)
        if packet.start > (last := self.lasts[-1][1]):
            self.lasts[-1] = last, packet.start
        self._dts = max(self._dts, packet.dts)
        self._until = max(self._until, packet.dts, surely)

    def _is_before(self, packet: _Stamped) -> bool:
        return packet.dts < self._dts - _BACK_S


def joined(stretches: list[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """The union of stretches, ascending; those at most `gap` seconds apart are one."""
    whole: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if whole and start - whole[-1][1] <= gap:
            whole[-1] = whole[-1][0], max(whole[-1][1], end)
        else:
            whole.append((start, end))
    return whole
