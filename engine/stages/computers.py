"""Processes of one shard worker that compute for its stage what would hold up the worker's event loop."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from engine.stages.calls import answer, last_line, until_up
from engine.stages.contract import Fault
from engine.stages.progress import Progress
from engine.torch_cpu import Marked

# Of one call. What is computed of a clip takes a small part of a second.
_CALL_S = 120.0
_TRIES = 2


class ComputingFailed(Exception):
    """Something could not be computed; says why, as the clip's fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Computer:
    """Ray actor: calls the methods of what `make` returns, one at a time."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._made = make()

    def ready(self) -> None:
        """Returns once it can work."""

    def compute(self, method: str, *arguments: Any) -> tuple[Any, float]:
        """What a method returns, and the seconds that it took."""
        began = time.perf_counter()
        computed = getattr(self._made, method)(*arguments)
        return computed, time.perf_counter() - began


class Computers:
    """Started by the first call. name: in progress and faults. make: called once in each process.

    Calls of one key go to one process, so that it may keep what it knows of it.
    """

    def __init__(self, name: str, count: int, make: Callable[[], Any], progress: Progress) -> None:
        self._name = name
        self._make = make
        self._progress = progress
        self._locks = [asyncio.Lock() for _ in range(count)]
        self._actors: list[Any] = [None] * count

    async def ask(self, key: int, method: str, *arguments: Any) -> Any:
        """What a method returns for these arguments. A process that dies may have been killed by somebody
        else: it is tried again. Raises ComputingFailed, RuntimeError where no process starts."""
        place = key % len(self._actors)
        counts = self._progress.unit(self._name)
        counts.queued += 1
        try:
            async with self._locks[place]:
                computed, seconds = await self._tried(place, method, arguments)
        finally:
            counts.queued -= 1
        counts.worked(1, seconds)
        return computed

    async def _tried(self, place: int, method: str, arguments: tuple[Any, ...]) -> Any:
        for _ in range(_TRIES):
            actor = await self._started(place)
            try:
                call = answer(actor.compute.remote(method, *arguments))
                return await asyncio.wait_for(call, _CALL_S)
            except TimeoutError:
                ray.kill(actor, no_restart=False)
                message = f"it took over {_CALL_S:g} s"
                raise ComputingFailed(Fault(self._name, "timeout", message)) from None
            except RayTaskError as error:
                raise ComputingFailed(Fault(self._name, "error", last_line(error))) from error
            except RayActorError:
                continue
        raise ComputingFailed(Fault(self._name, "crash", "it killed its process, twice"))

    async def _started(self, place: int) -> Any:
        if self._actors[place] is None:
            here = NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            )
            actor: Any = ray.remote(Computer)
            # They reserve no CPU: whoever makes them has reserved it.
            actor = actor.options(num_cpus=0, max_restarts=-1, scheduling_strategy=here)
            self._actors[place] = actor.remote(Marked(self._make))
        await until_up(self._actors[place].ready, f"a process for {self._name}")
        return self._actors[place]
