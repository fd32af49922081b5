"""Where files of the ISO base media kind (MP4, MOV) begin that lie one after another in one file.

Most begin with a box `ftyp` (ISO/IEC 14496-12, 4.3). QuickTime's own may begin with any: there each has
one index (`moov`), which counts its places from the first byte of its file.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from io import FileIO
from itertools import islice
from typing import NamedTuple

from engine.media.boxes import Box, boxes, content, find, read, whole

STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp")
_LETTERS = frozenset((*range(0x20, 0x7F), 0xA9))
# Boxes before and behind an index among which its media is looked for.
_MOST_BEFORE, _MOST_BEHIND = 32, 8
# Of one file so many indexes are looked at.
_MOST_INDEXES = 64


class _Top(NamedTuple):
    """A box at the top: where it begins, and what is in it."""

    start: int
    box: Box


def starts(file: FileIO, at: int) -> Iterator[int]:
    """The bytes at which files begin after the one at byte `at`, box after box."""
    begin, indexes = at, 0
    latest: deque[int] = deque(maxlen=_MOST_BEFORE)
    media: deque[int] = deque(maxlen=_MOST_BEFORE)
    for top in _tops(file, at):
        start: int | None = None
        if top.box.kind == b"ftyp":
            start = top.start
        elif top.box.kind == b"moov":
            indexes += 1
            if 1 < indexes <= _MOST_INDEXES:
                start = _start(file, [begin, *latest], top, media)
        elif top.box.kind == b"mdat":
            media.append(top.box.start)
        if start is not None and start > begin:
            yield start
            begin, indexes = start, int(top.box.kind == b"moov")
        if top.box.kind in STARTS:
            latest.append(top.start)


def end(file: FileIO, at: int) -> int:
    """Where the boxes from byte `at` on end: at the end of the file, or where none can be."""
    last = at
    for top in _tops(file, at):
        last = top.box.end
    return last


def _tops(file: FileIO, at: int) -> Iterator[_Top]:
    for box in boxes(file, at, whole(file).end):
        # Zeros for padding, or something else: only media may be of unknown length.
        unknown = read(file, at, 4) == bytes(4) and box.kind != b"mdat"
        if unknown or not all(byte in _LETTERS for byte in box.kind):
            return
        yield _Top(at, box)
        at = box.end


def _start(file: FileIO, tops: list[int], index: _Top, media: Iterable[int]) -> int:
    """Where the file begins that one more index is of: the last place from which it points to media.

    tops: where boxes before it begin, that of the file before first. media: where media before it begins.
    """
    first = _first_place(file, index.box)
    if first is None:
        return index.start
    behind = islice(_tops(file, index.box.end), _MOST_BEHIND)
    places = {*media, *(box.start for _, box in behind if box.kind == b"mdat")}
    starts = (index.start, *reversed(tops))
    return next((start for start in starts if start + first in places), index.start)


def _first_place(file: FileIO, index: Box) -> int | None:
    """The first byte of media that an index names, counted from the start of its file."""
    places = []
    for kind, size in ((b"stco", 4), (b"co64", 8)):
        for table in find(file, index, b"trak", b"mdia", b"minf", b"stbl", kind):
            entry = content(file, table, 8 + size)[8:]
            if len(entry) == size:
                places.append(int.from_bytes(entry))
    return min(places, default=None)
