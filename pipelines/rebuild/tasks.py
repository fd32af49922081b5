"""Tasks of a rebuild, on as many cores as Ray has: each writes files of its own, whole or not at all."""

import errno
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from manifests.errors import UserError

_TRIES = 2
"""More times that a task is begun whose process died."""


class RebuildError(UserError):
    """A rebuild that can't begin or go on; says why."""


class Task(Protocol):
    """Something to do in another process."""

    def run(self) -> Any:
        """Does it; what there was done already is not done again."""


Runner = Callable[[Iterable[Task]], Iterator[Any]]
"""Runs tasks, and yields what each gives as they end."""


def here(tasks: Iterable[Task]) -> Iterator[Any]:
    """Runs tasks one after the other in this process."""
    for task in tasks:
        yield task.run()


def on_ray(tasks: Iterable[Task]) -> Iterator[Any]:
    """Runs tasks on every core of a Ray that was started. Raises what a task raises, or RebuildError."""
    import ray

    remote: Any = ray.remote(_run).options(num_cpus=1, max_retries=_TRIES)
    cpus: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    at_once = 2 * max(1, int(cpus.get("CPU", 1)))
    running: set[Any] = set()
    waiting = iter(tasks)
    while True:
        while len(running) < at_once and (task := next(waiting, None)) is not None:
            running.add(remote.remote(task))
        if not running:
            return
        (ended,), _ = ray.wait(list(running), num_returns=1)
        running.remove(ended)
        yield _result(ended)


def _run(task: Task) -> Any:
    return task.run()


def _result(ended: Any) -> Any:
    """What a task gives. An error of its own is raised as it was."""
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return ray.get(ended)
    except RayTaskError as error:
        cause = getattr(error, "cause", None)
        raise (cause if isinstance(cause, Exception) else RebuildError(str(error))) from error
    except RayError as error:
        raise RebuildError(
            f"a process of the rebuild died again and again: {error} If memory is short, give it more. "
            "Run the same command to go on."
        ) from error


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room on a disk: libraries tell it in their own ways."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error)
    return "No space left on device" in text or "Disk quota exceeded" in text
