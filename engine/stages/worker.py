"""The shard worker: a Ray actor that owns one shard at a time, from clip rows to table files.

Batches are cut by the shard, never by timing. Of each batch first the weak captions (those of one turn
after another, where stages take turns on a card) and then the captions go to the journal; when all are
there the shard's Parquet files are written. The driver commits them: nothing counts before.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray

from captioners.weights.models import Models
from engine.crashpoints import reach
from engine.profile.profile import Profile
from engine.run.lease import ShardLease
from engine.run.turns import Turn
from engine.servers.client import Client, Replicas
from engine.stages.entry import NOTHING, committed_since, left, merged
from engine.stages.journal import Journal
from engine.stages.pools import Decoders, Hosts
from engine.stages.progress import Progress
from manifests import schemas, tables
from manifests.evidence import Evidence, WeakCaption, weak_from_row, weak_to_row
from manifests.tables import File
from manifests.workspace import Workspace
from pipelines.caption import rows
from pipelines.caption.job import Job
from pipelines.caption.perception import Perceived, Perception, streams
from pipelines.caption.writer import Writer, nearness
from prompts.support import supports


@dataclass(frozen=True, slots=True)
class Worked:
    """A shard whose files are written and wait for their commit; without files when a turn of it is
    still to come, or it was stopped."""

    files: tuple[File, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether it can be committed."""
        return bool(self.files)


