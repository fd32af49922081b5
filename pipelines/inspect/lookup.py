"""Questions to an index: pages of clips, counts, facets, and what comes before and after a clip."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from manifests.captions import CAPTIONS
from manifests.release.query import connection
from pipelines.inspect.columns import NONE, SAME, TEXTS, Column
from pipelines.inspect.index import LONGEST_WORD, MEMORY, words_of
from pipelines.inspect.planned import tables
from pipelines.inspect.sets import Place
from pipelines.inspect.terms import MEANING, OF_REVIEWS, REVIEW, REVIEWER, WHY, Query, Term
from pipelines.reviews.plan import Plan
from pipelines.reviews.review import Review
from pipelines.reviews.stored import table as table_of

EACH = 50
"""Clips of a page."""
_VALUES = 12
"""Values of a facet that are shown."""
_KEPT = 64
"""Answers that are kept."""

LISTED, RANDOM = "number", "random"
"""Orders that are not of a column: as listed, and by the clips' ids, which are hashes."""

Row = dict[str, Any]
Answer = TypeVar("Answer")
_Where = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Order:
    """By what clips are sorted: a column, `LISTED` or `RANDOM`. Clips without a value come last."""

    name: str = LISTED
    descending: bool = False

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return f"-{self.name}" if self.descending else self.name


