"""Where a file holds several recordings, one after another.

`cat` of recordings, web radio and recorders that append make such files. FFmpeg reads the first one of
some and mixes the clocks of others. Each recording is a range of bytes that can be read by itself.
Most formats begin with something that comes nowhere else, which `starts` looks for. MP4 and MOV are read
box by box (`engine.media.movies`). In MPEG's transport and program streams the clock tells
(`engine.media.references`), and where it is missing the stamps do (`engine.media.clock`): `unit_start`
finds where the recording begins before its first packet. Recorders put headers of their own before an
MPEG stream, and downloaders get segments of HLS that are disguised as pictures: so it is searched for,
too.
"""

import zlib
from collections.abc import Callable, Iterator
from io import FileIO

from engine.media import boxes, movies, references, transport

_CHUNK = 1 << 20
_OVERLAP = 64
_HEAD = 1024
# How far an MPEG stream is searched for where a file begins with nothing that is known.
_SEARCHED = 1 << 16
# The header object of ASF. After it come its size, the number of its objects, and the bytes 1 and 2.
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
# More recordings than this are no recordings.
MOST = 4096
_MOST_TAGS = 16
# What a program stream, whole or without its beginning, begins with.
_START_CODE = b"\x00\x00\x01"
# A program stream as it is copied off a video CD, in sectors of 2352 bytes.
_VIDEO_CD = b"CDXA"

_Check = Callable[[bytes], bool]


def _is_riff(after: bytes) -> bool:
    """OpenDML's AVIX is no beginning: it goes on with the first."""
    return after[4:8] in (b"AVI ", b"WAVE") and after[8:12].isascii()


def _is_tta(after: bytes) -> bool:
    return zlib.crc32(b"TTA1" + after[:14]) == int.from_bytes(after[14:18], "little")


def _is_wavpack(after: bytes) -> bool:
    """Whether a block has the first samples, and is the first of several channels."""
    first = after[6:7] == b"\0" and after[12:16] == bytes(4) and after[16:20] != bytes(4)
    return first and after[5:6] == b"\4" and after[21:22] != b"" and bool(after[21] & 8)


# What recordings begin with, and what comes after it.
_MARKS: dict[bytes, _Check] = {
    b"fLaC": lambda after: after[1:4] == b"\x00\x00\x22",
    b"\x1a\x45\xdf\xa3": lambda after: any(kind in after for kind in (b"webm", b"matroska")),
    b"FLV\x01": lambda after: after[1:5] == b"\x00\x00\x00\x09",
    ASF: lambda after: after[12:14] == b"\x01\x02",
    b"RIFF": _is_riff,
    b"RF64": _is_riff,
    b"FORM": lambda after: after[4:8] in (b"AIFF", b"AIFC"),
    b"caff\x00\x01\x00\x00desc": lambda _: True,
    bytes.fromhex("726966662e91cf11a5d628db04c10000"): lambda after: (
        after[8:12] == b"wave"
    ),  # Wave64
    bytes.fromhex("b7d800203749da11a64e0007e95ead8d"): lambda _: True,  # WTV
    bytes.fromhex("060e2b34020501010d0102010102"): lambda _: True,  # MXF: the partition of a header
    b"wvpk": _is_wavpack,
    b"TTA1": _is_tta,
    b".snd\x00\x00": lambda after: 0 < int.from_bytes(after[6:10]) < 28 and len(after) > 16,
    b"#!AMR": lambda after: after.startswith((b"\n", b"-WB\n")),
    b".RMF\x00\x00\x00\x12": lambda _: True,
    b"nut/multimedia container\x00": lambda _: True,
    b"DKIF\x00\x00\x20\x00": lambda _: True,
    b"Creative Voice File\x1a": lambda _: True,
}


def starts(file: FileIO) -> list[int]:
    """The bytes at which the recordings of a file begin, ascending, at most `MOST`. The first is 0, but
    for what lies before a transport stream."""
    begins = [_first(file)]
    for start in _all(file):
        if start > begins[-1]:
            begins.append(start)
        if len(begins) == MOST:
            break
    return begins


