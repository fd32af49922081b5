"""Changes of media files where their containers keep sizes, counts, offsets, stamps and checksums.

Written from the specifications of the containers, without looking at the decoder. Each change works on
elements of a file, (start, end) in bytes, that a cheap scan finds; checksums are made right again, so
that decoders get past them.
"""

import itertools
import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
Change = Callable[[bytearray, list[Span], random.Random], None]

_HOSTILE = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_BOXES = (
    rb"(?:ftyp|moov|mvhd|trak|tkhd|edts|elst|mdia|mdhd|hdlr|minf|stbl|stsd|stts|ctts|stsc|stsz|stco"
)
_BOXES += (
    rb"|co64|stss|moof|mfhd|traf|tfhd|tfdt|trun|sidx|mvex|trex|mdat|meta|iloc|iinf|ipco|ipma|ispe)"
)
_MATROSKA = rb"\x1aE\xdf\xa3|\x18S\x80g|\x15I\xa9f|\x16T\xaek|\x1fC\xb6u|\x1cS\xbbk"
_MATROSKA += rb"|\xae|\xa3|\xa1|\xe7|\x86"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed file: a name that no other has, its bytes, and what was changed."""

    name: str
    content: bytes
    change: str


def mutants(seeds: Sequence[tuple[str, bytes]], count: int, seed: int) -> Iterator[Mutant]:
    """So many mutants of files, (suffix, content); the same for the same seed."""
    dice = random.Random(seed)
    for number in range(count):
        suffix, content = seeds[number % len(seeds)]
        changed = bytearray(content)
        names = []
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            if dice.random() < 0.06:
                other = dice.choice(seeds)[1]
                changed = _spliced(changed, other, dice)
                names.append("splice")
                continue
            change = dice.choice(_CHANGES)
            spans = elements(bytes(changed))
            if spans:
                change(changed, spans, dice)
            names.append(change.__name__.strip("_"))
        _repair(changed, content[:12])
        yield Mutant(f"{number:05}.{suffix}", bytes(changed), "+".join(names))


def elements(content: bytes) -> list[Span]:
    """The boxes, elements, pages, packets, chunks or frames of a file, by what it begins with."""
    if content[4:8] in (b"ftyp", b"moov", b"wide", b"moof"):
        return _sized(
            content, _BOXES, lambda at: (at - 4, struct.unpack_from(">I", content, at - 4)[0])
        )
    if content[:4] == b"\x1aE\xdf\xa3":
        return _between(content, _MATROSKA)
    if content[:4] == b"OggS":
        return _between(content, b"OggS")
    if content[:1] == b"G" and content[188:189] == b"G":
        return [(at, at + 188) for at in range(0, len(content) - 187, 188)]
    if content[4:5] == b"G" and content[196:197] == b"G":
        return [(at, at + 192) for at in range(0, len(content) - 191, 192)]
    if content[:4] == b"RIFF":
        found = (
            rb"(?:fmt |data|LIST|strh|strf|avih|movi|idx1|00dc|01wb|VP8[ LX]|ANIM|ANMF|ALPH|hdrl)"
        )
        return _sized(content, found, lambda at: (at, _little(content, at + 4) + 8))
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(content)
    patterns = {
        b"\xff\xd8": rb"\xff[\xc0-\xfe]",
        b"GI": rb"[\x21\x2c](?=[\xf9\xff\xfe\x01\x00])",
        b"fL": rb"\xff\xf8",
        b"FL": rb"[\x08\x09\x12]\x00",
        b"\x00\x00": rb"\x00\x00\x01[\x00-\xff]",
        b"ID": rb"\xff[\xe0-\xff]",
    }
    return _between(content, patterns.get(content[:2], rb"\xff[\xe0-\xff]"))


def _sized(content: bytes, kinds: bytes, span: Callable[[int], Span]) -> list[Span]:
    """Elements that say their size: (start, size) by `span`, at each place of `kinds`."""
    found = []
    for match in re.finditer(kinds, content):
        if match.start() < 4 or match.start() + 8 > len(content):
            continue
        start, size = span(match.start())
        if 8 <= size <= len(content) - start:
            found.append((start, start + size))
    return found


def _between(content: bytes, marks: bytes) -> list[Span]:
    starts = [match.start() for match in re.finditer(marks, content, re.DOTALL)]
    return list(itertools.pairwise([*starts, len(content)]))


def _png(content: bytes) -> list[Span]:
    found, at = [], 8
    while at + 12 <= len(content):
        end = at + 12 + int(struct.unpack_from(">I", content, at)[0])
        if end > len(content):
            break
        found.append((at, end))
        at = end
    return found


def _little(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", content, at)[0])


def _number(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    """A number in the head of an element: a size, an id, a count, an offset, a stamp or a serial."""
    start, end = dice.choice(spans)
    width = dice.choice((1, 2, 4, 8))
    at = dice.randrange(start, max(start + 1, min(end, start + 48)))
    value = dice.choice((*_HOSTILE, dice.getrandbits(32)))
    order = dice.choice(("big", "big", "little"))
    fitting = value % (1 << 8 * width)
    put = fitting.to_bytes(width, "big" if order == "big" else "little")
    content[at : at + width] = put[: len(content) - at]


def _nudge(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    """A number a little larger or smaller."""
    start, end = dice.choice(spans)
    at = dice.randrange(start, max(start + 1, min(end, start + 64)))
    content[at] = (content[at] + dice.choice((-8, -1, 1, 8))) % 256


def _double(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    start, end = dice.choice(spans)
    content[end:end] = content[start : min(end, start + 65536)]


def _drop(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    start, end = dice.choice(spans)
    del content[start:end]


def _move(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    start, end = dice.choice(spans)
    taken = content[start:end]
    del content[start:end]
    at = min(dice.choice(spans)[0], len(content))
    content[at:at] = taken


def _swap(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    first, second = sorted((dice.choice(spans), dice.choice(spans)))
    if first[1] > second[0]:
        return
    parts = content[first[0] : first[1]], content[second[0] : second[1]]
    content[second[0] : second[1]] = parts[0]
    content[first[0] : first[1]] = parts[1]


def _flip(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    for _ in range(dice.choice((1, 4, 32))):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def _noise(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    """The inside of an element, all but its head."""
    start, end = dice.choice(spans)
    inside = range(min(start + 16, end), min(end, start + 4096))
    content[inside.start : inside.stop] = dice.randbytes(len(inside))


def _cut(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    del content[dice.randrange(16, max(17, len(content))) :]


def _repeat(content: bytearray, spans: list[Span], dice: random.Random) -> None:
    """The file twice, the second time from one of its elements on."""
    content += content[dice.choice(spans)[0] :]


_CHANGES: tuple[Change, ...] = (
    *(_number, _number, _number, _number, _nudge, _nudge, _double, _drop, _move, _swap),
    *(_flip, _noise, _cut, _repeat),
)


def _spliced(content: bytearray, other: bytes, dice: random.Random) -> bytearray:
    """The head of one file and the tail of another."""
    mine, theirs = elements(bytes(content)), elements(other)
    at = dice.choice(mine)[1] if mine else len(content) // 2
    return content[:at] + other[dice.choice(theirs)[0] if theirs else len(other) // 2 :]


def _repair(content: bytearray, head: bytes) -> None:
    """Makes the checksums of PNG chunks and Ogg pages right."""
    if head[:4] == b"\x89PNG":
        for start, end in _png(bytes(content)):
            struct.pack_into(">I", content, end - 4, zlib.crc32(content[start + 4 : end - 4]))
    if head[:4] == b"OggS":
        for start, end in _between(bytes(content), b"OggS"):
            if end - start >= 27:
                content[start + 22 : start + 26] = bytes(4)
                struct.pack_into("<I", content, start + 22, _ogg_sum(bytes(content[start:end])))


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


_OGG = _table()


def _ogg_sum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _OGG[value >> 24 ^ byte]
    return value
