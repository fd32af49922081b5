"""How quick is search over many vectors, and what does its index miss? `python -m benchmarks.search`

Makes a workspace of synthetic vectors in clusters, in tables like those of `embed`, with its listing.
The media of a clip are of one cluster, each medium with a direction of its own (a modality gap).
Prints wall and CPU seconds of exact search, of making the index, of the first answer (of a new process,
by example) and of those that follow in one process, and the recall of ten against exact search. Every
hundredth vector has a near-duplicate in another shard: how many of these `duplicates` finds is told too.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests import commits, schemas, tables
from manifests.commits import Holder, Log, Record
from manifests.ids import clip_id, uri_of
from manifests.workspace import Workspace
from pipelines.search.duplicates import AT_LEAST, groups
from pipelines.search.loading import encoder_of
from pipelines.search.search import Search
from pipelines.search.stored import STAGE, Column, Stored
from pipelines.search.stored import stored as stored_in

CUT, JOB, SHARD = "c" * 16, "e" * 16, 1024
PER_CLUSTER = 200
SPREAD = 0.7
"""Length of a vector's own part beside that of its cluster, which is 1."""
GAP = 0.5
"""Length of what all vectors of a medium have in common."""
APART = 0.15
"""Length of what a near-duplicate has of its own: its cosine is 0.99."""
Floats = npt.NDArray[np.float32]


def make(root: Path, count: int, width: int) -> None:
    """A workspace of one embed job. As after a run, records of the listing are in a snapshot and those
    of the job beside it."""
    workspace = Workspace.create(root)
    table = f"embeddings/synthetic-{width}-{'d' * 16}"
    kept = {"digest": JOB, "stage": STAGE, "cut": CUT, "profile": {"name": "synthetic"}}
    kept["settings"] = {"encoder": "synthetic", "embeddings": table}
    workspace.config(JOB).parent.mkdir()
    workspace.config(JOB).write_text(json.dumps(kept))
    holder = Holder(host="benchmark", pid=1, started=0.0)
    listing = Log(workspace, commits.open_epoch(workspace, 1, holder))
    embedded: list[Record] = []
    random = np.random.default_rng(7)
    centres = _directions(random, count // PER_CLUSTER + 1, width)
    gaps = GAP * _directions(random, 3, width)
    before: list[Floats] = []
    for shard, first in enumerate(range(0, count, SHARD)):
        rows = min(SHARD, count - first)
        of = centres[random.integers(len(centres), size=rows)]
        media = [_unit(of + gap + SPREAD * _directions(random, rows, width)) for gap in gaps]
        for made, earlier in zip(media, before, strict=False):
            noise = APART * _directions(random, rows, width)
            made[::100] = _unit(earlier[:rows] + noise)[::100]
        before = [each if rows == SHARD else np.resize(each, (SHARD, width)) for each in media]
        clips = _clips(first, rows)
        record = Record(stage="ingest", epoch=1, cut=CUT, shard=shard, counts={"clips": rows})
        record.files = (_write(workspace, workspace.clips(CUT, shard, 1), "clips", clips),)
        listing.append(record)
        path = f"{table}/shard-{shard:05d}-g0-e000002-{JOB[:8]}.parquet"
        record = Record(stage=STAGE, epoch=2, cut=CUT, job=JOB, shard=shard)
        record.counts = {"embedded": rows}
        record.files = (_write(workspace, path, table, _vectors(clips, media)),)
        embedded.append(record)
    log = Log(workspace, commits.open_epoch(workspace, 2, holder))
    for record in embedded:
        log.append(record)
    commits.released(workspace, 2).touch()


def _write(workspace: Workspace, path: str, table: str, data: pa.Table) -> tables.File:
    return tables.write_table(workspace.root, path, table, data)


def _clips(first: int, rows: int) -> pa.Table:
    """Rows of the listing: a video of ten seconds each."""
    hashes = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(first, first + rows)]
    values = {
        "clip_id": [clip_id(content, 0, 10_000) for content in hashes],
        "content_hash": hashes,
        "uri": [uri_of(b"/clips/%09d.mp4" % number) for number in range(first, first + rows)],
        "end_ms": [10_000] * rows,
        "kind": ["video"] * rows,
        "has_audio": [True] * rows,
        "has_video": [True] * rows,
    }
    columns = []
    for field in schemas.CLIPS:
        empty = None if field.nullable else False if field.type == pa.bool_() else 0
        columns.append(pa.array(values.get(field.name, [empty] * rows), field.type))
    return pa.table(columns, schemas.CLIPS)


def _vectors(clips: pa.Table, media: list[Floats]) -> pa.Table:
    columns = {name: clips[name] for name in ("clip_id", "content_hash")}
    for name, vectors in zip(("audio", "video", "audio_video"), media, strict=True):
        flat = pa.array(vectors.astype(np.float16).reshape(-1))
        columns[name] = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    zeros = pa.array(np.zeros(len(clips), np.int32))
    return pa.table({**columns, "audio_ms": zeros, "frames": zeros})


