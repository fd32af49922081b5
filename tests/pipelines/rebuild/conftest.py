"""Rebuilds in the process of a test."""

from contextlib import nullcontext

import pytest

from pipelines.rebuild import running
from pipelines.rebuild.tasks import here


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild works in this process."""
    monkeypatch.setattr(running, "every_core", lambda: nullcontext(here))
    monkeypatch.setattr(running.processes, "sweep", lambda *arguments, **options: [])
    monkeypatch.setattr(running.resource_tracker, "ensure_running", lambda: None)
