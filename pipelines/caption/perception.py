"""Perception of one batch: filters, decoding, captioners behind their gates; all by clip_id."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.profile.conditions import CLIP, Facts, unmet
from engine.profile.profile import CaptionerSpec
from engine.run.lease import Place
from engine.stages.pools import Decoders, Fault, Hosts
from engine.stages.progress import Progress
from manifests.evidence import WeakCaption
from manifests.ids import path_of
from pipelines.caption.job import Job
from pipelines.caption.rows import clip_facts

_NO_SOUND = "no sound: "
_NO_PICTURE = "no picture: "


@dataclass(slots=True)
class Perceived:
    """What a batch gave. weak: by clip, then by captioner; of captioners that ran in this job only
    (`fresh`) or were read from an older table too. Every clip is in one of weak, filtered, faults."""

    weak: dict[str, dict[str, WeakCaption]] = field(default_factory=dict)
    fresh: dict[str, list[WeakCaption]] = field(default_factory=dict)
    filtered: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)


class Perception:
    """Decodes and captions batches with the pools of a run.

    captioners: those of this turn. hosts: by group. Counts what it does in `progress`.
    """

    def __init__(
        self,
        job: Job,
        captioners: Sequence[str],
        decoders: Decoders,
        hosts: Mapping[str, Hosts],
        progress: Progress,
    ) -> None:
        self._job = job
        self._specs = [spec for spec in job.profile.captioners if spec.name in set(captioners)]
        self._decoders = decoders
        self._hosts = hosts
        self._progress = progress
        self._judges = _needed_by_filters(job)

    async def batch(
        self,
        clips: Sequence[Mapping[str, Any]],
        known: Mapping[str, Mapping[str, WeakCaption]],
        elsewhere: Mapping[str, Sequence[Place]],
    ) -> Perceived:
        """Perceives one batch. known: weak captions of older tables and of earlier turns, by clip and
        captioner. elsewhere: other places of the same contents."""
        work = _Batch(self._job, self._specs, self._hosts, self._progress)
        for clip in clips:
            work.admit(clip, known.get(clip["clip_id"], {}))
        wanted = work.to_decode()
        await asyncio.gather(*(self._decode(work, placed(clip, elsewhere)) for clip in wanted))
        first = [s for s in self._specs if s.name in self._judges]
        rest = [s for s in self._specs if s.name not in self._judges]
        await work.caption(first)
        work.filter()
        await work.caption(rest)
        return work.result()

    async def _decode(self, work: "_Batch", clip: Mapping[str, Any]) -> None:
        stage = self._progress.stage("decode")
        stage.queued += 1
        try:
            decoded = await self._decoders.decode(clip)
        finally:
            stage.queued -= 1
        if isinstance(decoded, Fault):
            work.fail(clip["clip_id"], decoded)
        else:
            told, media = decoded
            stage.worked(1, told["seconds"])
            work.decoded(clip["clip_id"], told, media)


class _Batch:
    """One batch on its way: what is known of each of its clips."""

    def __init__(
        self,
        job: Job,
        specs: Sequence[CaptionerSpec],
        hosts: Mapping[str, Hosts],
        progress: Progress,
    ) -> None:
        self._job = job
        self._specs = specs
        self._hosts = hosts
        self._progress = progress
        self._clips: dict[str, dict[str, Any]] = {}
        self._facts: dict[str, Facts] = {}
        self._media: dict[str, Any] = {}
        self._result = Perceived()

    def admit(self, clip: Mapping[str, Any], known: Mapping[str, WeakCaption]) -> None:
        clip_id = clip["clip_id"]
        if clip["fault"] is not None:
            fault = Fault("probe", clip["fault"], clip["fault_message"] or clip["fault"])
            self._result.faults[clip_id] = fault
            return
        self._clips[clip_id] = dict(clip)
        self._facts[clip_id] = Facts(clip_facts(clip), known)
        self._filter(clip_id, {CLIP})

    def to_decode(self) -> list[dict[str, Any]]:
        """Clips of which some captioner still has to see the media."""
        names = {spec.name for spec in self._specs}
        return [c for i, c in self._clips.items() if names - self._facts[i].weak.keys()]

    def decoded(self, clip_id: str, told: Mapping[str, Any], media: Any) -> None:
        self._media[clip_id] = media
        for side, reason in (("audio", told["audio_reason"]), ("video", told["video_reason"])):
            if reason is not None:
                self._clips[clip_id] |= {f"has_{side}": False, f"{side}_reason": reason}

    def fail(self, clip_id: str, fault: Fault) -> None:
        self._result.faults[clip_id] = fault
        del self._clips[clip_id]
        self._media.pop(clip_id, None)

    def filter(self) -> None:
        for clip_id in list(self._clips):
            self._filter(clip_id, {CLIP, *self._facts[clip_id].weak})

    def _filter(self, clip_id: str, ready: set[str]) -> None:
        for rule in self._job.profile.filters:
            if {c.of for c in rule.when} <= ready and not unmet(rule.when, self._facts[clip_id]):
                self._result.filtered[clip_id] = rule.name
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
        batch = {}
        for clip_id, media in self._media.items():
            if spec.name in self._facts[clip_id].weak:
                continue
            skipped = self._skipped(spec, clip_id)
            if skipped is None:
                batch[clip_id] = media
            else:
                self._say(clip_id, spec.name, self._silent(clip_id, spec.name, skipped))
        stage = self._progress.stage(spec.name)
        stage.queued += len(batch)
        read = {clip: self._read(spec, clip) for clip in batch} if spec.reads else {}
        try:
            done = await self._hosts[spec.group].caption(spec.name, batch, read)
        finally:
            stage.queued -= len(batch)
        stage.worked(len(done.said), done.seconds)
        stage.tokens_in += done.tokens_in
        stage.tokens_out += done.tokens_out
        for clip_id, weak in done.said.items():
            if clip_id in self._clips:
                self._check(weak, spec.name)
                self._say(clip_id, spec.name, weak)
        for clip_id, fault in done.faults.items():
            if clip_id in self._clips:
                self.fail(clip_id, fault)

    def _read(self, spec: CaptionerSpec, clip_id: str) -> dict[str, WeakCaption]:
        """What a captioner may read of others; of those that spoke."""
        weak = self._facts[clip_id].weak
        return {n: weak[n] for n in spec.reads if n in weak and weak[n].skipped is None}

    def _skipped(self, spec: CaptionerSpec, clip_id: str) -> str | None:
        clip, needs = self._clips[clip_id], self._job.needs(spec)
        if needs.audio_hz is not None and not clip["has_audio"]:
            return f"{_NO_SOUND}{clip['audio_reason']}"
        if needs.frames and not clip["has_video"]:
            return f"{_NO_PICTURE}{clip['video_reason']}"
        gate = unmet(spec.when, self._facts[clip_id])
        return None if gate is None else f"gate: not {gate}"

    def _silent(self, clip_id: str, captioner: str, why: str) -> WeakCaption:
        content = self._clips[clip_id]["content_hash"]
        return WeakCaption(clip_id, content, captioner, skipped=why)

    def _check(self, weak: WeakCaption, name: str) -> None:
        content = self._clips[weak.clip_id]["content_hash"]
        if weak.captioner != name or weak.content_hash != content:
            raise RuntimeError(f"captioner {name} saw other media than that of {weak.clip_id}")

    def _say(self, clip_id: str, captioner: str, weak: WeakCaption) -> None:
        self._facts[clip_id].weak[captioner] = weak
        self._result.fresh.setdefault(captioner, []).append(weak)

    def result(self) -> Perceived:
        result = self._result
        result.weak = {clip_id: self._facts[clip_id].weak for clip_id in self._clips}
        kept = result.weak.keys() | result.filtered.keys()
        result.fresh = {
            name: [weak for weak in said if weak.clip_id in kept]
            for name, said in result.fresh.items()
        }
        return result


def placed(clip: Mapping[str, Any], elsewhere: Mapping[str, Sequence[Place]]) -> dict[str, Any]:
    """The clip, its source taken from where the same content lies unchanged today."""
    own = Place(clip["uri"], clip["size"], clip["mtime_ns"])
    for place in (own, *elsewhere.get(clip["content_hash"], ())):
        try:
            status = os.stat(path_of(place.uri))
        except OSError:
            continue
        if (status.st_size, status.st_mtime_ns) == (place.size, place.mtime_ns):
            return {**clip, "uri": place.uri, "size": place.size, "mtime_ns": place.mtime_ns}
    return dict(clip)


def streams(weak: Mapping[str, WeakCaption]) -> dict[str, str]:
    """Sides of a clip that no captioner could have, with the reason: «audio», «video»."""
    missing = {}
    for said in weak.values():
        for side, prefix in (("audio", _NO_SOUND), ("video", _NO_PICTURE)):
            if said.skipped is not None and said.skipped.startswith(prefix):
                missing[side] = said.skipped.removeprefix(prefix)
    return missing


def _needed_by_filters(job: Job) -> set[str]:
    """Captioners that filters ask, and those that their gates ask in turn."""
    needed = {c.of for rule in job.profile.filters for c in rule.when} - {CLIP}
    for spec in reversed(job.profile.captioners):
        if spec.name in needed:
            needed.update(spec.asks)
    return needed
