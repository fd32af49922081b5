"""How fast is verification? `python -m benchmarks.verify FOLDER`, or one of its parts with `--part`.

- `sums`: checksums of made-up files beside `sha256sum`, in one process each.
- `release`: all of a release, and `--sample` of a larger one, whose parts are copies (a sample does not
  look at clips that are there twice).
- `workspace`: all of a workspace in one process and over processes, and `--sample` of it. Its clips have
  the evidence of four captioners; calibrations and guards are not checked again: no profile made it.
- `status`: `captionmill status` of a workspace of 20,000 shards, the process and all, with 1,000 records
  beside the newest snapshot.
- `lists`: a takedown list, and rows that are looked up in it.

Made files stay in FOLDER for the next run. Processor seconds are those of all processes.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import commits as many_commits
from manifests import commits, schemas, tables
from manifests.captions import CaptionClaim, CaptionSet, How, Written
from manifests.commits import INGEST, Holder, Log, Record
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption, weak_to_row
from manifests.ids import clip_id, content_hash
from manifests.kinds import kind_of
from manifests.release import flatten, lists
from manifests.release.layout import (
    RELEASE,
    Release,
    ReleaseBooks,
    ReleaseFile,
    ReleaseInput,
    Table,
    part_path,
)
from manifests.release.query import connection
from manifests.release.rules import parse
from manifests.tables import File
from manifests.verify.check import Run, check_workspace
from manifests.verify.job import Job
from manifests.verify.part import check_part
from manifests.verify.release import parts_of
from manifests.verify.sample_shards import Drawing
from manifests.verify.shard import check_drawn
from manifests.workspace import Workspace
from pipelines.caption.licences import Licence
from pipelines.caption.rows import caption_row
from pipelines.spread import over_processes
from pipelines.verify_release import verify_release

_JOB, _CUT = "0123456789abcdef", "c" * 16
_CAPTIONERS = ("sounds", "speech", "objects", "scenes")
_WEAK = {name: f"weak/{name}-{'a' * 16}" for name in _CAPTIONERS}
_SHARD = 1024
_GROUP_BYTES = 90 << 20
_HOW = How("llm", rung="first")
_WORDS = tuple(
    word
    for line in (
        "a dog barks at a passing car while rain falls on the roof of a small house and two people",
        "talk quietly near an open window as soft piano music plays in the background of the street",
    )
    for word in line.split()
)

Row = dict[str, Any]


# What is verified


def _clip(number: int) -> Row:
    """A clip of 10 s of a source of its own."""
    content = hashlib.sha256(b"%d" % number).hexdigest()
    row: Row = {field.name: None if field.nullable else 0 for field in schemas.CLIPS}
    return row | {
        "clip_id": clip_id(content, 0, 10_000),
        "content_hash": content,
        "uri": f"file:///media/set/{number}.mp4",
        "start_ms": 0,
        "end_ms": 10_000,
        "kind": "video",
        "has_audio": True,
        "has_video": True,
    }


def _said(clip: Row, chance: random.Random) -> tuple[WeakCaption, ...]:
    """What four captioners say of a clip."""
    said = []
    for name in _CAPTIONERS:
        own, fused = Confidence(0.9, "high", f"platt-map {name}"), Confidence(0.95, "high", "rule")
        claims = tuple(
            Claim(
                " ".join(chance.sample(_WORDS, 2)),
                " ".join(chance.sample(_WORDS, 4)),
                "sound" if name in ("sounds", "speech") else "object",
                "audio" if name in ("sounds", "speech") else "video",
                chance.random(),
                ((chance.randrange(4000), 4000 + chance.randrange(6000)),),
                own,
                fused,
            )
            for _ in range(4)
        )
        text = " ".join(chance.sample(_WORDS, 20))
        said.append(WeakCaption(clip["clip_id"], clip["content_hash"], name, text, claims))
    return tuple(said)


def _captioned(clip: Row, said: tuple[WeakCaption, ...], chance: random.Random) -> Row:
    """The caption row of a clip: about 600 bytes of captions."""
    evidence = Evidence(clip["clip_id"], True, True, 10_000, said)
    texts = (" ".join(chance.choices(_WORDS, k=36)) for _ in range(3))
    claims = [
        CaptionClaim("audio_caption", claim.text, (weak.captioner,), claim.fused, claim.spans, True)
        for weak in said
        for claim in weak.claims[:1]
    ]
    written = Written(
        clip_id=clip["clip_id"],
        captions=CaptionSet(*texts),
        how={"audio_caption": _HOW, "visual_caption": _HOW, "audio_visual_caption": _HOW},
        evidence_digest=evidence.digest(),
        prompt_digest="9" * 16,
        model="writer-8b",
        claims=tuple(claims),
    )
    return caption_row(clip, evidence, written, _JOB, Licence("Apache-2.0", True, {}))


def make_workspace(root: Path, shards: int) -> Workspace:
    """A workspace of one finished job, or the one that is there."""
    if root.exists():
        return Workspace.open(root)
    making = root.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    workspace = Workspace.create(making)
    log = Log(workspace, commits.open_epoch(workspace, 1, Holder(host="h", pid=1, started=0.0)))
    for shard in range(shards):
        chance = random.Random(shard)
        clips = [_clip(number) for number in range(shard * _SHARD, (shard + 1) * _SHARD)]
        said = [_said(clip, chance) for clip in clips]
        path = workspace.clips(_CUT, shard, 1)
        listed = _written(making, path, "clips", clips)
        record = Record(INGEST, 1, _CUT, shard=shard, counts={"clips": _SHARD}, files=(listed,))
        log.append(record)
        rows = {
            table: [weak_to_row(weak[place]) for weak in said]
            for place, table in enumerate(_WEAK.values())
        }
        rows["captions"] = [_captioned(*pair, chance) for pair in zip(clips, said, strict=True)]
        files = [
            _written(making, workspace.path(table, _JOB, shard, 0, 1), table, of_table)
            for table, of_table in rows.items()
        ]
        counts = {"captioned": _SHARD, "llm": 3 * _SHARD}
        log.append(Record("caption", 1, _CUT, _JOB, shard=shard, counts=counts, files=tuple(files)))
    making.rename(root)
    return Workspace.open(root)


def _written(root: Path, path: str, table: str, rows: list[Row]) -> File:
    return tables.write(root, path, table, rows, kind_of(table).schema)


def make_release(folder: Path, workspace: Workspace, copies: int) -> Release:
    """A release of one part with all rows of a workspace, so many times over."""
    if (folder / RELEASE).exists():
        return Release.model_validate_json((folder / RELEASE).read_bytes())
    root, state = workspace.root, commits.load(workspace)
    rows = pa.concat_tables(
        pq.read_table(root / file.path, columns=flatten.columns(evidence=True))
        for file in state.files("captions")
    )
    of_table: dict[Table, pa.Table] = {
        "data": flatten.data(rows, 0, 1, False, False),
        "evidence": flatten.evidence(rows)[0],
        "claims": flatten.claims(rows)[0],
    }
    files = []
    for table, content in of_table.items():
        first = folder / part_path(table, "permissive", "train", 0, copies)
        first.parent.mkdir(parents=True, exist_ok=True)
        group = max(1, _GROUP_BYTES * content.num_rows // content.nbytes)
        pq.write_table(
            content,
            first,
            row_group_size=group,
            compression="zstd",
            compression_level=1,
            write_page_index=True,
        )
        sha256, size = content_hash(first), first.stat().st_size
        for number in range(copies):
            path = part_path(table, "permissive", "train", number, copies)
            if number:
                shutil.copyfile(first, folder / path)
            files.append(
                ReleaseFile(
                    path=path,
                    table=table,
                    licence_class="permissive",
                    split="train",
                    part=number,
                    rows=content.num_rows,
                    bytes=size,
                    sha256=sha256,
                )
            )
    kept = rows.num_rows * copies
    given = ReleaseInput(
        number=0, name="w", job=_JOB, digest="d" * 16, stage=1, real=False, rows=kept, kept=kept
    )
    books = ReleaseBooks(rows=kept, kept=kept, dropped={})
    release = Release.made("bench", {}, [given], books, files)
    (folder / RELEASE).write_bytes(release.to_json())
    return release


# Parts of the benchmark


def sums(folder: Path, given: argparse.Namespace) -> None:
    """Checksums beside `sha256sum`."""
    place = folder / "sums"
    place.mkdir(exist_ok=True)
    paths = [place / f"{number}.bin" for number in range(given.megabytes // 16)]
    random_bytes = np.random.default_rng(0)
    for path in paths:
        if not path.exists():
            path.write_bytes(random_bytes.bytes(16 << 20))
    subprocess.run(["sha256sum", *map(str, paths)], check=True, stdout=subprocess.DEVNULL)  # warm
    for turn in range(given.runs):
        with _Timer(f"sha256sum {turn}", len(paths) * 16, "MB/s"):
            command = ["sha256sum", *map(str, paths)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with _Timer(f"captionmill {turn}", len(paths) * 16, "MB/s"):
            for path in paths:
                content_hash(path)


def release(folder: Path, given: argparse.Namespace) -> None:
    """All of a release of one part, and a sample of one of many."""
    workspace = make_workspace(folder / f"workspace-{given.shards}", given.shards)
    small = make_release(folder / "release-1", workspace, 1)
    with _Timer(f"all of {small.books.kept} rows", small.books.kept, "rows/s"):
        found = verify_release(folder / "release-1")
    assert found.ok, found.text()
    (part,) = parts_of(folder / "release-1", small)
    captions = replace(part, files=small.files[:1])
    with _Timer("its data rows alone", small.books.kept, "rows/s"):
        checked = check_part(captions)
    assert not checked.problems and checked.rows["data"] == small.books.kept
    large = make_release(folder / f"release-{given.copies}", workspace, given.copies)
    size = sum(file.bytes for file in large.files)
    for count in (100, 1000):
        what = f"{count} of {large.books.kept} rows ({len(large.files)} files, {size / 1e9:.1f} GB)"
        with _Timer(what, count, "rows/s"):
            sampled = verify_release(folder / f"release-{given.copies}", count)
        assert sampled.ok, sampled.text()


def workspace(folder: Path, given: argparse.Namespace) -> None:
    """All of a workspace, and a sample of it."""
    place = make_workspace(folder / f"workspace-{given.shards}", given.shards)
    state, jobs = commits.load(place), [Job(_JOB, _CUT, _WEAK)]
    rows = given.shards * _SHARD
    runs: dict[str, Run] = {"in one process": map, "over processes": over_processes}
    for name, run in runs.items():
        with _Timer(f"all of {rows} clips {name}", rows, "clips/s"):
            found = check_workspace(place, state, jobs, run)
        assert not found.problems, found.problems[:3]
    for count in (100, 1000):
        with _Timer(f"{count} of {rows} clips in one process", count, "clips/s"):
            drawing = Drawing(place, state, jobs)
            problems = [p for w in drawing.draw(count, random.Random(1)) for p in check_drawn(w)]
        assert not problems, problems[:3]


def status(folder: Path, given: argparse.Namespace) -> None:
    """`captionmill status` of 20,000 shards."""
    root = folder / "shards"
    if not root.exists():
        many_commits.make(root, 20_000)
        kept: Row = {"digest": many_commits.JOB, "stage": "caption", "cut": many_commits.CUT}
        kept |= {"profile": {"name": "cpu"}, "settings": {}}
        config = Workspace.open(root).config(many_commits.JOB)
        config.parent.mkdir(exist_ok=True)
        config.write_text(json.dumps(kept))
    command = [sys.executable, "-m", "captionmill", "status", str(root)]
    for turn in range(given.runs):
        with _Timer(f"status {turn}"):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def listed(folder: Path, given: argparse.Namespace) -> None:
    """A takedown list, and rows that are looked up in it."""
    path = folder / f"list-{given.lines}.txt"
    if not path.exists():
        with path.open("w") as file:
            file.writelines(_lines(given.lines))
    named = {"workspace": str(folder), "name": "w"}
    rules = parse({"input": [named], "takedown": {"lists": [str(path)]}}, "the benchmark", folder)
    tokens = folder / "tokens"
    with connection(threads=1, memory="1GB") as (database, _):
        with _Timer(f"read {given.lines} lines", given.lines, "lines/s"):
            lists.build(rules, "takedown", (), tokens, database)
        lists.register(database, "takedown", tokens)
        query = (
            f"SELECT count(*) FILTER (takedown({lists.ROW_TOKENS})) FROM (SELECT "
            "md5(range::VARCHAR) AS clip_id, md5(range::VARCHAR) AS content_hash, "
            "'file:///media/set/' || range || '.mp4' AS uri FROM range(1000000))"
        )
        with _Timer("look 1000000 rows up", 1_000_000, "rows/s"):
            database.execute(query).fetchall()


def _lines(count: int) -> Iterator[str]:
    """Ids of clips, URIs, and names of AudioSet's files, a third each."""
    drawn = np.random.default_rng(0)
    for start in range(0, count, 100_000):
        for number, text in enumerate(_hexes(drawn, min(100_000, count - start))):
            forms = (
                f"{text}\n",
                f"file:///media/set/{text[:16]}.mp4\n",
                f"Y{text[:11]}_30_40.wav\n",
            )
            yield forms[number % 3]


