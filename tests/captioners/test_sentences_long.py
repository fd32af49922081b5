"""A text of any length is split in time that grows with it, not with its square."""

import time
from collections.abc import Callable

import pytest

from captioners.sentences import clauses

TEXTS: dict[str, Callable[[int], str]] = {
    "sentences": lambda n: "A dog barks while a man speaks. " * n,
    "quotations": lambda n: 'He says "go" now. ' * n,
    "quotations that stay open": lambda n: "“«" * n,
    "spaces": lambda n: f"a dog {' ' * 8 * n} barks",
    "stops": lambda n: f"a dog{'.' * 8 * n}barks",
    "commas and spaces": lambda n: " ," * 4 * n,
    "joints that join nothing": lambda n: "x and then " * n,
    "joints of one sentence": lambda n: "a dog while " * n,
    "a verb far off": lambda n: "dog as a " * n,
    "quotations in one sentence": lambda n: '"a" while ' * n,
}


def _seconds(text: str) -> float:
    """Processor time to split a text, the least of three tries."""
    times = []
    for _ in range(3):
        started = time.process_time()
        clauses(text)
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("kind", TEXTS)
def test_eight_times_the_text_takes_about_eight_times_as_long(kind: str) -> None:
    parts = 128
    while (short := _seconds(TEXTS[kind](parts))) < 0.005:
        parts *= 2
    # What grows with the square takes 64 times as long.
    assert _seconds(TEXTS[kind](8 * parts)) < 24 * short