class Window:
    """Bounds the bytes of decoded media in flight; a batch larger than all of it goes alone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Holds `size` bytes of the window while the block runs."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._used == 0 or self._used + size <= self._limit
            )
            self._used += size
        try:
            yield
        finally:
            async with self._changed:
                self._used -= size
                self._changed.notify_all()


class ShardWorker:
    """Ray actor, for one turn. hosts: names of the actors of each group of captioners; servers: replicas
    by the server's name."""

    def __init__(
        self,
        profile: Profile,
        root: Path,
        turn: Turn,
        hosts: Mapping[str, Sequence[str]],
        servers: Mapping[str, Replicas],
    ) -> None:
        self._job = Job(profile)
        self._turn = turn
        self._workspace = Workspace.open(root)
        limit = sum(s.spec.tries * s.spec.start_seconds for s in servers.values())
        self._hosts = {
            group: Hosts([ray.get_actor(n) for n in names], profile.sizes.caption_seconds, limit)
            for group, names in hosts.items()
        }
        self._servers = servers
        self._stopping = False
        self._progress = Progress()
        self._writer: Writer | None = None
        self._perception: Perception | None = None
        self._window: Window | None = None

    async def progress(self) -> Progress:
        """What this worker did since it was started."""
        return self._progress

    async def stop(self) -> None:
        """Lets batches in work end, and begins no more."""
        self._stopping = True

    async def work(self, lease: ShardLease) -> Worked:
        """Works this turn of a shard, and writes its files if it is the last. Raises ServerUnavailable,
        ServerRefused, OSError on a full disk."""
        await self._start()
        clips = tables.read(self._workspace.root, lease.clips_file)
        if lease.only is not None:
            clips = [clip for clip in clips if clip["clip_id"] in lease.only]
        size = self._job.profile.sizes.batch
        batches = [clips[start : start + size] for start in range(0, len(clips), size)]
        journal = Journal(self._workspace.journal(self._job.digest, lease.shard, lease.generation))
        known = self._known(lease)
        try:
            async with asyncio.TaskGroup() as group:
                work = [
                    group.create_task(self._batch(lease, journal, number, batch, known))
                    for number, batch in enumerate(batches)
                ]
        except BaseExceptionGroup as failed:
            raise _first(failed) from failed
        done = [found for task in work if (found := task.result()) is not None]
        worked = self._files(lease, done) if len(done) == len(work) else Worked()
        self._progress.clips.clear()  # from here on the driver counts them
        return worked

    async def _start(self) -> None:
        """Makes what needs a running event loop, once."""
        if self._perception is not None:
            return
        sizes = self._job.profile.sizes
        self._window = Window(sizes.window_mb << 20)
        begin = self._progress.begin
        decoders = Decoders(sizes.decoders, self._job.plan, sizes.decode_seconds, begin)
        self._perception = Perception(
            self._job, self._turn.captioners, decoders, self._hosts, self._progress
        )
        if self._turn.writes:
            self._start_writer()
        tables.arrow([], schemas.CAPTIONS)  # imports pandas where it is installed

    def _start_writer(self) -> None:
        spec = self._job.profile.writer
        replicas = self._servers[spec.model]
        client = Client(replicas, replicas.spec.timeout_s, replicas.spec.patience_s)
        self._writer = Writer(spec, client, nearness(spec, Models()))
        self._writer.warm()
        self._following = asyncio.create_task(replicas.follow())

    def _known(self, lease: ShardLease) -> dict[str, dict[str, WeakCaption]]:
        """Weak captions that earlier jobs made with the same captioners, by clip."""
        known: dict[str, dict[str, WeakCaption]] = {}
        for captioner, files in lease.known.items():
            for path in files:
                for row in tables.read(self._workspace.root, path):
                    known.setdefault(row["clip_id"], {})[captioner] = weak_from_row(row)
        return known

    async def _batch(
        self,
        lease: ShardLease,
        journal: Journal,
        number: int,
        clips: Sequence[dict[str, Any]],
        known: Mapping[str, Mapping[str, WeakCaption]],
    ) -> "_Done | None":
        """Works this turn of a batch, or takes it from the journal; None before the last turn."""
        ids = [clip["clip_id"] for clip in clips]
        weak = journal.get(number, "weak", ids)
        if weak is not None and ("ran" not in weak or committed_since(weak, known)):
            weak = None
        done = journal.get(number, "done", ids) if weak is not None else None
        missing = set(self._turn.captioners) - set(weak["ran"] if weak is not None else ())
        if weak is None or (missing and done is None):
            weak = await self._perceive(lease, clips, known, weak or NOTHING)
            if weak is None:
                return None
            journal.put(number, "weak", ids, weak)
        if not self._turn.writes or (done is None and self._stopping):
            return None
        if done is None:
            done = await self._write(clips, weak, known)
            journal.put(number, "done", ids, done)
        self._count(done)
        place = {clip: number for number, clip in enumerate(ids)}
        found = {self._job.tables[name]: rows for name, rows in weak["weak"].items()} | done
        return _Done(
            counts(done),
            {
                table: tables.arrow(
                    sorted(rows, key=lambda row: place[row["clip_id"]]), schema_of(table)
                )
                for table, rows in found.items()
                if rows
            },
        )

    async def _perceive(
        self,
        lease: ShardLease,
        clips: Sequence[dict[str, Any]],
        known: Mapping[str, Mapping[str, WeakCaption]],
        before: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """The batch's journal entry after this turn, None when the worker is to stop. before: that of
        earlier turns."""
        assert self._window is not None and self._perception is not None
        clips, known = left(clips, known, before)
        size = sum(self._job.plan.decoded_bytes(clip) for clip in clips)
        async with self._window.hold(size):
            if self._stopping:
                return None
            perceived = await self._perception.batch(clips, known, lease.elsewhere)
        return merged(before, self._entry(clips, perceived))

    def _entry(self, clips: Sequence[dict[str, Any]], perceived: Perceived) -> dict[str, Any]:
        by_id = {clip["clip_id"]: clip for clip in clips}
        workspace = str(self._workspace.root)
        return {
            "ran": list(self._turn.captioners),
            "weak": {
                name: [weak_to_row(weak) for weak in said] for name, said in perceived.fresh.items()
            },
            "filtered": [
                rows.filtered_row(by_id[clip], rule) for clip, rule in perceived.filtered.items()
            ],
            "quarantine": [
                rows.quarantine_row(by_id[clip], fault, workspace)
                for clip, fault in perceived.faults.items()
            ],
        }

    async def _write(
        self,
        clips: Sequence[dict[str, Any]],
        weak: Mapping[str, Any],
        known: Mapping[str, Mapping[str, WeakCaption]],
    ) -> dict[str, Any]:
        """Captions of every clip of a batch that was neither filtered nor quarantined."""
        captioned, said = left(clips, known, weak)
        captions = await asyncio.gather(
            *(self._caption(clip, said.get(clip["clip_id"], {})) for clip in captioned)
        )
        return {
            "captions": captions,
            "filtered": weak["filtered"],
            "quarantine": weak["quarantine"],
        }

    async def _caption(
        self, clip: Mapping[str, Any], said: Mapping[str, WeakCaption]
    ) -> dict[str, Any]:
        """The caption row of one clip: evidence, request and answer stay in this one call."""
        assert self._writer is not None
        clip = dict(clip)
        for side, reason in streams(said).items():
            clip |= {f"has_{side}": False, f"{side}_reason": reason}
        evidence = evidence_of(self._job, clip, said)
        self._progress.begin()
        stage, stats = self._progress.stage("writer"), self._writer.stats
        stage.queued += 1
        try:
            written = await self._writer.write(evidence)
        finally:
            stage.queued -= 1
        stage.done += 1
        stage.busy = self._writer.seconds
        stage.tokens_in, stage.tokens_out = stats.tokens_in, stats.tokens_out
        self._progress.judged, self._progress.refused = stats.judged, stats.found
        job = self._job
        terms = (job.licence, job.outputs_train)
        return rows.caption_row(clip, evidence, written, job.digest, *terms)

    def _count(self, done: Mapping[str, Any]) -> None:
        self._progress.clips.update(counts(done))
        for row in done["quarantine"]:
            self._progress.faults[f"{row['stage']}: {row['reason']}"] += 1

    def _files(self, lease: ShardLease, work: Sequence["_Done"]) -> Worked:
        """Writes the shard's tables, in the order of its clips."""
        reach("shard.before_files")
        files = []
        for table in [*self._job.tables.values(), "captions", "filtered", "quarantine"]:
            if parts := [done.tables[table] for done in work if table in done.tables]:
                files.append(self._file(table, lease, pa.concat_tables(parts)))
            if len(files) == 1:
                reach("shard.between_files")
        reach("shard.after_files")
        total: Counter[str] = Counter()
        for done in work:
            total.update(done.counts)
        return Worked(tuple(files), dict(total))

    def _file(self, table: str, lease: ShardLease, data: pa.Table) -> File:
        place = self._workspace.weak if table.startswith("weak/") else self._workspace.rows
        name = table.removeprefix("weak/")
        path = place(name, self._job.digest, lease.shard, lease.generation, lease.epoch)
        return tables.write_table(self._workspace.root, path, table, data)


@dataclass(frozen=True, slots=True)
class _Done:
    """A batch: what the books count of it, and its rows by table in the order of its clips."""

    counts: dict[str, int]
    tables: dict[str, pa.Table]


def schema_of(table: str) -> pa.Schema:
    """The schema of a table that shards write."""
    if table.startswith("weak/"):
        return schemas.WEAK
    return {
        "captions": schemas.CAPTIONS,
        "filtered": schemas.FILTERED,
        "quarantine": schemas.QUARANTINE,
    }[table]


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def evidence_of(job: Job, clip: Mapping[str, Any], said: Mapping[str, WeakCaption]) -> Evidence:
    """The evidence of one clip: its weak captions, judged and fused, in the profile's order."""
    captions = [said[spec.name] for spec in job.profile.captioners if spec.name in said]
    judged = job.calibrations.judge(captions)
    return Evidence(
        clip_id=clip["clip_id"],
        has_audio=clip["has_audio"],
        has_video=clip["has_video"],
        duration_ms=clip["end_ms"] - clip["start_ms"],
        captions=job.calibrations.fuse(judged, supports(judged)),
    )


def counts(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    """What the books and the summary count of a shard's rows, or of a batch's."""
    captions = found.get("captions", [])
    counted = {
        "captioned": len(captions),
        "filtered": len(found.get("filtered", [])),
        "quarantined": len(found.get("quarantine", [])),
    }
    for row in captions:
        for side in ("audio_by", "visual_by", "audio_visual_by"):
            by = row[side]
            if by is not None:
                counted[by] = counted.get(by, 0) + 1
    for row in found.get("filtered", []):
        key = f"filtered: {row['rule']}"
        counted[key] = counted.get(key, 0) + 1
    return counted
