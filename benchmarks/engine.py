"""Efficiency of the engine itself: the `dummy` profile against what its slowest stage alone allows.

    python -m benchmarks.engine [--clips 2000] [--runs 3]

Each of its stages takes 100 ms for 16 clips: 160 clips/s at most, and a little less in truth. So before
every run each stage is measured alone: a captioner called in a loop, and the writer's server under a
bare client. Reported is the share of the slower one that a whole run reaches, from the first clip's
decoding to the last commit (Ray's start-up is reported beside it), and with --memory the driver's peak
memory for 100 and for 10,000 clips.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import watched
from benchmarks.clips import make
from captioners.dummy import DummyAudio
from captioners.weights.cache import Cache
from engine.profile.profile import load
from engine.servers.server import Server
from manifests.media import Media


def captioner_alone() -> float:
    """Clips/s of a dummy captioner that is called in a loop."""
    captioner = DummyAudio("alone", Cache())
    batch = [Media(f"{n:032x}", "h", 200) for n in range(16)]
    began = time.perf_counter()
    for _ in range(30):
        captioner.caption(batch)
    return 30 * 16 / (time.perf_counter() - began)


async def _requests(url: str, count: int, at_once: int) -> float:
    from openai import AsyncOpenAI, DefaultAioHttpClient

    client = AsyncOpenAI(
        base_url=url, api_key="none", max_retries=0, http_client=DefaultAioHttpClient()
    )
    slots = asyncio.Semaphore(at_once)
    body = {"model": "dummy", "messages": [{"role": "user", "content": "DRAFT heard: a dog"}]}

    async def one() -> None:
        async with slots:
            await client.post("/chat/completions", body=body, cast_to=object)

    await one()
    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    rate = count / (time.perf_counter() - began)
    await client.close()
    return rate


def writer_alone(logs: Path) -> float:
    """Requests/s of the dummy server under a bare client."""
    profile = load("dummy")
    assert profile.writer is not None
    server = Server(profile.server("dummy"), logs)
    server.start()
    try:
        url = server.wait_ready(60)
        return asyncio.run(_requests(url, 1000, profile.writer.concurrency))
    finally:
        server.stop()


def run(clips: Path, out: Path) -> dict[str, Any]:
    """One run in a fresh workspace; its JSON summary and the driver's peak resident memory in MB."""
    told, seen = watched.caption(clips, out, "dummy", _resident_mb, 0.2)
    return {**told, "driver_mb": max(seen, default=0.0)}


def _resident_mb(driver: psutil.Process) -> float:
    return float(driver.memory_info().rss / 2**20)


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
            captioner, writer = captioner_alone(), writer_alone(Path(scratch) / "logs")
            result = run(folder, Path(scratch) / f"out{number}")
            rate = result["worked"] / result["elapsed_s"]
            shares.append(rate / min(captioner, writer))
            print(
                f"captioner alone {captioner:.1f}/s, writer alone {writer:.1f}/s; "
                f"{result['worked']} clips together {rate:.1f}/s: {shares[-1]:.1%}; "
                f"start-up {result['startup_s']:.1f} s, driver {result['driver_mb']:.0f} MB",
                flush=True,
            )
        if shares:
            print(f"median {statistics.median(shares):.1%} on {os.cpu_count()} cores")
        for count in (100, 10_000) if options.memory else ():
            folder = make(Path(scratch) / f"clips{count}", count)
            result = run(folder, Path(scratch) / f"out-{count}")
            print(f"{count} clips: driver's peak {result['driver_mb']:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
