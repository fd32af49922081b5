"""Pairs of clips that are alike by the cosine of their vectors, with memory that is bounded.

Up to `ALL` clips every one is compared with every pivot before it. Of more, cells are made around
so many of the clips, by an index of FAISS each clip goes into the `PROBES` cells that it is nearest
to, and clips are compared within a cell. A cell with more than `ALL` clips is compared in slices of
so many.

A pivot is a clip that is like no pivot of its cell before it; every other one makes a pair with the
first that it is like. So a thousand black pictures make 999 pairs, and not half a million.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from manifests.release.media import Whole
from manifests.release.pivots import Numbers

ALL = 100_000
PROBES = 4
_PER_CELL = 2_000
"""Clips that a cell would hold if each went into one."""
_BLOCK = 512
_PIVOTS = 8192
_READ = 16_384

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def pairs(rows: Numbers, vectors: Whole, media: Sequence[bool], least: float, path: Path) -> int:
    """Writes pairs of like clips, and tells how many were compared.

    rows: those to compare, in order. vectors: of all, (all, media, width), may be mapped. media:
    which of these clips have; they are alike where the product in each is `least` or more. path:
    gets (pairs, 2) of uint32, the lower row first.
    """
    compared = 0
    with path.open("wb") as file:
        for members in _cells(rows, vectors):
            for start in range(0, len(members), ALL):
                some = members[start : start + ALL]
                first, count = _firsts(some, vectors, media, least)
                joined = np.flatnonzero(first != np.arange(len(some)))
                file.write(np.stack([some[first[joined]], some[joined]], axis=1).tobytes())
                compared += count
    return compared


def _cells(rows: Numbers, vectors: Whole) -> Iterator[Numbers]:
    """The rows of each cell, in order."""
    if len(rows) <= ALL:
        yield rows
        return
    # Rows are in the order of digests, so the first are a random choice, the same in any run.
    centres = _wide(vectors[rows[: len(rows) // _PER_CELL + 1]])
    index = faiss.IndexFlatIP(centres.shape[1])
    index.add(centres)
    near = np.empty((len(rows), min(PROBES, len(centres))), np.int32)
    for start in range(0, len(rows), _READ):
        some = slice(start, start + _READ)
        near[some] = index.search(_wide(vectors[rows[some]]), near.shape[1])[1]
    order = np.argsort(near.ravel(), kind="stable")
    bounds = np.searchsorted(near.ravel()[order], np.arange(len(centres) + 1))
    of = (order // near.shape[1]).astype(np.uint32)
    for start, end in pairwise(bounds):
        yield rows[of[start:end]]


def _wide(vectors: Whole) -> Floats:
    """Vectors of all media side by side, (clips, media * width)."""
    return vectors.reshape(len(vectors), -1).astype(np.float32)


def _firsts(
    rows: Numbers, vectors: Whole, media: Sequence[bool], least: float
) -> tuple[Places, int]:
    """For each of some rows the place of the first pivot that it is like, its own if it is a pivot;
    and how many pairs were compared."""
    first = np.arange(len(rows))
    pivots = np.empty((_PIVOTS, sum(media), vectors.shape[2]), np.float32)
    places = np.empty(0, np.int64)
    compared = 0
    for start in range(0, len(rows), _BLOCK):
        block = vectors[rows[start : start + _BLOCK]][:, list(media)].astype(np.float32)
        left = np.arange(len(block))
        for low in range(0, len(places), _PIVOTS):
            high = min(low + _PIVOTS, len(places))
            alike = _alike(block[left], pivots[low:high], least)
            compared += alike.size
            joins = alike.any(axis=1)
            first[start + left[joins]] = places[low + alike[joins].argmax(axis=1)]
            left = left[~joins]
        among = left[_among(_alike(block[left], block[left], least))]
        compared += len(left) ** 2
        first[start + left] = start + among
        new = left[among == left]
        if len(places) + len(new) > len(pivots):
            pivots = np.concatenate([pivots, np.empty_like(pivots)])
        pivots[len(places) : len(places) + len(new)] = block[new]
        places = np.append(places, start + new)
    return first, compared


def _alike(some: Floats, others: Floats, least: float) -> Mask:
    """Which vectors, (clips, media, width), are alike in every medium: (some, others)."""
    alike = np.ones((len(some), len(others)), np.bool_)
    for medium in range(some.shape[1]):
        alike &= some[:, medium] @ others[:, medium].T >= least
    return alike


def _among(alike: Mask) -> Places:
    """For each clip of some the first pivot among them that it is like, its own place if it is one."""
    first = np.arange(len(alike))
    is_open = np.ones(len(alike), np.bool_)
    for place in range(len(alike)):
        if is_open[place]:
            joins = np.flatnonzero(alike[place] & is_open)
            first[joins[joins > place]] = place
            is_open[joins] = False
            is_open[place] = False
    return first
