"""The values of choices, and the clips that have each."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.inspect.columns import Column
from pipelines.inspect.numbers import Integers, Numbers
from pipelines.inspect.reading import Reader
from pipelines.inspect.words import alike

CHOICES = "name VARCHAR, value VARCHAR, clips BIGINT, held BLOB"
"""Columns of the table. clips: how many have the value. held: which ones, as bits where they are many,
else as numbers of 4 bytes; null where the choice has more than `FEW` values."""

FEW = 10_000
_MANY = 32
"""A set has bits where at least one clip in so many has the value: then bits are smaller than numbers."""
_SCHEMA = pa.schema([("value", pa.string()), ("clips", pa.int64()), ("held", pa.binary())])


def make(database: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """Makes the table `choices` from `clips`; those with few values become numbers in `clips`."""
    database.execute(f"CREATE TABLE choices ({CHOICES})")
    size = _count(database, "SELECT count(*) FROM clips")
    for name in (column.name for column in columns if column.what == "choice"):
        values = _count(database, f"SELECT count(DISTINCT {name}) FROM clips")
        if values > FEW:
            database.execute(
                f"INSERT INTO choices SELECT '{name}', {name}, count(*), NULL FROM clips GROUP BY 2"
            )
            continue
        _fill(database, name, size)
        if values:
            named = f"(SELECT DISTINCT CAST({name} AS VARCHAR) FROM clips ORDER BY 1)"
            database.execute(f"CREATE TYPE {name}_values AS ENUM {named}")
            database.execute(f"ALTER TABLE clips ALTER {name} TYPE {name}_values")


def _count(database: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((count,),) = database.execute(sql).fetchall()
    return int(count)


def _fill(database: duckdb.DuckDBPyConnection, name: str, size: int) -> None:
    """Adds the values of a choice."""
    listed = database.sql(
        f"SELECT CAST({name} AS VARCHAR) AS value, list(number) AS numbers FROM clips GROUP BY 1"
    ).to_arrow_table()
    rows = []
    for value, numbers in zip(listed["value"].to_pylist(), listed["numbers"], strict=True):
        held = numbers.values.to_numpy(zero_copy_only=False)
        if len(held) * _MANY >= size:
            data = Numbers.of([held], size).dump()
        else:
            data = np.sort(held).astype("<i4").tobytes()
        rows.append({"value": value, "clips": len(held), "held": data})
    database.register("listed", pa.Table.from_pylist(rows, schema=_SCHEMA))
    database.execute(f"INSERT INTO choices SELECT '{name}', * FROM listed")
    database.unregister("listed")


@dataclass(frozen=True, slots=True)
class _Values:
    """The clips of each value of a choice; None where there are too many values."""

    held: dict[str, Numbers | Integers] | None

    @property
    def nbytes(self) -> int:
        return sum(held.nbytes + 100 for held in (self.held or {}).values())


class Choices:
    """Which clips have a value, and how many of some clips have each."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def having(self, name: str, value: str) -> Numbers:
        """The clips with a value of a choice."""
        values, size = self._values(name), self._reader.size
        if values.held is None:
            sql = f"SELECT number FROM clips WHERE {name} = ?"
            return Numbers.of((n for (n,) in self._reader.columns(sql, [value])), size)
        held = values.held.get(value)
        if isinstance(held, Numbers):
            return held
        return Numbers.of([] if held is None else [held], size)

    def like(self, name: str, value: str) -> list[str]:
        """Values of a choice that are the same but for capital letters, accents and quotes."""
        sql = f"SELECT value FROM choices WHERE name = ? AND {alike('value')} = {alike('?')}"
        return [same for (same,) in self._reader.rows(f"{sql} ORDER BY value", [name, value])]

    def commonest(self, name: str, count: int) -> list[str]:
        """So many values of a choice, those of most clips first."""
        sql = "SELECT value FROM choices WHERE name = ? ORDER BY clips DESC, value LIMIT ?"
        return [value for (value,) in self._reader.rows(sql, [name, count])]

    def counts(self, name: str, within: Numbers | None) -> list[tuple[str, int]]:
        """Values of a choice, and how many of some clips, or of all, have each."""
        if within is None:
            return self._every(name)
        values = self._values(name)
        if values.held is None:
            return self._counted(name, within)
        return [
            (
                value,
                len(within & held) if isinstance(held, Numbers) else int(within.has(held).sum()),
            )
            for value, held in values.held.items()
        ]

    def _every(self, name: str) -> list[tuple[str, int]]:
        return [
            (value, clips)
            for value, clips in self._reader.rows(
                "SELECT value, clips FROM choices WHERE name = ?", [name]
            )
        ]

    def _counted(self, name: str, within: Numbers) -> list[tuple[str, int]]:
        """Counts of a choice with many values."""
        numbers = np.concatenate([*within.blocks(), np.zeros(0, np.int32)])
        with self._reader.cursor() as cursor:
            cursor.register("within_numbers", pa.table({"number": numbers}))
            rows = cursor.execute(
                f"SELECT {name}, count(*) FROM clips SEMI JOIN within_numbers USING (number) GROUP BY 1"
            ).fetchall()
            cursor.unregister("within_numbers")
        return [(value, clips) for value, clips in rows]

    def _values(self, name: str) -> _Values:
        return self._reader.kept(("choice", name), lambda: self._read(name))

    def _read(self, name: str) -> _Values:
        size = self._reader.size
        rows = self._reader.rows("SELECT value, clips, held FROM choices WHERE name = ?", [name])
        if any(data is None for _, _, data in rows):
            return _Values(None)
        return _Values(
            {
                value: Numbers.load(data, size)
                if clips * _MANY >= size
                else np.frombuffer(data, "<i4")
                for value, clips, data in rows
            }
        )
