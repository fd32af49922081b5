"""Exact search: the inner product of a query with every vector, a file at a time on each core."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pipelines.search.centre import Centre, joined
from pipelines.search.stored import Block, Column, Floats, Part, Stored

ROWS = 4096
"""Vectors that are held as float32 at a time, on each core."""


@dataclass(frozen=True, slots=True)
class Match:
    """A clip that was found. similarity: the inner product of its vector and the query."""

    clip_id: str
    shard: int
    similarity: float


def nearest(
    stored: Stored, column: Column, query: Floats, count: int
) -> tuple[list[Match], Centre]:
    """The clips whose vectors have the largest products with a query, best first, and the centre of all
    vectors. query: (width,). Equal products come in the order of the ids. Raises SearchError."""

    def of_part(part: Part) -> tuple[list[Match], Centre]:
        best: list[Match] = []
        centres: list[Centre] = []
        for block in stored.blocks(part, column):
            for start in range(0, len(block), ROWS):
                vectors = block.vectors[start : start + ROWS].astype(np.float32)
                centres.append(Centre.of(vectors))
                best = first([*best, *_best(block, start, vectors @ query, count)], count)
        return best, joined(centres, stored.width)

    best: list[Match] = []
    centres: list[Centre] = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for matches, centre in threads.map(of_part, stored.parts):
            centres.append(centre)
            best = first([*best, *matches], count)
    return best, joined(centres, stored.width)


def first(matches: Iterable[Match], count: int) -> list[Match]:
    """The best of some matches in order, each clip once."""
    clips: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: (-match.similarity, match.clip_id)):
        if len(clips) == count:
            break
        clips.setdefault(match.clip_id, match)
    return list(clips.values())


def _best(block: Block, start: int, products: Floats, count: int) -> Iterator[Match]:
    """Candidates of the rows of a block from a start on: their best, and as many more as are equal to
    the last of these."""
    kept = np.arange(len(products))
    if len(products) > count:
        kept = np.flatnonzero(products >= np.partition(products, -count)[-count])
    for row in kept.tolist():
        clip = block.ids[start + row].tobytes().hex()
        yield Match(clip, block.shard, float(products[row]))
