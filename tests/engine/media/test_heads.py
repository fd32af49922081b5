"""MPEG streams behind something else: stray bytes, headers of recorders, pictures that disguise them."""

import os
import zlib

import numpy as np
import pytest

from engine.media.probe import probe
from engine.media.recordings import starts
from engine.media.transport import Form, form_within, has_programmes
from tests.engine.media.test_recordings import FILMS, _content, _film

RED_BLUE = [({"red"}, 300), ({"blue"}, 900)]
VIDEO_CD = b"RIFF" + bytes(4) + b"CDXAfmt \x10\0\0\0" + bytes(16) + b"data" + bytes(4)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content).to_bytes(4)
    return len(content).to_bytes(4) + kind + content + check


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", bytes((0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0)))
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0\xff"))
    + _chunk(b"IEND", b"")
)
GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
BMP = b"BM" + bytes.fromhex("3a0000000000000036000000280000000100000001000000010018") + bytes(29)


def _films(tmp_path, kind: str, rate: int = 10, *later: str) -> tuple[bytes, bytes]:
    """A red film of 0.8 s and a blue one of 3 s."""
    red, blue = tmp_path / f"red.{kind}", tmp_path / f"blue.{kind}"
    _film(red, "red", 300, *FILMS[kind], seconds=0.8, rate=rate)
    _film(blue, "blue", 900, *FILMS[kind], *later, seconds=3, rate=rate)
    return red.read_bytes(), blue.read_bytes()


@pytest.mark.run
@pytest.mark.parametrize(
    "head",
    [b"\0", b"IMKH" + bytes(36), VIDEO_CD, bytes(512)],
    ids=["a zero", "Hikvision", "VCD", "zeros"],
)
def test_recordings_are_told_apart_behind_a_head_of_a_program_stream(tmp_path, head):
    red, blue = _films(tmp_path, "vob", 25)
    path = tmp_path / "whole.mpg"
    path.write_bytes(head + red + head + blue)
    assert _content(path, probe(bytes(path))) == RED_BLUE


@pytest.mark.run
@pytest.mark.parametrize("kind", ["ts", "m2ts"])
@pytest.mark.parametrize(
    "head",
    [b"TFrc\x50\x10" + bytes(3754), bytes(range(256)) * 20, bytes(60_000)],
    ids=["Topfield", "a ramp", "zeros"],
)
def test_recordings_are_told_apart_behind_a_head_of_a_transport_stream(tmp_path, head, kind):
    red, blue = _films(tmp_path, kind)
    path = tmp_path / "whole.rec"
    path.write_bytes(head + red + head + blue)
    assert _content(path, probe(bytes(path))) == RED_BLUE


@pytest.mark.run
@pytest.mark.parametrize(
    "picture",
    [PNG, GIF, BMP, PNG.ljust(188, b"\xff")],
    ids=["PNG", "GIF", "BMP", "PNG in a packet"],
)
def test_segments_disguised_as_pictures_are_the_film(tmp_path, picture):
    red, blue = _films(tmp_path, "ts", 10, "-output_ts_offset", "0.8")
    alone, whole = tmp_path / "alone.ts", tmp_path / "whole.ts"
    alone.write_bytes(picture + blue)
    whole.write_bytes(picture + red + picture + blue)
    assert _content(alone, probe(bytes(alone))) == [({"blue"}, 900)]
    probed = probe(bytes(whole))
    assert len(probed.segments) == 1
    assert probed.duration_ms == pytest.approx(3800, abs=200)
    assert _content(whole, probed)[0][0] == {"red", "blue"}


@pytest.mark.unit
@pytest.mark.parametrize("size", [188, 192, 204])
def test_a_stream_is_found_behind_anything(size):
    packets = b"".join((b"\x47" + os.urandom(187)).ljust(size, b"\0") for _ in range(9))
    form = form_within(bytes(1500) + packets)
    assert form is not None
    assert (form.size, form.first + form.lead) == (size, 1500)
    assert form_within(packets[: 7 * size]) is None


@pytest.mark.unit
def test_a_picture_of_nothing_but_sync_bytes_is_no_stream(tmp_path):
    path = tmp_path / "grey.bmp"
    path.write_bytes(BMP + b"\x47" * 60_000)
    assert not has_programmes(path.read_bytes(), Form(188, 0, len(BMP)))
    with path.open("rb", buffering=0) as file:
        assert starts(file) == [0]


@pytest.mark.unit
def test_noise_is_searched_in_vain(tmp_path):
    path = tmp_path / "noise"
    path.write_bytes(np.random.default_rng(1).bytes(1 << 20))
    with path.open("rb", buffering=0) as file:
        assert starts(file) == [0]
