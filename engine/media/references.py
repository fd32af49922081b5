"""The clock that an MPEG stream carries beside the stamps of its packets (ISO/IEC 13818-1).

PCR in transport streams, SCR in program streams. Stamps are of pictures and sounds, which lie out of
order and far apart; this clock only runs ahead within a recording. Where it goes back another recording
begins, however short both are.
"""

from collections.abc import Iterator
from io import FileIO

PACK = b"\x00\x00\x01\xba"
_WRAP = 1 << 33
_CHUNK = 1 << 20
_HEADER = 15


class Reference:
    """Takes the values of one clock, in 90 kHz ticks of 33 bits, in the order of the file."""

    def __init__(self) -> None:
        self._before: list[int] = []
        self._doubtful: tuple[int, int] | None = None

    def see(self, ticks: int, start: int) -> int | None:
        """The clock's next value, and the byte at which a recording begins if it starts again with it.
        The byte of one that is certain now. A single wrong value starts nothing."""
        begins = None
        if self._doubtful is not None:
            doubtful, place = self._doubtful
            self._doubtful = None
            if not _is_ahead(ticks, self._before[-1]):
                begins, self._before = place, [doubtful]
        if self._is_behind(ticks):
            self._doubtful = ticks, start
        else:
            self._before = [*self._before[-1:], ticks]
        return begins

    def finish(self) -> int | None:
        """No value is to come: the byte at which a recording of one value begins."""
        return None if self._doubtful is None else self._doubtful[1]

    def _is_behind(self, ticks: int) -> bool:
        """Whether a value does not come after the last two, one of which may be wrong."""
        return bool(self._before) and not any(_is_ahead(ticks, last) for last in self._before)


def _is_ahead(ticks: int, last: int) -> bool:
    return 0 < (ticks - last) % _WRAP < _WRAP // 2


def restarts(file: FileIO, at: int) -> Iterator[int]:
    """The packs of a program stream, from byte `at` on, at which its clock starts again."""
    clock = Reference()
    while True:
        file.seek(at)
        chunk = file.read(_CHUNK + _HEADER)
        place = chunk.find(PACK)
        while 0 <= place < _CHUNK:
            ticks = _scr(chunk[place + len(PACK) : place + _HEADER])
            if ticks is not None and (start := clock.see(ticks, at + place)) is not None:
                yield start
            place = chunk.find(PACK, place + len(PACK))
        if len(chunk) < _CHUNK + _HEADER:
            break
        at += _CHUNK
    if (start := clock.finish()) is not None:
        yield start


def has_pack(content: bytes) -> bool:
    """Whether the header of a pack lies in these bytes."""
    place = content.find(PACK)
    while place >= 0:
        if _scr(content[place + len(PACK) : place + _HEADER]) is not None:
            return True
        place = content.find(PACK, place + len(PACK))
    return False


def _scr(pack: bytes) -> int | None:
    """The clock in the header of a pack, of MPEG-2 or MPEG-1; None where the marks of one are missing."""
    if len(pack) < 8:
        return None
    if pack[0] & 0xC4 == 0x44 and pack[2] & 4 and pack[4] & 4 and pack[5] & 1:
        bits = int.from_bytes(pack[:5])
        return (bits >> 35 & 7) << 30 | (bits >> 19 & 0x7FFF) << 15 | bits >> 3 & 0x7FFF
    if pack[0] & 0xF1 == 0x21 and pack[2] & 1 and pack[4] & 1 and pack[5] & 0x80:
        bits = int.from_bytes(pack[:5])
        return (bits >> 33 & 7) << 30 | (bits >> 17 & 0x7FFF) << 15 | bits >> 1 & 0x7FFF
    return None
