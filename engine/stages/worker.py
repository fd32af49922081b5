"""The shard worker: a Ray actor that owns one shard at a time, from clip rows to table files.

Batches are cut by the shard, never by timing. What each step of a stage gives for a batch goes to the
journal (of one turn after another, where units take turns on a card); when all steps of all batches are
there the shard's Parquet files are written. The driver commits them: nothing counts before.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import ray

from engine.crashpoints import reach
from engine.servers.client import Replicas
from engine.stages.contract import Batch, Row, Rows, ShardLease, Stage, Step, Turn, Work
from engine.stages.journal import QUARANTINE, Entry, Journal
from engine.stages.pools import Decoders, Hosts
from engine.stages.progress import Progress
from engine.stages.tools import Tools
from engine.stages.window import Window, decoded_bytes
from manifests import tables
from manifests.kinds import schema_of
from manifests.tables import File
from manifests.workspace import Workspace

_Committed = Mapping[str, Mapping[str, Row]]


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


@dataclass(frozen=True, slots=True)
class _Done:
    """A batch: what the books count of it, and its rows by table in the order of its clips."""

    counts: Mapping[str, int]
    tables: Mapping[str, pa.Table]


class ShardWorker:
    """Ray actor, for one turn. hosts: names of the actors of each group of models; servers: replicas by
    the server's name."""

    def __init__(
        self,
        stage: Stage,
        root: Path,
        turn: Turn,
        hosts: Mapping[str, Sequence[str]],
        servers: Mapping[str, Replicas],
    ) -> None:
        self._stage = stage
        self._turn = turn
        self._workspace = Workspace.open(root)
        starting = sum(s.spec.tries * s.spec.start_seconds for s in servers.values())
        seconds = stage.profile.sizes.model_seconds
        self._hosts = {
            group: Hosts([ray.get_actor(name) for name in names], seconds, starting)
            for group, names in hosts.items()
        }
        self._servers = servers
        self._stopping = False
        self._progress = Progress()
        self._window = Window(stage.profile.sizes.window_mb << 20)
        self._work: Work | None = None

    async def progress(self) -> Progress:
        """What this worker did since it was started."""
        self._progress.window_bytes = self._window.most
        return self._progress

    async def stop(self) -> None:
        """Lets batches in work end, and begins no more."""
        self._stopping = True

    async def work(self, lease: ShardLease) -> Worked:
        """Works this turn of a shard, and writes its files if it is the last. Raises ServerUnavailable,
        ServerRefused, OSError on a full disk."""
        if self._work is None:  # it needs a running event loop
            self._work = self._started()
        clips = tables.read(self._workspace.root, lease.clips_file)
        if lease.only is not None:
            clips = [clip for clip in clips if clip["clip_id"] in lease.only]
        size = self._stage.profile.sizes.batch
        batches = [clips[start : start + size] for start in range(0, len(clips), size)]
        digest, generation = self._stage.digest, lease.generation
        journal = Journal(self._workspace.journal(digest, lease.shard, generation))
        committed = self._committed(lease)
        try:
            async with asyncio.TaskGroup() as group:
                work = [
                    group.create_task(self._batch(lease, journal, number, batch, committed))
                    for number, batch in enumerate(batches)
                ]
        except BaseExceptionGroup as failed:
            raise _first(failed) from failed
        done = [result for task in work if (result := task.result()) is not None]
        worked = self._files(lease, done) if len(done) == len(work) else Worked()
        self._progress.clips.clear()  # from here on the driver counts them
        return worked

    def _started(self) -> Work:
        sizes = self._stage.profile.sizes
        decoders = Decoders(
            sizes.decoders if any(step.decodes for step in self._stage.steps) else 0,
            self._stage.plan,
            sizes.decode_seconds,
            self._progress.begin,
        )
        groups = {unit.name: unit.model.group for unit in self._stage.units if unit.model}
        tools = Tools(
            self._workspace.root,
            self._turn,
            decoders,
            groups,
            self._hosts,
            self._servers,
            self._progress,
            self._stage.computing,
        )
        return self._stage.work(tools)

    def _committed(self, lease: ShardLease) -> _Committed:
        """Committed rows that the stage reads, by clip and the names of `Stage.reads`."""
        rows: dict[str, dict[str, Row]] = {}
        for name, files in lease.committed.items():
            for path in files:
                for row in tables.read(self._workspace.root, path):
                    rows.setdefault(row["clip_id"], {})[name] = row
        return rows

    async def _batch(
        self,
        lease: ShardLease,
        journal: Journal,
        number: int,
        clips: Sequence[Row],
        committed: _Committed,
    ) -> _Done | None:
        """Works this turn of a batch, or takes it from the journal; None before the last turn, and when
        the worker is to stop."""
        ids = [clip["clip_id"] for clip in clips]
        total = Entry()
        for position, step in enumerate(self._stage.steps):
            entry = journal.get(number, step.name, ids)
            if entry is None or entry.overlaps(committed):
                entry = Entry()
            units = [
                unit.name
                for unit in step.units
                if unit.name in self._turn.units and unit.name not in entry.ran
            ]
            if units:
                # What later steps gave was made from the entry that is replaced now.
                for later in self._stage.steps[position + 1 :]:
                    journal.drop(number, later.name)
                left = _left(clips, committed, total.extended(entry.ran, entry.rows), lease)
                rows = await self._run(step, units, left)
                if rows is None:
                    return None
                entry = entry.extended(units, rows)
                journal.put(number, step.name, ids, entry)
            if any(unit.name not in entry.ran for unit in step.units):
                return None
            total = total.extended(entry.ran, entry.rows)
        return self._done(ids, total)

    async def _run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows | None:
        """What units give for a batch, checked; None when the worker is to stop."""
        assert self._work is not None
        plan = self._stage.plan
        size = sum(decoded_bytes(clip, plan) for clip in batch.clips) if step.decodes else 0
        async with self._window.hold(size):
            if self._stopping:
                return None
            if not step.decodes:  # a decoder that is ready begins the others
                self._progress.begin()
            rows = await self._work.run(step, units, batch) if batch.clips else {}
        check_rows(batch, rows, self._stage.tables)
        return rows

    def _done(self, ids: Sequence[str], entry: Entry) -> _Done:
        outcomes = entry.outcomes()
        if sorted(outcomes) != sorted(ids):
            raise RuntimeError(
                f"stage {self._stage.name} gave {len(outcomes)} outcomes for {len(ids)} clips: "
                "nothing of this batch is kept"
            )
        counts = {**entry.counts(), **self._stage.detail(entry.rows)}
        self._progress.clips.update(counts)
        for row in entry.rows.get(QUARANTINE, ()):
            self._progress.faults[f"{row['stage']}: {row['reason']}"] += 1
        place = {clip: position for position, clip in enumerate(ids)}
        return _Done(
            counts,
            {
                table: tables.arrow(
                    sorted(rows, key=lambda row: place[row["clip_id"]]), schema_of(table)
                )
                for table, rows in entry.rows.items()
                if rows
            },
        )

    def _files(self, lease: ShardLease, work: Sequence[_Done]) -> Worked:
        """Writes the shard's tables, in the order of its clips."""
        reach("shard.before_files")
        files = []
        for table in self._stage.tables:
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
        shard, generation, epoch = lease.shard, lease.generation, lease.epoch
        path = self._workspace.path(table, self._stage.digest, shard, generation, epoch)
        return tables.write_table(self._workspace.root, path, table, data)


