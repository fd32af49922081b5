"""Parts of a file, as players ask for them (HTTP ranges)."""

import re
from collections.abc import Iterator
from io import FileIO

_RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})", re.ASCII)
_BLOCK = 1 << 18


class Unsatisfiable(Exception):
    """A range that the file does not have."""


def asked(header: str | None, size: int) -> tuple[int, int] | None:
    """Bytes [first, end) of a file of this size that a Range header asks for; None for all of it, also
    where it asks for several parts. Raises Unsatisfiable."""
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        first, end = max(0, size - int(match[2])), size
    else:
        first, end = int(match[1]), min(size, int(match[2] or size) + 1)
    if match[2] and match[1] and int(match[2]) < int(match[1]):
        return None
    if first >= size or end <= first:
        raise Unsatisfiable
    return first, end


def blocks(file: FileIO, first: int, end: int) -> Iterator[bytes]:
    """Bytes [first, end) of a file, some at a time; fewer where it has become shorter."""
    file.seek(first)
    while first < end:
        block = file.read(min(_BLOCK, end - first))
        if not block:
            return
        first += len(block)
        yield block
