"""The same check of many things side by side: over processes of this machine, or over a Ray cluster."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from engine.run.joining import joined, named
from manifests.errors import UserError

_AHEAD = 4
"""Checks that are begun or wait, for each process: enough that none is idle while results are taken."""

Item = TypeVar("Item")
Found = TypeVar("Found")


def spread(check: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """What `check` finds of each item, in their order: over the Ray cluster of $RAY_ADDRESS if it is set,
    else over processes. Few items are held at a time. Raises UserError where the process of one dies."""
    return (over_ray if named() else over_processes)(check, items)


def over_processes(check: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """The same over processes of this machine, one for each core."""
    workers = len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:

        def begin(item: Item) -> Future[Found]:
            return pool.submit(check, item)

        try:
            for future in _in_order(begin, items, _AHEAD * workers):
                yield future.result()
        except BrokenProcessPool:
            raise UserError(
                "a process that checked files died: the machine is out of memory, or a file breaks the "
                "reader. Run it again alone; if it dies again, make anew what is checked."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def over_ray(check: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """The same on every node of a cluster that sees the files where this machine sees them."""
    from engine.run.cluster import amount

    with joined(named() or "auto"):
        import ray
        from ray.exceptions import RayError

        task: Any = ray.remote(check)
        ahead = _AHEAD * max(1, int(amount("CPU")))
        try:
            for reference in _in_order(task.remote, items, ahead):
                yield ray.get(reference)
        except RayError as error:
            raise UserError(
                f"files can't be checked on the cluster: {error} Its nodes must have captionmill, and "
                "see the files at the same path."
            ) from error


Begun = TypeVar("Begun")


def _in_order(begin: Callable[[Item], Begun], items: Iterable[Item], ahead: int) -> Iterator[Begun]:
    """Begins items, so many ahead of the one that is taken."""
    waiting = iter(items)
    begun = deque(begin(item) for item in islice(waiting, ahead))
    while begun:
        yield begun.popleft()
        begun.extend(begin(item) for item in islice(waiting, 1))
