"""Pairs of near duplicates among signatures, with work that is bounded whatever the captions are.

Slots are read in `BANDS` bands of `WIDTH`. Rows that agree in all slots of a band are a *bucket*.
All of it is compared with its lowest row; those that are not like it with the lowest of them, up to
`LOWEST` times. What is left, of very many captions from one template, is put in the order of the
next slots, so that like ones come together, and each row is compared with the `WINDOW` that follow.
So a bucket costs at most 48 comparisons a row, and a row leaves at most 17 pairs in it.

Signatures may be many times what memory holds. Those of the rows that a band brings together are read
into memory in the order of the file, some buckets after the other: asked for pair by pair, each would
come from the disk by itself.

What a band agrees on by similarity J: J^7. One of 18 does with 98.5 % at J = 0.8, 99.99 % at 0.9.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from manifests.release.minhash import SLOTS, Bytes

BANDS, WIDTH = 18, 7
LOWEST, WINDOW = 32, 16
ROWS = 1 << 23
"""About so many rows of a band are sorted at a time."""
HELD = 1 << 21
"""About so many signatures are in memory at a time."""
_COMPARED = 1 << 14

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]
"""Of signatures in memory, in the order of their numbers."""
Write = Callable[[Places], None]
"""Writes pairs of places, (pairs, 2), as numbers."""


def keys(signatures: Bytes) -> Keys:
    """The bands of signatures, (BANDS, rows), each as a number."""
    slots = signatures[:, : BANDS * WIDTH].reshape(-1, BANDS, WIDTH)
    wide = np.zeros((len(slots), BANDS, 8), np.uint8)
    wide[:, :, :WIDTH] = slots
    return np.ascontiguousarray(wide.view("<u8")[:, :, 0].T.astype(np.uint64))


def agreeing(at_least: float) -> int:
    """Slots in which rows of this similarity agree on average: also by chance, one of 256."""
    return round(SLOTS * (at_least + (1 - at_least) / 256))


def pairs(
    rows: Numbers, band: Keys, following: Keys, signatures: Bytes, least: int, path: Path
) -> int:
    """Writes pairs of like rows in one band, and tells how many were compared.

    rows: those to compare, in order. band, following: this one and the next of all rows.
    signatures: of all rows, (all, SLOTS). least: slots in which like rows agree. path: gets (pairs,
    2) of uint32, the lower row first.
    """
    compared = 0
    with path.open("wb") as file:
        for some, keys in _buckets(rows, band):
            own, places, held = _held(some, signatures)

            def write(pairs: Places, own: Numbers = own) -> None:
                file.write(own[pairs].tobytes())

            rest, count = _join_lowest(places, keys, held, least, write)
            rest = rest[np.lexsort((rest, following[own[rest]], band[own[rest]]))]
            compared += count + _join_next(rest, band[own[rest]], held, least, write)
    return compared


def _held(some: Numbers, signatures: Bytes) -> tuple[Numbers, Places, Bytes]:
    """Numbers and signatures by place, and the places of some rows. One bucket of more than `HELD` rows
    stays in the file: it is in order there, and compared in this order."""
    if len(some) > HELD:
        return np.arange(len(signatures), dtype=np.uint32), some.astype(np.intp), signatures
    own, places = np.unique(some, return_inverse=True)
    return own, places, signatures[own]


def _buckets(rows: Numbers, band: Keys) -> Iterator[tuple[Numbers, Keys]]:
    """What `_parts` gives, of at most `HELD` rows at a time, or one bucket of more."""
    waiting: list[tuple[Numbers, Keys]] = []
    for some, keys in _parts(rows, band):
        edges = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
        # Before and behind the bucket at each of these places, so that a large one is by itself.
        places = np.arange(HELD, len(keys), HELD)
        behind = np.searchsorted(edges, places)
        before = np.searchsorted(edges, places, "right") - 1
        ends = np.unique(edges[np.concatenate([before, behind])])
        for part in zip(np.split(some, ends), np.split(keys, ends), strict=True):
            if waiting and sum(len(each) for each, _ in waiting) + len(part[0]) > HELD:
                yield _together(waiting)
                waiting = []
            waiting.append(part)
    if waiting:
        yield _together(waiting)


def _together(parts: Sequence[tuple[Numbers, Keys]]) -> tuple[Numbers, Keys]:
    rows, keys = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(keys)


def _parts(rows: Numbers, band: Keys) -> Iterator[tuple[Numbers, Keys]]:
    """Rows that have a key with another one in common, and their keys, in order of both; whole
    buckets, so many at a time that no more than about `ROWS` rows are sorted."""
    parts = -(-len(rows) // ROWS)
    for part in range(parts):
        some = rows
        if parts > 1:
            of = ((band[rows] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) % np.uint64(parts)
            some = rows[of == part]
        keys = band[some]
        order = np.argsort(keys)
        keys = keys[order]
        same = keys[1:] == keys[:-1]
        shared = np.zeros(len(keys), np.bool_)
        shared[1:] = same
        shared[:-1] |= same
        some, keys = some[order[shared]], keys[shared]
        order = np.lexsort((some, keys))
        yield some[order], keys[order]


def _join_lowest(
    rows: Places, keys: Keys, signatures: Bytes, least: int, write: Write
) -> tuple[Places, int]:
    """Compares rows, in the order of their keys and numbers, with the lowest of their bucket; those
    that are not like it again with the lowest of them, and so on. Writes the pairs of like ones.
    Returns the rows that are left, and how many pairs were compared."""
    compared = 0
    for _ in range(LOWEST):
        is_first = np.ones(len(rows), np.bool_)
        is_first[1:] = keys[1:] != keys[:-1]
        lowest = rows[is_first][np.cumsum(is_first) - 1]
        others = ~is_first
        rows, keys, lowest = rows[others], keys[others], lowest[others]
        compared += len(rows)
        alike = _alike(lowest, rows, signatures, least)
        write(np.stack([lowest[alike], rows[alike]], axis=1))
        rows, keys = rows[~alike], keys[~alike]
        if not len(rows):
            break
    return rows, compared


def _join_next(rows: Places, keys: Keys, signatures: Bytes, least: int, write: Write) -> int:
    """Compares rows, in the order of their buckets, with those that follow. Writes the pairs of
    like ones, and tells how many were compared."""
    compared = 0
    for distance in range(1, WINDOW + 1):
        here = np.flatnonzero(keys[distance:] == keys[:-distance])
        if not len(here):
            break
        compared += len(here)
        both = np.stack([rows[here], rows[here + distance]])
        both = both[:, _alike(both[0], both[1], signatures, least)]
        write(np.sort(both, axis=0).T)
    return compared


def _alike(some: Places, others: Places, signatures: Bytes, least: int) -> npt.NDArray[np.bool_]:
    """Whether rows are like others, pair by pair."""
    alike = np.empty(len(some), np.bool_)
    for start in range(0, len(some), _COMPARED):
        own = slice(start, start + _COMPARED)
        alike[own] = _agreements(signatures[some[own]], signatures[others[own]]) >= least
    return alike


def _agreements(one: Bytes, other: Bytes) -> npt.NDArray[np.int64]:
    """Slots in which signatures agree, (rows,): added eight at a time in the bytes of a number."""
    eights = (one == other).view(np.uint64).sum(axis=1, dtype=np.uint64)
    eights *= np.uint64(0x0101010101010101)
    counts: npt.NDArray[np.int64] = (eights >> np.uint64(56)).astype(np.int64)
    return counts
