"""Checks side by side: in order, few at a time, and a process that dies is told."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from manifests.errors import UserError
from pipelines.spread import over_processes, over_ray

pytestmark = pytest.mark.run

_KILL = 7


def _square(number: int) -> int:
    return number * number


def _die(number: int) -> int:
    if number == _KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("over", [over_processes, over_ray])
def test_what_is_found_comes_in_order_and_few_items_are_taken_ahead(
    over: Callable[..., Iterator[Any]], cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    items = iter(range(500))
    found = over(_square, items)
    assert [next(found) for _ in range(3)] == [0, 1, 4]
    left = list(items)
    assert 100 < len(left) < 497
    assert list(found) == [number * number for number in range(3, left[0])]


def test_nothing_to_check_finds_nothing() -> None:
    assert list(over_processes(_square, [])) == []


def test_a_process_that_dies_is_an_error_that_says_so() -> None:
    with pytest.raises(UserError, match="a process that checked files died"):
        list(over_processes(_die, range(_KILL + 1)))
