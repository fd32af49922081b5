"""The clean aperture of HEIF and AVIF stills and of moving AVIF: what viewers show of the pixels coded.

By ISO/IEC 23000-22 (MIAF, 7.3.6.7) a picture is cropped (`clap`), then turned (`irot`), then mirrored
(`imir`). libavif leaves the crop to others. libheif 1.23 refuses pictures of which little is left, for
it measures them by that: it gets an aperture of the whole picture instead.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import FileIO

from engine.media.boxes import Box, boxes, content, find, whole

Place = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are outside."""

_TURNS = (b"irot", b"imir")
_CLAP_BYTES = 32
# Of a VisualSampleEntry before the boxes in it.
_ENTRY_BYTES = 78


@dataclass(frozen=True, slots=True)
class Aperture:
    """Of a picture as it is coded. size: width and height of all that is coded. at: byte of the file at
    which the content of `clap` begins."""

    size: tuple[int, int]
    clean: Place
    at: int
    turns: tuple[tuple[bytes, int], ...]

    def upright(self) -> Place:
        """Where it lies in the whole picture after that was turned and mirrored."""
        (width, height), (left, top, right, bottom) = self.size, self.clean
        for kind, value in self.turns:
            for _ in range(value & 3 if kind == b"irot" else 0):
                left, top, right, bottom = top, width - right, bottom, width - left
                width, height = height, width
            if kind == b"imir" and value & 1:
                left, right = width - right, width - left
            elif kind == b"imir":
                top, bottom = height - bottom, height - top
        return left, top, right, bottom

    def opened(self, still: bytes) -> bytes:
        """The bytes of the file with an aperture of the whole picture."""
        wide = struct.pack(">IIIIiIiI", self.size[0], 1, self.size[1], 1, 0, 1, 0, 1)
        return still[: self.at] + wide + still[self.at + _CLAP_BYTES :]


def aperture(file: FileIO) -> Aperture | None:
    """That of a still's main picture; None where it has none, or one in an order that MIAF rules out."""
    size: tuple[int, int] | None = None
    found: Box | None = None
    turns: list[tuple[bytes, int]] = []
    for box in _properties(file):
        if box.kind == b"ispe":
            size = struct.unpack(">II", content(file, box, 12)[4:].ljust(8, b"\0"))
        elif box.kind == b"clap" and not turns and box.end - box.start == _CLAP_BYTES:
            found = box
        elif box.kind in _TURNS:
            turns.append((box.kind, content(file, box, 1)[0] if box.end > box.start else 0))
    if size is None or found is None:
        return None
    place = _place(content(file, found, _CLAP_BYTES), *size)
    return Aperture(size, place or (0, 0, *size), found.start, tuple(turns))


def moving_aperture(file: FileIO) -> Place | None:
    """What is shown of the pictures of a moving AVIF, as they are coded, by its first track."""
    for table in find(file, whole(file), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        entry = next(boxes(file, table.start + 8, table.end), None)
        if entry is None:
            return None
        size = struct.unpack(">HH", content(file, entry, 28)[24:].ljust(4, b"\0"))
        for box in boxes(file, entry.start + _ENTRY_BYTES, entry.end):
            if box.kind == b"clap" and box.end - box.start == _CLAP_BYTES:
                return _place(content(file, box, _CLAP_BYTES), *size)
        return None
    return None


def _place(clap: bytes, width: int, height: int) -> Place | None:
    """None for an aperture that reaches beyond the picture, which viewers leave aside."""
    fields = struct.unpack(">IIIIiIiI", clap.ljust(_CLAP_BYTES, b"\0"))
    if not all(fields[1::2]):
        return None
    across, down, right_by, down_by = (
        Fraction(over, under) for over, under in zip(fields[::2], fields[1::2], strict=True)
    )
    left, top = (width - across) / 2 + right_by, (height - down) / 2 + down_by
    place = int(left), int(top), int(left + across), int(top + down)
    if left < 0 or top < 0 or place[2] > width or place[3] > height:
        return None
    return place if place[0] < place[2] and place[1] < place[3] else None


def _properties(file: FileIO) -> Iterator[Box]:
    """The properties of the main picture, in the order in which they hold."""
    top = whole(file)
    main = next(find(file, top, b"meta", b"pitm"), None)
    store = next(find(file, top, b"meta", b"iprp", b"ipco"), None)
    if main is None or store is None:
        return
    number = content(file, main, 8)
    item = int.from_bytes(number[4:8] if number[:1] == b"\1" else number[4:6])
    known = list(boxes(file, store.start, store.end))
    for table in find(file, top, b"meta", b"iprp", b"ipma"):
        for index in _of_item(content(file, table), item):
            if 0 < index <= len(known):
                yield known[index - 1]


def _of_item(table: bytes, item: int) -> Iterator[int]:
    """Numbers of an item's properties, from 1, in a table `ipma`."""
    if len(table) < 8:
        return
    id_bytes, wide = (4 if table[0] else 2), (2 if table[3] & 1 else 1)
    at = 8
    for _ in range(int.from_bytes(table[4:8])):
        if at + id_bytes >= len(table):
            return
        count = table[at + id_bytes]
        start = at + id_bytes + 1
        if int.from_bytes(table[at : at + id_bytes]) == item:
            for place in range(start, min(start + wide * count, len(table) - wide + 1), wide):
                yield int.from_bytes(table[place : place + wide]) & (0x7FFF if wide == 2 else 0x7F)
        at = start + wide * count
