"""Ray, started for one run or joined: quiet on the screen, its logs in the workspace."""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import Any

from engine.profile.profile import ProfileError
from engine.run.joining import connected, joined, named
from engine.run.scratch import RAYS, is_private, scratch_folder, scratch_folders
from engine.run.tokens import draw_token
from engine.run.turns import groups
from engine.stages.contract import Stage
from manifests.workspace import Workspace

_PROCESS_CPUS = 0.25
"""CPUs that a shard worker reserves for each of its processes."""

_NEEDLESS = ("start_monitor", "start_log_monitor", "start_api_server")
"""Methods of Ray's node, each of which starts a process that a run of ours does without."""

# By default Ray frees objects once a second: decoded media would outgrow the window by what a second
# decodes.
SYSTEM_CONFIG = {"free_objects_period_milliseconds": 0}


@contextmanager
def cluster(workspace: Workspace, stage: Stage, epoch: int) -> Iterator[None]:
    """Ray for the block: the cluster of $RAY_ADDRESS if it is set, else one on this machine.

    A local one has at least the CPUs that the profile asks for, listens on loopback, and leaves its
    logs in `logs/ray/<epoch>`; the next driver brings those of a killed one there. Raises ProfileError
    when the cluster is too small for the profile, NoScratchFolder, NoCluster.
    """
    name = f"captionmill-{workspace.place_id}"
    for left in scratch_folders(name):
        _bring_logs(left, _logs(workspace, epoch - 1))
    memory = stage.profile.sizes.object_store_mb << 20
    with ray_cluster(name, ceil(cpus(stage)), memory, _logs(workspace, epoch)):
        _check(stage)
        yield


@contextmanager
def ray_cluster(
    name: str,
    cpus: int,
    object_store: int,
    logs: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Ray for the block, as `cluster` has it. name: of its folder. cpus: at least so many. object_store:
    bytes. logs: where its logs are brought. environment: what the processes of a joined cluster get; with
    one Ray starts each of them twice. Those of a local cluster inherit this process's. Raises NoCluster.
    """
    if address := named():
        with joined(address, environment):
            yield
        return
    scratch = scratch_folder(name)
    try:
        with connected(lambda: _start(cpus, object_store, scratch)):
            yield
    finally:
        _bring_logs(scratch, logs)


def _start(cpus: int, object_store: int, scratch: Path) -> None:
    """Starts Ray on this machine, with at least so many CPUs, for who knows its token."""
    import ray

    draw_token()
    with _needed_alone():
        ray.init(
            num_cpus=max(os.cpu_count() or 1, cpus),
            object_store_memory=object_store,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
            _temp_dir=str(scratch / RAYS),
            _system_config=SYSTEM_CONFIG,
        )


@contextmanager
def _needed_alone() -> Iterator[None]:
    """Keeps a Ray that starts in the block from starting what a run has no use for: the autoscaler, the
    monitor of logs that nobody reads, and the server of the dashboard, which starts without one too. The
    agent of the dashboard, without which Ray does not start, is its smallest: as where what the dashboard
    needs is not installed, which Ray then need not find out by importing it.

    They take about 4 s of a core, and Ray waits for the last. `ray.init` can't be told so; what a
    version of Ray names otherwise is started as ever.
    """
    from ray._private import utils
    from ray._private.node import Node

    instead: dict[tuple[Any, str], Any] = {
        (utils, "get_dashboard_dependency_error"): lambda: ImportError("no dashboard is wanted"),
        **{(Node, name): lambda node, **settings: None for name in _NEEDLESS},
    }
    kept = {place: vars(place[0])[place[1]] for place in instead if place[1] in vars(place[0])}
    for owner, name in kept:
        setattr(owner, name, instead[owner, name])
    try:
        yield
    finally:
        for (owner, name), before in kept.items():
            setattr(owner, name, before)


def _check(stage: Stage) -> None:
    """Raises ProfileError when Ray could never place what the profile asks for: it would wait.

    Too few GPUs for all at once are no error: stages then take turns (`engine.run.turns`).
    """
    have, wanted = amount("CPU"), cpus(stage)
    if wanted > have:
        raise ProfileError(
            f"profile {stage.profile.name} asks for {wanted:g} CPUs and Ray has {have:g}; "
            "use a profile that fits, or a larger cluster (RAY_ADDRESS)"
        )


def amount(resource: str) -> float:
    """How much Ray has of "CPU" or "GPU" in all."""
    import ray

    have: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return have.get(resource, 0.0)


def cpus(stage: Stage) -> float:
    """CPUs that a run reserves: for shard workers, and for the hosts of every group of models."""
    hosts = sum(replicas * each for replicas, each, _ in groups(stage.units).values())
    return stage.profile.sizes.workers * worker_cpus(stage) + hosts


def worker_cpus(stage: Stage) -> float:
    """CPUs that a shard worker reserves: for its decoders, and for what computes beside it."""
    computing = stage.computing.processes if stage.computing else 0
    return _PROCESS_CPUS * (stage.profile.sizes.decoders + computing)


def _logs(workspace: Workspace, epoch: int) -> Path:
    return workspace.logs / "ray" / f"{epoch:06d}"


def _bring_logs(scratch: Path, target: Path) -> None:
    """Moves Ray's logs there. A full disk must not hide why a run ended.

    Nothing is copied from a folder that others can enter, as older versions left: they may have put links
    there, to files that only this user can read.
    """
    sessions = sorted((scratch / RAYS).glob("session_2*")) if is_private(scratch) else []
    for session in sessions:
        with suppress(OSError):
            shutil.copytree(session / "logs", target, dirs_exist_ok=True, ignore=_no_plain_files)
    shutil.rmtree(scratch, ignore_errors=True)


def _no_plain_files(folder: str, names: list[str]) -> list[str]:
    """Names of sockets, and of links whose target is gone."""
    paths = {name: Path(folder) / name for name in names}
    return [name for name, path in paths.items() if not (path.is_file() or path.is_dir())]
