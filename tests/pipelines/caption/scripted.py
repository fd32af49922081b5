"""Clips that a scripted server writes of, and workspaces of them."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from engine.profile.writer import Rung, WriterSpec
from engine.servers.client import Client, Endpoint
from manifests.captions import Written
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption
from pipelines.caption.licences import Licence
from pipelines.caption.rows import caption_row
from pipelines.caption.writer import Writer
from tests.engine.fake_openai import FakeOpenAI, Reply, Request
from tests.manifests.made import JOB, Made, sealed
from tests.pipelines.search.embedded import settings

GOOD = {
    "audio_caption": "A dog barks.",
    "visual_caption": "Two cars.",
    "audio_visual_caption": "A dog barks, with two cars in view.",
}
LADDER = (
    Rung(name="first", prompt="tiers"),
    Rung(name="repair", prompt="tiers", repair=True),
    Rung(name="fresh", prompt="tiers", whole=False, repair=True, temperature=0.5),
)
SPEC = WriterSpec(ladder=LADDER)
REFUSED_TWICE = (
    "Sure! \u202e\x1b Here it is:\n<b>A dog</b>",
    json.dumps(GOOD | {"audio_caption": "A cat meows (87%)."}, indent=1),
    json.dumps({"audio_caption": GOOD["audio_caption"]}),
)
"""Replies to the three rungs: one that is none, one of which two captions are good, and the third."""


def clip(name: str = "c" * 32) -> Evidence:
    """A dog that is heard, two cars that are seen."""
    sure = Confidence(0.9, "high", "rule")
    heard = Claim("", "a dog barks", "sound", "audio", 0.5, (), sure)
    seen = Claim("", "two cars", "object", "video", 0.5, (), sure)
    weak = WeakCaption(name, "d" * 64, "ears and eyes", "", (heard, seen))
    return Evidence(name, True, True, 1000, (weak,))


def write(
    script: Callable[[Request, int], Reply] | Sequence[Reply],
    spec: WriterSpec = SPEC,
    evidence: Evidence | None = None,
    finish_reason: str = "stop",
) -> tuple[Written, list[Request]]:
    """What a server's replies make of a clip, and what it was asked."""
    answer = script if callable(script) else lambda request, number: script[number]

    async def one(url: str) -> Written:
        writer = Writer(spec, Client(lambda: [Endpoint(url)], patience_s=5))
        try:
            return await writer.write(evidence or clip())
        finally:
            await writer.close()

    with FakeOpenAI(answer, finish_reason=finish_reason) as fake:
        return asyncio.run(one(fake.url)), fake.requests


def rewritten(place: Made, replies: Sequence[Reply], spec: WriterSpec = SPEC) -> dict[str, Any]:
    """Writes the captions of a workspace's first clip again, by these replies; its row. The job's
    settings become those of the writer."""
    own = {"writer": spec.settings()}
    settings(place, JOB, "caption", own)
    path = place.workspace.config(JOB)
    kept = json.loads(path.read_text())
    kept["profile"]["writer"] = spec.model_dump(mode="json")
    path.write_text(json.dumps(kept))
    first = place.rows("captions")[0]
    clip_row = first | {"has_audio": True, "has_video": True}
    evidence = clip(first["clip_id"])
    written, _ = write(replies, spec, evidence)
    row = sealed(caption_row(clip_row, evidence, written, JOB, Licence("MIT", True, {})))
    place.edit("captions", lambda rows: [row, *rows[1:]])
    return row
