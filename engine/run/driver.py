"""The driver: starts what a run needs, leases shards to workers, commits what they wrote, counts."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import ray

from engine import processes
from engine.crashpoints import reach
from engine.run.cluster import amount, cluster
from engine.run.dispatch import Dispatch, RunFailed
from engine.run.limit import NO_LIMIT, Limit
from engine.run.loaded import Loaded
from engine.run.turns import turns
from engine.run.view import Lap, View, write_runlog
from engine.servers.fleet import FleetFailed
from engine.stages.contract import ShardLease, Stage, Turn
from engine.stages.journal import Journal
from engine.stages.progress import Progress
from engine.stages.worker import Worked
from manifests.clearing import clear_uncommitted
from manifests.commits import Log, Record
from manifests.workspace import Workspace

_ANSWER_S = 5.0


class Driver:
    """Works pending shards of a stage, as the only driver of its workspace (it holds the log).

    limit: after that long it leases nothing more, lets batches in work end, and stops.
    """

    def __init__(
        self,
        stage: Stage,
        workspace: Workspace,
        log: Log,
        cache: Path,
        show: Callable[[View], None],
        limit: Limit = NO_LIMIT,
    ) -> None:
        self._limit = limit
        self._limit_s: float | None = None
        self._loads = 0
        self._past = Progress()
        self._now = Progress()
        self._stage = stage
        self._workspace = workspace
        self._log = log
        self._cache = cache
        self._show = show
        self._epoch = log.state.epoch
        self._committed: Counter[str] = Counter()
        self._dispatch = Dispatch(workspace.root, workspace.logs)

    def run(self, leases: Iterable[ShardLease], total: int) -> View:
        """Works every lease, each made when a worker is free. Raises RunFailed; KeyboardInterrupt stops
        it cleanly too.

        total: clips of the job, for the view.
        """
        with processes.own_environment():
            return self._run(iter(leases), total)

    def _run(self, leases: Iterator[ShardLease], total: int) -> View:
        self._view = View(total, self._stage.doing, self._stage.slots)
        self._began = time.time()
        self._committed.update(self._log.state.counts(self._stage.digest))
        self._view.done.update(self._committed)
        os.environ.update(processes.marked(processes.mark(self._workspace.place_id, self._epoch)))
        processes.sweep(self._workspace.place_id, keep_epoch=self._epoch)
        clear_uncommitted(self._workspace, self._log.state, lambda _: reach("driver.clearing"))
        self._phase("starting Ray")
        with cluster(self._workspace, self._stage, self._epoch):
            try:
                self._waves(leases)
            finally:
                path = self._workspace.runlog(self._epoch)
                write_runlog(path, self._stage, self._view, self._dispatch.deaths)
        return self._view

    def _waves(self, leases: Iterator[ShardLease]) -> None:
        """Every turn of one wave of shards after another; with one turn all shards are one wave."""
        gpus = self._view.gpus = amount("GPU")
        self._limit_s = self._limit.seconds(gpus)
        order = turns(self._stage, gpus)
        self._view.turns = order
        if len(order) == 1:
            self._turn(0, order[0], leases)
            return
        size = self._stage.profile.sizes.wave
        while not self._view.stopped and (wave := list(islice(leases, size))):
            for number, turn in enumerate(order):
                if not self._view.stopped:
                    self._turn(number, turn, iter(wave))

    def _turn(self, number: int, turn: Turn, leases: Iterator[ShardLease]) -> None:
        """Loads what a turn needs, works the leases, and frees it."""
        first = next(leases, None)
        if first is None:
            return
        self._loads += 1
        prefix = f"captionmill-{self._workspace.place_id}-{self._epoch}-{self._loads}"
        loaded = Loaded(self._stage, turn, self._workspace, self._cache, prefix)
        self._view.turn, began = number, time.time()
        try:
            self._dispatch.work(
                loaded.workers,
                chain([first], leases),
                self._commit,
                self._over,
                lambda: self._poll(loaded),
            )
        finally:
            self._past.add(self._now)
            worked = self._now.began or time.time()
            self._view.laps.append(Lap(number, worked - began, time.time() - worked))
            self._now = Progress()
            try:
                loaded.free()
            except Exception:  # it must not hide why the run ended; the sweep takes what is left
                processes.sweep(self._workspace.place_id, keep_epoch=self._epoch)

    def _phase(self, phase: str) -> None:
        self._view.phase = phase
        self._show(self._view)

    def _over(self) -> bool:
        """Whether the time that the user gave is up."""
        if self._limit_s is not None and time.time() - self._began > self._limit_s:
            self._view.stopped = True
        return self._view.stopped

    def _commit(self, lease: ShardLease, worked: Worked) -> None:
        reach("driver.before_commit")
        self._log.append(
            Record(
                stage=self._stage.name,
                epoch=self._epoch,
                cut=self._stage.cut,
                job=self._stage.digest,
                shard=lease.shard,
                generation=lease.generation,
                counts=worked.counts,
                retried=tuple(sorted(lease.only or ())),
                files=worked.files,
            )
        )
        reach("driver.after_commit")
        self._committed.update(worked.counts)
        Journal(self._workspace.journal(self._stage.digest, lease.shard, lease.generation)).remove()

    def _poll(self, loaded: Loaded) -> None:
        """Asks everybody how far they are; who does not answer is starting or restarting."""
        self._now = Progress()
        journaled: Counter[str] = Counter()
        asked = [worker.progress.remote() for worker in loaded.workers]
        for answer in ray.wait(asked, num_returns=len(asked), timeout=_ANSWER_S)[0]:
            try:
                progress: Progress = ray.get(answer)
            except ray.exceptions.RayError:
                continue
            journaled.update(progress.clips)
            self._now.add(progress)
        view = self._view
        view.progress = Progress()
        view.progress.add(self._past)
        view.progress.add(self._now)
        if view.progress.began is not None:
            view.startup = view.progress.began - self._began
            view.elapsed = time.time() - view.progress.began
        done = self._committed + journaled
        if (
            done.total() >= view.done.total()
        ):  # a shard on its way to its commit is nobody's for a moment
            view.done = done
        last = view.progress.units.get(self._stage.units[-1].name)
        view.worked = last.done if last is not None else 0
        try:
            view.server = loaded.fleet.state()
        except FleetFailed as error:
            raise RunFailed(str(error)) from error
        self._phase(view.doing if len(view.turns) < 2 else f"turn {view.turn + 1}")
