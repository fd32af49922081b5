"""Reads an open index, and keeps what is likely to be asked for again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Row = dict[str, Any]
Column = npt.NDArray[Any]

MOST_BYTES = 320_000_000
"""What is kept; the longest unused goes first."""
_BATCH = 1 << 17
"""Rows that are read at once."""


class _Large(Protocol):
    @property
    def nbytes(self) -> int: ...


Kept = TypeVar("Kept", bound=_Large)


class Reader:
    """An index that is open. Used by many threads."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database, self._lock = database, threading.Lock()
        self._held: OrderedDict[tuple[Any, ...], _Large] = OrderedDict()
        self._bytes = 0
        [(self.size,)] = self.rows("SELECT count(*) FROM clips")
        """Clips of the index."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        with self.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetchall()

    def named(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of an answer by the names of their columns; ids of clips as text."""
        with self.cursor() as cursor:
            rows = cursor.execute(sql, list(values)).fetchall()
            names = [column[0] for column in cursor.description or ()]
        named = [dict(zip(names, row, strict=True)) for row in rows]
        for row in named:
            row["clip_id"] = str(row["clip_id"]).replace("-", "")
        return named

    def columns(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Column, ...]]:
        """The columns of an answer, in parts; of lists all their values in a row, of numbers that are
        not there NaN."""
        with self.cursor() as cursor:
            for batch in cursor.sql(sql, params=list(values)).to_arrow_reader(_BATCH):
                yield tuple(
                    (c.flatten() if isinstance(c, pa.ListArray) else c).to_numpy(
                        zero_copy_only=False
                    )
                    for c in batch.columns
                )

    def kept(self, key: tuple[Any, ...], make: Callable[[], Kept]) -> Kept:
        """What was made for a key, or is made now."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return cast("Kept", self._held[key])
        made = make()
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._bytes += made.nbytes
            while self._bytes > MOST_BYTES and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        return made

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of this thread's own."""
        cursor = self._database.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


def whole(parts: Iterator[tuple[Column, ...]], dtype: npt.DTypeLike) -> Column:
    """One column, all parts of it."""
    columns = [part.astype(dtype, copy=False) for (part,) in parts]
    return np.concatenate(columns) if columns else np.zeros(0, dtype)
