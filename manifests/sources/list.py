"""Lists that a user brings: rows of a CSV, TSV, JSON or Parquet file.

Text may be in any encoding that can be told (`manifests.sources.encoding`), its cells may be divided by
commas, semicolons, tabs or bars, whatever the file is called. Columns are found by their names, whatever
the case (`manifests.sources.columns`). Rows are read one after another: a list may be larger than memory,
but for a JSON array. Cells of CSV and TSV are text; what they mean is for the caller to say
(`manifests.sources.cells`).
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import UserError
from manifests.sources.columns import Columns
from manifests.sources.encoding import EncodingError, encoding_of
from manifests.sources.names import MEDIA, SHARED, TRANSPORT

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_JSON = (".jsonl", ".ndjson", ".json")
_PARQUET = ".parquet"
SUFFIXES = (*_DELIMITERS, *_JSON, _PARQUET)

_MOST_IN_A_ROW = 16 << 20
"""Characters of a line, and of a cell."""
_MOST_IN_AN_ARRAY = 64 << 20
"""Bytes of JSON that is read as a whole: an array, or an object over several lines."""
_MEDIA = tuple(MEDIA | SHARED | TRANSPORT)
# A path of a file, an id or a hash.
_NAMED = re.compile(r"\A(?:file:///|[0-9a-fA-F]{32}(?:[0-9a-fA-F]{32})?\Z)")
# An object over several lines.
_PRETTY = re.compile(r"\{[ \t]*\r?\n")
# Excel writes and reads it before the header.
_DELIMITER_LINE = re.compile(r'"?sep=(.)"?\s*')


class ListError(UserError, ValueError):
    """A list that can't be read; names the file, the row where one is at fault, and the reason."""


def read(
    path: Path,
    needed: Collection[str] = (),
    optional: Collection[str] = (),
    encoding: str | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows of a list by column name, in order.

    needed: columns that must be there, in JSON in every row. optional: others that the caller knows.
    Both are found whatever their case, other columns keep their names. encoding: of a text that is no
    UTF, where it is known. Raises ListError, also while rows are read.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ListError(f"{path}: a list ends in {', '.join(SUFFIXES)}")
    wanted = _Wanted(path, needed, optional)
    try:
        if suffix == _PARQUET:
            yield from _parquet(path, wanted)
            return
        with path.open("rb") as file:
            codec = encoding_of(file, encoding)
        # The module's own limit, 128 KiB, holds for the process. A longer cell is no error.
        csv.field_size_limit(max(csv.field_size_limit(), _MOST_IN_A_ROW))
        with path.open(encoding=codec, newline="") as text:
            if suffix in _JSON:
                yield from _json(path, text, wanted)
            else:
                yield from _delimited(path, text, _DELIMITERS[suffix], wanted)
    except OSError as error:
        raise ListError(f"{path} can't be read: {error.strerror or error}") from error
    except EncodingError as error:
        raise ListError(f"{path} can't be read: {error}") from error
    except UnicodeDecodeError as error:
        raise ListError(f"{path} changed while it was read") from error
    except pa.ArrowException as error:
        raise ListError(f"{path} can't be read: {error}") from error


class _Wanted:
    """The columns that a caller asks of a list."""

    def __init__(self, path: Path, needed: Collection[str], optional: Collection[str]) -> None:
        self._path = path
        self.needed = tuple(needed)
        self.optional = tuple(name for name in optional if name not in self.needed)
        self._last: Columns | None = None

    def columns(self, names: Sequence[str], row: int | None = None) -> Columns:
        """How these columns become the wanted ones. Raises ListError where one is missing."""
        if self._last is not None and self._last.names == list(names):
            return self._last
        where = str(self._path) if row is None else f"{self._path}, row {row}"
        try:
            columns = Columns(names, self.needed, self.optional)
        except ValueError as error:
            raise ListError(f"{where}: {error}") from error
        missing = [f'"{name}"' for name in self.needed if not columns.has(name)]
        if missing:
            there = ", ".join(names) or "none"
            raise ListError(f"{where}: column {', '.join(missing)} is missing; there are: {there}")
        self._last = columns
        return columns


def _delimited(path: Path, file: TextIO, usual: str, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    lines = _lines(path, file)
    header = next((line for line in lines if line.strip("\r\n")), "")
    if (told := _DELIMITER_LINE.fullmatch(header)) is not None:
        delimiter, header = told[1], next(lines, "")
    else:
        delimiter = _delimiter(header, usual, wanted)
    # "file, caption": the space belongs to neither.
    spaced = f"{delimiter} " in header
    rows = csv.reader(
        chain([header], lines), delimiter=delimiter, strict=True, skipinitialspace=spaced
    )
    numbered = _numbered(path, rows)
    _, names = next(numbered, (0, []))
    columns = wanted.columns(names)
    for number, cells in numbered:
        if any(_holds_rows(cell, delimiter) for cell in cells):
            raise ListError(
                f"{path}, row {number}: a cell holds rows of the list: is a quotation mark not closed?"
            )
        if any(cells[len(names) :]):
            raise ListError(f"{path}, row {number}: more cells than columns; quote the text?")
        if cells == names:  # of two lists that were put together
            continue
        padded = cells[: len(names)] + [None] * (len(names) - len(cells))
        row = columns.row(dict(zip(names, padded, strict=True)))
        if len(cells) < len(names) and any(row[name] in (None, []) for name in wanted.needed):
            raise ListError(
                f"{path}, row {number}: {len(cells)} of {len(names)} cells; a text with a line break "
                "in it needs quotes around it"
            )
        yield row


def _holds_rows(cell: str, delimiter: str) -> bool:
    """Whether lines of a cell, from its second on, are rows that name media, a clip or a hash."""
    return any(
        _NAMED.search(field) or field.encode("utf-8", "replace").lower().endswith(_MEDIA)
        for line in cell.splitlines()[1:]
        if delimiter in line
        for field in (part.strip(' \r"') for part in line.split(delimiter))
    )


def _numbered(path: Path, rows: Iterator[list[str]]) -> Iterator[tuple[int, list[Any]]]:
    """Rows that are not blank with their numbers; that of the header is 0."""
    number = -1
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListError(
                f"{path}, row {number + 1} can't be read: {error}; a cell with quotes in it needs quotes "
                "around it, and each of its own doubled"
            ) from error
        if cells:
            number += 1
            yield number, cells


def _delimiter(header: str, usual: str, wanted: _Wanted) -> str:
    """What divides the cells: that by which most of the wanted columns are there, else the usual one."""

    def fits(delimiter: str) -> tuple[bool, int, bool, bool]:
        try:
            names = next(csv.reader([header], delimiter=delimiter), [])
            columns = Columns(names, wanted.needed, wanted.optional)
        except (csv.Error, ValueError):
            return False, 0, False, delimiter == usual
        there = [name for name in (*wanted.needed, *wanted.optional) if columns.has(name)]
        complete = all(name in there for name in wanted.needed)
        return complete, len(there), len(names) > 1, delimiter == usual

    return max((",", ";", "\t", "|"), key=fits)


def _json(path: Path, file: TextIO, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    for number, row in _objects(path, file):
        if not isinstance(row, dict):
            raise ListError(f"{path}, row {number}: not a JSON object")
        yield wanted.columns(list(row), number).row(row)


def _objects(path: Path, file: TextIO) -> Iterator[tuple[int, Any]]:
    """The rows of a JSON array, of an object over several lines, or of JSON lines, numbered."""
    start = file.read(4096).lstrip("\ufeff \t\r\n")
    file.seek(0)
    if (start.startswith("[") and start.rstrip() != "[]") or _PRETTY.match(start):
        if path.stat().st_size > _MOST_IN_AN_ARRAY:
            raise ListError(f"{path}: JSON so large in one is not read: write one object a line")
        array = _parsed(f"{path} can't be read: it", file.read())
        yield from enumerate(array if isinstance(array, list) else [array], 1)
        return
    written = (line for line in _lines(path, file) if line.strip("\ufeff \t\r\n"))
    for number, line in enumerate(written, 1):
        yield number, _parsed(f"{path} can't be read: row {number}", line)


def _parsed(what: str, text: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff"), object_pairs_hook=_fields)
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        raise ListError(f"{what} is not JSON: {why}") from error


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f'the field "{twice}" is there twice')
    return fields


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a text, of which none is larger than memory can hold."""
    number = 0
    while line := file.readline(_MOST_IN_A_ROW + 1):
        number += 1
        if len(line) > _MOST_IN_A_ROW:
            raise ListError(f"{path}, line {number}: over {_MOST_IN_A_ROW} characters")
        yield line


def _parquet(path: Path, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        columns = wanted.columns(parquet.schema_arrow.names)
        # In this thread alone, as `manifests.tables.read` says.
        for batch in parquet.iter_batches(use_threads=False):
            yield from map(columns.row, batch.to_pylist())
