"""Ray, started for one run or joined: quiet on the screen, its logs in the workspace."""

import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import Any

from engine.profile.profile import Profile, ProfileError
from engine.run.turns import groups
from manifests.workspace import Workspace

DECODER_CPUS = 0.25
"""CPUs that a shard worker reserves for each of its decoders."""


@contextmanager
def cluster(workspace: Workspace, profile: Profile, epoch: int) -> Iterator[None]:
    """Ray for the block: the cluster of $RAY_ADDRESS if it is set, else one of this machine.

    A local one has at least the CPUs that the profile asks for, listens on loopback, and leaves its
    logs in `logs/ray/<epoch>`; those of a killed driver are brought there by the next.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    stop = signal.getsignal(signal.SIGTERM)
    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        _handle_sigterm(stop)
        try:
            _check(profile)
            yield
        finally:
            ray.shutdown()
        return
    scratch = Path(tempfile.gettempdir()) / f"captionmill-{workspace.id}"
    _bring_logs(scratch, workspace, epoch - 1)
    ray.init(
        num_cpus=max(os.cpu_count() or 1, ceil(cpus(profile))),
        object_store_memory=profile.sizes.object_store_mb << 20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
        # Its sockets need a short path, which a workspace may not have.
        _temp_dir=str(scratch),
    )
    _handle_sigterm(stop)
    try:
        _check(profile)
        yield
    finally:
        ray.shutdown()
        _bring_logs(scratch, workspace, epoch)


def _handle_sigterm(handler: Any) -> None:
    """Puts back what Ray replaced by a handler of its own, which ends without a word."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _check(profile: Profile) -> None:
    """Raises ProfileError when Ray could never place what the profile asks for: it would wait.

    GPUs that don't suffice for all at once are shared out by turns (`engine.run.turns`).
    """
    have, wanted = amount("CPU"), cpus(profile)
    if wanted > have:
        raise ProfileError(
            f"profile {profile.name} asks for {wanted:g} CPUs and Ray has {have:g}; "
            "use a profile that fits, or a larger cluster (RAY_ADDRESS)"
        )


def amount(resource: str) -> float:
    """How much Ray has of «CPU» or «GPU» in all."""
    import ray

    have: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return have.get(resource, 0.0)


def cpus(profile: Profile) -> float:
    """CPUs that Ray must have for a run: decoders and the hosts of every group."""
    decoders = DECODER_CPUS * profile.sizes.workers * profile.sizes.decoders
    names = [spec.name for spec in profile.captioners]
    return decoders + sum(n * amount for n, amount, _ in groups(profile, names).values())


def _bring_logs(scratch: Path, workspace: Workspace, epoch: int) -> None:
    """Moves Ray's logs into the workspace; a disk too full for them must not hide why a run ended."""
    target = workspace.logs / "ray" / f"{epoch:06d}"
    for session in sorted(scratch.glob("session_2*")):
        with suppress(OSError):
            shutil.copytree(session / "logs", target, dirs_exist_ok=True, ignore=_no_plain_files)
    shutil.rmtree(scratch, ignore_errors=True)


def _no_plain_files(folder: str, names: list[str]) -> list[str]:
    """Links to what is gone, and sockets."""
    paths = {name: Path(folder) / name for name in names}
    return [name for name, path in paths.items() if not (path.is_file() or path.is_dir())]
