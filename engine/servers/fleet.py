"""The model servers of one turn: a watched `Server` for each replica, a Ray actor each.

A replica that dies comes back by itself, and meanwhile the others are asked; only a server of which
every replica gave up ends a run.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray

from engine.servers.client import Replicas
from engine.servers.server import Server
from engine.servers.spec import ServerSpec
from engine.torch_cpu import Marked

_DRAIN_S = 20.0
_STOP_S = 60.0


class FleetFailed(Exception):
    """No replica of a server is left; says why."""


class Fleet:
    """Servers that run until `stop`. logs: folder of their logs. mark: of the run
    (`engine.processes.mark`). prefix: begins the names of the actors. Raises ServerError for a key that
    the environment lacks."""

    def __init__(self, specs: Sequence[ServerSpec], logs: Path, mark: str, prefix: str) -> None:
        self._actors: dict[str, list[Any]] = {}
        self.replicas: dict[str, Replicas] = {}
        actor: Any = ray.remote(Server)
        for spec in specs:
            names = [] if spec.urls else [f"{prefix}-{spec.name}-{i}" for i in range(spec.replicas)]
            self.replicas[spec.name] = Replicas(spec, names)
            self._actors[spec.name] = []
            for number, name in enumerate(names):
                options = {"num_cpus": 0, "num_gpus": spec.num_gpus, "max_concurrency": 8}
                server = actor.options(name=name, **options).remote(
                    Marked(spec), logs, mark, number
                )
                server.start.remote()
                self._actors[spec.name].append(server)

    def state(self) -> str:
        """In words, for the view: "ready", or which servers are not. Raises FleetFailed."""
        waiting = []
        for name, actors in self._actors.items():
            states = [self._status(actor) for actor in actors]
            ready = sum(state == "ready" for state, _ in states)
            if actors and all(state == "failed" for state, _ in states):
                raise FleetFailed("\n".join(dict.fromkeys(why for _, why in states)))
            if ready < len(actors):
                progress = states[0][0] if len(actors) == 1 else f"{ready}/{len(actors)}"
                waiting.append(f"{name} {progress}")
        return ", ".join(waiting) or "ready"

    def stop(self) -> None:
        """Lets every server finish what it works on, and ends it."""
        actors = [actor for replicas in self._actors.values() for actor in replicas]
        try:
            ray.get([actor.drain.remote(_DRAIN_S) for actor in actors], timeout=2 * _DRAIN_S)
            ray.get([actor.stop.remote() for actor in actors], timeout=_STOP_S)
        finally:
            for actor in actors:
                ray.kill(actor)

    def _status(self, actor: Any) -> tuple[str, str]:
        try:
            status = ray.get(actor.status.remote(), timeout=5)
        except ray.exceptions.GetTimeoutError:
            return "busy", ""
        except ray.exceptions.RayActorError as error:
            return "failed", f"the process that watches a server died: {error}"
        return str(status["state"]), str(status["error"] or "")
