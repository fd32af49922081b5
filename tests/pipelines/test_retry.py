"""A retry of quarantined clips that is killed half way, and done again: every clip once."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from manifests.commits import load
from manifests.workspace import Workspace
from pipelines.quarantine import current
from pipelines.status import newest
from tests.conftest import books_of, committed_bytes, problems_of, quick_profile, run

pytestmark = pytest.mark.run

_CLIPS, _AWAY, _SHARDS = 12, 5, 3


@pytest.fixture(scope="module")
def quarantined(clips: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three shards (`out`) with clips in quarantine, since their files (`media`) were away
    for a while."""
    root = tmp_path_factory.mktemp("quarantined")
    (root / "media").mkdir()
    (root / "away").mkdir()
    for path in sorted(clips.iterdir())[:_CLIPS]:
        os.link(path, root / "media" / path.name)
    (root / "quick.toml").write_text(quick_profile().replace("shard = 8", "shard = 4"))
    arguments = ("caption", root / "media", root / "out", "--profile", root / "quick.toml")
    listed = run(*arguments, CAPTIONMILL_KILL_AT=f"ingest.after_commit:{_SHARDS}")
    assert listed.returncode == -signal.SIGKILL
    gone = sorted((root / "media").iterdir())[::2][:_AWAY]
    for path in gone:
        path.rename(root / "away" / path.name)
    done = run(*arguments, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    for path in (root / "away").iterdir():
        path.rename(root / "media" / path.name)
    (books,) = books_of(root / "out")
    assert (books["captioned"], books["quarantined"]) == (_CLIPS - _AWAY, _AWAY)
    assert {(row["stage"], row["reason"]) for row in _quarantined(root / "out")} == {
        ("decode", "missing")
    }
    return root


def _quarantined(out: Path) -> list[Mapping[str, Any]]:
    workspace = Workspace.open(out)
    state = load(workspace)
    return [entry.row for entry in current(workspace, state, newest(workspace, state).digest)]


def _retry(root: Path, out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("quarantine", "retry", out, "--profile", root / "quick.toml", **environment)


@pytest.mark.exhaustive
@pytest.mark.parametrize("point", ["journal.put:2", "shard.between_files"])
def test_a_retry_whose_worker_is_killed_half_way_is_done_by_itself_or_the_next(
    point: str, quarantined: Path, tmp_path: Path, cluster: str
) -> None:
    out = Path(shutil.copytree(quarantined / "out", tmp_path / "out"))
    before = committed_bytes(out)
    _retry(quarantined, out, CAPTIONMILL_KILL_AT=point)
    newest = max((out / "runlog").iterdir())
    assert json.loads(newest.read_text())["worker_deaths"] > 0
    if books_of(out)[0]["quarantined"]:
        again = _retry(quarantined, out, RAY_ADDRESS=cluster)
        assert again.returncode == 0, again.stderr
    _assert_done(out, before)


def test_a_retry_killed_twice_is_done(quarantined: Path, tmp_path: Path, cluster: str) -> None:
    """At first the driver, then the worker of the second shard that is left, once."""
    out = Path(shutil.copytree(quarantined / "out", tmp_path / "out"))
    before = committed_bytes(out)
    killed = _retry(
        quarantined, out, CAPTIONMILL_KILL_AT="driver.after_commit", RAY_ADDRESS=cluster
    )
    assert killed.returncode == -signal.SIGKILL
    assert 0 < books_of(out)[0]["quarantined"] < _AWAY
    last = _retry(quarantined, out, CAPTIONMILL_KILL_AT="shard.between_files:2")
    assert last.returncode == 0, last.stderr
    assert f"{_CLIPS} captioned + 0 filtered + 0 quarantined" in last.stdout
    assert json.loads(max((out / "runlog").iterdir()).read_text())["worker_deaths"] == 1
    assert _quarantined(out) == []
    _assert_done(out, before)


def _assert_done(out: Path, before: dict[Path, bytes]) -> None:
    """Every clip is captioned, and what was committed before is as it was."""
    (books,) = books_of(out)
    assert books["close"] and books["captioned"] == books["input"] == _CLIPS
    assert before.items() <= committed_bytes(out).items()
    assert problems_of(out) == []
