"""Facets: the values of choices, with how many of the clips that match have each."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.inspect.choices import Choices
from pipelines.inspect.columns import Column
from pipelines.inspect.matching import Matching
from pipelines.inspect.numbers import Numbers
from pipelines.inspect.reading import Reader
from pipelines.inspect.said import Said
from pipelines.inspect.terms import OF_REVIEWS, Query

_VALUES = 12
"""Values of a facet that are shown."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A choice with its commonest values and how many clips have each. more: how many are left out."""

    column: Column
    values: tuple[tuple[str, int], ...]
    more: int = 0


class Facets:
    """Counts them."""

    def __init__(
        self,
        reader: Reader,
        columns: Sequence[Column],
        matching: Matching,
        choices: Choices,
        said: Said,
    ) -> None:
        self._size, self._matching = reader.size, matching
        self._columns = [column for column in columns if column.facet]
        self._choices, self._said = choices, said

    def overview(self, query: Query) -> tuple[int, list[Facet]]:
        """How many clips match, and all facets that say something, each counted as if nothing was chosen
        of it."""
        found = self._matching.numbers(query)
        facets = [self._facet(c, query, found) for c in (*self._columns, *OF_REVIEWS)]
        kept = [f for f in facets if len(f.values) > 1 or query.chosen(f.column.name)]
        return self._count(found), kept

    def _facet(self, column: Column, query: Query, found: Numbers | None) -> Facet:
        chosen = query.chosen(column.name)
        within = self._matching.numbers(query.without(column.name)) if chosen else found
        if column in OF_REVIEWS:
            counts = self._said.counts(column.name, within, lambda: self._count(within))
        else:
            counts = self._choices.counts(column.name, within)
        return _shown(column, counts, chosen)

    def _count(self, found: Numbers | None) -> int:
        return self._size if found is None else len(found)


def _shown(column: Column, counts: Sequence[tuple[str, int]], chosen: Sequence[str]) -> Facet:
    """The commonest values, and those that are chosen."""
    there = [item for item in counts if item[1]]
    ordered = sorted(there, key=lambda item: (-item[1], item[0]))
    shown = ordered[:_VALUES] + [item for item in ordered[_VALUES:] if item[0] in chosen]
    missing = [(value, 0) for value in chosen if value not in {name for name, _ in ordered}]
    return Facet(column, (*shown, *missing), len(ordered) - len(shown))
