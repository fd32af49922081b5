"""Mutated media through the whole command: does each file harm only itself?

    python -m benchmarks.mutants [--count 5000] [--seed 1] [--folder 500]

Small files of many containers are changed where their containers keep sizes, counts, offsets, stamps and
checksums (see benchmarks.mutations). `captionmill caption` and `captionmill verify` run on each folder of
them. The cases were written from the specifications of the containers, without looking at the decoder.
A violation is: a command that fails or takes too long, books that don't close, a workspace that does not
verify, a mutant without a row in the sources table, more memory than --most-mb. Exit status 1 with any.
Memory is the peak of the summed resident set sizes of the command and all processes that it started.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.mutations import Mutant, mutants
from manifests import tables
from manifests.commits import load
from manifests.ids import path_of
from manifests.sources.folder import Listing
from manifests.workspace import Workspace
from pipelines.status import newest
from tests import mediazoo
from tests.mediazoo.case import CAPTIONED

_SUFFIXES = (
    *("mp4", "mov", "m4a", "mkv", "webm", "ts", "m2ts", "mpg", "flv", "avi", "ogv", "ogg", "wav"),
    *("flac", "mp3", "png", "gif", "webp", "jpg", "avif", "heic"),
)
_LARGEST_SEED = 150_000
_EVERY_S = 0.5


@dataclass(slots=True)
class Result:
    """Of one folder or of all: files by outcome, and what went wrong."""

    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    peak_mb: float = 0.0
    seconds: float = 0.0

    def add(self, other: "Result") -> None:
        self.outcomes += other.outcomes
        self.violations += other.violations
        self.peak_mb = max(self.peak_mb, other.peak_mb)
        self.seconds += other.seconds


def seeds() -> list[tuple[str, bytes]]:
    """Some twenty small files, (suffix, content), one or two of a container."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "zoo")
        mediazoo.make(folder, Path(scratch, "parts"))
        chosen: dict[str, bytes] = {}
        for case in sorted(mediazoo.CASES, key=lambda case: case.name):
            suffix = case.name.rpartition(".")[2]
            content = (folder / case.name).read_bytes()
            small = 0 < len(content) < _LARGEST_SEED
            if case.outcome == CAPTIONED and small and suffix in _SUFFIXES:
                chosen.setdefault(suffix, content)
        return sorted(chosen.items())


def run(folder: Path, out: Path, limit_s: float, most_mb: float) -> Result:
    """One folder captioned and verified."""
    result = Result()
    began = time.monotonic()
    told = _command(
        ["caption", str(folder), str(out), "--profile", "dummy", "--json"], limit_s, result
    )
    if told is not None:
        _command(["verify", str(out), "--json"], limit_s, result)
        _look(folder, out, result)
    result.seconds = time.monotonic() - began
    if result.peak_mb > most_mb:
        result.violations.append(f"{result.peak_mb:.0f} MB were used, more than {most_mb:.0f}")
    return result


def _command(arguments: list[str], limit_s: float, result: Result) -> str | None:
    """Its output, or None where it failed, which becomes a violation."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "captionmill", *arguments], stdout=subprocess.PIPE, stderr=errors
        )
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, done, result))
        watcher.start()
        try:
            told, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
            result.violations.append(f"{arguments[0]} took more than {limit_s:.0f} s")
            return None
        finally:
            done.set()
            watcher.join()
        if process.returncode:
            errors.seek(0)
            last = errors.read()[-2000:].decode("utf-8", "replace")
            result.violations.append(f"{arguments[0]} ended with {process.returncode}: {last}")
            return None
    return told.decode()


def _watch(pid: int, done: threading.Event, result: Result) -> None:
    while not done.wait(_EVERY_S):
        total = 0
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                total += member.memory_info().rss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        result.peak_mb = max(result.peak_mb, total / 2**20)


def _look(folder: Path, out: Path, result: Result) -> None:
    """Counts what became of the files; adds books that don't close and files without a row."""
    workspace = Workspace.open(out)
    state = load(workspace)
    if not newest(workspace, state).books.close:
        result.violations.append("the books do not close")
    for table in ("captions", "filtered", "quarantine"):
        for row in tables.read_all(workspace.root, state.files(table)):
            reason = f"quarantine {row['reason']}" if table == "quarantine" else table
            result.outcomes[f"clips: {reason}"] += 1
    known = {path_of(row["uri"]) for row in tables.read_all(workspace.root, state.files("sources"))}
    listing = Listing()
    listed = set(listing.paths([str(folder.resolve())]))
    result.outcomes["files: examined"] += len(known)
    result.outcomes["files: skipped"] += listing.ignored.total()
    result.violations += [f"no row of {path.decode()}" for path in sorted(listed - known)]
    files = sum(1 for _ in folder.iterdir())
    if len(listed) + listing.ignored.total() != files:
        result.violations.append(f"{files} files, but {len(listed)} listed, others not counted")


def _folders(made: list[Mutant], size: int) -> list[list[Mutant]]:
    return [made[at : at + size] for at in range(0, len(made), size)]


def main() -> int:
    """Prints the counts; 1 with any violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=int, default=500, help="mutants in one run")
    parser.add_argument("--limit-s", type=float, default=3600, help="most seconds of one command")
    parser.add_argument("--most-mb", type=float, default=12_000, help="most memory of one command")
    options = parser.parse_args()
    whole = Result()
    made = list(mutants(seeds(), options.count, options.seed))
    for number, part in enumerate(_folders(made, options.folder)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "media"
            folder.mkdir()
            for mutant in part:
                (folder / mutant.name).write_bytes(mutant.content)
            result = run(folder, Path(scratch) / "out", options.limit_s, options.most_mb)
        print(
            f"folder {number}: {len(part)} mutants, {result.seconds:.0f} s, "
            f"peak {result.peak_mb:.0f} MB, {len(result.violations)} violations",
            flush=True,
        )
        whole.add(result)
    print(
        json.dumps({"seconds": whole.seconds, "peak_mb": whole.peak_mb, **whole.outcomes}, indent=1)
    )
    for violation in whole.violations:
        print(violation, file=sys.stderr)
    return 1 if whole.violations else 0


if __name__ == "__main__":
    sys.exit(main())
