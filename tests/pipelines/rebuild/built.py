"""Inputs of a small made workspace, and releases built of them without Ray."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.ids import content_hash
from manifests.kinds import kind_of
from manifests.release.columns import embeddings
from manifests.release.layout import Release, ReleaseEncoder, ReleaseFile, Table
from manifests.release.rules import Rules
from manifests.release.shards import Input, Shard
from pipelines.rebuild.leaving import leaving
from pipelines.rebuild.rebuild import Phases, build
from pipelines.rebuild.steps import groups
from pipelines.rebuild.tasks import Runner, here
from pipelines.rebuild.work import opened
from tests.manifests import made
from tests.manifests.release import keyed

Row = dict[str, Any]
rules = keyed.rules


def workspace(root: Path) -> list[Input]:
    """The one input of a made workspace: two shards of six captioned clips each."""
    work = made.make(root)
    shards = [
        Shard(
            shard,
            tuple(str(work.root / file.path) for file in work.state.files("captions", shard)),
            clips=str(work.root / work.state.clips_file(made.CUT, shard)),
            sums={
                str(work.root / file.path): file.sha256
                for table in ("captions", "clips")
                for file in work.state.files(table, shard)
            },
        )
        for shard in range(made.SHARDS)
    ]
    return [Input(0, "input0", work.root, made.JOB, "d" * 16, False, 1, tuple(shards))]


def again(given: Input, number: int, **changes: Any) -> Input:
    """The same captions as another input. changes: of it."""
    return replace(given, number=number, name=f"input{number}", **changes)


def rows(given: Input) -> list[Row]:
    """All caption rows of an input."""
    return [
        row
        for shard in given.shards
        for path in shard.captions
        for row in pq.read_table(path).to_pylist()
    ]


def rewritten(given: Input, folder: Path, shards: Sequence[Sequence[Row]], **changes: Any) -> Input:
    """An input like another one with other rows, whose clips are listed."""
    folder.mkdir(parents=True, exist_ok=True)
    made_shards = []
    for number, listed in enumerate(shards):
        path, clips = folder / f"{number}.parquet", folder / f"{number}.clips.parquet"
        pq.write_table(pa.Table.from_pylist(list(listed), kind_of("captions").schema), path)
        pq.write_table(
            pa.Table.from_pylist([_clip(row) for row in listed], kind_of("clips").schema), clips
        )
        sums = {str(each): content_hash(each) for each in (path, clips)}
        made_shards.append(Shard(number, (str(path),), clips=str(clips), sums=sums))
    return replace(given, shards=tuple(made_shards), **changes)


def _clip(row: Row) -> Row:
    """The clip of a caption row."""
    names = [name for name in kind_of("clips").schema.names if name in row]
    listed = {name: row[name] for name in names} | {"file_ms": row["start_ms"], "since_ms": 0}
    return listed | {"first_byte": 0, "end_byte": 1, "size": 1, "mtime_ns": 1}


def clips(given: Input) -> list[Row]:
    """All rows of the clip tables of an input."""
    return [row for shard in given.shards for row in pq.read_table(shard.clips).to_pylist()]


def release(wanted: Rules, inputs: Sequence[Input], out: Path, runner: Runner = here) -> Release:
    """A release built in this process."""
    with opened(out) as work:
        made_release = build(wanted, inputs, leaving(wanted, inputs), work, runner)
    work.clear()
    return made_release


def phases(wanted: Rules, inputs: Sequence[Input], out: Path) -> Phases:
    """The phases of a rebuild in this process."""
    with opened(out) as work:
        named = leaving(wanted, inputs)
        return Phases(wanted, inputs, named, groups(inputs), work, here, lambda line: None)


def table(out: Path, built: Release, name: Table = "data") -> list[Row]:
    """All rows of a table of a release, in its order."""
    return [row for file in built.of(name) for row in pq.read_table(out / file.path).to_pylist()]


def content(out: Path) -> dict[str, bytes]:
    """Every file of a release."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".rebuild" not in path.parts
    }


ENCODER = ReleaseEncoder(name="small", width=8, identity="e" * 16)


def embedded(given: Input, folder: Path, absent: int = 0) -> Input:
    """An input with vectors of its clips but the first `absent` of each shard, in two files each; a few
    rows have no vector, and one clip is in both files."""
    folder.mkdir(parents=True)
    shards = []
    for shard in given.shards:
        listed = [row for path in shard.captions for row in pq.read_table(path).to_pylist()]
        made_rows = [vectors(row) for row in listed[absent:]]
        random.Random(4).shuffle(made_rows)
        again = made_rows[0] | {"audio": [9.0] * ENCODER.width}
        files = (made_rows[:2], [again, *made_rows[2:]])
        paths = []
        for number, of_file in enumerate(files):
            path = folder / f"{given.number}-{shard.number}-{number}.parquet"
            schema = embeddings(ENCODER.width).remove(7)
            pq.write_table(pa.Table.from_pylist(of_file, schema), path, row_group_size=3)
            paths.append(str(path))
        shards.append(replace(shard, embeddings=tuple(paths)))
    return replace(given, shards=tuple(shards), encoder=ENCODER)


def vectors(row: Row) -> Row:
    """The row of embeddings of a caption row."""
    numbers = np.random.default_rng(int(row["clip_id"][:8], 16)).normal(size=(3, ENCODER.width))
    halves = numbers.astype(np.float16).tolist()
    has = (row["has_audio"], row["has_video"], row["has_audio"] and row["has_video"])
    names = ("audio", "video", "audio_video")
    told = {
        name: half if there else None for name, half, there in zip(names, halves, has, strict=True)
    }
    ids = {name: row[name] for name in ("clip_id", "content_hash")}
    return {**ids, **told, "audio_ms": 1000, "frames": 8}


def changed(
    out: Path, built: Release, path: str, change: Callable[[list[Row]], list[Row]]
) -> Release:
    """A release in which rows of a file of embeddings were changed, and whose checksums fit."""
    old = next(file for file in built.files if file.path == path)
    schema = embeddings(ENCODER.width)
    listed = change(pq.read_table(out / path).to_pylist())
    pq.write_table(pa.Table.from_pylist(listed, schema), out / path)
    new = resealed(out, old, len(listed))
    return with_files(built, [new if file is old else file for file in built.files])


def resealed(out: Path, old: ReleaseFile, rows: int) -> ReleaseFile:
    """What a release says of a file as it is now."""
    path = out / old.path
    now = {"rows": rows, "bytes": path.stat().st_size, "sha256": content_hash(path)}
    return old.model_copy(update=now)


def with_files(built: Release, files: Sequence[ReleaseFile]) -> Release:
    """A release with other files."""
    of = (built.name, built.rules, built.inputs, built.books, files)
    return Release.made(*of, built.documents, built.lists, built.encoder)
