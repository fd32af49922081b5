"""The driver: starts what a run needs, leases shards to workers, commits what they wrote, counts."""

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine import processes
from engine.crashpoints import reach
from engine.run.cluster import amount, cluster
from engine.run.lease import ShardLease
from engine.run.limit import NO_LIMIT, Limit
from engine.run.loaded import Crew
from engine.run.turns import Turn, groups, turns
from engine.servers.client import ServerRefused, ServerUnavailable
from engine.servers.fleet import FleetFailed
from engine.stages.journal import Journal
from engine.stages.progress import Progress
from engine.stages.worker import Worked
from manifests.commits import Log, Record, clear_uncommitted
from manifests.errors import UserError
from manifests.workspace import Workspace
from pipelines.caption.job import Job

_POLL_S = 0.25
_DEATHS = 5
_RESTART_S = 120.0


class RunFailed(UserError):
    """A run that had to stop. What it committed and journaled stands; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One turn at one wave of shards: seconds of loading, and of work from the first clip on."""

    turn: int
    load_s: float
    work_s: float


@dataclass(slots=True)
class View:
    """What the live view shows. elapsed: seconds since the first clip was worked on; startup: seconds
    from the driver's start to then. done: clips committed or journaled of this job, by outcome; slots:
    processes, threads or requests that a stage may use at once. turns: what is loaded together; turn:
    the one at work; laps: those that are over. stopped: the user's time was up before the end."""

    total: int
    done: Counter[str] = field(default_factory=Counter)
    progress: Progress = field(default_factory=Progress)
    slots: dict[str, int] = field(default_factory=dict)
    startup: float = 0.0
    elapsed: float = 0.0
    worked: int = 0
    phase: str = ""
    server: str = ""
    turns: tuple[Turn, ...] = ()
    turn: int = 0
    laps: list[Lap] = field(default_factory=list)
    stopped: bool = False


