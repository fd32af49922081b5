"""The writer against a server: how many captions the LLM gets right, and at what rate.

    python -m benchmarks.writer share [--url URL] [--profile cpu] [--split held-out] [--clips 200]
    python -m benchmarks.writer speed [--url URL] [--profile cpu] [--clips 96] [--runs 5]

Without --url the profile's server is started, and stopped at the end; the profile
`recipes/tuning/untuned.toml` is the writer as it was before its tuning. `share` writes made-up
evidence (`recipes.evidences`) and counts who wrote what, after the first request and after the ladder;
with --show N it prints the captions of the first N clips. `speed` sends the same requests with a bare
asyncio client and with the writer, in turns, and compares generated tokens per second; the writer's rate
is given with and without the time that its guards take. Exit status 1: speed under 95 % (guards not
counted), or a share under 30 %.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI

from engine.profile import profile
from engine.profile.writer import WriterSpec
from engine.servers.client import Client, Endpoint
from manifests.captions import CAPTIONS, Written
from manifests.evidence import Evidence
from pipelines.caption.writer import Writer
from prompts.fallback import template
from prompts.selection import select
from recipes.evidences import evidences

_LEAST_SHARE = 0.30
LEAST_SPEED = 0.95


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over all clips: tokens generated, seconds, and of these the guards'."""

    tokens: int
    seconds: float
    guards: float = 0.0

    @property
    def rate(self) -> float:
        """Tokens a second, everything counted."""
        return self.tokens / self.seconds

    @property
    def unguarded(self) -> float:
        """Tokens a second, the guards' time taken out: they hold up the loop that sends requests."""
        return self.tokens / (self.seconds - self.guards)


async def written(
    spec: WriterSpec, url: str, clips: Sequence[Evidence]
) -> tuple[Writer, list[Written]]:
    """The writer that wrote these clips, all at once as a shard worker does, and what it wrote."""
    writer = Writer(spec, Client(lambda: [Endpoint(url)]))
    done = await asyncio.gather(*map(writer.write, clips))
    await writer.close()
    return writer, done


async def through_writer(spec: WriterSpec, url: str, clips: Sequence[Evidence]) -> Run:
    """One pass with the writer."""
    began = time.perf_counter()
    writer, _ = await written(spec, url, clips)
    seconds = time.perf_counter() - began
    return Run(writer.stats.tokens_out, seconds, writer.stats.guard_seconds)


async def bare(requests: Sequence[dict[str, Any]], url: str, concurrency: int) -> Run:
    """One pass of the same requests with nothing around them."""
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    slots = asyncio.Semaphore(concurrency)

    async def one(request: dict[str, Any]) -> int:
        async with slots:
            reply = await client.chat.completions.create(**request)
        return reply.usage.completion_tokens if reply.usage else 0

    began = time.perf_counter()
    tokens = sum(await asyncio.gather(*map(one, requests)))
    seconds = time.perf_counter() - began
    await client.close()
    return Run(tokens, seconds)


def evidence(count: int) -> list[Evidence]:
    """Made-up evidence of `count` clips of which there is something to write."""
    return [one for one in evidences("dev", 4 * count) if not select(one).empty][:count]


def passes(
    spec: WriterSpec, url: str, clips: Sequence[Evidence], runs: int
) -> dict[str, list[Run]]:
    """Passes of the bare client and of the writer over the same requests, in turns."""
    writer = Writer(spec, Client(lambda: [Endpoint(url)]))
    requests = [writer.request(spec.ladder[0], one.clip_id, select(one)) for one in clips]
    found: dict[str, list[Run]] = {"bare": [], "writer": []}
    for number in range(runs + 1):
        order = ("bare", "writer") if number % 2 else ("writer", "bare")
        for name in order:
            run = asyncio.run(
                bare(requests, url, spec.concurrency)
                if name == "bare"
                else through_writer(spec, url, clips)
            )
            if number:  # the first pass fills the prefix cache
                found[name].append(run)
    return found


