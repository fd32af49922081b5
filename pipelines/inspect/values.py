"""Values of choices as a query writes them, and as clips have them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipelines.inspect.choices import Choices
from pipelines.inspect.said import Said
from pipelines.inspect.terms import OF_REVIEWS, REVIEWER, Query, Term

_TOLD = 12
"""Values that are named where another was asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query whose choices are written as the clips have them. notes: what it asks for that no clip
    has."""

    query: Query
    notes: tuple[str, ...] = ()


class Values:
    """The values that there are."""

    def __init__(self, choices: Choices, said: Said) -> None:
        self._choices, self._said = choices, said

    def asked(self, query: Query) -> Asked:
        """The query with each value as the clips have it: as written, else every value that is the same
        but for capital letters and accents. One that no clip has stays."""
        terms: list[Term] = []
        notes = []
        for term in query.terms:
            same = list(self._same(term))
            terms += same or [term]
            if not same and not (term.excluded and term.column is REVIEWER):
                notes.append(self._note(term))
        return Asked(Query(tuple(dict.fromkeys(terms))), tuple(notes))

    def _same(self, term: Term) -> Iterator[Term]:
        """The term by each value that there is."""
        column = term.column
        if (
            column is None
            or column.what != "choice"
            or (column in OF_REVIEWS and column is not REVIEWER)
        ):
            yield term
            return
        if column is REVIEWER:
            like = self._said.like(term.value)
        else:
            like = self._choices.like(column.name, term.value)
        for value in [term.value] if term.value in like else like:
            yield replace(term, value=value)

    def _note(self, term: Term) -> str:
        """What to tell of a term whose value no clip has."""
        assert term.column is not None
        if term.column is REVIEWER:
            there = self._said.reviewers()
        else:
            there = self._choices.commonest(term.column.name, _TOLD + 1)
        more = " and more" if len(there) > _TOLD else ""
        known = f"; there are {', '.join(there[:_TOLD])}{more}" if there else ""
        return f"No clip here has {replace(term, excluded=False).text}{known}."