def _hexes(drawn: np.random.Generator, count: int) -> list[str]:
    data = drawn.bytes(16 * count).hex()
    return [data[at : at + 32] for at in range(0, len(data), 32)]


class _Timer:
    """Prints how long a block takes by the clock and of the processor, with all its processes, how much
    it did a second, and the most memory so far of this process and of one that it started."""

    def __init__(self, what: str, amount: float = 0, unit: str = "") -> None:
        self._what, self._amount, self._unit = what, amount, unit

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _processor()

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.perf_counter() - self._wall, _processor() - self._cpu
        line = f"{self._what}: {wall:.2f} s, {cpu:.2f} s processor"
        if self._amount:
            line += f", {self._amount / wall:.0f} {self._unit}, {self._amount / cpu:.0f} by the processor"
        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peaks = " and ".join(f"{resource.getrusage(each).ru_maxrss >> 10} MB" for each in who)
        print(f"{line}; peak {peaks}; load {os.getloadavg()[0]:.1f}", flush=True)


def _processor() -> float:
    """Of this process and those that it started: of these, the server that forks the others stays."""
    me = psutil.Process()
    return float(sum(sum(each.cpu_times()[:4]) for each in (me, *me.children(recursive=True))))


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "sums": sums,
    "release": release,
    "workspace": workspace,
    "status": status,
    "lists": listed,
}


def main() -> None:
    """Runs the parts, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=tuple(PARTS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=2048, help="Of the files of `sums`.")
    parser.add_argument("--shards", type=int, default=98, help="Of the workspace, of 1,024 clips.")
    parser.add_argument("--copies", type=int, default=100, help="Of its rows in the large release.")
    parser.add_argument("--lines", type=int, default=10_000_000, help="Of the list.")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.part is not None:
        PARTS[given.part](given.folder, given)
        return
    for part in PARTS:
        command = [sys.executable, "-m", "benchmarks.verify", *sys.argv[1:], "--part", part]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
