"""Calls to Ray actors that may die and be started again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ray.exceptions import RayActorError, RayTaskError

T = TypeVar("T")

# Starting a process on a busy machine, importing torch included; after that long nothing will come.
START_S = 300.0
_AGAIN_S = 0.1


def last_line(error: BaseException) -> str:
    """What an error says last, at most 500 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:500] if lines else type(error).__name__


async def until_up(method: Any, what: str, seconds: float = START_S) -> Any:
    """The answer to `method` of an actor that may be starting, or starting again.

    Raises RuntimeError when it does not in time, and what the method raises.
    """
    try:
        async with asyncio.timeout(seconds):
            return await retried(method.remote)
    except TimeoutError:
        raise RuntimeError(f"{what} did not start within {seconds:g} s") from None


async def retried(call: Callable[[], Any]) -> Any:
    """Calls an actor until it is there: Ray fails calls to one that it starts again."""
    while True:
        try:
            return await answer(call())
        except RayTaskError:
            raise
        except RayActorError as error:
            if error.actor_init_failed:  # it would fail the same way again
                raise RuntimeError(f"its process can't start: {last_line(error)}") from error
            await asyncio.sleep(_AGAIN_S)


async def answer(reference: Awaitable[T]) -> T:
    """What a call returns; a coroutine, as `asyncio.wait_for` wants it."""
    return await reference