@dataclass(frozen=True, slots=True)
class Page:
    """Clips in order. before, after: whether there are some."""

    rows: tuple[Row, ...]
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A choice with its commonest values and how many clips have each. more: how many are left out."""

    column: Column
    values: tuple[tuple[str, int], ...]
    more: int = 0


class Lookup:
    """An index that is open, with the reviews that count. Used by many threads. plan: only its clips are
    there, in its order."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        columns: Sequence[Column],
        reviews: pa.Table,
        plan: Plan | None = None,
    ) -> None:
        self._database, self.columns = database, (*columns, SAME)
        self._writing, self._keeping = threading.Lock(), threading.Lock()
        self._answers: OrderedDict[tuple[Any, ...], list[tuple[Any, ...]]] = OrderedDict()
        self._version = self._asked = 0
        self._meant: dict[str, int] = {}
        database.execute(
            "CREATE TABLE meant "
            "(asked INTEGER, number INTEGER, rank INTEGER, similarity FLOAT, medium VARCHAR)"
        )
        self.plan = plan
        if plan is not None:
            tables(database, self.columns, plan.ids)
        for name in ("clips", "files", "words", "facets") if plan is None else ():
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM shown.{name}")
        database.register("given", reviews)
        database.execute(
            "CREATE TABLE reviews AS SELECT c.number, r.* FROM given r "
            "JOIN clips c ON c.clip_id = TRY_CAST(r.clip_id AS UUID)"
        )
        database.unregister("given")

    def order(self, text: str) -> Order:
        """The order that an address names; as listed for one that there is not."""
        name = text.removeprefix("-")
        known = {LISTED, RANDOM, *(column.name for column in self.columns)}
        return Order(name, text.startswith("-")) if name in known else Order()

    # What is meant

    def knows(self, text: str) -> bool:
        """Whether `mean` told what is nearest to a text."""
        with self._keeping:
            return text in self._meant

    def mean(self, text: str, near: pa.Table) -> None:
        """Takes what is nearest to a text. near: as `pipelines.inspect.meaning` gives it."""
        with self._writing, self._cursor() as cursor:
            number = self._asked = self._asked + 1
            cursor.register("near", near)
            cursor.execute(
                f"INSERT INTO meant SELECT {number}, c.number, n.rank, n.similarity, n.medium "
                "FROM near n JOIN clips c ON c.clip_id = TRY_CAST(n.clip_id AS UUID)"
            )
            cursor.execute("DELETE FROM meant WHERE asked <= ?", [number - _KEPT])
            cursor.unregister("near")
        with self._keeping:
            self._meant[text] = number
            for old in [t for t, at in self._meant.items() if at <= number - _KEPT]:
                del self._meant[old]

    def near(self, query: Query, numbers: Sequence[int]) -> dict[int, tuple[float, str]]:
        """How near clips are to what is meant, by number: the product, and whose vector it is of."""
        marks = ", ".join("?" for _ in numbers) or "NULL"
        rows = self._kept(
            f"SELECT number, similarity, medium FROM meant WHERE asked = ? AND number IN ({marks})",
            [self._number(query), *numbers],
        )
        return {number: (similarity, medium) for number, similarity, medium in rows}

    def _number(self, query: Query) -> int:
        """The number of what is meant; 0, which nothing has, for what was never told or long ago."""
        with self._keeping:
            return self._meant.get(query.meaning or "", 0)

    # Questions

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
        where, values = self._where(query)
        return int(self._kept(f"SELECT count(*) FROM clips{where}", values)[0][0])

    def clip(self, clip_id: str) -> Row | None:
        """The row of a clip; None for one that is not there."""
        rows = self._named("SELECT * FROM clips WHERE clip_id = TRY_CAST(? AS UUID)", [clip_id])
        return rows[0] if rows else None

    def place(self, row: Row) -> Place:
        """Where the whole row of a clip is."""
        paths = self._kept("SELECT path FROM files WHERE file = ?", [row["file"]])
        path = paths[0][0] if paths else ""
        return Place(row["clip_id"], path, row["row"], row["shard"])

    def reviews(self, numbers: Sequence[int]) -> dict[int, list[Row]]:
        """The reviews of clips, by number, oldest first."""
        marks = ", ".join("?" for _ in numbers) or "NULL"
        rows = self._named(
            f"SELECT * FROM reviews WHERE number IN ({marks}) ORDER BY reviewed_ms", list(numbers)
        )
        by_number: dict[int, list[Row]] = {}
        for row in rows:
            by_number.setdefault(row["number"], []).append(row)
        return by_number

    def review(self, number: int, review: Review) -> None:
        """Takes a review for the reviewer's last one of a clip."""
        with self._writing, self._cursor() as cursor:
            cursor.execute(
                "DELETE FROM reviews WHERE number = ? AND reviewer = ?", [number, review.reviewer]
            )
            cursor.register("given", table_of([review]))
            cursor.execute(f"INSERT INTO reviews SELECT {int(number)}, * FROM given WHERE {_SAYS}")
            cursor.unregister("given")
            self._version += 1

    def overview(self, query: Query) -> tuple[int, list[Facet]]:
        """How many clips match, and all facets, each counted as if nothing was chosen of it."""
        shown = [column for column in self.columns if column.facet]
        own = [column for column in shown if query.chosen(column.name)]
        others = [column for column in shown if column not in own]
        counts = self._together(query, others)
        # Every clip has one value of each choice.
        total = sum(clips for _, clips in counts[others[0].name]) if others and counts else None
        for column in own:
            counts |= self._together(query.without(column.name), [column])
        facets = [_facet(c, counts.get(c.name, ()), query.chosen(c.name)) for c in shown]
        total = self.count(query) if total is None else total
        chosen = [column for column in OF_REVIEWS if query.chosen(column.name)]
        reviews = self._of_reviews(query, [c for c in OF_REVIEWS if c not in chosen], total)
        for column in chosen:
            reviews |= self._of_reviews(query.without(column.name), [column], None)
        facets += [_facet(c, reviews.get(c.name, ()), query.chosen(c.name)) for c in OF_REVIEWS]
        kept = [f for f in facets if len(f.values) > 1 or query.chosen(f.column.name)]
        return total, kept

    # SQL

    def _together(
        self, query: Query, columns: Sequence[Column]
    ) -> dict[str, list[tuple[str, int]]]:
        """Values and counts of several choices."""
        if not columns:
            return {}
        names = [column.name for column in columns]
        if not query.terms:
            every = self._kept("SELECT name, value, clips FROM facets", [])
            rows = [row for row in every if row[0] in names]
        else:
            where, values = self._where(query)
            texts = ", ".join(f"CAST({name} AS VARCHAR)" for name in names)
            sets = ", ".join(f"({name})" for name in names)
            name = "CASE " + " ".join(f"WHEN GROUPING({n}) = 0 THEN '{n}'" for n in names) + " END"
            rows = self._kept(
                f"SELECT {name}, coalesce({texts}), count(*) FROM clips{where} "
                f"GROUP BY GROUPING SETS ({sets})",
                values,
            )
        counts: dict[str, list[tuple[str, int]]] = {}
        for name, value, clips in rows:
            if clips:
                counts.setdefault(name, []).append((value, clips))
        return counts

    def _of_reviews(
        self, query: Query, columns: Sequence[Column], total: int | None
    ) -> dict[str, list[tuple[str, int]]]:
        """Values and counts of choices of reviews. total: how many clips match, where that is known."""
        if not columns or not self._kept("SELECT count(*) FROM reviews", [])[0][0]:
            return {}
        where, values = self._where(query)
        within = f" WHERE number IN (SELECT number FROM clips{where})" if where else ""
        # All at once: which clips match is found out once.
        parts = [
            f"SELECT '{column.name}', value, count(DISTINCT number) FROM (SELECT number, "
            f"{_OF_REVIEWS[column.name]} AS value FROM within) WHERE value IS NOT NULL GROUP BY value"
            for column in columns
        ]
        rows = self._kept(
            f"WITH within AS MATERIALIZED (SELECT * FROM reviews{within}) {' UNION ALL '.join(parts)} "
            "UNION ALL SELECT '', '', count(DISTINCT number) FROM within",
            values,
        )
        counts: dict[str, list[tuple[str, int]]] = {}
        for name, value, clips in rows:
            counts.setdefault(name, []).append((str(value), int(clips)))
        ((_, reviewed),) = counts.pop("")
        if REVIEW.name in counts:
            every = self.count(query) if total is None else total
            counts[REVIEW.name].append((NONE, every - reviewed))
        return counts

    def _rows(
        self, query: Query, order: Order, start: int | None, back: bool, count: int
    ) -> list[Row]:
        where, values = self._where(query)
        key = "clip_id" if order.name == RANDOM else order.name
        if order == Order() and query.meaning is not None:  # the nearest first
            key = _RANK.format(asked=self._number(query))
        descending = order.descending != back
        if start is not None:
            beyond, at = self._beyond(key, start, descending, back)
            where = f"{where} AND ({beyond})" if where else f" WHERE {beyond}"
            values = [*values, *at]
        way = "DESC" if descending else "ASC"
        by = f"number {way}"
        if key != LISTED:
            nulls = "NULLS FIRST" if back else "NULLS LAST"
            by = f"{key} {way} {nulls}, number {'DESC' if back else 'ASC'}"
        # First which clips, then all their columns: else DuckDB carries these through the sorting.
        which = f"SELECT number FROM clips{where} ORDER BY {by} LIMIT {count}"
        return self._named(f"SELECT * FROM clips WHERE number IN ({which}) ORDER BY {by}", values)

    def _beyond(self, key: str, start: int, descending: bool, back: bool) -> _Where:
        """The condition for clips that come after one, or before it when looking back."""
        side = "<" if descending else ">"
        if key == LISTED:
            return f"number {side} ?", [start]
        rows = self._kept(f"SELECT {key} FROM clips WHERE number = ?", [start])
        value = rows[0][0] if rows else None
        tie = f"number {'<' if back else '>'} ?"
        if value is None:
            null = f"{key} IS NULL AND {tie}"
            return (f"{key} IS NOT NULL OR ({null})" if back else null), [start]
        last = "" if back else f" OR {key} IS NULL"
        return f"{key} {side} ? OR ({key} = ? AND {tie}){last}", [value, value, start]

    def _where(self, query: Query) -> _Where:
        conditions, values = [], []
        choices: dict[str, list[Term]] = {}
        for term in query.terms:
            if term.column is not None and term.column.what == "choice" and not term.excluded:
                choices.setdefault(term.column.name, []).append(term)
                continue
            sql, given = self._condition(term)
            conditions.append(f"NOT coalesce({sql}, false)" if term.excluded else sql)
            values += given
        for terms in choices.values():
            parts = [self._condition(term) for term in terms]
            conditions.append(f"({' OR '.join(sql for sql, _ in parts)})")
            values += [value for _, given in parts for value in given]
        return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values

    def _condition(self, term: Term) -> _Where:
        column = term.column
        if column is MEANING:
            asked = self._number(Query((term,)))
            return "number IN (SELECT number FROM meant WHERE asked = ?)", [asked]
        if column in OF_REVIEWS:
            return _reviewed(term)
        if column is not None and column.what == "number":
            return f"{column.name} {term.operator} CAST(? AS FLOAT)", [float(term.value)]
        if column is not None and column.what == "choice":
            return f"{column.name} = ?", [term.value]
        names = [column.name] if column is not None else [n for n in TEXTS if n != "path"]
        return self._worded(term, names)

    def _worded(self, term: Term, names: Sequence[str]) -> _Where:
        """Clips that have words in one of some texts."""
        mask, last = sum(TEXTS[name] for name in names), max(TEXTS[name] for name in names)
        ((found,),) = self._kept(f"SELECT {words_of('?')}", [term.value])
        words = [word[:LONGEST_WORD] for word in found]
        if not words:
            return "false", []
        prefix = term.value.endswith("*") and not term.phrase
        parts, values = [], []
        for place, word in enumerate(words):
            like = "word = ?"
            if prefix and place == len(words) - 1:
                # Also as a range, by which blocks without such a word are passed over.
                like = "word >= ? AND word < ? AND starts_with(word, ?)"
                values += [word, word + "\U0010ffff", word]
            else:
                values.append(word)
            parts.append(
                f"number IN (SELECT unnest(numbers) FROM words WHERE {like} "
                f"AND text <= {last} AND text & {mask} <> 0)"
            )
        if term.phrase and len(words) > 1:
            holds = [f"contains(strip_accents(lower({n})), strip_accents(lower(?)))" for n in names]
            parts.append(f"({' OR '.join(holds)})")
            values += [term.value] * len(names)
        return f"({' AND '.join(parts)})", values

    # Answers

    def _kept(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of an answer, which is kept until a review changes it."""
        key = (self._version, sql, *values)
        with self._keeping:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        with self._cursor() as cursor:
            rows = cursor.execute(sql, list(values)).fetchall()
        with self._keeping:
            self._answers[key] = rows
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return rows

    def _named(self, sql: str, values: Sequence[Any]) -> list[Row]:
        with self._cursor() as cursor:
            rows = cursor.execute(sql, list(values)).fetchall()
            names = [column[0] for column in cursor.description or ()]
        named = [dict(zip(names, row, strict=True)) for row in rows]
        for row in named:
            row["clip_id"] = str(row["clip_id"]).replace("-", "")
        return named

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._database.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


@contextmanager
def opened(
    path: Path, columns: Sequence[Column], reviews: pa.Table, plan: Plan | None = None
) -> Iterator[Lookup]:
    """The index at a path. reviews: that count. plan: whose clips are shown. Raises UserError."""
    with connection(memory=MEMORY) as (database, _):
        quoted = str(path).replace("'", "''")
        database.execute(f"ATTACH '{quoted}' AS shown (READ_ONLY)")
        yield Lookup(database, columns, reviews, plan)


_RANK = "(SELECT rank FROM meant WHERE asked = {asked} AND meant.number = clips.number)"
"""SQL of the place of a clip among those nearest to what is meant."""
_EDITED = f"coalesce({', '.join(CAPTIONS)}) IS NOT NULL"
_SAYS = f"verdict IS NOT NULL OR {_EDITED}"
_OF_REVIEWS: Mapping[str, str] = {
    REVIEW.name: f"unnest([verdict, CASE WHEN {_EDITED} THEN 'edited' END])",
    WHY.name: "unnest(reasons)",
    REVIEWER.name: "reviewer",
}


def _reviewed(term: Term) -> _Where:
    """A condition of reviews."""
    assert term.column is not None
    if term.column is REVIEW and term.value == NONE:
        return "number NOT IN (SELECT number FROM reviews)", []
    if term.column is REVIEW and term.value == "any":
        return "number IN (SELECT number FROM reviews)", []
    if term.column is WHY:
        return "number IN (SELECT number FROM reviews WHERE list_contains(reasons, ?))", [
            term.value
        ]
    if term.column is REVIEW and term.value == "edited":
        return f"number IN (SELECT number FROM reviews WHERE {_EDITED})", []
    name = "verdict" if term.column is REVIEW else "reviewer"
    return f"number IN (SELECT number FROM reviews WHERE {name} = ?)", [term.value]


def _facet(column: Column, counts: Sequence[tuple[str, int]], chosen: Sequence[str]) -> Facet:
    """The commonest values, and those that are chosen."""
    there = [item for item in counts if item[1]]
    ordered = sorted(there, key=lambda item: (-item[1], item[0]))
    shown = ordered[:_VALUES] + [item for item in ordered[_VALUES:] if item[0] in chosen]
    missing = [(value, 0) for value in chosen if value not in {name for name, _ in ordered}]
    return Facet(column, (*shown, *missing), len(ordered) - len(shown))
