"""The lines of a text of any length, in bounded memory: a line that can't be read spoils no other one."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from manifests.errors import UserError
from manifests.sources.encoding import EncodingError, codec_by_start

MOST_IN_A_LINE = 4 << 20
"""Bytes of a line, in UTF-8."""
_CHUNK = 1 << 16
_START = 4
_BLANK = " \t\r\n\ufeff"


class CheckError(UserError):
    """Why nothing of a file can be checked."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank. number: from 1. text: what it says; fault: why it can't be read."""

    number: int
    text: str = ""
    fault: str | None = None


class Stream(Protocol):
    """Bytes as they come: of a file, or of standard input."""

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer at the end only."""
        ...

    def read1(self, size: int, /) -> bytes:
        """Those that are there, at most so many; none at the end."""
        ...


def lines(name: str, stream: Stream) -> Iterator[Line]:
    """The lines that are not blank, as soon as they are there. name: of the stream, for errors.

    UTF-8, or what a byte order mark says. Raises CheckError for what is no text.
    """
    number = 0
    for number, line in enumerate(_pieces(_in_utf8(name, stream)), 1):
        if line is None:
            most = f"{MOST_IN_A_LINE >> 20} MiB"
            yield Line(number, fault=f"it is longer than {most}: one clip a line, without media")
            continue
        try:
            text = line.decode("utf-8").strip(_BLANK)
        except UnicodeDecodeError:
            yield Line(number, fault="it is not UTF-8 text: save the file as UTF-8")
            continue
        if text:
            yield Line(number, text)


def _in_utf8(name: str, stream: Stream) -> Iterator[bytes]:
    """A stream's bytes, as they come, in UTF-8 if they are in UTF-16 or UTF-32."""
    head = stream.read(_START)
    try:
        codec = codec_by_start(head)
    except EncodingError as error:
        raise CheckError(f"{name} can't be read: {error}") from error
    yield from _again(head, stream) if codec.startswith("utf-8") else _decoded(head, stream, codec)


def _again(head: bytes, stream: Stream) -> Iterator[bytes]:
    chunk = head
    while chunk:
        yield chunk
        chunk = stream.read1(_CHUNK)


def _decoded(head: bytes, stream: Stream, codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("replace")
    for chunk in _again(head, stream):
        yield decoder.decode(chunk).encode("utf-8")
    yield decoder.decode(b"", True).encode("utf-8")


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes | None]:
    """The lines of a text, None for one that is too long."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            yield b"".join([*held, end]) if length + len(end) <= MOST_IN_A_LINE else None
            held, length = [], 0
        length += len(rest)
        if length > MOST_IN_A_LINE:
            held = []
        elif rest:
            held.append(rest)
    if length:
        yield b"".join(held) if length <= MOST_IN_A_LINE else None
