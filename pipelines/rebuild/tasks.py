"""Tasks of a rebuild, on every core: each writes files of its own, whole or not at all."""

import errno
import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, Protocol

from pebble import ProcessExpired, ProcessPool

from engine.run.joining import joined, named
from manifests.errors import UserError

_TRIES = 2
"""More times that a task is begun whose process died."""


class RebuildError(UserError):
    """A rebuild that can't begin or go on; says why."""


class Task(Protocol):
    """Something to do in another process."""

    def run(self) -> Any:
        """Does it; what there was done already is not done again."""


class Runner(Protocol):
    """Runs tasks."""

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Any]:
        """Yields what each gives, as they end. Raises what one raises, and RebuildError where the process
        of one died again and again."""


def here(tasks: Iterable[Task]) -> Iterator[Any]:
    """Runs tasks one after the other in this process."""
    for task in tasks:
        yield task.run()


@contextmanager
def every_core() -> Iterator[Runner]:
    """What runs tasks in the block: on the Ray cluster of $RAY_ADDRESS if it is set, else over processes
    of this machine."""
    if address := named():
        with joined(address):
            yield on_ray
    else:
        yield over_processes


def over_processes(tasks: Iterable[Task]) -> Iterator[Any]:
    """Runs tasks over processes of this machine, one for each core."""
    workers = len(os.sched_getaffinity(0))
    # Not forked from this process: what one of its threads holds would be held there for ever.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.rebuild.rebuild"])
    others = set(multiprocessing.active_children())
    waiting = iter(tasks)
    first = list(islice(waiting, 1))
    if not first:
        return
    pool: Any = ProcessPool(max_workers=workers, context=context)
    try:
        _start(pool)
        yield from _over(pool, chain(first, waiting), 2 * workers)
    except BaseException:
        pool.stop()  # else it would start others in place of those that are killed
        # By SIGTERM each would wait for processes of its own; what it writes is whole or not there.
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    finally:
        pool.stop()
        pool.join()


def _start(pool: Any) -> None:
    """Starts the processes of a pool, in a thread that no signal interrupts: a process of which the pool
    did not hear yet would outlive it, and complain that what it shares with the pool is gone."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: pool.active).result()


def _over(pool: Any, tasks: Iterable[Task], at_once: int) -> Iterator[Any]:
    """Runs tasks over the processes of a pool, so many begun at once."""
    waiting = iter(tasks)
    running: dict[Any, tuple[Task, int]] = {}
    while True:
        for task in islice(waiting, at_once - len(running)):
            running[pool.schedule(_run, args=(task,))] = (task, _TRIES)
        if not running:
            return
        for ended in wait(running, return_when=FIRST_COMPLETED).done:
            task, tries = running.pop(ended)
            try:
                yield ended.result()
            except ProcessExpired as error:
                if not tries:
                    raise _died(f"it ended with {error.exitcode}.") from error
                running[pool.schedule(_run, args=(task,))] = (task, tries - 1)
            except BrokenProcessPool as error:
                raise RebuildError(
                    "something ended the processes of the rebuild. Is the machine short of memory? In a "
                    'script, put the call below `if __name__ == "__main__":`. Run the same command to '
                    "go on."
                ) from error


def on_ray(tasks: Iterable[Task]) -> Iterator[Any]:
    """Runs tasks on every core of a Ray that was joined."""
    import ray

    remote: Any = ray.remote(_run).options(num_cpus=1, max_retries=_TRIES)
    cpus: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    at_once = 2 * max(1, int(cpus.get("CPU", 1)))
    running: set[Any] = set()
    waiting = iter(tasks)
    while True:
        running.update(remote.remote(task) for task in islice(waiting, at_once - len(running)))
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
        raise _died(str(error)) from error


def _died(why: str) -> RebuildError:
    return RebuildError(
        f"a process of the rebuild died again and again: {why} If memory is short, give it more. "
        "Run the same command to go on."
    )


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room on a disk: libraries tell it in their own ways."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error)
    return "No space left on device" in text or "Disk quota exceeded" in text
