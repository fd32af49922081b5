"""The reviews that count while the app is open: those that were stored, and those that come."""

import threading
from collections.abc import Callable, Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from manifests.captions import CAPTIONS
from manifests.release.sql import literal
from pipelines.inspect.columns import NONE
from pipelines.inspect.numbers import Integers, Numbers
from pipelines.inspect.reading import Reader, Row, whole
from pipelines.inspect.terms import REVIEW, REVIEWER, WHY, Term
from pipelines.inspect.words import alike
from pipelines.reviews.review import Review
from pipelines.reviews.stored import table as table_of

_EDITED = f"coalesce({', '.join(CAPTIONS)}) IS NOT NULL"
_SAYS = f"verdict IS NOT NULL OR {_EDITED}"
_VALUES: Mapping[str, str] = {
    REVIEW.name: f"unnest([verdict, CASE WHEN {_EDITED} THEN 'edited' END])",
    WHY.name: "unnest(reasons)",
    REVIEWER.name: "reviewer",
}
"""SQL of the values of each choice of reviews."""


def make(
    database: duckdb.DuckDBPyConnection, reviews: pa.Table, reviewer: str | None = None
) -> None:
    """Makes the table `reviews` of those whose clips are there, of each reviewer one of a clip: that of
    the captions that are shown, else the newest of others; and the view `told` of those to tell: all, or
    those of the clips that a reviewer reviewed."""
    database.register("given", reviews)
    database.execute(
        "CREATE TABLE reviews AS SELECT c.number, r.* FROM given r "
        "JOIN clips c ON c.clip_id = TRY_CAST(r.clip_id AS UUID) "
        "QUALIFY row_number() OVER (PARTITION BY c.number, r.reviewer ORDER BY "
        "coalesce(r.caption_digest = c.caption_digest, false) DESC, r.reviewed_ms DESC, r.review_id DESC"
        ") = 1"
    )
    database.unregister("given")
    own = f"WHERE number IN (SELECT number FROM reviews WHERE reviewer = {literal(reviewer or '')})"
    database.execute(f"CREATE VIEW told AS SELECT * FROM reviews {own if reviewer else ''}")


class Said:
    """What is told of what reviewers say of the clips of an index. Used by many threads."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._writing = reader, threading.Lock()
        self._version = 0

    def of(self, numbers: Sequence[int]) -> dict[int, list[Row]]:
        """The reviews of clips, by number, oldest first."""
        marks = ", ".join("?" for _ in numbers) or "NULL"
        rows = self._reader.named(
            f"SELECT * FROM told WHERE number IN ({marks}) ORDER BY reviewed_ms", list(numbers)
        )
        by_number: dict[int, list[Row]] = {}
        for row in rows:
            by_number.setdefault(row["number"], []).append(row)
        return by_number

    def take(self, number: int, review: Review) -> None:
        """Takes a review for the reviewer's last one of a clip."""
        with self._writing, self._reader.cursor() as cursor:
            cursor.execute(
                "DELETE FROM reviews WHERE number = ? AND reviewer = ?", [number, review.reviewer]
            )
            cursor.register("given", table_of([review]))
            cursor.execute(f"INSERT INTO reviews SELECT {int(number)}, * FROM given WHERE {_SAYS}")
            cursor.unregister("given")
            self._version += 1

    def having(self, term: Term) -> Numbers:
        """The clips of which a review says so."""
        assert term.column is not None
        every, size = Numbers.every(self._reader.size), self._reader.size
        if term.column is REVIEW and term.value in (NONE, "any"):
            reviewed = Numbers.of([self._numbers("true", [])], size)
            return every - reviewed if term.value == NONE else reviewed
        if term.column is WHY:
            where, values = "list_contains(reasons, ?)", [term.value]
        elif term.column is REVIEW and term.value == "edited":
            where, values = _EDITED, []
        else:
            where = f"{'verdict' if term.column is REVIEW else 'reviewer'} = ?"
            values = [term.value]
        return Numbers.of([self._numbers(where, values)], size)

    def like(self, name: str) -> list[str]:
        """Reviewers whose names are the same but for capital letters, accents and quotes."""
        sql = f"SELECT DISTINCT reviewer FROM told WHERE {alike('reviewer')} = {alike('?')}"
        return [same for (same,) in self._reader.rows(f"{sql} ORDER BY 1", [name])]

    def reviewers(self) -> list[str]:
        """Names of all reviewers, those of most reviews first."""
        sql = "SELECT reviewer FROM told GROUP BY 1 ORDER BY count(*) DESC, 1"
        return [name for (name,) in self._reader.rows(sql)]

    def counts(
        self, name: str, within: Numbers | None, total: Callable[[], int]
    ) -> list[tuple[str, int]]:
        """Values of a choice of reviews, and of how many of some clips, or of all, each is said. total:
        how many these are."""
        values = self._reader.kept(("said", self._version, name), lambda: self._read(name))
        counts = [(value, _count(held, within)) for value, held in values.held.items()]
        if name == REVIEW.name and values.held:
            return [*counts, (NONE, total() - _count(values.reviewed, within))]
        return counts

    def _read(self, name: str) -> "_Values":
        rows = self._reader.rows(
            f"SELECT value, list(DISTINCT number) FROM (SELECT number, {_VALUES[name]} AS value "
            "FROM told) WHERE value IS NOT NULL GROUP BY value"
        )
        held = {value: np.array(numbers, np.int32) for value, numbers in rows}
        return _Values(held, self._numbers("true", []))

    def _numbers(self, where: str, values: list[str]) -> Integers:
        sql = f"SELECT DISTINCT number FROM told WHERE {where}"
        return whole(self._reader.columns(sql, values), np.int32)


class _Values:
    """The clips of each value, and all of them."""

    def __init__(self, held: dict[str, Integers], reviewed: Integers) -> None:
        self.held, self.reviewed = held, reviewed

    @property
    def nbytes(self) -> int:
        return self.reviewed.nbytes + sum(held.nbytes for held in self.held.values())


def _count(numbers: Integers, within: Numbers | None) -> int:
    return len(numbers) if within is None else int(within.has(numbers).sum())
