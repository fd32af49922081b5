"""The boxes of MP4, MOV, HEIF and AVIF (ISO/IEC 14496-12), read one header at a time."""

import os
import struct
from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

# A file of hours in fragments has some ten thousand boxes at its top.
_MOST = 100_000
_FAR = 1 << 62


class Box(NamedTuple):
    """A box: its kind, and where its content starts and ends in the file."""

    kind: bytes
    start: int
    end: int


def boxes(file: FileIO, start: int, end: int) -> Iterator[Box]:
    """The boxes one after another in [start, end). Ends where one can't be."""
    for _ in range(_MOST):
        head = read(file, start, 16)
        if len(head) < 8 or start >= end:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        content = start + 8
        if length == 1 and len(head) == 16:
            length, content = int.from_bytes(head[8:]), start + 16
        elif length == 0:
            length = end - start
        if length < content - start:
            return
        yield Box(kind, content, min(end, start + length))
        start += length


def find(file: FileIO, within: Box, *kinds: bytes) -> Iterator[Box]:
    """The boxes below `within` that the kinds lead to, one kind a level."""
    for box in boxes(file, within.start, within.end):
        if box.kind != kinds[0]:
            continue
        if len(kinds) == 1:
            yield box
        else:
            skip = 4 if box.kind == b"meta" else 0
            yield from find(file, Box(box.kind, box.start + skip, box.end), *kinds[1:])


def whole(file: FileIO) -> Box:
    """The file as if it were a box."""
    return Box(b"", 0, os.fstat(file.fileno()).st_size)


def is_cut(file: FileIO) -> bool:
    """Whether a box at the top should go on behind the end of the file."""
    size = whole(file).end
    return any(size < box.end < _FAR for box in boxes(file, 0, _FAR))


def content(file: FileIO, box: Box, most: int = 1 << 20) -> bytes:
    """What is in a box, up to `most` bytes."""
    return read(file, box.start, min(box.end - box.start, most))


def read(file: FileIO, start: int, count: int) -> bytes:
    """Up to `count` bytes from `start` on; where the file is read next stays as it is."""
    return os.pread(file.fileno(), max(0, count), start) if start < _FAR else b""
