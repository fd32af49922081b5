"""Embedding at work in a shard worker: the vectors of a batch, and its similarities."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import ray

from captioners.encoder.model import MEDIA, READ_BY, Embedded, Vector
from captioners.encoder.pairs import CaptionKind, Embedding
from engine.stages.contract import Batch, Fault, Row, Rows, Step, Work
from engine.stages.rows import quarantine_row
from engine.stages.tools import Tools
from manifests.evidence import WeakCaption
from manifests.kinds import CAPTIONS, FILTERED, QUARANTINE, SIMILARITY
from manifests.media import Media
from manifests.vectors import product
from pipelines.length import beginning
from pipelines.waiting import not_captioned

if TYPE_CHECKING:
    from pipelines.embed.stage import EmbedStage

OF: Mapping[CaptionKind, Embedding] = {
    "audio_caption": "audio",
    "visual_caption": "video",
    "audio_visual_caption": "audio_video",
}
"""The media that each caption is of."""


class EmbedWork(Work):
    """Works batches of `EmbedStage` with the tools of one turn."""

    def __init__(self, stage: "EmbedStage", tools: Tools) -> None:
        self._stage = stage
        self._tools = tools

    async def run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows:
        """A row of vectors and one of similarities, or a fault, of every clip; a clip that waits for
        captions is worked once it has some."""
        stage = self._stage
        clips = {clip["clip_id"]: clip for clip in batch.clips}
        captioned = {i: batch.rows[i].get(CAPTIONS.name) for i in clips}
        faults = {
            i: not_captioned()
            for i, row in captioned.items()
            if row is None and FILTERED.name not in batch.rows[i]
        }
        faults |= {i: Fault("probe", c["fault"], "") for i, c in clips.items() if c["fault"]}
        known = {i: batch.rows[i].get(stage.embeddings) for i in clips if i not in faults}
        fresh = [beginning(clips[i]) for i, row in known.items() if row is None]
        decoded = await self._tools.decode(fresh, batch.twins)
        faults |= {i: d for i, d in decoded.items() if isinstance(d, Fault)}
        media = {i: d.media for i, d in decoded.items() if not isinstance(d, Fault)}
        media |= {i: ray.put(_bare(clips[i])) for i, row in known.items() if row is not None}
        inputs = {i: _captions(row) for i, row in captioned.items() if row is not None}
        result = await self._tools.ask(stage.encoder.name, media, inputs)
        faults |= result.faults
        answers = {i: cast(Embedded, a) for i, a in result.answers.items()}
        for i, answer in answers.items():
            if answer.content_hash != clips[i]["content_hash"]:
                raise RuntimeError(f"the encoder saw other media than that of {i}")
        made = {i: embedding_row(a) for i, a in answers.items() if known[i] is None}
        similar = [
            similarity_row(answer, cast(Row, made.get(i) or known[i]), captioned[i])
            for i, answer in answers.items()
        ]
        return {
            stage.embeddings: list(made.values()),
            SIMILARITY.name: similar,
            QUARANTINE.name: [
                quarantine_row(clips[i], fault, self._tools.workspace)
                for i, fault in faults.items()
            ],
        }


def embedding_row(answer: Embedded) -> Row:
    """The row of `manifests.schemas.EMBEDDINGS`; numbers are those of float16."""
    vectors: Row = {name: _half(answer.media.get(name)) for name in MEDIA}
    return {
        "clip_id": answer.clip_id,
        "content_hash": answer.content_hash,
        **vectors,
        "audio_ms": answer.audio_ms,
        "frames": answer.frames,
    }


def similarity_row(
    answer: Embedded, vectors: Mapping[str, Any], captions: Mapping[str, Any] | None
) -> Row:
    """The row of `manifests.schemas.SIMILARITY`. vectors: the clip's row of embeddings."""
    if not answer.clip_id == vectors["clip_id"]:
        raise RuntimeError(
            f"vectors of {vectors['clip_id']} were about to land on {answer.clip_id}"
        )
    row: Row = {
        "clip_id": answer.clip_id,
        "content_hash": answer.content_hash,
        "caption_digest": captions["caption_digest"] if captions else None,
        "audio_video": product(vectors["audio"], vectors["video"]),
    }
    for kind in READ_BY:
        row[kind] = product(vectors[OF[kind]], answer.captions.get(kind))
    return row


def _half(vector: Vector | None) -> list[float] | None:
    return None if vector is None else [float(x) for x in vector.astype(np.float16)]


def _bare(clip: Mapping[str, Any]) -> Media:
    """A clip whose vectors are there already: only its captions are to be read."""
    return Media(clip["clip_id"], clip["content_hash"], clip["end_ms"] - clip["start_ms"])


def _captions(row: Mapping[str, Any]) -> dict[str, WeakCaption]:
    return {
        kind: WeakCaption(row["clip_id"], row["content_hash"], kind, text=row[kind])
        for kind in READ_BY
        if row[kind] is not None
    }
