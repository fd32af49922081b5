"""Processes that die, hang or fail over one input leave the others."""

import os
import time

import pytest

from engine.media.pool import Died, GuardedPool

pytestmark = pytest.mark.run


def _worked(how: str) -> str:
    if how == "dies":
        os._exit(3)
    if how == "hangs":
        time.sleep(600)
    if how == "grows":
        return str(len(bytearray(b"x") * (3 << 30)))
    return how.upper()


def _seconds(how: str) -> float:
    return 1.0 if how == "hangs" else 120.0


def test_each_input_has_its_result_in_order() -> None:
    inputs = ["a", "dies", "b", "hangs", "c", "grows", "d"]
    with GuardedPool(2, "working") as pool:
        results = list(pool.each(_worked, inputs, _seconds, 3))
    assert [how for how, _ in results] == inputs
    told = {how: what.reason if isinstance(what, Died) else what for how, what in results}
    assert [told[how] for how in "abcd"] == list("ABCD")
    assert (told["dies"], told["hangs"], told["grows"]) == ("decoder_crash", "timeout", "memory")


def test_inputs_are_asked_for_as_results_are_taken() -> None:
    asked: list[int] = []

    def inputs() -> object:
        for number in range(20):
            asked.append(number)
            yield str(number)

    with GuardedPool(1, "working") as pool:
        results = pool.each(_worked, inputs(), _seconds, 3)  # type: ignore[arg-type]
        next(results)
        assert len(asked) == 3
