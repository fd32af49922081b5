"""What one turn of a run has loaded: model servers, hosts of models and shard workers, as Ray actors."""

import os
from pathlib import Path
from typing import Any

import ray

from captioners.weights.cache import Cache
from captioners.weights.models import Models
from engine import processes
from engine.run.cluster import worker_cpus
from engine.run.turns import groups, of_turn
from engine.servers.fleet import Fleet
from engine.servers.spec import ServerSpec
from engine.stages.actors import Host
from engine.stages.contract import Stage, Turn
from engine.stages.worker import ShardWorker
from engine.torch_cpu import Marked
from manifests.workspace import Workspace


class Loaded:
    """Starts everything that a turn needs, side by side, and returns at once.

    prefix: begins the names of its actors. Raises `captioners.weights.packs.PackMissing`.
    """

    def __init__(
        self, stage: Stage, turn: Turn, workspace: Workspace, cache: Path, prefix: str
    ) -> None:
        self._stage = stage
        self._cache = cache
        self._units = of_turn(stage, turn)
        specs = servers(stage, turn, Models(Cache(cache)))
        mark = os.environ.get(processes.MARK, "")
        self.fleet = Fleet(specs, workspace.logs, mark, f"{prefix}-server")
        self._hosts: list[Any] = []
        hosts = {
            group: [f"{prefix}-host-{group}-{number}" for number in range(replicas)]
            for group, (replicas, _, _) in groups(self._units).items()
        }
        for group, names in hosts.items():
            for name in names:
                self._hosts.append(self._host(group, name))
        # Workers are told names, not handles: a worker that Ray starts again finds them itself.
        worker: Any = ray.remote(ShardWorker)
        # The worker's processes run on its node, on the CPUs that it reserves for them.
        worker = worker.options(num_cpus=worker_cpus(stage), max_restarts=-1)
        arguments = (Marked(stage), workspace.root, turn, hosts, self.fleet.replicas)
        self.workers = [worker.remote(*arguments) for _ in range(stage.profile.sizes.workers)]

    def free(self) -> None:
        """Ends everything; servers end what they work on first."""
        for actor in (*self.workers, *self._hosts):
            ray.kill(actor)
        self.fleet.stop()

    def _host(self, group: str, name: str) -> Any:
        specs = [u.model for u in self._units if u.model is not None and u.model.group == group]
        _, cpus, gpus = groups(self._units)[group]
        options: dict[str, Any] = {"num_cpus": cpus, "num_gpus": gpus, "max_restarts": -1}
        if specs[0].python is not None:
            options["runtime_env"] = {"py_executable": specs[0].python}
        asked = {s.server: self.fleet.replicas[s.server] for s in specs if s.server is not None}
        host: Any = ray.remote(Host)
        host = host.options(name=name, **options)
        seconds = self._stage.profile.sizes.model_seconds
        return host.remote(Marked(specs), self._cache, seconds, asked)


def servers(stage: Stage, turn: Turn, models: Models) -> list[ServerSpec]:
    """The servers of a turn, each model found where it was fetched to. Raises PackMissing."""
    return [located(s, models) for s in stage.profile.servers if s.name in turn.servers]


def located(server: ServerSpec, models: Models) -> ServerSpec:
    """A server with the folder of its model in place of the model's name. Raises PackMissing."""
    if not server.model:
        return server
    return server.model_copy(update={"model": str(models.path(server.model))})
