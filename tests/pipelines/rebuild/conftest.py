"""Rebuilds in the process of a test."""

from contextlib import nullcontext

import pytest

from pipelines.rebuild import explain as explaining
from pipelines.rebuild import rebuild as rebuilding
from pipelines.rebuild import running
from pipelines.rebuild.tasks import here


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild works in this process."""
    monkeypatch.setattr(running, "ray_cluster", lambda *arguments: nullcontext())
    monkeypatch.setattr(rebuilding, "on_ray", here)
    monkeypatch.setattr(explaining, "on_ray", here)
    monkeypatch.setattr(running.processes, "sweep", lambda *arguments, **options: [])
