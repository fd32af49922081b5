"""How fast captions become a release, beside DuckDB and Polars doing the same by plans of their own.

    python -m benchmarks.release 1000000 --folder FOLDER

Makes the rows (`rows`), then lets each of `--by` build the release (`plans`) in a process of its own,
one after the other: `cores` (over processes), `ray` and `here` (in one process) are ours. `rules` is ours
over processes with thresholds, near duplicates, all caps, shares and splits, of rows with claims. Prints
wall time, CPU time and the most memory (PSS) of all its processes, looked at twice a second, and the
seconds of its phases. On a machine that others use too, compare the CPU times.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.release.plans import Times, duckdbs, ours, polarss
from benchmarks.release.rows import inputs_of, make

_EVERY_S = 0.5
_MOST_POLARS = 8 << 30
"""Bytes: Polars has no limit of its own, and others use the machine too."""
_ALL = ("cores", "ray", "here", "rules", "duckdb", "polars")


class _Watch:
    """CPU seconds and memory of a process and all below it."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._cpu: dict[psutil.Process, float] = {}
        self.peak = 0

    def look(self) -> None:
        """Looks at those that are there."""
        held = 0
        for each in [self._process, *self._process.children(recursive=True)]:
            try:
                used = each.cpu_times()
                held += each.memory_full_info().pss
            except psutil.Error:
                continue
            self._cpu[each] = used.user + used.system
        self.peak = max(self.peak, held)

    @property
    def cpu(self) -> float:
        """Seconds of all that were seen."""
        return sum(self._cpu.values())


def watched(command: list[str]) -> dict[str, float]:
    """Runs a command, and tells what it took. Raises SystemExit when it fails."""
    begun = time.monotonic()
    process = subprocess.Popen(command)
    watch = _Watch(psutil.Process(process.pid))
    while process.poll() is None:
        watch.look()
        time.sleep(_EVERY_S)
    wall = time.monotonic() - begun
    if process.returncode:
        print(f"it failed with status {process.returncode}")
    return {"wall s": round(wall, 1), "CPU s": round(watch.cpu, 1), "peak MB": watch.peak >> 20}


def build(by: str, folder: Path, rows: int, cores: int) -> Times:
    """Lets one build the release; seconds of its phases."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    inputs, out = inputs_of(folder, rows), folder / by
    shutil.rmtree(out, ignore_errors=True)
    if by == "duckdb":
        times = duckdbs(inputs, out, cores)
    elif by == "polars":
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_POLARS, _MOST_POLARS))
        times = polarss(inputs, out)
    else:
        times = ours(inputs, out, cores, "cores" if by == "rules" else by, by == "rules")
    shutil.rmtree(out)
    return times


def main() -> None:
    """Makes the rows and measures, or builds one release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--by", nargs="+", choices=_ALL, default=["cores", "duckdb", "polars"])
    parser.add_argument("--build", choices=_ALL, help=argparse.SUPPRESS)
    given = parser.parse_args()
    judged = given.by == ["rules"]
    if "rules" in given.by and not judged:
        parser.error("rules goes alone: its rows have claims, and those of the others have none")
    folder = given.folder / (f"{given.rows}-judged" if judged else str(given.rows))
    if given.build:
        times = build(given.build, folder, given.rows, given.cores)
        print(json.dumps({name: round(seconds, 2) for name, seconds in times.items()}))
        return
    begun = time.monotonic()
    make(folder, given.rows, given.cores, judged)
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    print(f"{given.rows:,} rows, {size / 1e9:.2f} GB, made in {time.monotonic() - begun:.0f} s")
    for by in given.by:
        print(by, f"(load {os.getloadavg()[0]:.1f})", flush=True)
        command = [sys.executable, "-m", "benchmarks.release", *sys.argv[1:], "--build", by]
        print(json.dumps(watched(command)), flush=True)


if __name__ == "__main__":
    main()
