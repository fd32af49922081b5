"""Processes that compute for a stage: real ones, which err, die and come back."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterator

import pytest
import ray

from engine.stages import computers
from engine.stages.computers import Computers, ComputingFailed
from engine.stages.progress import Progress
from engine.torch_cpu import SWITCH

pytestmark = pytest.mark.run


@pytest.fixture(scope="module", autouse=True)
def joined(cluster: str) -> Iterator[None]:
    ray.init(address=cluster, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


class Doubling:
    """What the processes hold."""

    def process(self) -> int:
        return os.getpid()

    def switch(self) -> str | None:
        return os.environ.get(SWITCH)

    def double(self, number: int) -> int:
        if number < 0:
            raise ValueError(f"{number} is negative")
        return 2 * number

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(self) -> None:
        signal.pause()


def _with(work: Callable[[Computers], Awaitable[None]], count: int = 2) -> Progress:
    progress = Progress()

    async def body() -> None:
        await work(Computers("doubling", count, Doubling, progress))

    asyncio.run(body())
    return progress


def test_what_a_method_returns_comes_back_and_is_counted() -> None:
    async def work(computing: Computers) -> None:
        doubled = await asyncio.gather(*(computing.ask(n, "double", n) for n in range(5)))
        assert doubled == [0, 2, 4, 6, 8]

    assert _with(work).units["doubling"].done == 5


def test_its_processes_are_marked_as_captionmill_s() -> None:
    """On a cluster that is not."""

    async def work(computing: Computers) -> None:
        assert await computing.ask(0, "switch") == "1"

    _with(work, 1)


def test_calls_of_one_key_go_to_one_process() -> None:
    async def work(computing: Computers) -> None:
        processes = [await computing.ask(key, "process") for key in (0, 1, 2, 3)]
        assert processes[0] == processes[2] != processes[1] == processes[3]

    _with(work)


def test_an_error_is_the_fault_of_its_call_alone() -> None:
    async def work(computing: Computers) -> None:
        with pytest.raises(ComputingFailed) as failed:
            await computing.ask(0, "double", -1)
        assert failed.value.fault.stage == "doubling" and failed.value.fault.reason == "error"
        assert "-1 is negative" in failed.value.fault.message
        assert await computing.ask(0, "double", 4) == 8

    _with(work, 1)


def test_a_process_that_dies_twice_is_the_fault_of_its_call_alone() -> None:
    async def work(computing: Computers) -> None:
        before = await computing.ask(0, "process")
        with pytest.raises(ComputingFailed) as failed:
            await computing.ask(0, "die")
        assert failed.value.fault.reason == "crash"
        assert await computing.ask(0, "process") != before
        assert await computing.ask(0, "double", 4) == 8

    _with(work, 1)


def test_a_process_that_somebody_else_killed_is_asked_again() -> None:
    async def work(computing: Computers) -> None:
        before = await computing.ask(0, "process")
        os.kill(before, signal.SIGKILL)
        assert await computing.ask(0, "double", 4) == 8
        assert await computing.ask(0, "process") != before

    _with(work, 1)


def test_a_call_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computers, "_CALL_S", 1.0)

    async def work(computing: Computers) -> None:
        with pytest.raises(ComputingFailed) as failed:
            await computing.ask(0, "hang")
        assert failed.value.fault.reason == "timeout"
        assert await computing.ask(0, "double", 4) == 8

    _with(work, 1)
