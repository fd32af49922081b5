"""Rows drawn at random, and how sure one may be after a look at them."""

import math
import random
from collections.abc import Iterator, Sequence

CONFIDENCE = 0.95


def chosen(
    sizes: Sequence[int], count: int, chance: random.Random
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """So many rows of files of these sizes, or all, each as likely as any other: number of a file, and
    numbers of rows in it, both in order."""
    total = sum(sizes)
    rows = sorted(chance.sample(range(total), min(count, total)))
    first, place = 0, 0
    for number, size in enumerate(sizes):
        begin = place
        while place < len(rows) and rows[place] < first + size:
            place += 1
        if begin < place:
            yield number, tuple(row - first for row in rows[begin:place])
        first += size


def bound(drawn: int, total: int) -> int:
    """How many bad rows of `total` there would have to be, at least, for a sample of `drawn` rows to hold
    one of them with 95 % confidence; 0 where all rows were drawn.

    Drawn without putting back, so a little surer than 3 / drawn of the rows.
    """
    if drawn >= total:
        return 0
    low, high = 1, total
    while low < high:
        bad = (low + high) // 2
        if _missed(drawn, total, bad) <= math.log(1 - CONFIDENCE):
            high = bad
        else:
            low = bad + 1
    return low


def _missed(drawn: int, total: int, bad: int) -> float:
    """Logarithm of the probability that none of the bad rows is drawn."""
    if total - bad < drawn:
        return -math.inf
    ways = [total - bad, total - drawn, total, total - bad - drawn]
    return sum(
        sign * math.lgamma(number + 1) for sign, number in zip((1, 1, -1, -1), ways, strict=True)
    )