def _all(file: FileIO) -> Iterator[int]:
    at: int | None = _behind_tags(file)
    while at is not None:
        head = boxes.read(file, at, _HEAD)
        if not _is_movie(head):
            yield from _of_kind(file, at, head)
            return
        yield from movies.starts(file, at)
        at = _further(file, at)
        if at is not None:
            yield at


def _of_kind(file: FileIO, at: int, head: bytes) -> Iterator[int]:
    """The recordings after the one at byte `at`, which begins with these bytes."""
    mark = _mark_of(head)
    if head.startswith(b"OggS"):
        return _ogg(file, at)
    if mark is not None:
        return _marks(file, mark, _MARKS[mark], at + 1)
    if head.startswith(_START_CODE):
        return references.restarts(file, at)
    if (form := _transport(file, at)) is not None:
        return transport.changes(file, form, at)
    if references.has_pack(boxes.read(file, at, _SEARCHED)):
        return references.restarts(file, at)
    return iter(())


def _first(file: FileIO) -> int:
    """Where the first recording begins: a transport stream behind what lies before it, be it half a
    packet, a recorder's header or the picture that disguises it."""
    at = _behind_tags(file)
    head = boxes.read(file, at, _HEAD)
    known = _is_movie(head) or head.startswith((b"OggS", _START_CODE)) or _mark_of(head)
    form = None if known else _transport(file, at)
    if form is None or not transport.has_programmes(boxes.read(file, at, 2 * _SEARCHED), form):
        return 0
    return at + form.first if form.first else 0


def _transport(file: FileIO, at: int) -> transport.Form | None:
    """The form of the transport stream that begins at byte `at` or not far behind it."""
    head = boxes.read(file, at, _HEAD)
    return transport.form_of(head) or transport.form_within(boxes.read(file, at, _SEARCHED))


def _is_movie(head: bytes) -> bool:
    return head[4:8] in movies.STARTS


def _mark_of(head: bytes) -> bytes | None:
    if head.startswith(b"RIFF") and head[8:12] == _VIDEO_CD:
        return None
    return next((mark for mark in _MARKS if head.startswith(mark)), None)


def _behind_tags(file: FileIO) -> int:
    """Where ID3 tags end that come before a recording of any format."""
    at = 0
    for _ in range(_MOST_TAGS):
        head = boxes.read(file, at, 10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            break
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        at += 10 + size
    return at


def _further(file: FileIO, at: int) -> int | None:
    """Where a recording begins behind the boxes from byte `at` on, with zeros between or none."""
    last = place = movies.end(file, at)
    while (chunk := boxes.read(file, place, _CHUNK)) and not chunk.strip(b"\0"):
        place += len(chunk)
    place += len(chunk) - len(chunk.lstrip(b"\0"))
    # The length of a box begins with zeros, too.
    for start in range(place, max(last, place - 4) - 1, -1):
        head = boxes.read(file, start, _HEAD)
        known = _is_movie(head) or head.startswith((b"OggS", references.PACK)) or _mark_of(head)
        if start > at and (known or transport.form_of(head)):
            return start
    return None


def unit_start(file: FileIO, first: int, at: int) -> int:
    """Where the recording begins whose first packet lies at byte `at` of one that begins at byte `first`,
    in an MPEG stream."""
    if (form := _transport(file, first)) is not None:
        at -= (at - form.first) % form.size
        return transport.start_before(file, first + at, form)
    place = max(first, first + at - (1 << 16))
    pack = boxes.read(file, place, first + at - place + len(references.PACK))
    before = pack.rfind(references.PACK)
    return first + at if before < 0 else place + before


def _ogg(file: FileIO, at: int) -> Iterator[int]:
    """A recording begins with pages that are the first of their streams (RFC 3533, section 6)."""
    beginning = True
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


def _marks(file: FileIO, mark: bytes, follows: _Check, at: int) -> Iterator[int]:
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
