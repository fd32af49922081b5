"""The guard of the unit tier stops what belongs to another tier, and remembers it."""

import multiprocessing
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from captioners.weights.cache import Cache
from tests.tiers import Guard, TierError, sort

pytestmark = pytest.mark.run

_GUARD = Guard()


def _spawn() -> None:
    multiprocessing.get_context("spawn").Process(target=print).start()


def _in_a_thread() -> None:
    raised: list[BaseException] = []

    def act() -> None:
        try:
            subprocess.run(["true"])
        except TierError as error:
            raised.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
    raise raised[0]


_ACTS: dict[str, tuple[Callable[[], object], str]] = {
    "command": (lambda: subprocess.run(["true"]), "run"),
    "shell": (lambda: os.system("true"), "run"),
    "fork": (os.fork, "run"),
    "spawn": (_spawn, "run"),
    "thread": (_in_a_thread, "run"),
    "loopback": (lambda: socket.create_connection(("127.0.0.1", 9)), "run"),
    "host": (lambda: socket.getaddrinfo("nowhere.invalid", 80), "run"),
    "pack": (lambda: (Cache().root / "any" / "pack.json").read_text(), "models"),
}


@pytest.mark.parametrize("name", _ACTS)
def test_a_unit_test_that_does_it_is_told_its_tier(name: str) -> None:
    act, tier = _ACTS[name]
    watch = _GUARD.watch()
    next(watch)
    with pytest.raises(TierError, match=f"mark it with pytest.mark.{tier}"):
        act()
    with pytest.raises(TierError, match="a unit test "):  # though the test swallowed it
        next(watch)


def test_what_a_unit_test_may_do_is_let_be(tmp_path: Path) -> None:
    watch = _GUARD.watch()
    next(watch)
    (tmp_path / "file").write_text("x")
    for end in socket.socketpair():
        end.close()
    with pytest.raises(StopIteration):
        next(watch)


def test_a_test_of_two_tiers_is_refused(request: pytest.FixtureRequest) -> None:
    item = pytest.Function.from_parent(request.node.parent, name="two", callobj=lambda: None)
    item.add_marker("models")
    with pytest.raises(pytest.UsageError, match="two has several tiers: run, models"):
        sort([item])


def test_the_tests_of_a_file_stay_together(request: pytest.FixtureRequest) -> None:
    """Else every process starts the servers and clusters of every file."""
    distribution = getattr(request.config, "workerinput", {}).get("mainargv", [])
    if "loadgroup" in distribution:
        assert request.node.nodeid.endswith("@test_tiers")
