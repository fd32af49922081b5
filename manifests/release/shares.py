"""How many rows of each domain, by people and synthetic, stay so that shares and ratio are as asked.

The most that can stay: rows are only ever dropped. All is in whole rows and fractions, so that the answer
is the same everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Cell = tuple[int, bool]
"""A domain by its number, and whether people wrote the captions."""

_FINEST = 10**9
"""Largest denominator of a share."""


class ImpossibleShare(ValueError):
    """A kind of rows of which a share is asked for, and of which no row could stay.

    domain: its number, None where it is not a domain alone. least: of all that stays, the share from
    which on a row of it would stay; None where none would with any share.
    """

    def __init__(self, domain: int | None, lacking: str, least: Fraction | None = None) -> None:
        super().__init__(lacking)
        self.domain = domain
        self.lacking = lacking
        self.least = least


@dataclass(frozen=True, slots=True)
class Targets:
    """keep: rows of each cell that stay. by_shares: of what leaves a domain, the rows that its share
    alone asks for; the others leave for the ratio."""

    keep: dict[Cell, int]
    by_shares: tuple[int, ...]


def targets(
    counts: Mapping[Cell, int], shares: Sequence[float], real_share: float | None
) -> Targets:
    """What stays.

    counts: rows of each cell. shares: of each domain, by its number; they sum to 1. real_share: of rows
    by people among all; None: any. Raises ImpossibleShare.
    """
    parts = [_fraction(share) for share in shares]
    rows = [
        [counts.get((number, real), 0) for real in (True, False)] for number in range(len(parts))
    ]
    for number, part in enumerate(parts):
        if part and not sum(rows[number]):
            raise ImpossibleShare(number, "rows")
    alone = min(Fraction(sum(row), 1) / part for row, part in zip(rows, parts, strict=True) if part)
    by_shares = tuple(sum(row) - int(alone * part) for row, part in zip(rows, parts, strict=True))
    if real_share is None:
        # People's and other rows alike: the caller has one cell a domain.
        keep = {(number, False): int(alone * part) for number, part in enumerate(parts)}
        for number, part in enumerate(parts):
            if part and not keep[number, False]:
                raise ImpossibleShare(number, "rows", 1 / alone)
        return Targets(keep, by_shares)
    return Targets(_mixed(rows, parts, _fraction(real_share)), by_shares)


def _mixed(
    rows: Sequence[Sequence[int]], parts: Sequence[Fraction], real: Fraction
) -> dict[Cell, int]:
    """Rows of each cell that stay where shares and ratio are both asked for. rows: by people and
    synthetic, of each domain."""
    for place, lacking in enumerate(("real rows", "synthetic rows")):
        if not sum(row[place] for row in rows):
            raise ImpossibleShare(None, lacking)
    possible, impossible = 0, sum(map(sum, rows)) + 1
    while impossible - possible > 1:
        middle = (possible + impossible) // 2
        if _fits(middle, rows, parts, real):
            possible = middle
        else:
            impossible = middle
    if not possible:
        raise ImpossibleShare(None, "real rows of the domains that are asked for")
    least, most = _bounds(possible, rows, parts)
    room = sum(most) - sum(least)
    # Between the least and the most of each domain, as far in all of them.
    way = (possible * real - sum(least)) / room if room else Fraction(0)
    keep: dict[Cell, int] = {}
    for number, part in enumerate(parts):
        people = least[number] + way * (most[number] - least[number])
        keep[number, True], keep[number, False] = int(people), int(possible * part - people)
    _require_each(keep, rows, parts, real, possible)
    return keep


def _require_each(
    keep: Mapping[Cell, int],
    rows: Sequence[Sequence[int]],
    parts: Sequence[Fraction],
    real: Fraction,
    total: int,
) -> None:
    """Raises ImpossibleShare for a kind of rows that is asked for, and of which none is kept. total: of
    what could stay, were parts of rows kept."""
    # Each cell may lose a part of a row, so as many rows as there are cells are sure to leave one.
    cells = sum(1 for part in parts if part)
    least = Fraction(cells, total + cells)
    for place, (lacking, asked) in enumerate((("real rows", real), ("synthetic rows", 1 - real))):
        kept = sum(count for (_, people), count in keep.items() if people is not bool(place))
        if not kept and asked < least:
            raise ImpossibleShare(None, lacking, least)
    for number, part in enumerate(parts):
        if part and not keep[number, True] + keep[number, False]:
            least = Fraction(sum(1 for count in rows[number] if count), total)
            raise ImpossibleShare(number, "rows", least if part < least <= 1 else None)


def _fits(
    total: int, rows: Sequence[Sequence[int]], parts: Sequence[Fraction], real: Fraction
) -> bool:
    """Whether so many rows can stay."""
    least, most = _bounds(total, rows, parts)
    if any(low > high for low, high in zip(least, most, strict=True)):
        return False
    return sum(least) <= total * real <= sum(most)


def _bounds(
    total: int, rows: Sequence[Sequence[int]], parts: Sequence[Fraction]
) -> tuple[list[Fraction], list[Fraction]]:
    """The least and the most rows by people of each domain, of so many rows in all."""
    wanted = [total * part for part in parts]
    least = [max(Fraction(0), each - row[1]) for each, row in zip(wanted, rows, strict=True)]
    most = [min(Fraction(row[0]), each) for each, row in zip(wanted, rows, strict=True)]
    return least, most


def _fraction(share: float) -> Fraction:
    return Fraction(share).limit_denominator(_FINEST)
