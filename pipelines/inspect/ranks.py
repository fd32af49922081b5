"""By what clips are sorted: a number for each clip and column, small ones first.

Columns of numbers are sorted by themselves, choices by the places of their values, texts by ranks that
are made once: to sort 10 million texts takes seconds. Ids lie sorted in a table of their own, `ids`, in
which one is found without reading all.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.inspect.columns import Column
from pipelines.inspect.numbers import Flags, Integers
from pipelines.inspect.reading import Column as Values
from pipelines.inspect.reading import Reader, whole

CLIP_ID = "clip_id"
_NONE = -1
"""The rank of nothing."""


def make(database: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """Makes the table `ids`, and a table `rank_<name>` with a rank for each clip, in the order of their
    numbers, for those columns of `clips` that need one."""
    database.execute("CREATE TABLE ids AS SELECT clip_id, number FROM clips ORDER BY clip_id")
    size = database.execute("SELECT count(*) FROM clips").fetchall()[0][0]
    for name in _ranked(database, columns):
        ranks = pa.table({"rank": _ranks(database, name, size)})
        database.register("ranks", ranks)
        database.execute(f"CREATE TABLE rank_{name} AS SELECT rank FROM ranks")
        database.unregister("ranks")


def _ranked(database: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> list[str]:
    """Texts, and choices that are stored as text."""
    types = {row[0]: row[1] for row in database.execute("DESCRIBE clips").fetchall()}
    return [column.name for column in columns if types[column.name] == "VARCHAR"]


def _ranks(database: duckdb.DuckDBPyConnection, name: str, size: int) -> Integers:
    """Places of the values in order, equal ones alike."""
    ranks, rank, last = np.full(size, _NONE, np.int32), -1, None
    ordered = database.sql(
        f"SELECT number, hash({name}) AS value FROM clips WHERE {name} IS NOT NULL ORDER BY {name}"
    )
    for batch in ordered.to_arrow_reader(1 << 20):
        values = batch["value"].to_numpy()
        is_new = np.ones(len(values), np.bool_)
        is_new[1:] = values[1:] != values[:-1]
        is_new[:1] = last is None or values[:1] != last
        counted = rank + np.cumsum(is_new, dtype=np.int64)
        ranks[batch["number"].to_numpy()] = counted
        if len(values):
            rank, last = int(counted[-1]), values[-1]
    return ranks


class Ranks:
    """Numbers to sort clips by."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._types = {row[0]: str(row[1]) for row in reader.rows("DESCRIBE clips")}

    def values(self, name: str) -> Values:
        """The numbers of a column, or of the id, by the numbers of clips: of a column of numbers these,
        NaN where a clip has none; else places in order, below 0 where it has nothing."""
        if name == CLIP_ID:
            return self._reader.kept(("rank", name), self._of_ids)
        sql = f"SELECT rank FROM rank_{name}"
        kind: npt.DTypeLike = np.int32
        if self._types[name] == "FLOAT":
            sql, kind = f"SELECT {name} FROM clips", np.float32
        elif self._types[name].startswith("ENUM"):
            sql = f"SELECT enum_code({name}) FROM clips"
        return self._reader.kept(("rank", name), lambda: whole(self._reader.columns(sql), kind))

    def _of_ids(self) -> Values:
        numbers = whole(self._reader.columns("SELECT number FROM ids"), np.int32)
        ranks = np.empty(len(numbers), np.int32)
        ranks[numbers] = np.arange(len(numbers), dtype=np.int32)
        return ranks


def lacking(values: Values) -> Flags:
    """Which of some values are those of clips that have none."""
    missing: Flags = np.isnan(values) if values.dtype.kind == "f" else values < 0
    return missing
