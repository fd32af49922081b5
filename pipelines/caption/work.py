"""Captioning at work in a shard worker: a batch's weak captions, then its captions."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.stages.computers import ComputingFailed
from engine.stages.contract import Batch, Row, Rows, Step, Work
from engine.stages.rows import quarantine_row
from engine.stages.tools import Tools
from manifests.evidence import Evidence, WeakCaption, weak_from_row
from pipelines.caption.guarding import Guarding, by_words, guards
from pipelines.caption.names import CAPTIONERS, GUARDED, REJECTED, WRITER
from pipelines.caption.perception import Perception, missing_streams
from pipelines.caption.rows import caption_row
from pipelines.caption.writer import Writer
from prompts.support import supports

if TYPE_CHECKING:
    from pipelines.caption.stage import CaptionStage


class CaptionWork(Work):
    """Works batches of `CaptionStage` with the tools of one turn."""

    def __init__(self, stage: "CaptionStage", tools: Tools) -> None:
        self._stage = stage
        self._tools = tools
        self._perception = Perception(stage, tools)
        self._writer: Writer | None = None
        if WRITER in tools.turn.units:
            spec = stage.writer
            guarding = Guarding(by_words(spec), tools.computers(partial(guards, spec)))
            self._writer = Writer(spec, tools.client(spec.model), guarding)
            self._writer.warm()

    async def run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows:
        """Weak captions, filtered and quarantined clips of captioners; captions of the writer."""
        weak = self._weak(batch)
        if step.name == CAPTIONERS:
            return await self._perception.rows(units, batch, weak)
        rows: dict[str, list[Row]] = {"captions": [], "quarantine": []}
        work = (self._outcome(clip, weak[clip["clip_id"]]) for clip in batch.clips)
        for table, row in await asyncio.gather(*work):
            rows[table].append(row)
        return rows

    def _weak(self, batch: Batch) -> dict[str, dict[str, WeakCaption]]:
        """What is said of each clip so far, by clip and captioner."""
        return {
            clip: {
                name: weak_from_row(rows[table])
                for name, table in self._stage.weak.items()
                if table in rows
            }
            for clip, rows in batch.rows.items()
        }

    async def _outcome(
        self, clip: Mapping[str, Any], weak: Mapping[str, WeakCaption]
    ) -> tuple[str, Row]:
        """The table and the row of one clip's outcome."""
        try:
            return "captions", await self._caption(clip, weak)
        except ComputingFailed as failed:
            return "quarantine", quarantine_row(clip, failed.fault, self._tools.workspace)

    async def _caption(self, clip: Mapping[str, Any], weak: Mapping[str, WeakCaption]) -> Row:
        """The caption row of one clip: evidence, request and answer stay in this one call."""
        assert self._writer is not None
        clip = dict(clip)
        for side, reason in missing_streams(weak).items():
            clip |= {f"has_{side}": False, f"{side}_reason": reason}
        evidence = evidence_of(self._stage, clip, weak)
        progress, stats = self._tools.progress, self._writer.stats
        counts = progress.unit(WRITER)
        counts.queued += 1
        try:
            written = await self._writer.write(evidence)
        finally:
            counts.queued -= 1
        counts.done += 1
        counts.busy = self._writer.seconds
        counts.tokens_in, counts.tokens_out = stats.tokens_in, stats.tokens_out
        progress.tallies[GUARDED] = stats.checked
        for guard, rejected in stats.rejected.items():
            progress.tallies[f"{REJECTED}{guard}"] = rejected
        progress.examples |= {f"{REJECTED}{g}": told for g, told in stats.examples.items()}
        return caption_row(clip, evidence, written, self._stage.digest, self._stage.licence)


def evidence_of(
    stage: "CaptionStage", clip: Mapping[str, Any], weak: Mapping[str, WeakCaption]
) -> Evidence:
    """The evidence of one clip: its weak captions, judged and fused, in the profile's order."""
    captions = [weak[spec.name] for spec in stage.profile.captioners if spec.name in weak]
    judged = stage.calibrations.judge(captions)
    return Evidence(
        clip_id=clip["clip_id"],
        has_audio=clip["has_audio"],
        has_video=clip["has_video"],
        duration_ms=clip["end_ms"] - clip["start_ms"],
        captions=stage.calibrations.fuse(judged, supports(judged)),
    )
