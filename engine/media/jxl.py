"""What the headers of a JPEG XL say: its size, and how its light is coded (ISO/IEC 18181-1)."""

from dataclasses import dataclass
from io import FileIO

from engine.media.boxes import content, find, whole
from engine.media.hdr import Transfer, transfer_of

STARTS = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")

_HEAD = 2048
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_GREY, _XYB = 1, 2
_ALPHA, _SPOT, _CFA = 0, 2, 5
_CUSTOM = 2

# Ways to write a number: an offset and how many bits are added to it, chosen by two bits.
_Ways = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
_SIDE: _Ways = ((1, 9), (1, 13), (1, 18), (1, 30))
_ENUM: _Ways = ((0, 0), (1, 0), (2, 4), (18, 6))
_BITS: _Ways = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_BITS: _Ways = ((32, 0), (16, 0), (24, 0), (1, 6))
_CHANNELS: _Ways = ((0, 0), (1, 0), (2, 4), (1, 12))
_SHIFT: _Ways = ((0, 0), (3, 0), (4, 0), (1, 3))
_NAME: _Ways = ((0, 0), (0, 4), (16, 5), (48, 10))
_CFA_CHANNEL: _Ways = ((1, 0), (0, 2), (3, 4), (19, 8))
_XY: _Ways = ((0, 19), (1 << 19, 19), (1 << 20, 20), (1 << 21, 21))


@dataclass(frozen=True, slots=True)
class Header:
    """width, height: before the picture is turned. transfer: how light is coded where it is HDR."""

    width: int
    height: int
    transfer: Transfer | None


def header(file: FileIO) -> Header:
    """The header of a file that begins as in `STARTS`. What is missing of it counts as zeros."""
    file.seek(0)
    head = file.read(_HEAD)
    if not head.startswith(STARTS[0]):
        streams = [content(file, box, _HEAD) for box in find(file, whole(file), b"jxlc")]
        parts = [content(file, box, _HEAD)[4:] for box in find(file, whole(file), b"jxlp")]
        head = next(iter([*streams, *parts]), b"")
    reader = _Bits(head[2:])
    width, height = _size(reader)
    return Header(width, height, _transfer(reader))


class _Bits:
    """Takes bits from bytes, lowest first."""

    def __init__(self, coded: bytes) -> None:
        self._bits = int.from_bytes(coded, "little")
        self._at = 0

    def take(self, count: int) -> int:
        self._at += count
        return self._bits >> (self._at - count) & ((1 << count) - 1)

    def number(self, ways: _Ways) -> int:
        start, bits = ways[self.take(2)]
        return start + self.take(bits)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def side() -> int:
        return 8 * (1 + bits.take(5)) if small else bits.number(_SIDE)

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    over, under = _RATIOS[ratio - 1]
    return height * over // under, height


def _transfer(bits: _Bits) -> Transfer | None:
    """The HDR transfer of the colour encoding; None also where an ICC profile stands for it, and in
    pictures with a preview."""
    if bits.take(1):  # all as usual: sRGB
        return None
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            _size(bits)
        if bits.take(1):
            return None
        if bits.take(1):
            _skip_animation(bits)
    _skip_depth(bits)
    bits.take(1)
    for _ in range(bits.number(_CHANNELS)):
        _skip_channel(bits)
    bits.take(1)
    if bits.take(1) or bits.take(1):
        return None
    space = bits.number(_ENUM)
    if space == _XYB:
        return None
    if bits.number(_ENUM) == _CUSTOM:
        _skip_points(bits, 1)
    if space != _GREY and bits.number(_ENUM) == _CUSTOM:
        _skip_points(bits, 3)
    return None if bits.take(1) else transfer_of(bits.number(_ENUM))


def _skip_animation(bits: _Bits) -> None:
    bits.number(((100, 0), (1000, 0), (1, 10), (1, 30)))
    bits.number(((1, 0), (1001, 0), (1, 8), (1, 10)))
    bits.number(((0, 0), (0, 3), (0, 16), (0, 32)))
    bits.take(1)


def _skip_depth(bits: _Bits) -> None:
    if bits.take(1):
        bits.number(_FLOAT_BITS)
        bits.take(4)
    else:
        bits.number(_BITS)


def _skip_channel(bits: _Bits) -> None:
    if bits.take(1):
        return
    kind = bits.number(_ENUM)
    _skip_depth(bits)
    bits.number(_SHIFT)
    bits.take(8 * bits.number(_NAME))
    if kind == _ALPHA:
        bits.take(1)
    elif kind == _SPOT:
        bits.take(4 * 16)
    elif kind == _CFA:
        bits.number(_CFA_CHANNEL)


def _skip_points(bits: _Bits, count: int) -> None:
    for _ in range(2 * count):
        bits.number(_XY)
