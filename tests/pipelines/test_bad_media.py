"""A folder full of bad media through the whole command: each file harms only itself."""

import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from manifests import tables
from manifests.commits import load
from manifests.ids import content_hash, path_of
from manifests.workspace import Workspace
from pipelines.quarantine import current
from pipelines.status import newest
from tests import badmedia
from tests.conftest import (
    books_of,
    committed_bytes,
    here,
    problems_of,
    quick_profile,
    run,
    write_clip,
)

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def worked(
    cluster: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, dict[str, str]]:
    """The folder, the workspace, and what must become of each file."""
    root = tmp_path_factory.mktemp("bad media")
    expected = badmedia.make(root / "media") | {"bomb.mp4": "memory"}
    (root / "media" / "bomb.mp4").write_bytes(badmedia.index_bomb())
    profile = root / "quick.toml"
    profile.write_text(quick_profile())
    arguments = ("caption", root / "media", root / "out", "--profile", profile)
    done = run(*arguments, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    return root / "media", root / "out", expected


def _outcomes(folder: Path, out: Path) -> dict[str, set[str]]:
    """By file name: captioned, or the reasons for its quarantine."""
    workspace = Workspace.open(out)
    state = load(workspace)
    job = newest(workspace, state)
    found: dict[str, set[str]] = {}
    for table in ("captions", "quarantine"):
        for row in tables.read_all(workspace.root, state.files(table)):
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
    folder, out, expected = worked
    rows = json.loads(here("quarantine", "list", out, "--json").stdout)
    assert len(rows) == sum(outcome != badmedia.CAPTIONED for outcome in expected.values())
    again = ("--run", "--profile", folder.parent / "quick.toml")
    shown = run("quarantine", "show", out, rows[0]["clip_id"][:10], *again)
    assert shown.returncode == 0
    assert rows[0]["reason"] in shown.stdout
    assert "probe:" in shown.stdout


def _quarantined(out: Path) -> list[Mapping[str, Any]]:
    workspace = Workspace.open(out)
    state = load(workspace)
    return [entry.row for entry in current(workspace, state, newest(workspace, state).digest)]


_MISCHIEF = {
    "fail_on": "model_error",
    "crash_on": "model_crash",
    "hang_on": "model_hang",
}


_LONG = '[[filters]]\nname = "long"\nwhen = [{ of = "clip", label = "seconds", above = 5 }]'


@pytest.fixture(scope="module")
def broken(
    clips: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Path]]:
    """A workspace of nine clips of which one lets its captioner fail, one crash and one hang, and of a
    longer one that is filtered; these three by what they do."""
    root = tmp_path_factory.mktemp("broken")
    few = sorted(clips.iterdir())[:9]
    write_clip(root / "long.mp4", len(list(clips.iterdir())), seconds=6)
    guilty = dict(zip(_MISCHIEF, few[1::3], strict=True))
    options = [f', {option} = ["{content_hash(clip)}"]' for option, clip in guilty.items()]
    profile = root / "quick.toml"
    settings = {"audio": "".join(options), "video_group": "others", "model_seconds": 2}
    profile.write_text(quick_profile(filters=_LONG, **settings))
    media = (*few, root / "long.mp4")
    done = run("caption", *media, root / "out", "--profile", profile, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert "6 captioned + 1 filtered + 3 quarantined" in done.stdout
    assert "1 filtered: long" in done.stdout
    return root / "out", guilty


@pytest.mark.parametrize("option", _MISCHIEF)
def test_a_clip_that_breaks_its_captioner_is_found(
    option: str, broken: tuple[Path, dict[str, Path]]
) -> None:
    out, guilty = broken
    (row,) = (row for row in _quarantined(out) if row["uri"].endswith(guilty[option].name))
    assert (row["stage"], row["reason"]) == ("dummy-audio", _MISCHIEF[option])


def test_the_other_clips_of_a_broken_captioner_are_captioned(
    broken: tuple[Path, dict[str, Path]],
) -> None:
    out, guilty = broken
    (books,) = books_of(out)
    assert (books["captioned"], books["quarantined"], books["pending"]) == (6, len(guilty), 0)
    assert books["filtered"] == 1
    assert problems_of(out) == []


@pytest.mark.exhaustive
def test_a_retry_adds_a_generation_and_changes_no_file(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    folder, out = tmp_path / "media", tmp_path / "out"
    folder.mkdir()
    for path in sorted(clips.iterdir())[:3]:
        os.link(path, folder / path.name)
    quick = profile()
    arguments = ("caption", folder, out, "--profile", quick)
    killed = run(*arguments, CAPTIONMILL_KILL_AT="ingest.after_commit")
    assert killed.returncode == -signal.SIGKILL
    away = sorted(folder.iterdir())[1]
    kept = away.rename(tmp_path / "kept.mp4")
    assert run(*arguments, RAY_ADDRESS=cluster).returncode == 0
    (row,) = _quarantined(out)
    assert (row["stage"], row["reason"]) == ("decode", "missing")
    before = committed_bytes(out)

    kept.rename(away)
    done = run("quarantine", "retry", out, "--profile", quick, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert "3 captioned + 0 filtered + 0 quarantined" in done.stdout
    assert _quarantined(out) == []
    assert before.items() <= committed_bytes(out).items()
    assert problems_of(out) == []
