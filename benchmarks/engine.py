"""Efficiency of the engine itself: the `dummy` profile against what its slowest stage alone allows.

    python -m benchmarks.engine [--clips 2000] [--runs 3]

Each of its stages takes 100 ms for 16 clips, so the slowest stage allows 160 clips/s. Reported is the
share of that which a whole run reaches, from the first clip's decoding to the last commit (Ray's
start-up is reported beside it), and the driver's peak memory for 100 and for 10,000 clips.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clips import make

SLOWEST = 16 / 0.100


def run(clips: Path, out: Path) -> dict[str, Any]:
    """One run in a fresh workspace; its JSON summary and the driver's peak resident memory in MB."""
    command = [sys.executable, "-m", "captionmill", "caption", str(clips), str(out)]
    process = subprocess.Popen(
        [*command, "--profile", "dummy", "--json"], stdout=subprocess.PIPE, text=True
    )
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.2):
            try:
                peak = max(peak, psutil.Process(process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                return

    thread = threading.Thread(target=watch)
    thread.start()
    told, _ = process.communicate()
    done.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"the run failed with status {process.returncode}")
    return {**json.loads(told), "driver_mb": peak / 2**20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="also 100 and 10,000 clips")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = make(Path(scratch) / "clips", options.clips)
        shares = []
        for number in range(options.runs):
            result = run(folder, Path(scratch) / f"out{number}")
            rate = result["worked"] / result["elapsed_s"]
            shares.append(rate / SLOWEST)
            print(
                f"{result['worked']} clips, {rate:.1f}/s of {SLOWEST:.0f}: {shares[-1]:.1%}; "
                f"start-up {result['startup_s']:.1f} s, driver {result['driver_mb']:.0f} MB",
                flush=True,
            )
        print(f"median {statistics.median(shares):.1%} on {os.cpu_count()} cores")
        for count in (100, 10_000) if options.memory else ():
            folder = make(Path(scratch) / f"clips{count}", count)
            result = run(folder, Path(scratch) / f"out-{count}")
            print(f"{count} clips: driver's peak {result['driver_mb']:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
