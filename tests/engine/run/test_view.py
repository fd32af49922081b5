"""The line of the run log."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.run.view import View, write_runlog

_STAGE: Any = SimpleNamespace(name="caption", digest="d")


def test_each_run_appends_a_line(tmp_path: Path) -> None:
    path = tmp_path / "runlog" / "1.jsonl"
    for _ in range(2):
        write_runlog(path, _STAGE, View(1, "captioning", {}), 0)
    assert [json.loads(line)["job"] for line in path.read_text().splitlines()] == ["d", "d"]


def test_a_run_log_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("")
    (tmp_path / "1.jsonl").symlink_to(target)
    write_runlog(tmp_path / "1.jsonl", _STAGE, View(1, "captioning", {}), 0)
    assert target.read_text() == ""
