"""AVIF grids, which no encoder at hand writes: tiles and the boxes that put them together."""

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt

_MORE = {b"meta": 4}


def tiles(picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """A picture's left and right half."""
    middle = picture.shape[1] // 2
    return [picture[:, :middle], picture[:, middle:]]


def grid(stills: Sequence[bytes], shape: tuple[int, int], width: int, height: int) -> bytes:
    """An AVIF whose tiles, columns by rows as in `shape`, are those of AVIF stills of one size. The
    picture is cropped to width by height on the right and below."""
    configuration = _find(stills[0], b"meta", b"iprp", b"ipco", b"av1C")
    size = _find(stills[0], b"meta", b"iprp", b"ipco", b"ispe")
    data = [_find(still, b"mdat")[8:] for still in stills]
    count, whole = len(stills), len(stills) + 1
    numbers = range(1, whole)
    properties = configuration + size + _full(b"ispe", struct.pack(">II", width, height))
    properties += _full(b"pixi", bytes([3, 8, 8, 8]))
    of_items = b"".join(struct.pack(">HB", n, 3) + bytes([0x81, 2, 4]) for n in numbers)
    of_items += struct.pack(">HB", whole, 2) + bytes([3, 4])
    infos = b"".join(_info(n, b"av01", hidden=1) for n in numbers) + _info(whole, b"grid")
    described = struct.pack(">BBBBHH", 0, 0, shape[1] - 1, shape[0] - 1, width, height)
    made_of = struct.pack(f">HH{count}H", whole, count, *numbers)
    parts = (
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", struct.pack(">H", whole)),
        _full(b"iinf", struct.pack(">H", whole) + infos),
        _full(b"iref", _box(b"dimg", made_of)),
        _box(
            b"iprp", _box(b"ipco", properties) + _full(b"ipma", struct.pack(">I", whole) + of_items)
        ),
        _box(b"idat", described),
    )
    kind = _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")

    def meta(start: int) -> bytes:
        places = b""
        for number, piece in zip(numbers, data, strict=True):
            places += struct.pack(">HHHHII", number, 0, 0, 1, start, len(piece))
            start += len(piece)
        places += struct.pack(">HHHHII", whole, 1, 0, 1, 0, len(described))
        located = _full(b"iloc", struct.pack(">BBH", 0x44, 0, whole) + places, version=1)
        return _full(b"meta", b"".join(parts[:2]) + located + b"".join(parts[2:]))

    return kind + meta(len(kind) + len(meta(0)) + 8) + _box(b"mdat", b"".join(data))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + content)


def _info(number: int, kind: bytes, hidden: int = 0) -> bytes:
    return _full(b"infe", struct.pack(">HH", number, 0) + kind + b"\0", 2, hidden)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    file = BytesIO(content)
    while head := file.read(8):
        length, kind = struct.unpack(">I4s", head)
        yield kind, head + file.read(length - 8)


def _find(content: bytes, *kinds: bytes) -> bytes:
    """The first box that the kinds lead to, with its header."""
    for kind, box in _boxes(content):
        if kind == kinds[0]:
            return _find(box[8 + _MORE.get(kind, 0) :], *kinds[1:]) if len(kinds) > 1 else box
    raise LookupError(kinds[0])


def with_properties(content: bytes, *added: bytes) -> bytes:
    """A still whose primary item has further properties, in this order. Its new `meta` comes last, where
    it moves no data."""
    meta = _find(content, b"meta")
    at = content.index(meta)
    primary = int.from_bytes(_find(meta[12:], b"pitm")[12:14])
    parts = []
    for kind, part in _boxes(meta[12:]):
        parts.append(_more_properties(part, primary, added) if kind == b"iprp" else part)
    old = meta[:4] + b"free" + meta[8:]
    return (
        content[:at] + old + content[at + len(meta) :] + _box(b"meta", meta[8:12] + b"".join(parts))
    )


def _more_properties(iprp: bytes, primary: int, added: Sequence[bytes]) -> bytes:
    store, table = _find(iprp[8:], b"ipco"), _find(iprp[8:], b"ipma")
    first = 1 + sum(1 for _ in _boxes(store[8:]))
    wide = 2 if table[11] & 1 else 1
    essential = 0x8000 if wide == 2 else 0x80
    rows, at = b"", 16
    for _ in range(int.from_bytes(table[12:16])):
        item, count = int.from_bytes(table[at : at + 2]), table[at + 2]
        row = table[at + 3 : at + 3 + wide * count]
        at += 3 + wide * count
        if item == primary:
            numbers = range(first, first + len(added))
            row += b"".join((essential | number).to_bytes(wide) for number in numbers)
            count += len(added)
        rows += struct.pack(">HB", item, count) + row
    store = _box(b"ipco", store[8:] + b"".join(added))
    return _box(b"iprp", store + _box(b"ipma", table[8:16] + rows))


def clap(width: int, height: int, whole: tuple[int, int], left: int, top: int) -> bytes:
    """A clean aperture of this size, its corner at left, top of the whole picture."""
    across, down = 2 * left + width - whole[0], 2 * top + height - whole[1]
    return _box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, across, 2, down, 2))


def irot(quarters: int) -> bytes:
    """A turn by so many quarters against the clock."""
    return _box(b"irot", bytes([quarters]))


def imir(axis: int) -> bytes:
    """A mirror image: 0 swaps above and below, 1 left and right."""
    return _box(b"imir", bytes([axis]))
