"""Where the clock that an MPEG stream carries starts again."""

import pytest

from engine.media.recordings import starts
from engine.media.references import Reference, restarts

pytestmark = pytest.mark.unit

WRAP = 1 << 33


def _starts(ticks: list[int]) -> list[int]:
    """The numbers of the values with which a recording begins."""
    clock = Reference()
    begins = [clock.see(value % WRAP, number) for number, value in enumerate(ticks)]
    return [begin for begin in (*begins, clock.finish()) if begin is not None]


@pytest.mark.parametrize(
    ("ticks", "starts"),
    [
        ([1, 2, 3, 4], []),
        ([10, 20, 30, 10, 20], [3]),
        ([10, 20, 30, 29, 31, 40], []),  # packets out of order
        ([10, 20, 500_000, 30, 40], []),  # a wrong value ahead
        ([10, 20, 30, 5, 40, 50], []),  # and one behind
        ([10, 20, 30, 15, 25, 35], [3]),
        ([10, 10, 10, 10], [1, 2, 3]),  # recordings of one value
        ([10, 20, 10, 20, 10], [2, 4]),
        ([WRAP - 20, WRAP - 10, WRAP + 5, WRAP + 10], []),
    ],
)
def test_a_recording_begins_where_the_clock_goes_back(ticks, starts):
    assert _starts(ticks) == starts


def _pack(ticks: int) -> bytes:
    high, middle, low = ticks >> 30, ticks >> 15 & 0x7FFF, ticks & 0x7FFF
    bits = 1 << 38 | high << 35 | 1 << 34 | middle << 19 | 1 << 18 | low << 3 | 4
    return b"\x00\x00\x01\xba" + bits.to_bytes(5) + b"\x01\x00\x00\x03\xf8" + bytes(2034)


def _old_pack(ticks: int) -> bytes:
    high, middle, low = ticks >> 30, ticks >> 15 & 0x7FFF, ticks & 0x7FFF
    bits = 2 << 36 | high << 33 | 1 << 32 | middle << 17 | 1 << 16 | low << 1 | 1
    return b"\x00\x00\x01\xba" + bits.to_bytes(5) + b"\x80\x00\x01" + bytes(2036)


@pytest.mark.parametrize("pack", [_pack, _old_pack])
@pytest.mark.parametrize("base", [0, 1 << 14, 5 << 15, 3 << 30])
def test_packs_of_both_kinds_tell_the_clock(tmp_path, pack, base):
    path = tmp_path / "stream.vob"
    first = b"".join(pack(base + 100 * n) for n in range(600))
    path.write_bytes(first + pack(base) + pack(base + 100))
    with path.open("rb", buffering=0) as file:
        assert list(restarts(file, 0)) == [len(first)]


def test_a_stream_that_lost_its_first_pack_is_searched_too(tmp_path):
    path = tmp_path / "stream.vob"
    first = b"".join(_pack(100 * n) for n in range(5))[14:]
    path.write_bytes(b"\x00\x00\x01\xe0" + first + _pack(0) + _pack(100))
    with path.open("rb", buffering=0) as file:
        assert starts(file) == [0, len(first) + 4]
