"""The points of a map: clips with a vector and captions, and what is told of each."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from captioners.confidence.tiers import HIGH, MEDIUM
from manifests.captions import CAPTIONS
from pipelines.report.query import Query, connected
from pipelines.report.released import ReleasedSet, opened
from pipelines.report.shown import place, visible
from pipelines.report.sources import CaptionedSet, Reported
from pipelines.search.stored import (
    COLUMNS,
    ID_BYTES,
    By,
    Column,
    Half,
    Ids,
    SearchError,
    Stored,
    stored,
)

MOST = 100_000
"""Clips on a map; of more, those with the lowest ids, which are hashes."""
INSPECT = "http://127.0.0.1:8017/clip/"
"""Where `captionmill inspect` shows a clip."""

_LONGEST = 600
"""Characters of a text that are shown."""
_TITLES = dict(zip(CAPTIONS, ("heard", "seen", "together"), strict=True))
_LOOKED_AT = 10_000
_PREFERRED: tuple[By, ...] = ("both", "video", "audio")


@dataclass(frozen=True, slots=True)
class Points:
    """Clips of a map in the order of their ids. vectors: (clips, width); rows: what is told of each.
    by: whose vectors they are. vectored: clips that have one."""

    name: str
    by: By
    vectors: Half
    rows: pa.Table
    vectored: int


def points(root: Path, by: By | None) -> Points:
    """The clips of a workspace or a release. by: without it, what most clips have a vector of. Raises
    SearchError where nothing is embedded, UserError for what can't be read."""
    reported = opened(root)
    held = _held(reported)
    by = by or _most(held)
    ids, vectors, vectored = _drawn(held, COLUMNS[by])
    if not len(ids):
        raise SearchError(f"no clip of {root} has a vector by {by}")
    with connected() as query:
        rows = _told(query, reported, ids)
    order = {bytes(each).hex(): at for at, each in enumerate(ids)}
    kept = [order[clip] for clip in rows["clip_id"].to_pylist()]
    if not kept:
        raise SearchError(f"no clip of {root} has both a vector by {by} and captions")
    return Points(reported.name, by, vectors[kept], rows, vectored)


def _held(reported: Reported) -> Stored:
    """The vectors of a set. Raises SearchError where it has none."""
    if isinstance(reported, ReleasedSet):
        held = reported.vectors()
        if held is None:
            raise SearchError(f"{reported.root} has no embeddings: a map is made of them")
        return held
    assert isinstance(reported, CaptionedSet)
    return stored(reported.workspace, reported.state)


def _most(held: Stored) -> By:
    """What most clips have a vector of, by the first `_LOOKED_AT`."""
    counts: Counter[By] = Counter(dict.fromkeys(_PREFERRED, 0))
    rows = 0
    for part in held.parts:
        if rows >= _LOOKED_AT:
            break
        rows += part.file.rows
        for by in _PREFERRED:
            counts[by] += sum(len(block) for block in held.blocks(part, COLUMNS[by]))
    return max(_PREFERRED, key=lambda by: counts[by])


def _drawn(held: Stored, column: Column) -> tuple[Ids, Half, int]:
    """Ids and vectors of at most `MOST` clips in the order of their ids, and how many have a vector."""
    ids, vectors = [np.empty((0, ID_BYTES), np.uint8)], [np.empty((0, held.width), np.float16)]
    vectored = waiting = 0
    for part in held.parts:
        for block in held.blocks(part, column):
            ids.append(block.ids)
            vectors.append(block.vectors)
            vectored, waiting = vectored + len(block), waiting + len(block)
            if waiting > MOST:
                ids, vectors, waiting = *_lowest(ids, vectors), 0
    [lowest], [of_lowest] = _lowest(ids, vectors)
    return lowest, of_lowest, vectored


def _lowest(ids: list[Ids], vectors: list[Half]) -> tuple[list[Ids], list[Half]]:
    """The clips with the lowest ids, in one block; of several vectors of a clip the latest counts."""
    every = np.concatenate(ids)
    _, last = np.unique(every[::-1], axis=0, return_index=True)
    kept = (len(every) - 1 - last)[:MOST]
    return [every[kept]], [np.concatenate(vectors)[kept]]


def _told(query: Query, reported: Reported, ids: Ids) -> pa.Table:
    """What is told of clips, by id; those without captions are left out."""
    reported.score(query)
    query.give("drawn", pa.table({"clip_id": [bytes(each).hex() for each in ids]}))
    columns = query.columns("captions")
    told = {title: name for name, title in _TITLES.items()} | {
        "said": "transcript",
        "support": "s.support",
        "confidence": "s.confidence",
        "tier": _TIER,
        "kind": "kind",
        "sound": "domain" if "domain" in columns else "NULL",
        "language": "language",
        "written_by": _AUTHOR,
        "licence": "licence",
        "seconds": "duration_ms / 1000",
        "start": "start_ms / 1000",
        "uri": "uri",
    }
    names = ", ".join(f"{sql} AS {name}" for name, sql in told.items())
    rows = query.named(
        f"SELECT c.clip_id, {names} FROM captions c JOIN drawn d ON c.clip_id = d.clip_id "
        "JOIN scores s ON s.id = CAST(c.clip_id AS UUID) ORDER BY c.clip_id"
    )
    return pa.Table.from_pylist([_shown(row) for row in rows], _POINTS)


_TIER = (
    f"CASE WHEN s.confidence IS NULL THEN 'none' WHEN s.confidence < {MEDIUM} THEN 'low' "
    f"WHEN s.confidence < {HIGH} THEN 'medium' ELSE 'high' END"
)
"""How sure a clip's supported claims are in the mean."""
_BY = ", ".join(f"{name.removesuffix('_caption')}_by" for name in CAPTIONS)
_AUTHOR = f"CASE WHEN 'template' IN ({_BY}) THEN 'template' ELSE coalesce(writer, 'none') END"

_TEXTS = ("caption", *_TITLES.values(), "said", "file", "licence", "written_by", "language")
_POINTS = pa.schema(
    [
        ("caption", pa.string()),
        ("clip", pa.string()),
        ("tier", pa.string()),
        ("sound", pa.string()),
        ("kind", pa.string()),
        ("support", pa.float32()),
        ("confidence", pa.float32()),
        ("language", pa.string()),
        ("seconds", pa.float32()),
        ("written_by", pa.string()),
        ("licence", pa.string()),
        *((title, pa.string()) for title in _TITLES.values()),
        ("said", pa.string()),
        ("file", pa.string()),
        ("start", pa.float32()),
        ("clip_id", pa.string()),
    ]
)
"""What is told of a clip, in the order in which it is charted. caption: the fullest one; clip: a link."""
UNCHARTED = (*_TITLES.values(), "said", "clip", "file", "start", "clip_id")
"""Columns that differ from clip to clip: of these there are no charts."""


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the map: hidden characters of its texts are seen, and long ones are cut."""
    caption = row["together"] or row["heard"] or row["seen"]
    made = row | {"caption": caption, "file": "".join(place(row["uri"]))}
    for name in _TEXTS:
        made[name] = None if made[name] is None else visible(made[name], _LONGEST)
    return made | {"clip": f"{INSPECT}{row['clip_id']}"}
