"""Entries of a list file: lines of a text, or the columns of a table that name clips.

A list may be long (10 million entries and more) and comes from anywhere, so it is read in pieces of
bounded size.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.release.rules import Rules

_COLUMNS = {
    *("clip_id", "id", "content_hash", "sha256", "hash", "uri", "url", "path", "file"),
    *("file_name", "filename", "fname", "slice_file_name", "audio_path", "video_path"),
    *("youtube_id", "ytid", "video_id"),
}
"""Columns that name clips, in lower case."""
_READ = 1 << 20
"""Characters that are read at a time."""
_LONGEST = 1 << 16
"""Characters of an entry, or of a field of a table."""
_A_WORD = re.compile("[a-z][a-z _]*")
"""What a header calls a column."""
_TABLES = {".csv": ",", ".tsv": "\t"}
_PARQUET = (".parquet", ".pq")
_NO_LISTS = (".json", ".jsonl", ".gz", ".zip", ".zst", ".xz", ".xlsx", ".npy")


class _Bad(Exception):
    """What is wrong with a list."""


def entries(rules: Rules, key: str, name: str, at_most: int) -> Iterator[list[str]]:
    """The entries of a list in pieces, without those that are empty. key, name: where the rules name it.
    Raises RulesError for a file that is no list."""
    path = rules.path(name)
    try:
        yield from _pieces(_entries(path), at_most)
    except _Bad as bad:
        raise rules.error(key, f"{path}: {bad}") from None
    except (OSError, UnicodeError, pa.ArrowException, csv.Error) as error:
        raise rules.error(key, f"{path} can't be read: {error}") from error


def _pieces(parts: Iterator[Sequence[str]], at_most: int) -> Iterator[list[str]]:
    piece: list[str] = []
    for part in parts:
        piece += [entry for each in part if (entry := each.strip())]
        while len(piece) >= at_most:
            yield piece[:at_most]
            piece = piece[at_most:]
    if piece:
        yield piece


def _entries(path: Path) -> Iterator[Sequence[str]]:
    ending = path.suffix.lower()
    if ending in _NO_LISTS:
        raise _Bad(f"{ending} is no list: make it a text file, CSV, TSV or Parquet")
    if ending in _PARQUET:
        yield from _of_parquet(path)
    elif ending in _TABLES:
        yield from _of_csv(path, _TABLES[ending])
    else:
        for lines in _lines(path):
            yield [line for line in lines if not _is_comment(line)]


def _is_comment(line: str) -> bool:
    """Whether a line begins with "# ". Without the space it may be a name, such as "#1 song.wav"."""
    begun = line.lstrip()
    return begun[:1] == "#" and not begun[1:2].strip()


def _of_parquet(path: Path) -> Iterator[Sequence[str]]:
    with pq.ParquetFile(path) as file:
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        named = [name for name in texts if name.lower() in _COLUMNS] or _only(texts)
        for batch in file.iter_batches(columns=named):
            for column in batch.columns:
                yield [text for text in column.cast(pa.string()).to_pylist() if text]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(kind) for is_kind in kinds)


def _of_csv(path: Path, delimiter: str) -> Iterator[Sequence[str]]:
    """The columns that name clips. Without a header: the first, as in AudioSet's lists."""
    csv.field_size_limit(_LONGEST)
    lines = _plain(path)
    begin = next(lines, "")
    if delimiter not in begin and ";" in begin:
        delimiter = ";"  # as spreadsheets write it where numbers have commas
    # Not strict, it would read what follows a quotation mark that is not closed as one long field.
    read = csv.reader(
        chain([begin], lines), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    rows = _quoted_well(read)
    first = next((row for row in rows if row), [])
    header = [name.strip().lower() for name in first]
    columns = [at for at, name in enumerate(header) if name in _COLUMNS]
    if not columns and len(header) > 1 and all(map(_A_WORD.fullmatch, header)):
        raise _no_column(header)
    if not columns:
        columns = [0]
        yield first[:1]
    for row in rows:
        yield [row[at] for at in columns if at < len(row)]


def _quoted_well(rows: Any) -> Iterator[list[str]]:
    """The rows of a reader of CSV."""
    try:
        yield from rows
    except csv.Error as error:
        raise _Bad(
            f"a row that ends near line {rows.line_num} can't be read ({error}): is a quotation mark not "
            "closed, or inside a field? Double it there, or put each entry on a line of a text file"
        ) from None


def _plain(path: Path) -> Iterator[str]:
    """Lines of a table without comments and empty ones."""
    for lines in _lines(path):
        for line in lines:
            if line.strip() and not _is_comment(line):
                yield line


def _only(names: Sequence[str]) -> list[str]:
    if len(names) != 1:
        raise _no_column(names)
    return list(names)


def _no_column(names: Sequence[str]) -> _Bad:
    there = ", ".join(names) or "none"
    return _Bad(
        f"no column names clips (columns of text: {there}); call it one of "
        f"{', '.join(sorted(_COLUMNS))}"
    )


def _lines(path: Path) -> Iterator[list[str]]:
    """Lines of a text in pieces, whatever ends them. Bytes that are no UTF-8 become surrogates."""
    rest, number = "", 0
    with _opened(path) as file:
        while text := file.read(_READ):
            if "\0" in text:
                raise _Bad(
                    f"is no text (a NUL byte after line {number}): make it a text, CSV or Parquet file"
                )
            *lines, rest = (rest + text).split("\n")
            number += len(lines)
            if len(rest) > _LONGEST or (lines and len(max(lines, key=len)) > _LONGEST):
                raise _Bad(
                    f"a line near line {number} is longer than {_LONGEST} characters: no entry is"
                )
            yield lines
    yield [rest]


def _opened(path: Path) -> io.TextIOWrapper:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        encoding, errors = "utf-32", "strict"
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, errors = "utf-16", "strict"
    else:
        encoding, errors = "utf-8-sig", "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline=None)
