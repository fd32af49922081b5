"""How the bytes of a text that a user brings become characters.

UTF-8, UTF-16 and UTF-32 by their byte order mark, UTF-16 without one by its zeros, else UTF-8.
Spreadsheets save CSV in the code page of their country, and nothing in a file tells which: Czech "štěká"
is French "štìká". So text that is none of these is read only where its letters and signs are the same in
all Latin code pages of Windows, and can't be others of DOS or a Mac ("café", "Löwe", “quotes”, "20 °C",
"dog’s"). Other text is refused, unless
its encoding is named: statistics guess wrong on short lists (charset-normalizer takes "très bruyant" for
"trčs bruyant").
"""

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

_CHUNK = 1 << 20
_MARKS = (  # that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_BINARY = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive: save the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save the sheet as CSV"),
    (b"\x1f\x8b", "compressed (gzip): unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed (Zstandard): unpack it"),
    (b"BZh", "compressed (bzip2): unpack it"),
    (b"\xfd7zXZ\x00", "compressed (xz): unpack it"),
    (b"PAR1", "a Parquet file: let its name end in .parquet"),
    *(
        (b"version https://" + host, "a pointer of Git LFS: run git lfs pull")
        for host in (b"git-lfs", b"hawser")
    ),
    (b"{\\rtf", "a document of a word processor (RTF): save it as plain text"),
    (b"%PDF", "a PDF document: save it as plain text"),
    (b"SQLite format 3", "a database: export the table as CSV"),
    *((start, "a picture, not text") for start in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")),
    *(
        (start, "a recording, not text")
        for start in (b"RIFF", b"OggS", b"ID3", b"fLaC", b"\x1aE\xdf")
    ),
    (b"\x93NUMPY", "an array of NumPy, not text"),
    (b"\x89HDF", "an HDF5 file, not text"),
    *((b"\x80" + bytes([protocol]), "a pickle of Python, not text") for protocol in range(2, 6)),
)
# All but control characters; of these what divides lines, cells and pages.
_PRINTED = bytes(byte for byte in range(256) if byte >= 32 or byte in b"\t\n\v\f\r\x1b")
# The letters that are the same in the Latin code pages, and the signs, each where it stands in a text of
# Windows. In pages of DOS and Mac, and in ISO 8859-2, their bytes are letters: "p†" for "på" (DOS),
# "espa–oles" and "aqu’" (Mac), "spa»" for "spať". So a sign that may be one of those is no such sign.
_SMALL, _CAPITAL = "äéóöüß", "ÄÉÓÖÜ"
_LETTER = f"[A-Za-z{_SMALL}{_CAPITAL}]"
_SIGNS = re.compile(
    rf"(?<={_LETTER})’(?=(?:s|t|m|d|ll|re|ve)(?!{_LETTER}))"  # dog’s, don’t
    rf"|(?<!{_LETTER})[–—](?!{_LETTER})"
    rf"|(?<=[A-Za-z0-9])…(?=\s*\Z|[\"”’»),;.!?\t]| [A-Z])"
    rf"|(?<=\d)[ \xa0]?°(?=[CF]?(?!{_LETTER}))"
    rf"|(?<=\d)[ \xa0]?€(?!{_LETTER}|\d)|(?<!{_LETTER})(?<!\d)€[ \xa0]?(?=\d)"
    rf"|(?<!{_LETTER})(?<!\d)§[ \xa0]?(?=\d)"
    r"|(?<=[\d«])\xa0|\xa0(?=[\d!?:;»%])"
)
# Quotation marks are pairs around words.
_PAIRS = tuple(
    re.compile(
        rf"(?<!{_LETTER})(?<!\d){left}([^{left}{right}]*+)(?<!{blank}){right}(?!{_LETTER}|\d)"
    )
    for left, right, blank in (("‘", "’", r"\s"), ("“", "”", r"\s"), ("«", "»", "«"))
)
# What is left and stands in no word of a Latin text: another letter or sign, accents in a row, a word of
# accents alone, ß at its beginning, a capital with an accent behind a small letter ("waitsÉ").
_ODD = re.compile(
    rf"[^\x00-\x7f{_SMALL}{_CAPITAL}]|[{_SMALL}{_CAPITAL}]{{3}}|(?<!{_LETTER})ß"
    rf"|(?<!{_LETTER})[{_SMALL}{_CAPITAL}]{{2}}(?!{_LETTER})"
    rf"|[a-z{_SMALL}][{_CAPITAL}]|[a-z{_SMALL},] [{_CAPITAL}](?!{_LETTER})|[äéóöü][A-Z]"
)
_UNSURE = (
    "line {line} is not UTF-8 text, and nobody can be sure what else it is: save it as UTF-8 (in a "
    'spreadsheet, "CSV UTF-8")'
)
_ESCAPED = (
    "line {line} holds escapes, of a terminal or of ISO-2022: save it as UTF-8, or name its page"
)


class EncodingError(ValueError):
    """Bytes that are no text, or none whose encoding can be told; says in which line, and what to do."""


def encoding_of(file: BinaryIO, named: str | None = None) -> str:
    """The codec that reads a file, for `open`; it is read once, in bounded memory, and left at its start.

    named: the encoding that its owner says it has: of a text that is valid UTF-8 beyond ASCII it is not.
    Raises EncodingError.
    """
    codec = codec_by_start(file.read(4096))
    try:
        ascii_only = _read_as(file, codec)
    except UnicodeDecodeError as error:
        if codec != "utf-8":
            why = f"it is no {codec.upper()} text, though it begins like it"
            raise EncodingError(why) from error
        codec = _checked(file, named) if named else _latin(file)
    else:
        # ISO-2022-JP and UTF-7 are written in ASCII.
        if ascii_only and codec == "utf-8":
            codec = _checked(file, named) if named else _unescaped(file)
    file.seek(0)
    return codec


def codec_by_start(head: bytes) -> str:
    """The codec that the first bytes of a text tell of, "utf-8" where they tell of none. Raises
    EncodingError for what is no text."""
    bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for start, what in _BINARY:
        if head.startswith(start) or bare.startswith(start):
            raise EncodingError(f"it is {what}")
    if head[4:8] == b"ftyp":
        raise EncodingError("it is a film or a picture, not text")
    codec = next((codec for mark, codec in _MARKS if head.startswith(mark)), None)
    codec = codec or _by_zeros(head)
    if codec is None and 20 * len(head.translate(None, _PRINTED)) > len(head):
        raise EncodingError("it is no text: it holds control characters")
    return codec or "utf-8"


def decoded(data: bytes, named: str | None = None) -> str:
    """The characters of a text; `named` as for `encoding_of`. Raises EncodingError."""
    return data.decode(encoding_of(io.BytesIO(data), named))


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 by the zeros of its Latin letters; other text has none. Raises EncodingError."""
    if b"\0" not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) * 10 > max(even, odd) or max(even, odd) * 4 < len(head) // 2:
        raise EncodingError("it is no text: it holds zeros")
    return "utf-16-le" if odd > even else "utf-16-be"


def _read_as(file: BinaryIO, codec: str) -> bool:
    """Whether all bytes of a text are ASCII. Raises UnicodeDecodeError."""
    decoder = codecs.getincrementaldecoder(codec)()
    ascii_only = True
    for chunk in _chunks(file):
        ascii_only = ascii_only and chunk.isascii()
        decoder.decode(chunk)
    decoder.decode(b"", True)
    return ascii_only


def _checked(file: BinaryIO, named: str) -> str:
    """The named codec, if it reads a text. Raises EncodingError."""
    try:
        _read_as(file, named)
    except UnicodeError as error:
        why = f"it is no {named.upper()} text, though its encoding is said to be that"
        raise EncodingError(why) from error
    return named


def _unescaped(file: BinaryIO) -> str:
    """UTF-8, for ASCII without the escapes by which ISO-2022 changes alphabets. Raises EncodingError."""
    file.seek(0)
    for number, line in enumerate(_lines(file), 1):
        if b"\x1b" in line:
            raise EncodingError(_ESCAPED.format(line=number))
    return "utf-8"


def _latin(file: BinaryIO) -> str:
    """The codec of a text that is the same in all Latin code pages. Raises EncodingError."""
    file.seek(0)
    for number, line in enumerate(_lines(file), 1):
        if not line.isascii() and _is_odd(line.decode("cp1252", "replace")):
            raise EncodingError(_UNSURE.format(line=number))
    return "cp1252"


def _is_odd(line: str) -> bool:
    """Whether a line, read as Windows-1252, may be of another page."""
    line = _SIGNS.sub("", line)
    for pair in _PAIRS:
        line = pair.sub(r"\1", line)
    return _ODD.search(line) is not None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines, of which one over the chunk's size comes in several parts."""
    while line := file.readline(_CHUNK):
        yield line


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk
