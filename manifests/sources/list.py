"""Lists that a user brings: rows of a CSV, TSV, JSON lines or Parquet file.

Text is UTF-8, with or without a byte order mark. Rows are read one after another: a list may be larger
than memory. Cells of CSV and TSV are text; what they mean is for the caller to say.
"""

import csv
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import UserError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_PARQUET = ".parquet"
SUFFIXES = (*_DELIMITERS, *_JSON_LINES, _PARQUET)


class ListError(UserError, ValueError):
    """A list that can't be read; names the file, the row where one is at fault, and the reason."""


def read(path: Path, needed: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a list by column name, in order.

    needed: columns that must be there, in JSON lines in every row. Raises ListError, also while rows are
    read.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ListError(f"{path}: a list ends in {', '.join(SUFFIXES)}")
    try:
        if suffix == _PARQUET:
            yield from _parquet(path, needed)
        elif suffix in _JSON_LINES:
            yield from _json_lines(path, needed)
        else:
            yield from _delimited(path, _DELIMITERS[suffix], needed)
    except OSError as error:
        raise ListError(f"{path} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ListError(f"{path} is not UTF-8 text: save it as UTF-8") from error
    except (csv.Error, pa.ArrowException) as error:
        raise ListError(f"{path} can't be read: {error}") from error


def _delimited(path: Path, delimiter: str, needed: Collection[str]) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter=delimiter)
        _check(path, rows.fieldnames or (), needed)
        for number, row in enumerate(rows, 1):
            if None in row:
                raise ListError(f"{path}, row {number}: more cells than columns; quote the text?")
            yield row


def _json_lines(path: Path, needed: Collection[str]) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate((line for line in file if line.strip()), 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ListError(
                    f"{path} can't be read: row {number} is not JSON: {error}"
                ) from error
            if not isinstance(row, dict):
                raise ListError(f"{path}, row {number}: not a JSON object")
            _check(f"{path}, row {number}", row, needed)
            yield row


def _parquet(path: Path, needed: Collection[str]) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        _check(path, parquet.schema_arrow.names, needed)
        # In this thread alone, as `manifests.tables.read` says.
        for batch in parquet.iter_batches(use_threads=False):
            yield from batch.to_pylist()


def _check(where: Path | str, columns: Collection[str], needed: Collection[str]) -> None:
    missing = [f'"{name}"' for name in needed if name not in columns]
    if missing:
        there = ", ".join(columns) or "none"
        raise ListError(f"{where}: column {', '.join(missing)} is missing; there are: {there}")
