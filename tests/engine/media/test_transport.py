"""Where recordings begin in a transport stream, as its packets tell."""

import struct
from itertools import count
from pathlib import Path

import pytest

from engine.media.transport import changes, form_of

pytestmark = pytest.mark.unit

SOUND, PICTURE, OTHER, MAP = 257, 256, 512, 4096


def _packet(pid: int, counter: int, ticks: int | None = None, payload: bytes = b"") -> bytes:
    """A packet; with ticks the clock is told, with a payload a section begins."""
    head = struct.pack(">BH", 0x47, pid | (0x4000 if payload else 0))
    if ticks is None:
        return head + bytes([0x10 | counter & 15]) + payload.ljust(184, b"\xff")
    clock = (ticks << 15 | 0x7E00).to_bytes(6)
    field = bytes([7, 0x10]) + clock
    return head + bytes([0x30 | counter & 15]) + field + payload.ljust(176, b"\xff")


def _tables(counter: int) -> bytes:
    pat = bytes.fromhex("00 00b00d 0001 c1 00 00 0001 f000") + bytes(4)
    pmt = bytes.fromhex("00 02b017 0001 c1 00 00 e100 f000 1be100f000 0fe101f000") + bytes(4)
    return _packet(0, counter, None, pat) + _packet(MAP, counter, None, pmt)


def _recording(seconds: float, first: int = 0, sound_first: int = 0, tables: int = 5) -> bytes:
    """A picture with the clock every 40 ms, sound between, tables every so many pictures."""
    counter, pats, stream = count(), count(), b""
    for n in range(max(1, round(25 * seconds))):
        if n % tables == 0:
            stream += _tables(next(pats))
        if n == 0:
            stream += b"".join(_packet(SOUND, next(counter)) for _ in range(sound_first))
        stream += _packet(PICTURE, n, 90_000 * first + 3_600 * n) + _packet(SOUND, next(counter))
    return stream


def _starts(path: Path, content: bytes) -> list[int]:
    path.write_bytes(content)
    form = form_of(content[:1024])
    assert form is not None
    with path.open("rb", buffering=0) as file:
        return sorted({*changes(file, form)})


@pytest.mark.parametrize("seconds", [0.04, 0.08, 0.5, 5])
@pytest.mark.parametrize("sound_first", [0, 1, 9])
def test_a_clock_that_starts_again_begins_a_recording_with_its_tables(
    tmp_path, seconds, sound_first
):
    one = _recording(seconds, sound_first=sound_first)
    assert _starts(tmp_path / "a.ts", one * 3) == [len(one), 2 * len(one)]


def test_of_tables_that_repeat_the_first_of_the_new_recording_is_taken(tmp_path):
    first = _recording(1, tables=4)  # its next tables would have come with the next picture
    late = _tables(0) + _packet(SOUND, 0) + _tables(1) + _recording(1)[4 * 188 :]
    assert _starts(tmp_path / "a.ts", first + late) == [len(first)]


def test_a_clock_that_runs_on_begins_nothing(tmp_path):
    parts = [_recording(1, first=n) for n in (0, 1, 2, 500)]
    assert _starts(tmp_path / "a.ts", b"".join(parts)) == []


def test_without_tables_it_begins_with_the_packet_that_tells(tmp_path):
    one = _recording(1)[2 * 188 :]
    assert _starts(tmp_path / "a.ts", _tables(0) + one + one) == [2 * 188 + len(one)]


@pytest.mark.parametrize("ahead", [0, 9_000])
def test_clocks_of_several_programmes_are_of_one_recording(tmp_path, ahead):
    other = [_packet(OTHER, n, ahead + 3_600 * n) for n in range(25)]
    one, packets = _recording(1), b""
    for n in range(0, len(one), 188 * 2):
        packets += one[n : n + 376] + (other.pop(0) if other else b"")
    assert _starts(tmp_path / "a.ts", packets * 3) == [len(packets), 2 * len(packets)]


@pytest.mark.parametrize("damage", [b"", b"\x47" * 10, b"\0" * 77, b"\0" * 500, b"\0" * 100_000])
@pytest.mark.parametrize("cut", [0, 30])
def test_damaged_places_are_passed_over(tmp_path, damage, cut):
    one = _recording(1)
    before = one[: len(one) - cut] + damage
    starts = _starts(tmp_path / "a.ts", before + one * 2)
    assert starts[-1] == len(before) + len(one)
    # What lies within the damage is lost, and no more.
    assert len(starts) == 2 and len(before) <= starts[0] <= len(before) + 12 * 188


def test_a_stream_may_begin_within_a_packet(tmp_path):
    one = _recording(1)
    assert _starts(tmp_path / "a.ts", one[100:] + one) == [len(one) - 100]


def test_noise_full_of_packets_costs_linear_time(tmp_path):
    three = (b"\x47" + bytes(187)) * 3 + bytes(50)
    assert _starts(tmp_path / "a.ts", _recording(1) + three * 10_000) == []
