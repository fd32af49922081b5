"""The writer at the shape of Llama-3.1-8B: our service and writer against a bare client on the same card.

    python -m benchmarks.gpu.writer [--clips 1024] [--runs 3] [--tiny]

One vLLM server with random weights, started and watched by `engine.servers.server`; the same
requests go to it
from a bare asyncio client and from the writer, in turns, as in `benchmarks.writer`. What the model writes
means nothing, but is held to the schema and as long as it allows. Every request shares the prompt's fixed
beginning. JSON on standard output; exit status 1 when the writer's rate, its guards not counted, is under
95 % of the bare client's. --tiny: a small model on the CPU, whose figures say nothing.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu import shapes
from benchmarks.gpu.machine import machine
from benchmarks.writer import LEAST_SPEED, evidence, passes
from engine.profile import profile
from engine.servers.server import Server
from engine.servers.spec import ServerSpec


def server(folder: Path, tiny: bool) -> ServerSpec:
    """The writer's server of the profile `gpu`, alone on its card."""
    of = profile.load("gpu")
    assert of.writer is not None
    changed: dict[str, Any] = {"model": str(shapes.writer(folder, tiny)), "args": shapes.ARGS}
    if tiny:
        changed |= {"num_gpus": 0.0, "args": shapes.TINY_ARGS, "env": shapes.TINY_ENV}
    else:
        changed["num_gpus"] = 1.0
    return of.server(of.writer.model).model_copy(update=changed)


def measured(count: int, runs: int, spec: ServerSpec, logs: Path) -> dict[str, Any]:
    """Medians of the runs."""
    writer = profile.load("gpu").writer
    assert writer is not None
    writer = writer.model_copy(update={"ladder": writer.ladder[:1]})
    service = Server(spec, logs)
    service.start()
    try:
        found = passes(writer, service.wait_ready(spec.start_seconds), evidence(count), runs)
    finally:
        service.stop()
    bare = statistics.median(run.rate for run in found["bare"])
    through = statistics.median(run.rate for run in found["writer"])
    unguarded = statistics.median(run.unguarded for run in found["writer"])
    tokens = statistics.median(run.tokens for run in found["writer"]) / count
    return {
        "bare_tokens_per_s": bare,
        "writer_tokens_per_s": through,
        "share": through / bare,
        "share_without_guards": unguarded / bare,
        "tokens_out_per_clip": tokens,
        "bare_clips_per_s": bare / tokens,
        "writer_clips_per_s": through / tokens,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures the writer on one GPU.")
    parser.add_argument("--clips", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="a small model on the CPU")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        spec = server(Path(scratch) / "writer", options.tiny)
        found = measured(options.clips, options.runs, spec, Path(scratch))
    print(json.dumps({"options": vars(options), **found, **machine()}, indent=1))
    return 0 if found["share_without_guards"] >= LEAST_SPEED else 1


if __name__ == "__main__":
    sys.exit(main())
