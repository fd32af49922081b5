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
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import commits as many_commits
from benchmarks.verify.made import CUT, JOB, SHARD, WEAK, make_release, make_workspace
from manifests import commits
from manifests.ids import content_hash
from manifests.release import lists
from manifests.release.query import connection
from manifests.release.rules import parse
from manifests.verify.check import Run, check_workspace
from manifests.verify.job import Job
from manifests.verify.part import check_part
from manifests.verify.release import parts_of
from manifests.verify.sample_shards import Drawing
from manifests.verify.shard import check_drawn
from manifests.workspace import Workspace
from pipelines.spread import over_processes
from pipelines.verify_release import verify_release


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
    state, jobs = commits.load(place), [Job(JOB, CUT, WEAK)]
    rows = given.shards * SHARD
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
        kept: dict[str, Any] = {
            "digest": many_commits.JOB,
            "stage": "caption",
            "cut": many_commits.CUT,
        }
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
            lists.build(rules, "takedown", lists.Tables(), tokens, database)
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
