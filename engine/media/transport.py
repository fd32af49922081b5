"""Recordings in an MPEG transport stream (ISO/IEC 13818-1), one after another.

A recording begins with the tables of its programmes: the PAT says in which packets (PID) the table of
each programme lies, that one (PMT) where its streams are. FFmpeg goes on with the streams that it found
at first; where the tables change, others begin.
"""

from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

import numpy as np

_SYNC = 0x47
_PAT, _PMT = 0, 2
# Plain; with a time stamp before each packet (Blu-ray, camcorders); with error correction after it.
_FORMS = ((188, 0), (192, 4), (204, 0))
_CHUNK_PACKETS = 8192
# Tables that come before the first packet of a programme: PAT, CAT, NIT, SDT, EIT, TDT; null packets.
_TABLES = frozenset((0, 1, 16, 17, 18, 20, 0x1FFF))
_MOST_TABLES = 64


class Form(NamedTuple):
    """How packets lie in a file: bytes of one with what is around it, and where in these it begins."""

    size: int
    lead: int


class _Section(NamedTuple):
    """A table's section: what it is a table of, and its content without version and checksum."""

    table: int = -1
    of: int = 0
    content: bytes = b""


def form_of(head: bytes) -> Form | None:
    """The form of a transport stream that begins with these bytes; None when they are not one."""
    for size, lead in _FORMS:
        syncs = head[lead::size][:4]
        if len(syncs) > 1 and set(syncs) == {_SYNC}:
            return Form(size, lead)
    return None


def changes(file: FileIO, form: Form) -> Iterator[int]:
    """The bytes at which the tables name other streams than before; none after a packet is misplaced."""
    tables = _Tables()
    at = 0
    for packets in _packets(file, form):
        pids = (packets[:, 1].astype(int) & 0x1F) << 8 | packets[:, 2]
        begins = (packets[:, 1] & 0x40) > 0
        for row in np.flatnonzero(begins & (pids == 0)):
            tables.expect(_section(packets[row].tobytes()))
        for row in np.flatnonzero(begins & np.isin(pids, [0, *tables.expected])):
            place, section = at + int(row) * form.size, _section(packets[row].tobytes())
            if (start := tables.change(int(pids[row]), section, place)) is not None:
                yield start
        at += len(packets) * form.size


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
    """The PAT before the packet in which byte `at` lies, if nothing but tables is between; else that
    packet."""
    at -= at % form.size
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
    file: FileIO, form: Form
) -> "Iterator[np.ndarray[tuple[int, int], np.dtype[np.uint8]]]":
    """The packets of the stream, (n, 188), as long as each begins where it should."""
    file.seek(0)
    while chunk := file.read(_CHUNK_PACKETS * form.size):
        rows = np.frombuffer(chunk, np.uint8, len(chunk) // form.size * form.size)
        packets = rows.reshape(-1, form.size)[:, form.lead : form.lead + 188]
        wrong = np.flatnonzero(packets[:, 0] != _SYNC)
        yield packets[: wrong[0]] if len(wrong) else packets
        if len(wrong):
            return


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
