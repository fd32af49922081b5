"""Questions to an index: pages of clips, counts, facets, and what comes before and after a clip."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from manifests.release.query import connection
from manifests.release.sql import literal
from pipelines.inspect import said
from pipelines.inspect.choices import Choices
from pipelines.inspect.columns import SAME, Column
from pipelines.inspect.facets import Facet, Facets
from pipelines.inspect.index import MEMORY
from pipelines.inspect.matching import Matching, Meant
from pipelines.inspect.numbers import Integers, Numbers
from pipelines.inspect.planned import tables
from pipelines.inspect.ranks import Ranks
from pipelines.inspect.reading import Reader, Row
from pipelines.inspect.said import Said
from pipelines.inspect.sets import Place
from pipelines.inspect.sorting import LISTED, RANDOM, Keys, Order, first, keys_of
from pipelines.inspect.terms import Query, parse
from pipelines.inspect.values import Asked, Values
from pipelines.reviews.plan import Plan

EACH = 50
"""Clips of a page."""


@dataclass(frozen=True, slots=True)
class Page:
    """Clips in order. before, after: whether there are some."""

    rows: tuple[Row, ...]
    before: bool
    after: bool


class Lookup:
    """An index that is open, with the reviews that count. Used by many threads. said, meant: its reviews,
    and what was asked for by meaning."""

    def __init__(self, reader: Reader, columns: Sequence[Column], plan: Plan | None = None) -> None:
        self.columns, self.plan = (*columns, SAME), plan
        self.said, self.meant = Said(reader), Meant(reader)
        self._reader, self._ranks = reader, Ranks(reader)
        choices = Choices(reader)
        self._matching = Matching(reader, choices, self._ranks, self.said, self.meant)
        self._values = Values(choices, self.said)
        self._facets = Facets(reader, self.columns, self._matching, choices, self.said)

    def asked(self, text: str) -> Asked:
        """What a line asks for. Raises QueryError."""
        return self._values.asked(parse(text, self.columns))

    def order(self, text: str) -> Order:
        """The order that an address names; as listed for one that there is not."""
        name = text.removeprefix("-")
        known = {LISTED, RANDOM, *(column.name for column in self.columns)}
        return Order(name, text.startswith("-")) if name in known else Order()

    def page(
        self, query: Query, order: Order, after: int | None = None, before: int | None = None
    ) -> Page:
        """The clips after, or before, the one of a number; the first ones."""
        start = after if before is None else before
        rows = self._rows(query, order, start, back=before is not None, count=EACH + 1)
        more, rows = len(rows) > EACH, rows[:EACH]
        if before is not None:
            return Page(tuple(rows[::-1]), more, True)
        return Page(tuple(rows), after is not None, more)

    def neighbours(self, query: Query, order: Order, number: int) -> tuple[Row | None, Row | None]:
        """The clips before and after one."""
        previous = self._rows(query, order, number, back=True, count=1)
        following = self._rows(query, order, number, back=False, count=1)
        return (previous[0] if previous else None), (following[0] if following else None)

    def count(self, query: Query) -> int:
        """How many clips match."""
        found = self._matching.numbers(query)
        return self._reader.size if found is None else len(found)

    def overview(self, query: Query) -> tuple[int, list[Facet]]:
        """How many clips match, and all facets, each counted as if nothing was chosen of it."""
        return self._facets.overview(query)

    def clip(self, clip_id: str) -> Row | None:
        """The row of a clip; None for one that is not there."""
        rows = self._reader.named(
            "SELECT * FROM clips WHERE number IN "
            "(SELECT number FROM ids WHERE clip_id = TRY_CAST(? AS UUID))",
            [clip_id],
        )
        return rows[0] if rows else None

    def place(self, row: Row) -> Place:
        """Where the whole row of a clip is."""
        paths = self._reader.rows("SELECT path FROM files WHERE file = ?", [row["file"]])
        return Place(row["clip_id"], paths[0][0] if paths else "", row["row"], row["shard"])

    def place_of(self, clip_id: str) -> Place | None:
        """The same by a clip's id; None for one that is not there."""
        row = self.clip(clip_id)
        return None if row is None else self.place(row)

    # Rows

    def _rows(
        self, query: Query, order: Order, start: int | None, back: bool, count: int
    ) -> list[Row]:
        """The rows of clips after one, or before it, the nearest to it first."""
        numbers = self._ordered(query, order, start, back, count)
        # As a query of its own: 50 numbers in a list are looked for ten times as long.
        rows = self._reader.named(
            "SELECT * FROM clips WHERE number IN (SELECT unnest(?::INTEGER[]))", [numbers]
        )
        by_number = {row["number"]: row for row in rows}
        return [by_number[number] for number in numbers]

    def _ordered(
        self, query: Query, order: Order, start: int | None, back: bool, count: int
    ) -> list[int]:
        """Their numbers."""
        # As of an address that was of a larger set.
        if start is not None and start >= self._reader.size:
            if not back:
                return []
            start = None
        found = self._matching.numbers(query)
        within = Numbers.every(self._reader.size) if found is None else found
        listed = order.name == LISTED and not _by_meaning(query, order)
        blocks = within.blocks(start if listed else None, listed and order.descending != back)
        parts = ((numbers, self._keys(query, order, numbers)) for numbers in blocks)
        at = None
        if start is not None:
            [key] = self._keys(query, order, np.array([start], np.int32))
            at = (float(key), start)
        return first(parts, at, back, count, in_order=listed)

    def _keys(self, query: Query, order: Order, numbers: Integers) -> Keys:
        if query.meaning is not None and _by_meaning(query, order):
            return self.meant.keys(query.meaning, numbers)
        return keys_of(numbers, order, self._ranks)


def _by_meaning(query: Query, order: Order) -> bool:
    """Whether the nearest come first."""
    return order == Order() and query.meaning is not None


@contextmanager
def opened(
    path: Path,
    columns: Sequence[Column],
    reviews: pa.Table,
    plan: Plan | None = None,
    reviewer: str | None = None,
) -> Iterator[Lookup]:
    """The index at a path. reviews: that count. plan: whose clips are shown, alone and in its order.
    reviewer: is told what others say of a clip after the own review only: else they would agree more than
    they do. None: everything is told. Raises UserError."""
    with connection(memory=MEMORY) as (database, _):
        # The rows of a column are those of the clips, in the order of their numbers.
        database.execute("SET preserve_insertion_order = true")
        database.execute(f"ATTACH {literal(str(path))} AS shown (READ_ONLY)")
        if plan is None:
            _seen(database)
        else:
            tables(database, columns, plan.ids)
        said.make(database, reviews, reviewer)
        yield Lookup(Reader(database), columns, plan)


def _seen(database: duckdb.DuckDBPyConnection) -> None:
    """Shows all tables of the index as they are."""
    names = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'shown'"
    for (name,) in database.execute(names).fetchall():
        database.execute(f"CREATE VIEW {name} AS SELECT * FROM shown.{name}")
