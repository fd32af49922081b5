"""What becomes of a clip that can't be worked by the writer's step."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.stages.computers import ComputingFailed
from engine.stages.contract import Fault
from pipelines.caption.work import CaptionWork


def test_a_clip_that_the_guards_cannot_compare_goes_to_quarantine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def failing(*_: Any) -> None:
        raise ComputingFailed(Fault("guards", "crash", "it killed its process, twice"))

    work = CaptionWork.__new__(CaptionWork)
    work._tools = SimpleNamespace(workspace=Path("out"))  # type: ignore[assignment]
    monkeypatch.setattr(work, "_caption", failing)
    clip = {"clip_id": "c" * 32, "uri": "file:///a.mp4", "start_ms": 0, "end_ms": 1000}
    table, row = asyncio.run(work._outcome(clip, {}))
    assert table == "quarantine"
    assert (row["clip_id"], row["stage"], row["reason"]) == ("c" * 32, "guards", "crash")
