"""Where a file holds several recordings, one after another.

`cat` of recordings, web radio and recorders that append make such files. FFmpeg reads the first one of
some and mixes the clocks of others. Each recording is a range of bytes that can be read by itself.
Most formats begin with something that comes nowhere else, which `starts` looks for. In MPEG's transport
and program streams the stamps tell too (`engine.media.clock`), and `unit_start` finds where the
recording begins before its first packet.
"""

import struct
from collections.abc import Callable, Iterator
from io import FileIO

from engine.media import transport
from engine.media.boxes import boxes, whole

_CHUNK = 1 << 20
_OVERLAP = 64
_HEAD = 1024
_BOX_HEAD = 8
# The header object of ASF. After it come its size, the number of its objects, and the bytes 1 and 2.
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
# More recordings than this are no recordings.
MOST = 4096

_PACK = b"\x00\x00\x01\xba"

_Check = Callable[[bytes], bool]


def starts(file: FileIO) -> list[int]:
    """The bytes at which the recordings of a file begin, ascending, 0 first; at most `MOST`."""
    file.seek(0)
    head = file.read(_HEAD)
    found: Iterator[int] = iter(())
    if head.startswith(b"OggS"):
        found = _ogg(file)
    elif head.startswith(b"fLaC"):
        found = _marks(file, b"fLaC", lambda after: after[1:4] == b"\x00\x00\x22")
    elif head.startswith(b"\x1a\x45\xdf\xa3"):
        found = _marks(
            file, head[:4], lambda after: any(kind in after for kind in (b"webm", b"matroska"))
        )
    elif head.startswith(b"FLV\x01"):
        found = _marks(file, head[:4], lambda after: after[1:5] == b"\x00\x00\x00\x09")
    elif head.startswith(ASF):
        found = _marks(file, ASF, lambda after: after[12:14] == b"\x01\x02")
    elif head[4:8] == b"ftyp":
        found = _files(file)
    elif head.startswith(b"RIFF"):
        found = _riff(file)
    elif (form := transport.form_of(head)) is not None:
        found = transport.changes(file, form)
    begins = [0]
    for start in found:
        if start > begins[-1]:
            begins.append(start)
        if len(begins) == MOST:
            break
    return begins


def unit_start(file: FileIO, at: int) -> int:
    """Where the recording begins whose first packet lies at byte `at`, in an MPEG stream."""
    file.seek(0)
    if (form := transport.form_of(file.read(_HEAD))) is not None:
        return transport.start_before(file, at, form)
    first = max(0, at - (1 << 16))
    file.seek(first)
    pack = file.read(at - first + len(_PACK)).rfind(_PACK)
    return at if pack < 0 else first + pack


def _ogg(file: FileIO) -> Iterator[int]:
    """A recording begins with pages that are the first of their streams (RFC 3533, section 6)."""
    at, beginning = 0, True
    while page := _ogg_page(file, at):
        start, first, at = page
        if first and not beginning:
            yield start
        beginning = first


def _ogg_page(file: FileIO, at: int) -> tuple[int, bool, int] | None:
    """The first page from a byte on: where it begins, whether it is the first of its stream, its end."""
    file.seek(at)
    head = file.read(27)
    if not head.startswith(b"OggS"):
        start = next(_marks(file, b"OggS", lambda after: after[:1] == b"\x00", at), None)
        if start is None:
            return None
        at = start
        file.seek(at)
        head = file.read(27)
    if len(head) < 27:
        return None
    segments = file.read(head[26])
    return at, bool(head[5] & 2), at + 27 + len(segments) + sum(segments)


def _files(file: FileIO) -> Iterator[int]:
    """Each file of the ISO base media kind begins with a box `ftyp` (ISO/IEC 14496-12, 4.3)."""
    for box in boxes(file, 0, whole(file).end):
        if box.kind == b"ftyp" and box.start > _BOX_HEAD:
            yield box.start - _BOX_HEAD


def _riff(file: FileIO) -> Iterator[int]:
    """A further RIFF of AVI or WAVE; OpenDML's AVIX goes on with the first."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF":
            return
        if at and head[8:] in (b"AVI ", b"WAVE"):
            yield at
        at += 8 + struct.unpack("<I", head[4:8])[0]
        at += at % 2


def _marks(file: FileIO, mark: bytes, follows: _Check, at: int = 1) -> Iterator[int]:
    """Where `mark` stands from byte `at` on, and what comes after it is as `follows` wants."""
    while True:
        file.seek(at)
        chunk = file.read(_CHUNK + _OVERLAP)
        place = chunk.find(mark)
        while 0 <= place < _CHUNK:
            if follows(chunk[place + len(mark) : place + _OVERLAP]):
                yield at + place
            place = chunk.find(mark, place + 1)
        if len(chunk) < _CHUNK + _OVERLAP:
            return
        at += _CHUNK
