"""What a killed run left goes; what anybody else put into the workspace stays."""

from pathlib import Path

import pytest

from manifests import commits
from manifests.clearing import clear_uncommitted, strangers
from manifests.commits import EpochTaken, Holder, Log, Record, State
from manifests.tables import File
from manifests.workspace import Workspace

CUT, JOB, DIGEST = "c" * 16, "0123456789abcdef", "a" * 16
WEAK = f"weak/x-{DIGEST}"
COMMITTED = [
    f"sources/{CUT}/part-00000-e000001.parquet",
    f"clips/{CUT}/shard-00000-e000001.parquet",
    f"{WEAK}/shard-00000-g0-e000001-{JOB[:8]}.parquet",
    f"captions/stage1/{JOB}/shard-00000-g0-e000001.parquet",
]
LEFT = [
    f"sources/{CUT}/part-00001-e000001.parquet",
    f"sources/{CUT}/part-123456-e000001.parquet",
    f"sources/{CUT}/.part-00001-e000001.parquet.7.tmp",
    f"clips/{CUT}/shard-00000-e000002.parquet",
    f"clips/{CUT}/shard-00001-e000001.parquet",
    f"clips/{CUT}/.shard-00000-e000001.parquet.71.tmp",
    f"{WEAK}/shard-00000-g1-e000001-{JOB[:8]}.parquet",
    f"{WEAK}/.shard-00000-g0-e000001-{JOB[:8]}.parquet.9.tmp",
    f"weak/y-{DIGEST}/shard-00000-g0-e000001-{JOB[:8]}.parquet",
    f"captions/stage1/{JOB}/shard-00000-g0-e000002.parquet",
    f"captions/stage1/{JOB}/shard-100000-g12-e1000000.parquet",
    f"captions/stage1/{DIGEST}/shard-00000-g0-e000001.parquet",
    f"filtered/{JOB}/shard-00000-g0-e000001.parquet",
    f"quarantine/{JOB}/shard-00000-g0-e000001.parquet",
]
STRANGERS = [
    "captions/README.md",
    "captions/spans.parquet",
    "captions/.spans.parquet.7.tmp",
    "captions/shard-00000-g0-e000001.parquet",
    f"captions/stage1/{JOB}/notes.parquet",
    f"captions/stage1/{JOB}/.notes.txt.7.tmp",
    f"captions/stage1/{JOB}/shard-00000-g0-e000001.parquet.bak",
    f"captions/stage1/{JOB}/shard-000000-g0-e000001.parquet",
    f"captions/stage1/{JOB}/mine/shard-00000-g0-e000001.parquet",
    "captions/stage1/mine/shard-00000-g0-e000001.parquet",
    f"captions/stage2/{JOB}/shard-00000-g0-e000001.parquet",
    f"clips/{CUT}/shard-1-e000001.parquet",
    f"clips/{CUT}/shard-00000.parquet",
    "quarantine/my notes.txt",
    f"sources/{CUT}/part-e000001.parquet",
    "weak/x/shard-00000-g0-e000001-01234567.parquet",
    f"{WEAK}/shard-00000-g0-e000001.parquet",
]
ELSEWHERE = ["README.md", "configs/j.json", f"journal/{JOB}/0/a.json", "logs/a", "other/a"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with something of everything."""
    workspace = Workspace.create(tmp_path / "workspace")
    for path in (*COMMITTED, *LEFT, *STRANGERS, *ELSEWHERE):
        (workspace.root / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / path).touch()
    return workspace


@pytest.fixture
def state(workspace: Workspace) -> State:
    """Its records, as the driver has them."""
    holder = Holder(host="here", pid=1, started=2.5)
    log = Log(workspace, commits.open_epoch(workspace, 1, holder))
    files = tuple(File("captions", path, 1, 2, "3") for path in COMMITTED)
    log.append(Record(stage="caption", epoch=1, cut=CUT, job=JOB, shard=0, files=files))
    return log.state


def _all_files(workspace: Workspace) -> set[str]:
    return {str(p.relative_to(workspace.root)) for p in workspace.root.rglob("*") if p.is_file()}


def test_exactly_what_a_killed_run_left_is_cleared(workspace: Workspace, state: State) -> None:
    before = _all_files(workspace)
    assert sorted(clear_uncommitted(workspace, state)) == sorted(LEFT)
    assert before - _all_files(workspace) == set(LEFT)
    assert clear_uncommitted(workspace, state) == []


def test_files_of_somebody_else_are_told(workspace: Workspace, state: State) -> None:
    assert sorted(strangers(workspace, state)) == sorted(STRANGERS)
    clear_uncommitted(workspace, state)
    assert sorted(strangers(workspace, state)) == sorted(STRANGERS)


def test_links_to_other_folders_are_not_followed(
    workspace: Workspace, state: State, tmp_path: Path
) -> None:
    there = tmp_path / JOB
    there.mkdir()
    (there / "shard-00000-g0-e000001.parquet").touch()
    (workspace.root / "filtered" / DIGEST).symlink_to(there)
    clear_uncommitted(workspace, state)
    assert (there / "shard-00000-g0-e000001.parquet").exists()


def test_each_file_is_told_as_soon_as_it_is_gone(workspace: Workspace, state: State) -> None:
    told = []

    def removed(path: str) -> None:
        assert not (workspace.root / path).exists()
        told.append(path)

    assert clear_uncommitted(workspace, state, removed) == told


def test_after_a_clearing_that_was_broken_off_the_next_ends_it(
    workspace: Workspace, state: State
) -> None:
    def removed(path: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clear_uncommitted(workspace, state, removed)
    assert len(clear_uncommitted(workspace, state)) == len(LEFT) - 1


def test_a_driver_that_was_left_behind_clears_nothing_of_the_next(
    workspace: Workspace, state: State
) -> None:
    commits.open_epoch(workspace, 2, Holder(host="there", pid=1, started=0.0))
    before = _all_files(workspace)
    with pytest.raises(EpochTaken):
        clear_uncommitted(workspace, state)
    assert _all_files(workspace) == before
