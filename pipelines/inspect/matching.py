"""Which clips match a query."""

import operator
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.inspect.choices import Choices
from pipelines.inspect.columns import TEXTS
from pipelines.inspect.numbers import Integers, Numbers
from pipelines.inspect.ranks import Ranks
from pipelines.inspect.reading import Reader
from pipelines.inspect.said import Said
from pipelines.inspect.sorting import Keys
from pipelines.inspect.terms import MEANING, OF_REVIEWS, Query, Term
from pipelines.inspect.words import Words

_ID = re.compile(r"[0-9a-f]{32}")
_KEPT = 64
"""Texts whose nearest clips are kept."""
_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


class Meant:
    """The clips that are nearest to what was asked for by meaning. Used by many threads."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._lock = reader, Lock()
        self._near: OrderedDict[str, pa.Table] = OrderedDict()

    def knows(self, text: str) -> bool:
        """Whether `take` told what is nearest to a text."""
        with self._lock:
            return text in self._near

    def take(self, text: str, near: pa.Table) -> None:
        """Takes what is nearest to a text. near: as `pipelines.inspect.meaning` gives it."""
        with self._reader.cursor() as cursor:
            cursor.register("near", near)
            told = cursor.sql(
                "SELECT c.number, n.rank, n.similarity, n.medium FROM near n "
                "JOIN clips c ON c.clip_id = TRY_CAST(n.clip_id AS UUID) ORDER BY c.number"
            ).to_arrow_table()
            cursor.unregister("near")
        with self._lock:
            self._near[text] = told
            if len(self._near) > _KEPT:
                self._near.popitem(last=False)

    def near(self, text: str, numbers: Sequence[int]) -> dict[int, tuple[float, str]]:
        """How near clips are to a text, by number: the product, and whose vector it is of."""
        wanted = set(numbers)
        return {
            row["number"]: (row["similarity"], row["medium"])
            for row in self._told(text).to_pylist()
            if row["number"] in wanted
        }

    def numbers(self, text: str) -> Integers:
        """The nearest clips, ascending; none for what was never told, or long ago."""
        numbers: Integers = self._told(text)["number"].to_numpy()
        return numbers

    def keys(self, text: str, numbers: Integers) -> Keys:
        """What clips are sorted by where the nearest come first."""
        told = self._told(text)
        places = np.searchsorted(told["number"].to_numpy(), numbers)
        near = np.append(told["number"].to_numpy(), -1)[places] == numbers
        ranks = np.append(told["rank"].to_numpy(), 0)[places]
        return np.where(near, ranks, np.inf)

    def _told(self, text: str) -> pa.Table:
        with self._lock:
            return self._near.get(text, _NOTHING)


_NOTHING = pa.table(
    {
        "number": pa.array([], pa.int32()),
        "rank": pa.array([], pa.int32()),
        "similarity": pa.array([], pa.float32()),
        "medium": pa.array([], pa.string()),
    }
)


class Matching:
    """Answers by sets of clips, one for each condition."""

    def __init__(
        self, reader: Reader, choices: Choices, ranks: Ranks, said: Said, meant: Meant
    ) -> None:
        self._reader, self._size = reader, reader.size
        self._words, self._choices, self._ranks = Words(reader), choices, ranks
        self._said, self._meant = said, meant

    def numbers(self, query: Query) -> Numbers | None:
        """The clips that match; None where nothing is asked for, so that all do."""
        found = None
        alternatives: dict[str, list[Term]] = {}
        for term in query.terms:
            if term.column is not None and term.column.what == "choice" and not term.excluded:
                alternatives.setdefault(term.column.name, []).append(term)
                continue
            held = self._having(term)
            if term.excluded:
                found = (Numbers.every(self._size) if found is None else found) - held
            else:
                found = held if found is None else found & held
        for terms in alternatives.values():
            held = reduce(operator.or_, (self._having(term) for term in terms))
            found = held if found is None else found & held
        return found

    def _having(self, term: Term) -> Numbers:
        column = term.column
        if column is MEANING:
            return Numbers.of([self._meant.numbers(term.value)], self._size)
        if column in OF_REVIEWS:
            return self._said.having(term)
        if column is not None and column.what == "number":
            values = self._ranks.values(column.name)
            with np.errstate(over="ignore"):  # then it is infinite
                value = np.float32(float(term.value))
            return Numbers.where(_COMPARED[term.operator](values, value))
        if column is not None and column.what == "choice":
            return self._choices.having(column.name, term.value)
        if column is None and _ID.fullmatch(term.value):
            sql = "SELECT number FROM ids WHERE clip_id = TRY_CAST(? AS UUID)"
            return Numbers.of((n for (n,) in self._reader.columns(sql, [term.value])), self._size)
        names = [column.name] if column is not None else [n for n in TEXTS if n != "path"]
        return self._words.having(term.value, names, term.phrase)
