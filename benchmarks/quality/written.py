"""The bench's captions: written by the product's writer against a server that is started once."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.quality.known import Case
from benchmarks.quality.measures.measures import Measured, Ruler, Told, captions_of, drawn
from engine.profile import profile
from engine.profile.writer import WriterSpec
from engine.servers.client import Client, Endpoint, RequestRefused
from manifests.captions import CAPTIONS, CaptionName, Written
from manifests.evidence import Evidence
from pipelines.caption.writer import Writer
from prompts.render import load
from prompts.selection import Facts

_UNCHUNKED = ("--no-enable-chunked-prefill",)
"""Without it vLLM's CPU build dies of seeded requests at a temperature above 0
(`engine.profile.writer.Rung`)."""


@contextmanager
def server(name: str, url: str | None, at_random: bool = False) -> Iterator[str]:
    """The base URL of the writer's server of a profile, started for the block; or the one given.

    at_random: some requests have a temperature.
    """
    if url is not None:
        yield url
        return
    from captioners.weights.models import Models
    from engine.run.loaded import located
    from engine.servers.server import Server
    from pipelines.caption.stage import CaptionStage

    chosen = profile.load(name)
    spec = located(chosen.server(CaptionStage(chosen).writer.model), Models())
    with tempfile.TemporaryDirectory(prefix="captionmill-bench-") as logs:
        args = (*spec.args, *_UNCHUNKED) if at_random and spec.kind == "vllm" else spec.args
        running = Server(spec.model_copy(update={"replicas": 1, "args": args}), logs)
        running.start()
        try:
            yield running.wait_ready(spec.tries * spec.start_seconds)
        finally:
            running.stop()


def write(spec: WriterSpec, url: str, clips: Sequence[Evidence]) -> dict[str, Written]:
    """What the writer makes of these clips under its ladder, by clip."""

    async def run() -> list[Written]:
        writer = Writer(spec, Client(lambda: [Endpoint(url)], timeout_s=1800))
        try:
            return await asyncio.gather(*map(writer.write, clips))
        finally:
            await writer.close()

    return {each.clip_id: each for each in asyncio.run(run())}


def unguarded(
    spec: WriterSpec, url: str, clips: Mapping[str, tuple[Case, Evidence, Facts]]
) -> list[Told]:
    """Guards off: the first rung's reply as it is. What is no JSON with the keys that were asked for
    gives no caption, and stands as an empty one."""

    async def run() -> list[list[Told]]:
        client = Client(lambda: [Endpoint(url)], timeout_s=1800)
        writer = Writer(spec, client)
        slots = asyncio.Semaphore(spec.concurrency)

        async def one(case: Case, evidence: Evidence, facts: Facts) -> list[Told]:
            names = [name for name in CAPTIONS if name not in facts.absent]
            if not names:
                return []
            async with slots:
                text = await _reply(client, writer.request(spec.ladder[0], evidence.clip_id, facts))
            found = _captions(text, spec.ladder[0].prompt, names)
            return [Told(case, n, found.get(n, ""), "llm", "first", facts) for n in names]

        try:
            return await asyncio.gather(*(one(*each) for each in clips.values()))
        finally:
            await client.close()

    return [told for each in asyncio.run(run()) for told in each]


async def _reply(client: Client, body: Mapping[str, Any]) -> str:
    try:
        reply = await client.post("/chat/completions", body)
    except RequestRefused:
        return ""
    return reply["choices"][0]["message"]["content"] or ""


def _captions(text: str, prompt: str, names: Sequence[CaptionName]) -> dict[CaptionName, str]:
    keys = load(prompt).keys
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    found = {name: value.get(keys[name]) for name in names}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def measured(
    ruler: Ruler,
    clips: Mapping[str, tuple[Case, Evidence, Facts]],
    written: Mapping[str, Written],
) -> tuple[list[Measured], list[Measured]]:
    """The captions as they were written, and the template's of the same clips. Clips of which nothing is
    known are left out: no writer is asked about them."""
    mine: list[Measured] = []
    template: list[Measured] = []
    for name, (case, _, facts) in clips.items():
        if name in written and not facts.empty:
            mine += map(ruler.measure, captions_of(case, facts, written[name]))
            template += map(ruler.measure, drawn(case, facts))
    return mine, template
