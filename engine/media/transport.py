"""Recordings in an MPEG transport stream (ISO/IEC 13818-1), one after another.

A recording begins with the tables of its programmes: the PAT says in which packets (PID) the table of
each programme lies, that one (PMT) where its streams are. FFmpeg goes on with the streams that it found
at first; where the tables change, others begin. So they do where the clock starts again.
"""

from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

import numpy as np

from engine.media.references import Reference

_SYNC = 0x47
_PAT, _PMT = 0, 2
# Plain; with a time stamp before each packet (Blu-ray, camcorders); with error correction after it.
_FORMS = ((188, 0), (192, 4), (204, 0))
_CHUNK_PACKETS, _FEWEST_PACKETS = 8192, 64
# So many packets in a row begin where they should, where a stream goes on after a damaged place.
_IN_A_ROW = 3
# So many do where anything may lie before a stream.
_CERTAINLY_IN_A_ROW = 8
# Tables that come before the first packet of a programme: PAT, CAT, NIT, SDT, EIT, TDT; null packets.
_TABLES = frozenset((0, 1, 16, 17, 18, 20, 0x1FFF))
_MOST_TABLES = 64


class Form(NamedTuple):
    """How packets lie in a file: bytes of one with what is around it, where in these it begins, and the
    byte of the first."""

    size: int
    lead: int
    first: int = 0


class _Section(NamedTuple):
    """A table's section: what it is a table of, and its content without version and checksum."""

    table: int = -1
    of: int = 0
    content: bytes = b""


def form_of(head: bytes) -> Form | None:
    """The form of a transport stream that begins with these bytes, within a packet or not; None when they
    are not one."""
    for size, lead in _FORMS:
        if _is_in_step(head, size, lead, 2):
            return Form(size, lead)
    for size, lead in _FORMS:
        for first in range(1, size):
            if _is_in_step(head, size, first + lead, 4):
                return Form(size, lead, first)
    return None


def form_within(content: bytes) -> Form | None:
    """The form of a transport stream that begins anywhere in these bytes; None where none does."""
    syncs = np.frombuffer(content, np.uint8) == _SYNC
    forms = []
    for size, lead in _FORMS:
        places = max(0, len(syncs) - lead - (_CERTAINLY_IN_A_ROW - 1) * size)
        steps = [syncs[lead + n * size :][:places] for n in range(_CERTAINLY_IN_A_ROW)]
        first = np.flatnonzero(np.logical_and.reduce(steps))[:1]
        forms += [Form(size, lead, int(place)) for place in first]
    return min(forms, key=lambda form: form.first, default=None)


def has_programmes(content: bytes, form: Form) -> bool:
    """Whether a PAT lies in these bytes, in step with a stream of this form."""
    for at in range(form.first + form.lead, len(content) - 187, form.size):
        packet = content[at : at + 188]
        begins_pat = packet[0] == _SYNC and packet[1] & 0x5F == 0x40 and packet[2] == 0
        if begins_pat and _maps(_section(packet)):
            return True
    return False


def _is_in_step(head: bytes, size: int, lead: int, least: int) -> bool:
    syncs = head[lead::size][:4]
    return len(syncs) >= least and set(syncs) == {_SYNC}


def changes(file: FileIO, form: Form, start: int = 0) -> Iterator[int]:
    """The bytes, from `start` on, at which the tables name other streams than before or the clock starts
    again."""
    tables, clocks = _Tables(), _Clocks()
    for at, packets in _packets(file, form, start):
        pids = (packets[:, 1].astype(int) & 0x1F) << 8 | packets[:, 2]
        begins = (packets[:, 1] & 0x40) > 0
        for row in np.flatnonzero(begins & (pids == 0)):
            tables.expect(_section(packets[row].tobytes()))
        named = begins & np.isin(pids, [0, *tables.expected])
        timed = (packets[:, 3] & 0x20 > 0) & (packets[:, 4] > 6) & (packets[:, 5] & 0x10 > 0)
        for row in np.flatnonzero((named | timed) & (packets[:, 1] & 0x80 == 0)):
            place, pid, packet = at + int(row) * form.size, int(pids[row]), packets[row].tobytes()
            if timed[row] and (begin := clocks.restart(pid, packet, place)) is not None:
                yield begin
            if not named[row]:
                continue
            if pid == 0:
                clocks.mark(packet, place)
            if (begin := tables.change(pid, _section(packet), place)) is not None:
                clocks = _Clocks()
                yield begin
    if (begin := clocks.finish()) is not None:
        yield begin


class _Clocks:
    """The programmes' clocks, by the PIDs that carry them, and the PAT from which one may start again."""

    def __init__(self) -> None:
        self._clocks: dict[int, Reference] = {}
        self._counter = -1
        self._pat: int | None = None
        self._is_broken = False

    def mark(self, pat: bytes, at: int) -> None:
        """A PAT: the first since the clock was last told whose counter does not run on, else the last."""
        broken = self._counter >= 0 and (pat[3] - self._counter) & 0xF != 1
        self._counter = pat[3] & 0xF
        if broken or not self._is_broken:
            self._pat, self._is_broken = at, broken

    def restart(self, pid: int, packet: bytes, at: int) -> int | None:
        """The byte of a recording that begins as the clock in the packet at byte `at` tells."""
        clock = self._clocks.setdefault(pid, Reference())
        ticks = int.from_bytes(packet[6:11]) >> 7
        begin = clock.see(ticks, at if self._pat is None else self._pat)
        self._pat, self._is_broken = None, False
        if begin is None:
            return None
        others = [other.finish() for other in self._clocks.values() if other is not clock]
        self._clocks = {pid: clock}
        return min((begin, *(other for other in others if other is not None)))

    def finish(self) -> int | None:
        """No packet is to come: the byte of a recording that only the last value of a clock tells of."""
        begins = [clock.finish() for clock in self._clocks.values()]
        return min((begin for begin in begins if begin is not None), default=None)