def _left(clips: Sequence[Row], committed: _Committed, entry: Entry, lease: ShardLease) -> Batch:
    """The clips of a batch without an outcome, and their rows so far."""
    out = set(entry.outcomes())
    left = tuple(clip for clip in clips if clip["clip_id"] not in out)
    rows = {clip["clip_id"]: dict(committed.get(clip["clip_id"], {})) for clip in left}
    for table, given in entry.rows.items():
        for row in given:
            if row["clip_id"] in rows:
                rows[row["clip_id"]][table] = row
    return Batch(left, rows, lease.twins)


def check_rows(batch: Batch, rows: Rows, tables: Sequence[str]) -> None:
    """Raises RuntimeError unless every row is of a table that the stage writes, of a clip of the batch
    and of its media, and the only one of its clip in that table."""
    content = {clip["clip_id"]: clip["content_hash"] for clip in batch.clips}
    for table, given in rows.items():
        if given and table not in tables:
            raise RuntimeError(f"rows of {table}, which the stage does not write")
        ids = [row["clip_id"] for row in given]
        if len(set(ids)) < len(ids) or not content.keys() >= set(ids):
            raise RuntimeError(f"rows of {table} are not those of the batch: nothing of it is kept")
        if twice := next((clip for clip in ids if table in batch.rows[clip]), None):
            raise RuntimeError(f"{table} has a row of clip {twice} already: nothing of it is kept")
        if "content_hash" in schema_of(table).names:
            for row in given:
                if row.get("content_hash") != content[row["clip_id"]]:
                    raise RuntimeError(f"a row of {table} is of other media than {row['clip_id']}")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
