"""The `cpu` profile on the sample clips: time to captions, where it goes, and memory of all processes.

    python -m benchmarks.samples [--runs 3]

Everything must be installed and the packs fetched. Each run starts from an empty workspace. Memory is
the peak of the summed proportional set sizes (PSS: shared pages counted once) of the command and all
processes it started.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import watched
from captioners.weights.cache import Cache
from pipelines.samples import PACKS, build


def _family_mb(process: psutil.Process) -> float:
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 2**20


def run(clips: Path, out: Path) -> dict[str, Any]:
    """One run: the command's JSON, its wall seconds, and peak MB."""
    began = time.monotonic()
    told, seen = watched.caption(clips, out, "cpu", _family_mb)
    return {**told, "wall_s": time.monotonic() - began, "peak_mb": max(seen, default=0.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    cache = Cache()
    for pack in PACKS:
        cache.fetch(pack)
    with tempfile.TemporaryDirectory() as scratch:
        build(Path(scratch) / "clips", cache)
        walls = []
        for number in range(options.runs):
            result = run(Path(scratch) / "clips", Path(scratch) / f"out{number}")
            walls.append(result["wall_s"])
            busy = ", ".join(f"{name} {share:.0%}" for name, share in result["busy"].items())
            print(
                f"{result['captioned']} clips in {result['wall_s']:.1f} s: start-up "
                f"{result['startup_s']:.1f} s, work {result['elapsed_s']:.1f} s ({busy}); "
                f"LLM share {result['llm_share']:.0%}; peak {result['peak_mb']:.0f} MB",
                flush=True,
            )
        print(f"median {statistics.median(walls):.1f} s on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
