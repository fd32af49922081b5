"""Clips in order: the ones that come after a clip, or before it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.inspect.numbers import Integers
from pipelines.inspect.ranks import CLIP_ID, Ranks, lacking

LISTED, RANDOM = "number", "random"
"""Orders that are not of a column: as listed, and by the clips' ids, which are hashes."""

Keys = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Order:
    """By what clips are sorted: a column, `LISTED` or `RANDOM`. Clips without a value come last, equal
    ones as listed."""

    name: str = LISTED
    descending: bool = False

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return f"-{self.name}" if self.descending else self.name


def keys_of(numbers: Integers, order: Order, ranks: Ranks) -> Keys:
    """What clips are sorted by, small ones first."""
    if order.name == LISTED:
        keys = numbers.astype(np.float64)
        return -keys if order.descending else keys
    values = ranks.values(CLIP_ID if order.name == RANDOM else order.name)[numbers]
    keys = -values.astype(np.float64) if order.descending else values.astype(np.float64)
    keys[lacking(values)] = np.inf
    return keys


def first(
    parts: Iterable[tuple[Integers, Keys]],
    start: tuple[float, int] | None,
    back: bool,
    count: int,
    in_order: bool = False,
) -> list[int]:
    """The first clips after one, or the last ones before it with the nearest first.

    parts: numbers of clips, ascending in each part, and what they are sorted by. start: this clip's key
    and number. in_order: no part has a clip that comes before those of an earlier part.
    """
    best, best_keys = np.zeros(0, np.int64), np.zeros(0)
    for numbers, keys in _beyond(parts, start, back):
        few, few_keys = _smallest(numbers, keys, count)
        best, best_keys = np.concatenate([best, few]), np.concatenate([best_keys, few_keys])
        chosen = np.lexsort((best, best_keys))[:count]
        best, best_keys = best[chosen], best_keys[chosen]
        if in_order and len(best) == count:
            break
    return [abs(int(number)) for number in best]


def _beyond(
    parts: Iterable[tuple[Integers, Keys]], start: tuple[float, int] | None, back: bool
) -> Iterator[tuple[npt.NDArray[np.int64], Keys]]:
    """Of each part the clips on that side, as numbers and keys that grow away from the start."""
    way = -1 if back else 1
    for numbers, keys in parts:
        far, away = numbers.astype(np.int64) * way, keys * way
        if start is not None:
            key, number = start[0] * way, start[1] * way
            beyond = (away > key) | ((away == key) & (far > number))
            far, away = far[beyond], away[beyond]
        yield far, away


def _smallest(
    numbers: npt.NDArray[np.int64], keys: Keys, count: int
) -> tuple[npt.NDArray[np.int64], Keys]:
    """So many of a part as could be among the first ones."""
    if len(keys) <= 4 * count:
        return numbers, keys
    last = np.partition(keys, count - 1)[count - 1]
    under, same = np.flatnonzero(keys < last), np.flatnonzero(keys == last)
    if len(same) > count:
        same = same[np.argsort(numbers[same])[:count]]
    chosen = np.concatenate([under, same])
    return numbers[chosen], keys[chosen]
