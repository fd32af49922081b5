"""What a section of the page consists of: figures with their charts, numbers and texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.report import charts
from pipelines.report.figures import Bin, Count
from pipelines.report.shown import visible

Cells = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. svg: a chart of ours; numbers: what it draws, as a table; texts: longer ones, of which
    the number is last."""

    title: str
    svg: str = ""
    numbers: Cells = ()
    note: str = ""
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Figures of one subject. lead: what they say, in a sentence or two."""

    key: str
    title: str
    lead: str
    figures: tuple[Figure, ...]
    matrix: "Matrix | None" = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Shares by row and column. rows: name, and for each column the share and what is told of it; None on
    the diagonal."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[float, str] | None, ...]], ...] = field(default=())


def filled(told: Sequence[Figure]) -> tuple[Figure, ...]:
    """Figures that show something."""
    return tuple(figure for figure in told if figure.svg or figure.texts)


def bars(title: str, counts: Sequence[Count], colour: str = "accent", note: str = "") -> Figure:
    """A bar for each count."""
    if not counts:
        return Figure(title)
    numbers = tuple((visible(count.name, 200), f"{count.count:,}") for count in counts)
    return Figure(title, charts.bars(counts, colour), numbers, note)


def histogram(title: str, bins: Sequence[Bin], axis: str) -> Figure:
    """Bins side by side."""
    if not bins:
        return Figure(title)
    return Figure(title, charts.histogram(bins, axis), tuple(_edges(bins)))


def _edges(bins: Sequence[Bin]) -> Iterator[tuple[str, str]]:
    for each in bins:
        if each.count:
            upper = "and more" if each.high is None else f"to {each.high:g}"
            yield f"{each.low:g} {upper}", f"{each.count:,}"


def listed(counts: Sequence[Count]) -> tuple[tuple[str, str], ...]:
    """Counts as rows of a table."""
    return tuple((visible(count.name, 300), f"{count.count:,}") for count in counts)
