"""What one turn of a run has loaded: model servers, captioner hosts and shard workers, as Ray actors."""

import os
from pathlib import Path
from typing import Any

import ray

from captioners.weights.models import Models
from captioners.weights.packs import Cache
from engine import processes
from engine.run.cluster import DECODER_CPUS
from engine.run.turns import Turn, groups
from engine.servers.fleet import Fleet
from engine.stages.actors import Host
from engine.stages.worker import ShardWorker
from manifests.workspace import Workspace
from pipelines.caption.job import Job


class Crew:
    """Starts everything that a turn needs, side by side, and returns at once.

    prefix: begins the names of its actors. Raises `captioners.weights.packs.PackMissing`.
    """

    def __init__(
        self, job: Job, turn: Turn, workspace: Workspace, cache: Path, prefix: str
    ) -> None:
        self.turn = turn
        specs = [s for s in job.servers(Models(Cache(cache))) if s.name in turn.servers]
        mark = os.environ.get(processes.MARK, "")
        self.fleet = Fleet(specs, workspace.logs, mark, f"{prefix}-server")
        self._hosts: list[Any] = []
        hosts = {
            group: [f"{prefix}-host-{group}-{number}" for number in range(replicas)]
            for group, (replicas, _, _) in groups(job.profile, turn.captioners).items()
        }
        for group, names in hosts.items():
            for name in names:
                self._hosts.append(self._host(job, group, name, cache))
        # Workers are told names, not handles: a worker that Ray starts again finds them itself.
        worker: Any = ray.remote(ShardWorker)
        # The worker's decoders run on its node, on the CPUs that it reserves for them.
        cpus = DECODER_CPUS * job.profile.sizes.decoders
        worker = worker.options(num_cpus=cpus, max_restarts=-1)
        arguments = (job.profile, workspace.root, turn, hosts, self.fleet.replicas)
        self.workers = [worker.remote(*arguments) for _ in range(job.profile.sizes.workers)]

    def dismiss(self) -> None:
        """Ends everything; servers end what they work on first."""
        for actor in (*self.workers, *self._hosts):
            ray.kill(actor)
        self.fleet.stop()

    def _host(self, job: Job, group: str, name: str, cache: Path) -> Any:
        named = set(self.turn.captioners)
        specs = [s for s in job.profile.captioners if s.group == group and s.name in named]
        _, cpus, gpus = groups(job.profile, self.turn.captioners)[group]
        options: dict[str, Any] = {"num_cpus": cpus, "num_gpus": gpus, "max_restarts": -1}
        if specs[0].python is not None:
            options["runtime_env"] = {"py_executable": specs[0].python}
        servers = {s.server: self.fleet.replicas[s.server] for s in specs if s.server is not None}
        host: Any = ray.remote(Host)
        host = host.options(name=name, **options)
        return host.remote(specs, cache, job.profile.sizes.caption_seconds, servers)