class _Tables:
    """What the tables said last. expected: PIDs of programmes' tables, now or soon."""

    def __init__(self) -> None:
        self.expected: set[int] = set()
        self._maps: tuple[int, ...] = ()
        self._streams: dict[tuple[int, int], bytes] = {}
        self._pat_at = 0

    def expect(self, pat: _Section) -> None:
        """A PAT to come."""
        self.expected.update(_maps(pat))

    def change(self, pid: int, section: _Section, at: int) -> int | None:
        """Where a recording begins because the table at byte `at` is another than before."""
        if pid == 0:
            self._pat_at = at
            before, self._maps = self._maps, _maps(section) or self._maps
            return at if before and self._maps != before else None
        streams = _streams(section)
        if pid not in self._maps or not streams:
            return None
        before_it = self._streams.get((pid, section.of), streams)
        self._streams[pid, section.of] = streams
        return self._pat_at if streams != before_it else None


def start_before(file: FileIO, at: int, form: Form) -> int:
    """The PAT before the packet at byte `at`, if nothing but tables is between; else that packet."""
    first = max(0, at - _MOST_TABLES * form.size)
    file.seek(first)
    before = file.read(at - first)
    start, map_pid = at, None
    for place in range(at - form.size, first - 1, -form.size):
        packet = before[place - first + form.lead :][:4]
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if packet[0] != _SYNC:
            break
        if pid not in _TABLES:
            # The programme's own table, whose PID only the PAT before it says.
            if map_pid not in (None, pid):
                break
            map_pid = pid
        if pid == 0:
            start = place
    return start


def _packets(
    file: FileIO, form: Form, start: int
) -> "Iterator[tuple[int, np.ndarray[tuple[int, int], np.dtype[np.uint8]]]]":
    """The packets of the stream, (n, 188), with the byte of the first; damaged places are passed over."""
    at, count = start + form.first, _CHUNK_PACKETS
    while True:
        file.seek(at)
        chunk = file.read(count * form.size)
        rows = np.frombuffer(chunk, np.uint8, len(chunk) // form.size * form.size)
        packets = rows.reshape(-1, form.size)[:, form.lead : form.lead + 188]
        if not len(packets):
            return
        count = min(2 * count, _CHUNK_PACKETS)
        wrong = np.flatnonzero(packets[:, 0] != _SYNC)
        right = int(wrong[0]) if len(wrong) else len(packets)
        if right:
            yield at, packets[:right]
        at += right * form.size
        if right < len(packets):
            at, count = _resumed(file, form, at), _FEWEST_PACKETS


def _resumed(file: FileIO, form: Form, at: int) -> int:
    """Where packets lie in step again from byte `at` on; the end of the file where they do not."""
    window = _FEWEST_PACKETS * form.size
    while True:
        file.seek(at)
        content = np.frombuffer(file.read(window + _IN_A_ROW * form.size), np.uint8)
        shorter = len(content) - (_IN_A_ROW - 1) * form.size
        if shorter <= form.lead:
            return at + len(content)
        syncs = content == _SYNC
        steps = [syncs[n * form.size :][:shorter] for n in range(_IN_A_ROW)]
        places = np.flatnonzero(np.logical_and.reduce(steps)[form.lead :])
        if len(places):
            return at + int(places[0])
        at += shorter - form.lead


def _section(packet: bytes) -> _Section:
    """The section that begins in a packet, as far as it lies there; an empty one where none does that is
    in force."""
    at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    at += 1 + packet[at] if at < 188 else 0
    if at + 8 > 188 or not packet[at + 5] & 1:
        return _Section()
    length = (packet[at + 1] & 0x0F) << 8 | packet[at + 2]
    return _Section(
        packet[at], packet[at + 3] << 8 | packet[at + 4], packet[at + 8 : at + 3 + length - 4]
    )


def _maps(pat: _Section) -> tuple[int, ...]:
    """The PIDs of the programmes' tables."""
    if pat.table != _PAT:
        return ()
    entries = [pat.content[i : i + 4] for i in range(0, len(pat.content) - 3, 4)]
    return tuple((e[2] & 0x1F) << 8 | e[3] for e in entries if e[:2] != b"\x00\x00")


def _streams(pmt: _Section) -> bytes:
    """Type and PID of each stream."""
    section = pmt.content
    if pmt.table != _PMT or len(section) < 4:
        return b""
    at = 4 + ((section[2] & 0x0F) << 8 | section[3])
    streams = b""
    while at + 5 <= len(section):
        streams += section[at : at + 3]
        at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
    return streams