class Driver:
    """Works pending shards of a job, as the only driver of its workspace (it holds the log).

    limit: after that long it leases nothing more, lets batches in work end, and stops.
    """

    def __init__(
        self,
        job: Job,
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
        self._job = job
        self._workspace = workspace
        self._log = log
        self._cache = cache
        self._show = show
        self._epoch = log.state.epoch
        self._before: Counter[str] = Counter()
        self._deaths: Counter[int] = Counter()

    def run(self, leases: Iterable[ShardLease], total: int) -> View:
        """Works every lease. Raises RunFailed; KeyboardInterrupt stops it cleanly too.

        total: clips of the job, for the view.
        """
        self._view = View(total=total, slots=self._slots())
        self._began = time.time()
        self._before.update(self._log.state.counts(self._job.digest))
        self._view.done.update(self._before)
        os.environ.update(processes.marked(processes.mark(self._workspace.id, self._epoch)))
        processes.sweep(self._workspace.id, keep_epoch=self._epoch)
        clear_uncommitted(self._workspace, self._log.state)
        self._phase("starting Ray")
        with cluster(self._workspace, self._job.profile, self._epoch):
            try:
                self._waves(deque(leases))
            finally:
                self._write_runlog()
        return self._view

    def _waves(self, leases: deque[ShardLease]) -> None:
        """Every turn of one wave of shards after another; with one turn all shards are one wave."""
        gpus = amount("GPU")
        self._limit_s = self._limit.seconds(gpus)
        order = turns(self._job.profile, gpus)
        self._view.turns = order
        size = self._job.profile.sizes.wave if len(order) > 1 else len(leases)
        while leases and not self._view.stopped:
            wave = [leases.popleft() for _ in range(min(size, len(leases)))]
            for number, turn in enumerate(order):
                if not self._view.stopped:
                    self._turn(number, turn, deque(wave))

    def _turn(self, number: int, turn: Turn, leases: deque[ShardLease]) -> None:
        """Loads what a turn needs, works the leases, and frees it."""
        self._loads += 1
        crew = Crew(self._job, turn, self._workspace, self._cache, self._name(str(self._loads)))
        self._view.turn, began = number, time.time()
        try:
            self._work(crew, leases)
        finally:
            self._past.add(self._now)
            worked = self._now.began or time.time()
            self._view.laps.append(Lap(number, worked - began, time.time() - worked))
            self._now = Progress()
            try:
                crew.dismiss()
            except Exception:  # it must not hide why the run ended; the sweep takes what is left
                processes.sweep(self._workspace.id, keep_epoch=self._epoch)

    def _slots(self) -> dict[str, int]:
        profile = self._job.profile
        slots = {"decode": profile.sizes.workers * profile.sizes.decoders}
        sizes = groups(profile, [spec.name for spec in profile.captioners])
        slots |= {spec.name: sizes[spec.group][0] for spec in profile.captioners}
        slots["writer"] = profile.sizes.workers * profile.writer.concurrency
        return slots

    def _phase(self, phase: str) -> None:
        self._view.phase = phase
        self._show(self._view)

    def _name(self, what: str) -> str:
        return f"captionmill-{self._workspace.id}-{self._epoch}-{what}"

    def _work(self, crew: Crew, leases: deque[ShardLease]) -> None:
        import ray

        running: dict[Any, tuple[Any, ShardLease]] = {}
        idle = list(crew.workers)
        while leases or running:
            if self._over() and not self._view.stopped:
                self._view.stopped = True
                leases.clear()
                for worker, _ in running.values():
                    worker.stop.remote()
            while leases and idle:
                worker, lease = idle.pop(0), leases.popleft()
                running[worker.work.remote(lease)] = (worker, lease)
            ready, _ = ray.wait(list(running), timeout=_POLL_S)
            for reference in ready:
                worker, lease = running.pop(reference)
                worked = self._collect(reference, lease)
                if worked is None:
                    self._await(worker)
                    if not self._view.stopped:
                        leases.appendleft(lease)
                elif worked.whole:
                    self._commit(lease, worked)
                idle.append(worker)
            self._poll(crew)

    def _over(self) -> bool:
        """Whether the time that the user gave is up."""
        return self._limit_s is not None and time.time() - self._began > self._limit_s

    def _collect(self, reference: Any, lease: ShardLease) -> Worked | None:
        """What a worker wrote; None when it died and the shard must be leased again."""
        import ray

        try:
            worked: Worked = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise RunFailed(self._explain(error.cause)) from error
        except ray.exceptions.RayActorError as error:
            self._deaths[lease.shard] += 1
            if self._deaths[lease.shard] >= _DEATHS:
                raise RunFailed(
                    f"the worker of shard {lease.shard} died {_DEATHS} times ({error}); "
                    f"its logs are in {self._workspace.logs}"
                ) from error
            return None
        return worked

    def _await(self, worker: Any) -> None:
        """Returns when Ray has started a worker again: until then calls to it fail as if it died."""
        import ray

        until = time.monotonic() + _RESTART_S
        while time.monotonic() < until:
            try:
                ray.get(worker.progress.remote(), timeout=_RESTART_S)
                return
            except ray.exceptions.RayActorError:
                time.sleep(_POLL_S)
        raise RunFailed(
            f"a worker did not come back within {_RESTART_S:g} s; logs: {self._workspace.logs}"
        )

    def _explain(self, cause: BaseException) -> str:
        go_on = "nothing is lost: run the same command again to go on"
        if isinstance(cause, OSError) and cause.errno is not None:
            return f"{cause.strerror}: {cause.filename or self._workspace.root}; mend that, {go_on}"
        if isinstance(cause, ServerUnavailable | ServerRefused):
            return f"{cause}; {go_on}"
        return f"{type(cause).__name__}: {cause} (logs: {self._workspace.logs}); {go_on}"

    def _commit(self, lease: ShardLease, worked: Worked) -> None:
        reach("driver.before_commit")
        self._log.append(
            Record(
                stage="caption",
                epoch=self._epoch,
                cut=self._job.cut,
                job=self._job.digest,
                shard=lease.shard,
                generation=lease.generation,
                counts=worked.counts,
                retried=tuple(sorted(lease.only or ())),
                files=worked.files,
            )
        )
        reach("driver.after_commit")
        self._before.update(worked.counts)
        Journal(self._workspace.journal(self._job.digest, lease.shard, lease.generation)).remove()

    def _poll(self, crew: Crew) -> None:
        """Asks everybody how far they are; who does not answer is starting or restarting."""
        import ray

        view = self._view
        self._now = Progress()
        current: Counter[str] = Counter()
        for worker in crew.workers:
            try:
                told: Progress = ray.get(worker.progress.remote(), timeout=5)
            except (ray.exceptions.RayError, ray.exceptions.GetTimeoutError):
                continue
            current.update(told.clips)
            self._now.add(told)
        view.progress = Progress()
        view.progress.add(self._past)
        view.progress.add(self._now)
        if view.progress.began is not None:
            view.startup = view.progress.began - self._began
            view.elapsed = time.time() - view.progress.began
        view.done = self._before + current
        view.worked = sum(stage.done for n, stage in view.progress.stages.items() if n == "writer")
        try:
            view.server = crew.fleet.state()
        except FleetFailed as error:
            raise RunFailed(str(error)) from error
        self._phase("captioning" if len(view.turns) < 2 else f"turn {view.turn + 1}")

    def _write_runlog(self) -> None:
        """One line of what this run did and how long each stage worked."""
        path = self._workspace.runlog(self._epoch)
        stages = {
            name: {
                "clips": stage.done,
                "busy_s": round(stage.busy, 3),
                "doubt": round(stage.doubt, 4),
                "tokens_in": stage.tokens_in,
                "tokens_out": stage.tokens_out,
            }
            for name, stage in self._view.progress.stages.items()
        }
        entry = {
            "job": self._job.digest,
            "startup_s": round(self._view.startup, 3),
            "elapsed_s": round(self._view.elapsed, 3),
            "laps": [asdict(lap) for lap in self._view.laps],
            "done": dict(self._view.done),
            "stages": stages,
            "worker_deaths": self._deaths.total(),
            "faults": dict(self._view.progress.faults),
            "judged": self._view.progress.judged,
            "refused": dict(self._view.progress.refused),
        }
        with suppress(OSError):  # a full disk has a better reason to tell than this one
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
