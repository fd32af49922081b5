"""Perception of one batch: filters, decoding, captioners behind their gates; all by clip_id."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from engine.profile.conditions import CLIP, Scores, clip_scores, unmet
from engine.profile.profile import CaptionerSpec
from engine.stages.contract import Batch, Fault, Row, Rows
from engine.stages.pools import DecodedClip
from engine.stages.rows import filtered_row, quarantine_row
from engine.stages.tools import Tools
from manifests.evidence import Modality, WeakCaption, weak_to_row

if TYPE_CHECKING:
    from pipelines.caption.stage import CaptionStage

_Weak = Mapping[str, Mapping[str, WeakCaption]]


class Perception:
    """Decodes and captions batches with the tools of one turn."""

    def __init__(self, stage: "CaptionStage", tools: Tools) -> None:
        self._stage = stage
        self._tools = tools
        self._asked_by_filters = _asked_by_filters(stage)

    async def rows(self, units: Sequence[str], batch: Batch, weak: _Weak) -> Rows:
        """What these captioners and the filters give for a batch: rows of weak tables, of `filtered` and
        of `quarantine`. weak: what is said of its clips already, by clip and captioner."""
        specs = [spec for spec in self._stage.profile.captioners if spec.name in units]
        work = _Perceiving(self._stage, specs, self._tools)
        for clip in batch.clips:
            work.admit(clip, weak.get(clip["clip_id"], {}))
        work.decoded(await self._tools.decode(work.to_decode(), batch.twins))
        await work.caption([spec for spec in specs if spec.name in self._asked_by_filters])
        work.filter()
        await work.caption([spec for spec in specs if spec.name not in self._asked_by_filters])
        return work.rows()


class _Perceiving:
    """One batch on its way: every clip is being worked, filtered, or has a fault."""

    def __init__(self, stage: "CaptionStage", specs: Sequence[CaptionerSpec], tools: Tools) -> None:
        self._stage = stage
        self._specs = specs
        self._tools = tools
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._clips: dict[str, dict[str, Any]] = {}
        self._scores: dict[str, Scores] = {}
        self._media: dict[str, Any] = {}
        self._fresh: dict[str, list[WeakCaption]] = {}
        self._filtered: dict[str, str] = {}
        self._faults: dict[str, Fault] = {}

    def admit(self, clip: Mapping[str, Any], weak: Mapping[str, WeakCaption]) -> None:
        clip_id = clip["clip_id"]
        self._rows[clip_id] = clip
        if clip["fault"] is not None:
            fault = Fault("probe", clip["fault"], clip["fault_message"] or clip["fault"])
            self._faults[clip_id] = fault
            return
        self._clips[clip_id] = dict(clip)
        self._scores[clip_id] = Scores(clip_scores(clip), weak)
        self._filter(clip_id, {CLIP})

    def to_decode(self) -> list[dict[str, Any]]:
        """Clips of which some captioner still has to see the media."""
        names = {spec.name for spec in self._specs}
        return [c for i, c in self._clips.items() if names - self._scores[i].weak.keys()]

    def decoded(self, results: Mapping[str, DecodedClip | Fault]) -> None:
        for clip_id, result in results.items():
            if isinstance(result, Fault):
                self._fail(clip_id, result)
                continue
            self._media[clip_id] = result.media
            reasons = {"audio": result.audio_reason, "video": result.video_reason}
            for side, reason in reasons.items():
                if reason is not None:
                    self._clips[clip_id] |= {f"has_{side}": False, f"{side}_reason": reason}

    def _fail(self, clip_id: str, fault: Fault) -> None:
        self._faults[clip_id] = fault
        del self._clips[clip_id]
        self._media.pop(clip_id, None)

    def filter(self) -> None:
        for clip_id in list(self._clips):
            self._filter(clip_id, {CLIP, *self._scores[clip_id].weak})

    def _filter(self, clip_id: str, ready: set[str]) -> None:
        for rule in self._stage.profile.filters:
            if {c.of for c in rule.when} <= ready and not unmet(rule.when, self._scores[clip_id]):
                self._filtered[clip_id] = rule.name
                del self._clips[clip_id]
                self._media.pop(clip_id, None)
                return

    async def caption(self, specs: Sequence[CaptionerSpec]) -> None:
        """Runs captioners side by side, each after those that its gate asks."""
        tasks: dict[str, asyncio.Task[None]] = {}
        for spec in specs:
            asked = [tasks[name] for name in spec.asks if name in tasks]
            tasks[spec.name] = asyncio.create_task(self._caption(spec, asked))
        try:
            await asyncio.gather(*tasks.values())
        finally:
            for task in tasks.values():
                task.cancel()

    async def _caption(self, spec: CaptionerSpec, asked: Sequence[asyncio.Task[None]]) -> None:
        if asked:
            await asyncio.wait(asked)
        media = {}
        for clip_id, reference in self._media.items():
            if spec.name in self._scores[clip_id].weak:
                continue
            skipped = self._skipped(spec, clip_id)
            if skipped is None:
                media[clip_id] = reference
            else:
                self._say(skipped)
        readable = {clip: self._readable(spec, clip) for clip in media} if spec.reads else {}
        result = await self._tools.ask(spec.name, media, readable)
        for clip_id, answer in result.answers.items():
            if clip_id in self._clips:
                weak = cast(WeakCaption, answer)
                self._check(weak, spec.name)
                self._say(weak)
        for clip_id, fault in result.faults.items():
            if clip_id in self._clips:
                self._fail(clip_id, fault)

    def _readable(self, spec: CaptionerSpec, clip_id: str) -> dict[str, WeakCaption]:
        """What a captioner may read of others; of those that spoke."""
        weak = self._scores[clip_id].weak
        return {n: weak[n] for n in spec.reads if n in weak and weak[n].skipped is None}

    def _skipped(self, spec: CaptionerSpec, clip_id: str) -> WeakCaption | None:
        """The empty weak caption of a captioner that is not asked about a clip."""
        clip, needs = self._clips[clip_id], self._stage.classes[spec.name].needs_of(spec.options)
        missing: Modality | None = None
        if needs.audio_hz is not None and not clip["has_audio"]:
            missing, why = "audio", clip["audio_reason"]
        elif needs.frames and not clip["has_video"]:
            missing, why = "video", clip["video_reason"]
        elif (gate := unmet(spec.when, self._scores[clip_id])) is not None:
            why = f"gate: not {gate}"
        else:
            return None
        content = clip["content_hash"]
        return WeakCaption(clip_id, content, spec.name, skipped=why, missing=missing)

    def _check(self, weak: WeakCaption, name: str) -> None:
        content = self._clips[weak.clip_id]["content_hash"]
        if weak.captioner != name or weak.content_hash != content:
            raise RuntimeError(f"captioner {name} saw other media than that of {weak.clip_id}")

    def _say(self, weak: WeakCaption) -> None:
        self._scores[weak.clip_id].weak[weak.captioner] = weak
        self._fresh.setdefault(weak.captioner, []).append(weak)

    def rows(self) -> Rows:
        """The rows of all clips. A clip with a fault keeps no weak captions."""
        kept = self._clips.keys() | self._filtered.keys()
        rows: dict[str, list[Row]] = {
            self._stage.weak[name]: [weak_to_row(weak) for weak in fresh if weak.clip_id in kept]
            for name, fresh in self._fresh.items()
        }
        rows["filtered"] = [
            filtered_row(self._rows[clip], rule) for clip, rule in self._filtered.items()
        ]
        rows["quarantine"] = [
            quarantine_row(self._rows[clip], fault, self._tools.workspace)
            for clip, fault in self._faults.items()
        ]
        return rows


def missing_streams(weak: Mapping[str, WeakCaption]) -> dict[Modality, str]:
    """Streams that a clip turned out not to have when it was decoded, with the reason."""
    return {
        caption.missing: caption.skipped or ""
        for caption in weak.values()
        if caption.missing is not None
    }


def _asked_by_filters(stage: "CaptionStage") -> set[str]:
    """Captioners that filters ask, and those that their gates ask in turn."""
    asked = {c.of for rule in stage.profile.filters for c in rule.when} - {CLIP}
    for spec in reversed(stage.profile.captioners):
        if spec.name in asked:
            asked.update(spec.asks)
    return asked