def speed(spec: WriterSpec, url: str, count: int, runs: int) -> bool:
    """Prints both rates; whether the writer's is high enough."""
    first = spec.model_copy(update={"ladder": spec.ladder[:1]})
    found = passes(first, url, evidence(count), runs)
    for name, each in found.items():
        for run in each:
            print(f"  {name:6} {run.tokens} tokens {run.seconds:6.2f} s {run.rate:7.1f} tokens/s")
    reference = statistics.median(run.rate for run in found["bare"])
    whole = statistics.median(run.rate for run in found["writer"]) / reference
    share = statistics.median(run.unguarded for run in found["writer"]) / reference
    guards = statistics.median(run.guards for run in found["writer"]) / count
    print(f"{count} clips, {runs} runs, medians: bare client {reference:.1f} tokens/s")
    print(f"writer: {whole:.1%} of it, {share:.1%} without guards ({1000 * guards:.2f} ms a clip)")
    return share >= LEAST_SPEED


def share(spec: WriterSpec, url: str, split: Any, count: int, show: int = 0) -> bool:
    """Prints who wrote how many captions, and those of the first clips; whether the LLM wrote enough."""
    clips = evidences(split, count)
    began = time.perf_counter()
    writer, done = asyncio.run(written(spec, url, clips))
    seconds = time.perf_counter() - began
    stats = writer.stats
    drafts = [template(select(one)) for one in clips]
    for one, clip in zip(done[:show], clips, strict=False):
        _print(clip, one)
    print(f"{split}: {count} clips in {seconds:.0f} s, {stats.requests} requests")
    print(f"tokens: {stats.tokens_in} in, {stats.tokens_out} out")
    for name in CAPTIONS:
        rungs = Counter(one.how[name].rung for one in done if one.how[name].by)
        verbatim = sum(
            one.how[name].by == "llm" and one.captions[name] == draft[name]
            for one, draft in zip(done, drafts, strict=True)
        )
        total = sum(rungs.values())
        llm = total - rungs["template"]
        print(
            f"{name:21} LLM {llm}/{total} = {llm / total:.0%}"
            f" (first request {rungs['first'] / total:.0%}; word for word as the template"
            f" {verbatim / total:.0%})"
        )
    first, total = stats.rungs["first"], sum(stats.rungs.values())
    print(f"all captions: LLM {stats.llm_share:.1%}, first request {first / total:.1%}")
    print("refused:", ", ".join(f"{name} {n}" for name, n in stats.faults.most_common()))
    return stats.llm_share >= _LEAST_SHARE


def _print(clip: Evidence, one: Written) -> None:
    facts = select(clip)
    print("; ".join(fact.text for fact in facts.heard), "|", "; ".join(f.text for f in facts.seen))
    if facts.transcript:
        print(f"  spoken: {facts.transcript}")
    for name in CAPTIONS:
        if one.captions[name]:
            print(f"  {name:21} {one.captions[name]} ({one.how[name].rung})")


@contextmanager
def _server(url: str | None, profile_name: str) -> Iterator[str]:
    if url is not None:
        yield url
        return
    from captioners.weights.models import Models
    from engine.run.loaded import located
    from engine.servers.server import Server
    from pipelines.caption.stage import CaptionStage

    chosen = profile.load(profile_name)
    spec = located(chosen.server(CaptionStage(chosen).writer.model), Models())
    with tempfile.TemporaryDirectory() as logs:
        server = Server(spec, logs)
        server.start()
        try:
            yield server.wait_ready(spec.start_seconds)
        finally:
            server.stop()


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(description="Measures the writer.")
    parser.add_argument("what", choices=("share", "speed"))
    parser.add_argument("--url")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--model", help="as the server names it")
    parser.add_argument("--split", default="held-out", choices=("dev", "held-out"))
    parser.add_argument("--clips", type=int)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--show", type=int, default=0, help="print the captions of so many clips")
    args = parser.parse_args()
    spec = profile.load(args.profile).writer
    assert spec is not None
    if args.model:
        spec = spec.model_copy(update={"model": args.model})
    with _server(args.url, args.profile) as url:
        if args.what == "share":
            good = share(spec, url, args.split, args.clips or 200, args.show)
        else:
            good = speed(spec, url, args.clips or 96, args.runs)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
