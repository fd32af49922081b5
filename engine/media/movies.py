"""Where files of the ISO base media kind (MP4, MOV) begin that lie one after another in one file.

Most begin with a box `ftyp` (ISO/IEC 14496-12, 4.3). QuickTime's own may begin with any: there each has
one index (`moov`), which counts its places from the first byte of its file.
"""

from collections.abc import Iterator
from io import FileIO
from itertools import islice
from typing import NamedTuple

from engine.media.boxes import Box, boxes, content, find, read, whole

STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp")
_LETTERS = frozenset((*range(0x20, 0x7F), 0xA9))
# Boxes behind an index among which its media is looked for.
_MOST_BEHIND = 8


class _Top(NamedTuple):
    """A box at the top: where it begins, and what is in it."""

    start: int
    box: Box


def starts(file: FileIO, at: int) -> Iterator[int]:
    """The bytes at which files begin after the one at byte `at`, box after box."""
    tops: list[_Top] = []
    for top in _tops(file, at):
        start: int | None = None
        if top.box.kind == b"ftyp":
            start = top.start if tops else None
        elif top.box.kind == b"moov" and any(other.box.kind == b"moov" for other in tops):
            start = _start(file, [*tops, top])
        if start is not None:
            yield start
            tops = [other for other in tops if other.start >= start]
        if top.box.kind in STARTS:
            tops.append(top)


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


def _start(file: FileIO, tops: list[_Top]) -> int | None:
    """Where the file begins whose index is the last of these boxes: the last place from which the index
    points to media. None for one more index of the same file."""
    index = tops[-1].box
    first = _first_place(file, index)
    if first is None:
        return tops[-1].start
    behind = islice(_tops(file, index.end), _MOST_BEHIND)
    media = {box.start for _, box in (*tops, *behind) if box.kind == b"mdat"}
    for top in reversed(tops):
        if top.start + first in media:
            return top.start if top is not tops[0] else None
    return tops[-1].start


def _first_place(file: FileIO, index: Box) -> int | None:
    """The first byte of media that an index names, counted from the start of its file."""
    places = []
    for kind, size in ((b"stco", 4), (b"co64", 8)):
        for table in find(file, index, b"trak", b"mdia", b"minf", b"stbl", kind):
            entry = content(file, table, 8 + size)[8:]
            if len(entry) == size:
                places.append(int.from_bytes(entry))
    return min(places, default=None)
