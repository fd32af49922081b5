"""The tiers of the tests, and the guard that keeps the unit tier what it says it is."""

import multiprocessing.util
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captioners.weights.cache import Cache

TIERS = {
    "unit": "offline, starts no process, loads no weights; added to every test without a tier",
    "run": "starts processes or talks to servers",
    "models": "loads weights, a pack or a torch model, or starts vLLM",
}

EXHAUSTIVE = "run the exhaustive tests too: what quicker tests show at other places, again"

_WHOLE_FILE = re.compile(r"^pytestmark = \[?pytest\.mark\.(\w+)\b", re.MULTILINE)

_FORBIDDEN = {
    "subprocess.Popen": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.spawn": "starts a process",
    "os.system": "starts a process",
    "multiprocessing.spawn": "starts a process",
    "socket.connect": "opens a connection",
    "socket.getaddrinfo": "looks up a host",
    "socket.sendto": "sends a datagram",
}


class TierError(AssertionError):
    """A unit test did what only the tests of another tier may do."""


class Guard:
    """Stops a unit test where it starts a process, connects a socket or reads a pack.

    Python cannot take an audit hook away again, so there is one for the whole session that looks at
    what runs. Threads that lived before the test are not its own. A breach is remembered too: code
    that turns every exception into an outcome must not hide it.
    """

    def __init__(self) -> None:
        self.breaches: list[str] = []
        self._packs = str(Cache().root)
        self._others: set[int] | None = None
        spawn = multiprocessing.util.spawnv_passfds  # type: ignore[attr-defined]

        def audited(*arguments: Any) -> Any:
            sys.audit("multiprocessing.spawn", *arguments)
            return spawn(*arguments)

        multiprocessing.util.spawnv_passfds = audited  # type: ignore[attr-defined]
        sys.addaudithook(self._heard)

    def watch(self) -> Iterator[None]:
        """Watches while the generator is suspended, then raises TierError for what was breached."""
        self.breaches = []
        self._others = {thread.ident or 0 for thread in threading.enumerate()}
        self._others -= {threading.get_ident()}
        try:
            yield
        finally:
            self._others = None
            if self.breaches:
                raise TierError(self.breaches[0])

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._others is None or threading.get_ident() in self._others:
            return
        if event == "open":
            path = arguments[0]
            if not isinstance(path, str | Path) or not str(path).startswith(self._packs):
                return
            act, tier = f"reads the pack {path}", "models"
        elif event in _FORBIDDEN:
            act, tier = f"{_FORBIDDEN[event]} ({event})", "run"
        else:
            return
        self.breaches.append(f"a unit test {act}: mark it with pytest.mark.{tier}")
        raise TierError(self.breaches[-1])


def add(config: pytest.Config) -> None:
    """Declares the markers."""
    for tier, meaning in TIERS.items():
        config.addinivalue_line("markers", f"{tier}: {meaning}")
    config.addinivalue_line("markers", "exhaustive: runs with --exhaustive only (`make test-all`)")


def is_of_another_tier(path: Path, config: pytest.Config) -> bool:
    """Whether all of a test file is of a tier that was not asked for: it need not be imported, which
    takes seconds where torch and transformers come with it."""
    asked: str = config.option.markexpr
    if asked not in TIERS or not path.name.startswith("test_") or path.suffix != ".py":
        return False
    whole = _WHOLE_FILE.search(path.read_text("utf-8"))
    return whole is not None and whole[1] != asked


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the exhaustive tests out; pytest counts them as deselected."""
    exhaustive = [item for item in items if item.get_closest_marker("exhaustive")]
    if exhaustive:
        config.hook.pytest_deselected(items=exhaustive)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


def sort(items: list[pytest.Item]) -> None:
    """Gives every test without a tier the unit tier, and every file without a group its own.

    The files that take longest come first: of several processes (`pytest -n`) none is left alone with
    one at the end. What fills the cores by itself is of one group, so that it is not done twice at a
    time. Raises UsageError for a test of several tiers.
    """
    heaviest: dict[Path, int] = {}
    for item in items:
        tiers = [tier for tier in TIERS if item.get_closest_marker(tier)]
        if len(tiers) > 1:
            raise pytest.UsageError(f"{item.nodeid} has several tiers: {', '.join(tiers)}")
        if not tiers:
            item.add_marker("unit")
        weight = list(TIERS).index(tiers[0]) if tiers else 0
        heaviest[item.path] = max(heaviest.get(item.path, 0), weight)
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: -heaviest[item.path])
