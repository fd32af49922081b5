"""What do commit records cost where there are many? `python -m benchmarks.commits`

A synthetic workspace of 20,000 shards, each with 12 weak tables, captions, filtered and quarantine: its
records are real, its table files are not there. Prints the seconds that a run, `status` and `verify`
spend on records alone, and how much memory opening an epoch takes.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from manifests import commits
from manifests.books import books
from manifests.commits import INGEST, Holder, Log, Record, State
from manifests.kinds import QUARANTINE
from manifests.packed import Packed
from manifests.tables import File
from manifests.verify.shard import of_shard
from manifests.workspace import Workspace

CUT, JOB = "c" * 16, "0123456789abcdef"
WEAK = tuple(f"weak/captioner{number}-{number:016x}" for number in range(12))
TABLES = (*WEAK, "captions", "filtered", "quarantine")
LATER = 1_000
"""Records beside the snapshot."""


def _holder(pid: int) -> Holder:
    return Holder(host="benchmark", pid=pid, started=0.0)


def _file(workspace: Workspace, table: str, shard: int) -> File:
    if table == "sources":
        path = workspace.sources(CUT, shard, 1)
    elif table == "clips":
        path = workspace.clips(CUT, shard, 1)
    else:
        path = workspace.path(table, JOB, shard, 0, 1)
    sha256 = hashlib.sha256(path.encode()).hexdigest()
    return File(table, path, rows=1024, bytes=100_000 + shard, sha256=sha256)


def records(workspace: Workspace, shards: int) -> Iterator[Record]:
    """The listing of all shards, then a commit of each."""
    for shard in range(shards):
        files = tuple(_file(workspace, table, shard) for table in ("sources", "clips"))
        counts = {"sources": 1024, "clips": 1024}
        yield Record(stage=INGEST, epoch=1, cut=CUT, shard=shard, counts=counts, files=files)
    counts = {"captioned": 1000, "filtered": 14, "quarantined": 10, "llm": 2500, "template": 400}
    for shard in range(shards):
        files = tuple(_file(workspace, table, shard) for table in TABLES)
        yield Record(
            stage="caption", epoch=1, cut=CUT, job=JOB, shard=shard, counts=counts, files=files
        )


def make(root: Path, shards: int) -> None:
    """A workspace whose epoch 2 has a snapshot and `LATER` records beside it."""
    workspace = Workspace.create(root)
    every = list(records(workspace, shards))
    packed = Packed.of(every[:-LATER])
    # What a run of epoch 1 would have left, without writing a file for each of its records.
    commits.write_opening(workspace, 2, _holder(2), packed)
    log = Log(workspace, State(2, packed=packed))
    for record in every[-LATER:]:
        log.append(replace(record, epoch=2))


def measure(root: Path) -> None:
    """Prints the figures of a workspace of `make`."""
    workspace = Workspace.open(root)
    before = _peak_mib()
    with _Timer("open an epoch"):
        state = commits.open_epoch(workspace, 3, _holder(3))
    print(f"{'peak memory over the imports':28} {_peak_mib() - before:8.0f} MiB")
    with _Timer("load"):
        state = commits.load(workspace)
    with _Timer("list what is pending"):
        done = state.shards(JOB)
        pending = [shard for shard in state.listed(CUT) if shard not in done]
    with _Timer("list the quarantine"):
        quarantine = [
            file
            for of_shard in state.shards(JOB, QUARANTINE.name).values()
            for record in of_shard
            for file in record.files
        ]
    with _Timer("look up all of verify"):
        files = [0, 0]
        for number in state.numbers():
            for committed in of_shard(state, number).values():
                files[0] += len(committed.files)
                files[1] += sum(len(committed.tables[table]) for table in WEAK)
    with _Timer("books"):
        told = books(state, CUT, JOB)
    assert not pending and told.close and told.finished, told
    assert len(quarantine) == len(done)
    assert files == [17 * len(done), 12 * len(done)]


def _peak_mib() -> float:
    """Most memory that this process has had resident so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


class _Timer:
    """Prints how long a block takes."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        print(f"{self._what:28} {wall:8.2f} s wall, {cpu:.2f} s processor")


def main() -> None:
    """Makes the workspace, and measures in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=20_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is not None:
        measure(arguments.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        make(root, arguments.shards)
        command = [sys.executable, "-m", "benchmarks.commits", "--measure", str(root)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
