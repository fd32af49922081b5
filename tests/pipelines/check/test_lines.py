"""Lines of any text, as they come, in bounded memory."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from pipelines.check.lines import MOST_IN_A_LINE, CheckError, Line, lines


def read(data: bytes) -> list[Line]:
    return list(lines("clips.jsonl", io.BufferedReader(io.BytesIO(data))))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}\n{"b": 2}\n',
        b'{"a": 1}\r\n{"b": 2}\r\n',
        b'{"a": 1}\n{"b": 2}',
        b'\xef\xbb\xbf{"a": 1}\n{"b": 2}\n',
        '{"a": 1}\n{"b": 2}\n'.encode("utf-16"),
        '\ufeff{"a": 1}\n{"b": 2}\n'.encode("utf-16-be"),
        '{"a": 1}\n{"b": 2}\n'.encode("utf-16-le"),
        '{"a": 1}\n{"b": 2}\n'.encode("utf-32"),
    ],
)
def test_lines_of_usual_encodings_and_line_ends(data: bytes) -> None:
    assert read(data) == [Line(1, '{"a": 1}'), Line(2, '{"b": 2}')]


def test_blank_lines_are_left_out_and_counted() -> None:
    assert read(b"\n  \r\n\xef\xbb\xbf\n1\n\n2") == [Line(4, "1"), Line(6, "2")]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_a_text_without_lines_has_none(data: bytes) -> None:
    assert read(data) == []


def test_a_line_that_is_no_text_spoils_no_other_one() -> None:
    first, bad, last = read(b"1\n\xff\xe9t\xe9\n3\n")
    assert (first, last) == (Line(1, "1"), Line(3, "3"))
    assert bad.number == 2
    assert "not UTF-8" in str(bad.fault)


def test_a_letter_that_two_chunks_share_is_read() -> None:
    text = "é" * (1 << 17)
    assert read(f"x{text}\n".encode()) == [Line(1, f"x{text}")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04....", "ZIP archive"),
        (b"\x1f\x8b\x08\x00....", "gzip"),
        (b"PAR1....", "Parquet"),
        (b"\0\0\0\0....", "no text"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(CheckError, match=told):
        read(data)


def test_a_line_too_long_is_passed_over_in_bounded_memory() -> None:
    class Endless(io.RawIOBase):
        """A line of 64 MiB, then a short one."""

        def __init__(self) -> None:
            self._chunks = self._made()

        def _made(self) -> Iterator[bytes]:
            yield b"[" * 8
            for _ in range(1024):
                yield b"[" * (1 << 16)
            yield b"\nlast\n"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            chunk = next(self._chunks, b"")[: len(buffer)]
            buffer[: len(chunk)] = chunk
            return len(chunk)

    tracemalloc.start()
    first, last = lines("-", io.BufferedReader(Endless(), 1 << 16))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "longer than 4 MiB" in str(first.fault)
    assert last == Line(2, "last")
    assert peak < 3 * MOST_IN_A_LINE


def test_a_line_is_there_before_the_next_one() -> None:
    class Slow(io.RawIOBase):
        """One line, and nobody may ask for more."""

        def __init__(self) -> None:
            self._asked = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            self._asked += 1
            assert self._asked == 1
            buffer[:9] = b'{"a": 1}\n'
            return 9

    assert next(lines("-", io.BufferedReader(Slow()))) == Line(1, '{"a": 1}')
