"""What is asked for, as one line of text: words, fields, comparisons, and what is left out.

    dog "in the rain" -cat       words in captions and transcripts; a phrase; a word that must not be in
    heard:dog path:street*       words in one text; the beginning of a word
    kind:video kind:audio        a choice: one of several values
    -author:template             a choice that it must not be
    support<0.5 seconds>=10      numbers
    review:bad why:invented reviewer:ada
    ~"a dog barks while someone laughs"   what is meant, where embeddings exist

The line is the state of a page: it stands in the address, and facets add terms to it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from manifests.errors import UserError
from pipelines.inspect.columns import SAME, TEXTS, Column, lacking
from pipelines.reviews.review import REASONS

Operator = Literal[":", "=", "<", "<=", ">", ">="]

LONGEST, _MOST = 2000, 40
"""Characters of a line, and terms that are read."""

_TERM = re.compile(
    r"""\s*(?P<no>-)?(?:(?P<near>~)|(?P<field>[a-z_]+)(?P<op><=|>=|[:=<>]))?"""
    r"""(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>[^\s"]+))"""
)
_PLAIN = re.compile(r"[^\s\"]+")
_BEGUN = re.compile(r"([a-z_]+)(<=|>=|[:=<>])")
"""A term without its value."""

_REVIEWS = ("good", "bad", "edited", "any", "none")
REVIEW = Column("review", "reviewed", "choice", "", ", ".join(_REVIEWS), True)
REVIEWER = Column("reviewer", "reviewer", "choice", "", "who reviewed it", True)
WHY = Column("why", "why bad", "choice", "", ", ".join(REASONS), True)
OF_REVIEWS = (REVIEW, WHY, REVIEWER)
_FIXED = {REVIEW.name: _REVIEWS, WHY.name: REASONS}
"""Choices whose values do not depend on the clips."""
MEANING = Column("~", "meaning", "text", "", "what is meant, as a sentence")


class QueryError(UserError):
    """What was asked for can't be read; says what could be."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. column: None for words in any text. phrase: the words follow each other. excluded:
    it must not hold."""

    column: Column | None
    operator: Operator
    value: str
    phrase: bool = False
    excluded: bool = False

    @property
    def text(self) -> str:
        """The term as it is written; with ' for quotes in the value, which can't be written."""
        if self.column is MEANING:
            return f'~"{self.value}"'
        quote = self.phrase or not _PLAIN.fullmatch(self.value) or self.value.startswith("-")
        value = self.value.replace('"', "'")
        value = f'"{value}"' if quote else value
        name = "" if self.column is None else f"{self.column.name}{self.operator}"
        return f"{'-' if self.excluded else ''}{name}{value}"


@dataclass(frozen=True, slots=True)
class Query:
    """All conditions; they hold together, but of the values of one choice one is enough."""

    terms: tuple[Term, ...] = ()

    @property
    def text(self) -> str:
        """The query as it is written."""
        return " ".join(term.text for term in self.terms)

    @property
    def meaning(self) -> str | None:
        """What must be meant; None where nothing is asked for by meaning."""
        return next((term.value for term in self.terms if term.column is MEANING), None)

    def by_meaning(self) -> "Query":
        """The same with all words in any text as what is meant, not as words that must be there."""
        words = [t for t in self.terms if not t.excluded and t.column in (None, MEANING)]
        if not words:
            return self
        meant = Term(MEANING, ":", " ".join(term.value for term in words), True)
        return Query((meant, *(term for term in self.terms if term not in words)))

    def chosen(self, name: str) -> list[str]:
        """The values of a choice of which one must be."""
        return [
            term.value
            for term in self.terms
            if term.column is not None and term.column.name == name and not term.excluded
        ]

    def without(self, name: str) -> "Query":
        """The same without what a choice must be."""
        kept = (t for t in self.terms if t.column is None or t.column.name != name or t.excluded)
        return Query(tuple(kept))

    def toggled(self, column: Column, value: str) -> "Query":
        """The same with a value of a choice, or without it if it is there."""
        term = Term(column, ":", value)
        if any(same.text == term.text for same in self.terms):
            return Query(tuple(same for same in self.terms if same.text != term.text))
        return Query((*self.terms, term))


def parse(text: str, columns: Sequence[Column]) -> Query:
    """The query of a line. Raises QueryError."""
    if len(text) > LONGEST:
        raise QueryError(f"that is longer than {LONGEST} characters")
    known = {column.name: column for column in (*columns, SAME, *OF_REVIEWS)}
    terms, at = [], 0
    while match := _TERM.match(text, at):
        terms.append(_term(match, known))
        at = match.end()
    if len(terms) > _MOST:
        raise QueryError(f"that is more than {_MOST} conditions")
    if sum(term.column is MEANING for term in terms) > 1:
        raise QueryError("one ~ is all there can be: say in one sentence what you mean")
    return Query(tuple(terms))


def _term(match: re.Match[str], known: dict[str, Column]) -> Term:
    name, operator = match["field"], match["op"]
    value = match["plain"] if match["quoted"] is None else match["quoted"]
    excluded, phrase = match["no"] is not None, match["quoted"] is not None
    if match["near"] is not None:
        if excluded:
            raise QueryError("what is meant can't be left out: -~ is for words, as in -cat")
        if not value.strip():
            raise QueryError('say what you mean, as in ~"a dog barks"')
        return Term(MEANING, ":", value.strip(), True)
    if name is None:
        begun = None if phrase else _BEGUN.fullmatch(value)
        if begun is not None and begun[1] in known:
            raise QueryError(_no_value(known[begun[1]]))
        return Term(None, ":", value, phrase, excluded)
    if name not in known:
        for column in lacking(tuple(known.values())):
            if column.name == name:
                raise QueryError(
                    f"{name} ({column.doc}) is not known of this release: look for it in the workspaces "
                    "that it was built of"
                )
        raise QueryError(
            f'no column is named "{name}"; there are {", ".join(known)}. '
            "To look for it as text, put it between quotes"
        )
    column = known[name]
    if not value.strip():
        raise QueryError(_no_value(column))
    if column.what == "number":
        return Term(column, _comparison(operator), _number(name, value), False, excluded)
    if operator not in (":", "="):
        raise QueryError(f"{name} is no number: write {name}:{value}")
    if name in _FIXED:
        value = _fixed(name, value)
    return Term(column, ":", value, phrase and name in TEXTS, excluded)


def _no_value(column: Column) -> str:
    example = {"number": "<0.5", "text": ":dog", "choice": ':"a value"'}[column.what]
    return (
        f"nothing is asked of {column.name}: write a value behind it, as in {column.name}{example}"
    )


def _fixed(name: str, value: str) -> str:
    """The value that is written so, in small or capital letters."""
    values = _FIXED[name]
    if value.casefold() not in values:
        raise QueryError(f'{name} is one of {", ".join(values)}, and "{value}" is none of them')
    return value.casefold()


def _comparison(operator: str) -> Operator:
    return "=" if operator == ":" else operator  # type: ignore[return-value]


def _number(name: str, value: str) -> str:
    try:
        float(value)
    except ValueError:
        raise QueryError(f'{name} is a number, and "{value}" is none') from None
    return value
