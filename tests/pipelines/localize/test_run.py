"""`captionmill localize` as a whole: verified, exported, killed and continued."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.profile.profile import load
from manifests import commits, tables
from manifests.commits import Record
from manifests.kinds import kind_of
from manifests.workspace import Workspace, WorkspaceError
from pipelines.localize.run import localize
from pipelines.localize.stage import LocalizeStage
from pipelines.waiting import NOT_CAPTIONED, captioned_since
from tests.conftest import CLIPS, books_of, files_of, here, problems_of, quick_profile, run
from tests.manifests.made import CUT, JOB, QUARANTINED, SHARDS, Made, make, quarantined

_LOCALIZER = '\n[localizer]\nuse = "captioners.localizers.dummy:DummyLocalizer"\nnum_cpus = 0.1\n'


def _spans(out: Path) -> list[dict[str, Any]]:
    state = commits.load(Workspace.open(out))
    return list(tables.read_all(out, state.files("spans")))


def _localized(
    workspace: Path, out: Path, cluster: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Localizes in a copy of a workspace, or goes on there."""
    profile = out.parent / "quick.toml"
    profile.write_text(quick_profile() + _LOCALIZER)
    if not out.exists():
        shutil.copytree(workspace, out)
    command = ("localize", out, "--profile", profile, "--json")
    return run(*command, RAY_ADDRESS=cluster, **environment)


@pytest.mark.run
@pytest.mark.exhaustive
def test_killed_it_goes_on(workspace: Path, tmp_path: Path, cluster: str) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    killed = _localized(workspace, out, cluster, CAPTIONMILL_KILL_AT="driver.before_commit")
    assert killed.returncode == -signal.SIGKILL and _spans(out) == []
    for place in (out, whole):
        done = _localized(workspace, place, cluster)
        assert done.returncode == 0, done.stderr
    assert files_of(out) == files_of(whole)


@pytest.mark.run
def test_each_clip_is_localized_and_its_spans_are_exported(
    workspace: Path, tmp_path: Path, cluster: str
) -> None:
    out = tmp_path / "out"
    done = _localized(workspace, out, cluster)
    assert done.returncode == 0, done.stderr
    books = json.loads(done.stdout)
    assert (books["input"], books["localized"], books["pending"]) == (CLIPS, CLIPS, 0)
    captioning, localizing = books_of(out)
    assert (captioning["captioned"], captioning["close"]) == (CLIPS, True)
    assert (localizing["stage"], localizing["localized"]) == ("localize", CLIPS)
    assert problems_of(out) == []

    claims = {
        (row["clip_id"], claim["caption"], claim["text"]): claim
        for row in _spans(out)
        for claim in row["claims"]
    }
    assert claims and all(claim["by"] == "dummy" for claim in claims.values())
    told = json.loads(here("spans", out, tmp_path / "spans.parquet", "--json").stdout)
    exported = pq.read_table(tmp_path / "spans.parquet").to_pylist()
    assert told["by"] == {"dummy": len(exported)} and exported
    for row in exported:
        claim = claims[row["clip_id"], "audio_caption", row["text"]]
        assert (row["spans"], row["inside"]) == (claim["spans"], claim["inside"])


def test_without_captions_there_is_nothing_to_localize(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "out")
    with pytest.raises(WorkspaceError, match="no caption job"):
        localize(tmp_path / "out", None, "dummy")


def test_a_place_that_is_no_workspace_is_told_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not a captionmill workspace"):
        localize(tmp_path / "no", None, "dummy")
    assert list(tmp_path.iterdir()) == []


def _committed(made: Made, stage: LocalizeStage, reason: str) -> None:
    """Commits every shard of the stage with all of its clips in quarantine for this reason."""
    for shard in range(SHARDS):
        rows = [quarantined(clip, reason) for clip in made.rows("clips", shard)]
        path = made.workspace.path("quarantine", stage.digest, shard, 0, 1)
        schema = kind_of("quarantine").schema
        file = tables.write(made.root, path, "quarantine", rows, schema)
        record = {"stage": "localize", "epoch": 1, "cut": CUT, "job": stage.digest}
        counts = {"quarantined": len(rows)}
        made.append(Record(**record, shard=shard, counts=counts, files=(file,)))


def test_clips_that_were_captioned_since_are_worked_again(tmp_path: Path) -> None:
    made, stage = make(tmp_path / "out"), LocalizeStage(load("dummy"), JOB, CUT)
    _committed(made, stage, NOT_CAPTIONED)
    waiting = captioned_since(made.workspace, made.state, stage)
    for shard in range(SHARDS):
        clips = [clip["clip_id"] for clip in made.rows("clips", shard)]
        assert waiting[shard] == set(clips) - {clips[QUARANTINED]}


def test_clips_with_a_fault_of_their_own_are_not(tmp_path: Path) -> None:
    made, stage = make(tmp_path / "out"), LocalizeStage(load("dummy"), JOB, CUT)
    _committed(made, stage, "corrupt")
    assert captioned_since(made.workspace, made.state, stage) == {}
