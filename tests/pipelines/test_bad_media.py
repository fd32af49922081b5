"""A folder full of bad media through the whole command: each file harms only itself."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from manifests import tables
from manifests.commits import load
from manifests.ids import path_of
from manifests.workspace import Workspace
from pipelines.status import newest
from tests import badmedia
from tests.conftest import quick_profile, run


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """The folder, the workspace, and what must become of each file."""
    root = tmp_path_factory.mktemp("bad media")
    expected = badmedia.make(root / "media")
    profile = root / "quick.toml"
    profile.write_text(quick_profile())
    done = run("caption", root / "media", root / "out", "--profile", profile)
    assert done.returncode == 0, done.stderr
    return root / "media", root / "out", expected


def _outcomes(folder: Path, out: Path) -> dict[str, set[str]]:
    """By file name: captioned, or the reasons for its quarantine."""
    workspace = Workspace.open(out)
    state = load(workspace)
    job = newest(workspace, state)
    found: dict[str, set[str]] = {}
    for table in ("captions", "quarantine"):
        for row in tables.read_all(workspace.root, state.table(table)):
            name = os.path.relpath(path_of(row["uri"]), os.fsencode(folder.resolve()))
            reason = "captioned" if table == "captions" else row["reason"]
            found.setdefault(os.fsdecode(name), set()).add(reason)
    assert job.books.close
    return found


def test_each_file_has_the_outcome_it_deserves(
    worked: tuple[Path, Path, dict[str, str]],
) -> None:
    folder, out, expected = worked
    assert {name: {outcome} for name, outcome in expected.items()} == _outcomes(folder, out)


def test_the_workspace_verifies(worked: tuple[Path, Path, dict[str, str]]) -> None:
    done = run("verify", worked[1])
    assert done.returncode == 0, done.stdout


def test_the_same_command_again_finds_nothing_new(
    worked: tuple[Path, Path, dict[str, str]],
) -> None:
    folder, out, _ = worked
    profile = folder.parent / "quick.toml"
    done = run("caption", folder, out, "--profile", profile, "--json")
    result: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, result["added"], result["worked"]) == (0, 0, 0)


def test_a_quarantined_file_can_be_looked_at(
    worked: tuple[Path, Path, dict[str, str]],
) -> None:
    _, out, expected = worked
    rows = json.loads(run("quarantine", "list", out, "--json").stdout)
    assert len(rows) == sum(outcome != badmedia.CAPTIONED for outcome in expected.values())
    shown = run("quarantine", "show", out, rows[0]["clip_id"][:10], "--run")
    assert shown.returncode == 0
    assert rows[0]["reason"] in shown.stdout
    assert "probe:" in shown.stdout


def _quarantined(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run("quarantine", "list", out, "--json").stdout)
    return rows


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("fail_on", "captioner_error"),
        ("crash_on", "captioner_crash"),
        ("hang_on", "captioner_hang"),
    ],
)
def test_a_clip_that_breaks_its_captioner_is_found_and_the_others_are_captioned(
    option: str, reason: str, clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    few = sorted(clips.iterdir())[:6]
    from manifests.ids import content_hash

    guilty = content_hash(few[2])
    text = profile(audio=f', {option} = ["{guilty}"]', caption_seconds=2)
    done = run("caption", *few, tmp_path / "out", "--profile", text)
    assert done.returncode == 0, done.stderr
    (row,) = _quarantined(tmp_path / "out")
    assert (row["stage"], row["reason"]) == ("dummy-audio", reason)
    assert row["uri"].endswith(few[2].name)
    assert "5 captioned" in done.stdout
    assert run("verify", tmp_path / "out").returncode == 0


def test_a_retry_adds_a_generation_and_changes_no_file(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    folder, out = tmp_path / "media", tmp_path / "out"
    folder.mkdir()
    for path in sorted(clips.iterdir())[:3]:
        os.link(path, folder / path.name)
    arguments = ("caption", folder, out, "--profile", profile())
    run(*arguments, CAPTIONMILL_KILL_AT="ingest.after_commit")
    away = sorted(folder.iterdir())[1]
    kept = away.rename(tmp_path / "kept.mp4")
    assert run(*arguments).returncode == 0
    (row,) = _quarantined(out)
    assert (row["stage"], row["reason"]) == ("decode", "missing")
    before = {p: p.read_bytes() for p in out.rglob("*.parquet")}

    kept.rename(away)
    done = run("quarantine", "retry", out)
    assert done.returncode == 0, done.stderr
    assert "3 captioned + 0 filtered + 0 quarantined" in done.stdout
    assert _quarantined(out) == []
    assert all(path.read_bytes() == content for path, content in before.items())
    assert run("verify", out).returncode == 0


def test_filtered_clips_are_counted_by_their_rule(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    rule = '[[filters]]\nname = "not long"\nwhen = [{ of = "clip", label = "seconds", below = 5 }]'
    few = sorted(clips.iterdir())[:3]
    done = run("caption", *few, tmp_path / "out", "--profile", profile(filters=rule))
    assert done.returncode == 0, done.stderr
    assert "0 captioned + 3 filtered" in done.stdout
    assert "3 filtered: not long" in done.stdout
