"""Where files of MP4 and QuickTime begin that lie one after another."""

import struct
from pathlib import Path

import pytest

from engine.media import movies, recordings

pytestmark = pytest.mark.unit


def _box(kind: bytes, *content: bytes) -> bytes:
    inner = b"".join(content)
    return struct.pack(">I4s", 8 + len(inner), kind) + inner


def _index(first: int, wide: bool = False) -> bytes:
    """A `moov` whose only track begins at this byte of its file."""
    table = struct.pack(">IIQ" if wide else ">III", 0, 1, first)
    places = _box(b"co64" if wide else b"stco", table)
    return _box(b"moov", _box(b"trak", _box(b"mdia", _box(b"minf", _box(b"stbl", places)))))


TYPE, MEDIA = _box(b"ftyp", b"qt  ", bytes(4)), _box(b"mdat", bytes(100))
LEAD = {"none": b"", "wide": _box(b"wide"), "free": _box(b"free", bytes(40))}
FRAGMENTS = _box(b"moov", _box(b"mvex")) + (_box(b"moof", bytes(20)) + MEDIA) * 3


def _starts(path: Path, content: bytes) -> list[int]:
    path.write_bytes(content)
    with path.open("rb", buffering=0) as file:
        return recordings.starts(file)


def _media_first(lead: bytes, wide: bool = False) -> bytes:
    return lead + MEDIA + _index(len(lead) + 8, wide)


def _index_first(lead: bytes) -> bytes:
    return lead + _index(len(lead) + len(_index(0)) + 8) + MEDIA


@pytest.mark.parametrize("lead", LEAD)
@pytest.mark.parametrize("wide", [False, True])
def test_an_index_behind_its_media_tells_where_its_file_begins(tmp_path, lead, wide):
    one = _media_first(LEAD[lead], wide)
    assert _starts(tmp_path / "a.mov", one * 3) == [0, len(one), 2 * len(one)]


@pytest.mark.parametrize("lead", LEAD)
def test_an_index_before_its_media_tells_it_too(tmp_path, lead):
    one = _index_first(LEAD[lead])
    assert _starts(tmp_path / "a.mov", one * 3) == [0, len(one), 2 * len(one)]


@pytest.mark.parametrize("trail", ["wide", "free"])
def test_what_lies_behind_an_index_belongs_to_its_file(tmp_path, trail):
    one = _media_first(b"") + LEAD[trail]
    assert _starts(tmp_path / "a.mov", one * 2) == [0, len(one)]


def test_one_more_index_of_the_same_media_begins_nothing(tmp_path):
    index = _index(len(TYPE) + 8)
    assert _starts(tmp_path / "a.mp4", TYPE + MEDIA + index * 3) == [0]


def test_fragments_go_on_until_the_next_index(tmp_path):
    assert _starts(tmp_path / "a.mp4", FRAGMENTS * 2) == [0, len(FRAGMENTS)]
    assert _starts(tmp_path / "b.mp4", TYPE + FRAGMENTS) == [0]


@pytest.mark.parametrize("between", [1, 3, 4, 7, 4096, 1 << 21])
@pytest.mark.parametrize("size", [16, 28, 32, 48, 256])
def test_zeros_between_two_files_are_passed_over(tmp_path, between, size):
    one = _box(b"ftyp", b"isom" * ((size - 8) // 4)) + MEDIA
    assert _starts(tmp_path / "a.mp4", one + bytes(between) + one) == [0, len(one) + between]


@pytest.mark.parametrize("other", [b"\x1a\x45\xdf\xa3", b"OggS", b"RIFF", b"\0\0\1\xba"])
def test_what_follows_may_be_of_another_kind(tmp_path, other):
    one = TYPE + MEDIA
    content = one + other + bytes(1000)
    assert _starts(tmp_path / "a.mp4", content) == [0, len(one)]


@pytest.mark.parametrize("trailer", [b"", bytes(50), b"SEFT" * 9, b"some text", b"\xff" * 2000])
def test_a_trailer_is_no_recording(tmp_path, trailer):
    assert _starts(tmp_path / "a.mp4", TYPE + MEDIA + trailer) == [0]


def test_boxes_without_number_cost_linear_time(tmp_path):
    path = tmp_path / "a.mov"
    path.write_bytes(MEDIA + _box(b"free") * 20_000 + _index(8) * 20_000)
    with path.open("rb", buffering=0) as file:
        assert list(movies.starts(file, 0)) == []