def _directions(random: np.random.Generator, rows: int, width: int) -> Floats:
    return _unit(random.standard_normal((rows, width), dtype=np.float32))


def _unit(vectors: npt.NDArray[np.floating]) -> Floats:
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def measure(root: Path, cache: Path, queries: int) -> None:
    """Prints the figures of a workspace of `make`."""
    place = Workspace.open(root)
    state = commits.load(place)
    search = Search(stored_in(place, state), "both", encoder_of, cache)
    column: Column = "audio_video"
    stored = search.stored
    print(f"{stored.clips:,} vectors of {stored.width}, load {os.getloadavg()[0]:.1f}", flush=True)
    random = np.random.default_rng(1)
    examples = _examples(stored, queries, random)
    with timed("exact, first query, no index"):
        search.like(examples[0][0], 10)
    with timed("making the index"):
        search.make_index()
    index = search.index
    assert index is not None
    print(f"  {index.cells} cells, {index.probes} probes, recall when made {index.recall:.3f}")
    with timed(f"{queries} queries by example, in one process", queries):
        for clip, _ in examples:
            search.like(clip, 10)
    with timed(f"{queries} queries, the index alone", queries):
        for _, vector in examples:
            index.nearest(vector, 10)
    _recall(search, examples)
    with timed("duplicates"):
        grouped, _ = groups(stored, column, AT_LEAST, index)
    pairs = sum(len(group) - 1 for group in grouped)
    print(f"  {pairs:,} clips are nearly like another; {stored.clips // 100:,} were made so")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


def _examples(stored: Stored, count: int, random: np.random.Generator) -> list[tuple[str, Floats]]:
    """Clips of many shards, and their vectors."""
    drawn = []
    for number in random.integers(len(stored.parts), size=count).tolist():
        block = next(stored.blocks(stored.parts[number], "audio_video"))
        row = int(random.integers(len(block)))
        drawn.append((block.ids[row].tobytes().hex(), block.vectors[row].astype(np.float32)))
    return drawn


def _recall(search: Search, examples: list[tuple[str, Floats]]) -> None:
    """Recall of stored vectors, and of vectors that lie elsewhere, as texts do: mixes of two."""
    index = search.index
    assert index is not None
    own = np.stack([vector for _, vector in examples])
    mixes = _unit(own + np.roll(own, 1, axis=0))
    # All queries in one pass over the vectors; by products, since of equal ones any is as near.
    queries = np.concatenate([own, mixes])
    best = np.full((len(queries), 10), -np.inf, np.float32)
    for part in search.stored.parts:
        for block in search.stored.blocks(part, "audio_video"):
            products = queries @ block.vectors.astype(np.float32).T
            best = np.sort(np.concatenate([best, products], axis=1), axis=1)[:, -10:]
    near = [[match.similarity for match in index.nearest(query, 10)] for query in queries]
    hits = (np.array(near) >= best[:, :1] - 1e-5).mean(axis=1)
    print(f"  recall of 10 by {len(own)} stored vectors: {hits[: len(own)].mean():.3f}")
    print(f"  recall of 10 by {len(mixes)} mixes of two: {hits[len(own) :].mean():.3f}", flush=True)


def first_answer(root: Path, cache: Path, clip: str) -> None:
    """Times new processes that search by example."""
    command = [
        sys.executable,
        "-m",
        "captionmill",
        "search",
        str(root),
        "--by",
        "both",
        "--like",
        clip,
    ]
    before = os.times()
    started = time.perf_counter()
    environment = {**os.environ, "CAPTIONMILL_CACHE": str(cache)}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    print(f"{'first answer, the process and all':44} {wall:8.2f} s wall {cpu:8.2f} s CPU")


@contextmanager
def timed(what: str, count: int = 1) -> Iterator[None]:
    """Prints how long a block takes, and of several queries each."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = f"  ({wall / count * 1e3:.1f} ms wall, {cpu / count * 1e3:.1f} ms CPU each)"
    print(f"{what:44} {wall:8.2f} s wall {cpu:8.2f} s CPU{each if count > 1 else ''}", flush=True)


def main() -> None:
    """Makes the workspace, measures, and starts new processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="Folder for the workspace and its index.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place: Path = arguments.keep or Path(folder)
        root, cache = place / "workspace", place / "cache"
        if not root.exists():
            with timed("making the workspace"):
                make(root, arguments.vectors, arguments.width)
        measure(root, cache, arguments.queries)
        clip = clip_id(hashlib.sha256(b"123456").hexdigest(), 0, 10_000)
        for _ in range(3):
            first_answer(root, cache, clip)


if __name__ == "__main__":
    main()
