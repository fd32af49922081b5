"""Hands shards to the workers of one turn, and takes what they wrote."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ray

from engine.servers.client import ServerRefused, ServerUnavailable
from engine.stages.contract import ShardLease
from engine.stages.worker import Worked
from manifests.errors import UserError

_POLL_S = 0.25
_DEATHS = 5
_RESTART_S = 120.0
_CONTINUE = "No work was lost. Run the same command again to continue."


class RunFailed(UserError):
    """A run that had to stop. What it committed and journaled stands; the message says what to do."""


class Dispatch:
    """Leases shards to idle workers, and leases a shard again whose worker died.

    place: the workspace's folder, logs: its logs, both for messages.
    """

    def __init__(self, place: Path, logs: Path) -> None:
        self._place = place
        self._logs = logs
        self._deaths: Counter[int] = Counter()

    @property
    def deaths(self) -> int:
        """How many workers died so far."""
        return self._deaths.total()

    def work(
        self,
        workers: list[Any],
        leases: Iterator[ShardLease],
        commit: Callable[[ShardLease, Worked], None],
        over: Callable[[], bool],
        poll: Callable[[], None],
    ) -> None:
        """Works every lease; each is made when a worker is free for it.

        commit: called with what is whole. over: asked whether to stop; then workers end the batches
        they work on, and no lease is given any more. poll: called a few times a second. Raises
        RunFailed.
        """
        running: dict[Any, tuple[Any, ShardLease]] = {}
        again: deque[ShardLease] = deque()
        idle, stopped, left = deque(workers), False, True
        while left or again or running:
            if over() and not stopped:
                stopped, left = True, False
                for worker, _ in running.values():
                    worker.stop.remote()
            while idle and not stopped and (left or again):
                lease = again.popleft() if again else next(leases, None)
                if lease is None:
                    left = False
                    break
                worker = idle.popleft()
                running[worker.work.remote(lease)] = (worker, lease)
            ready, _ = ray.wait(list(running), timeout=_POLL_S) if running else ([], [])
            for reference in ready:
                worker, lease = running.pop(reference)
                worked = self._collect(reference, lease, worker)
                if worked is None:
                    self._await(worker)
                    again.append(lease)
                elif worked.whole:
                    commit(lease, worked)
                idle.append(worker)
            if stopped:
                again.clear()
            poll()

    def _collect(self, reference: Any, lease: ShardLease, worker: Any) -> Worked | None:
        """What a worker wrote; None when it died and the shard must be leased again."""
        try:
            worked: Worked = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise RunFailed(self._explain(error.cause)) from error
        except ray.exceptions.RayActorError as error:
            if isinstance(error, ray.exceptions.ActorUnavailableError):
                # It may still be at work where it can't be reached: no shard is worked twice at a time.
                ray.kill(worker, no_restart=False)
            self._deaths[lease.shard] += 1
            if self._deaths[lease.shard] >= _DEATHS:
                raise RunFailed(
                    f"the worker of shard {lease.shard} died {_DEATHS} times ({error}); "
                    f"its logs are in {self._logs}"
                ) from error
            return None
        return worked

    def _await(self, worker: Any) -> None:
        """Returns when Ray has started a worker again: until then calls to it fail as if it died."""
        until, why = time.monotonic() + _RESTART_S, "it does not answer"
        while time.monotonic() < until:
            try:
                ray.get(worker.progress.remote(), timeout=_RESTART_S)
                return
            except ray.exceptions.GetTimeoutError:
                break
            except ray.exceptions.RayActorError as error:
                if error.actor_init_failed:  # it would fail the same way again
                    raise RunFailed(
                        f"a worker can't start: {error} (logs: {self._logs})"
                    ) from error
                why = str(error)
                time.sleep(_POLL_S)
        raise RunFailed(
            f"a worker did not restart within {_RESTART_S:g} s: {why} (logs: {self._logs})"
        )

    def _explain(self, cause: BaseException) -> str:
        if isinstance(cause, OSError) and cause.errno is not None:
            place = cause.filename or self._place
            return f"{cause.strerror}: {place}. No work was lost. Fix this and rerun the command."
        if isinstance(cause, ServerUnavailable | ServerRefused):
            return f"{cause}. {_CONTINUE}"
        return f"{type(cause).__name__}: {cause} (logs: {self._logs}). {_CONTINUE}"
