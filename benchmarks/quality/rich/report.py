"""Shares of what a checker said of the bench's captions, with intervals clustered by scene.

Knows nothing of the checker: rows come from whoever ran one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.quality.measures.intervals import Figure, share

Outcome = Literal["accepted", "refused", "doubt"]


@dataclass(frozen=True, slots=True)
class Row:
    """What a checker said of one caption. source: the grammar, or who wrote it by hand.
    style: of a good caption; fault: of a bad one; the other is None."""

    scene: str
    source: str
    caption: str
    outcome: Outcome
    style: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """A share that should not be above a limit. fault: those bad ones together."""

    name: str
    outcome: Outcome
    most: float
    style: str | None = None
    faults: tuple[str, ...] = ()

    def of(self, row: Row) -> bool:
        """Whether it counts this row."""
        if self.faults:
            return row.fault in self.faults
        return row.fault is None and row.style == self.style


AIMS = (
    Aim("good, close to the wording, refused", "refused", 0.03, style="copy"),
    Aim("good, natural rewording, refused", "refused", 0.05, style="natural"),
    Aim("good, natural rewording, in doubt", "doubt", 0.30, style="natural"),
    Aim("bad, accepted: quotation, language", "accepted", 0.01, faults=("quotation", "language")),
    Aim(
        "bad, accepted: negation, opposite, invented",
        "accepted",
        0.05,
        faults=("negation", "opposite", "invented"),
    ),
    Aim("bad, accepted: attribute, count", "accepted", 0.12, faults=("attribute", "count")),
    Aim(
        "bad, accepted: role, direction, cross-modal, order",
        "accepted",
        0.20,
        faults=("role", "direction", "cross-modal", "order"),
    ),
)


def part(rows: Iterable[Row], outcome: Outcome) -> Figure:
    """The share with an outcome, with its interval by scene."""
    hits: dict[str, int] = defaultdict(int)
    number: dict[str, int] = defaultdict(int)
    for row in rows:
        number[row.scene] += 1
        hits[row.scene] += row.outcome == outcome
    scenes = sorted(number)
    return share([hits[s] for s in scenes], [number[s] for s in scenes])


def report(rows: Sequence[Row]) -> str:
    """All tables in Markdown."""
    return "\n\n".join(
        [
            _aims(rows),
            _split("style or fault", rows, lambda r: r.fault or f"good, {r.style}"),
            _split("caption", rows, lambda r: f"{r.caption}, {_good(r)}"),
            _split("source", rows, lambda r: f"{r.source}, {_good(r)}"),
        ]
    )


def met(rows: Sequence[Row]) -> dict[str, bool]:
    """Which aims are met, of those that have rows."""
    found = {aim.name: (aim, part([r for r in rows if aim.of(r)], aim.outcome)) for aim in AIMS}
    return {n: f.value <= aim.most for n, (aim, f) in found.items() if f.value is not None}


def _good(row: Row) -> str:
    return "bad" if row.fault else "good"


def _aims(rows: Sequence[Row]) -> str:
    lines = [
        "| | aim | measured | 95 % interval | captions | scenes | |",
        "|---|---|---|---|---|---|---|",
    ]
    for aim in AIMS:
        found = part([r for r in rows if aim.of(r)], aim.outcome)
        held = "" if found.value is None else "met" if found.value <= aim.most else "missed"
        lines.append(
            f"| {aim.name} | at most {100 * aim.most:.0f} % | {_percent(found.value)} "
            f"| {_interval(found)} | {found.of:.0f} | {found.clips} | {held} |"
        )
    return "\n".join(lines)


def _split(name: str, rows: Sequence[Row], key: Callable[[Row], str]) -> str:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    lines = [f"| {name} | accepted | refused | in doubt | captions |", "|---|---|---|---|---|"]
    for group in sorted(groups):
        told = groups[group]
        outcomes: tuple[Outcome, ...] = ("accepted", "refused", "doubt")
        figures = [part(told, outcome) for outcome in outcomes]
        shares = " | ".join(f"{_percent(f.value)} ({_interval(f)})" for f in figures)
        lines.append(f"| {group} | {shares} | {len(told)} |")
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.low:.1f} to {100 * figure.high:.1f}"
