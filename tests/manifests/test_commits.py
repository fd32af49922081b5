"""What no valid record names does not exist, and only the newest driver's records are valid."""

import json
import multiprocessing
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from manifests import commits
from manifests.commits import CommitError, EpochTaken, Holder, Log, Record
from manifests.tables import File
from manifests.workspace import Workspace

_HOLDER = Holder(host="here", pid=1, started=2.5)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace."""
    return Workspace.create(tmp_path / "workspace")


def _open(workspace: Workspace, epoch: int) -> Log:
    return Log(workspace, commits.open_epoch(workspace, epoch, _HOLDER))


def _file(path: str, table: str = "captions") -> File:
    return File(table=table, path=path, rows=1, bytes=2, sha256="3")


def _record(epoch: int, shard: int = 0, *files: File, **more: object) -> Record:
    return Record(stage="caption", epoch=epoch, cut="c", job="j", shard=shard, files=files, **more)


def _shards(workspace: Workspace) -> list[int | None]:
    return [record.shard for record in commits.load(workspace).records()]


# Records


def test_a_new_workspace_holds_nothing(workspace: Workspace) -> None:
    assert commits.newest_epoch(workspace) == 0
    assert list(commits.load(workspace).records()) == []


def test_records_come_back_whole_and_in_order(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    made = [
        Record(stage="ingest", epoch=1, cut="c", counts={"clips": 3}, replaced={"x": 4}),
        _record(1, 7, _file("a"), _file("b"), counts={"captioned": 2}),
        _record(1, 7, _file("c"), generation=1, retried=("x", "y")),
    ]
    for record in made:
        log.append(record)
    assert list(commits.load(workspace).records()) == list(log.state.records()) == made


def test_a_hundred_and_one_records_keep_their_order(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    for shard in range(101):
        log.append(_record(1, shard))
    assert _shards(workspace) == list(range(101))


def test_an_epoch_starts_from_everything_before_it(workspace: Workspace) -> None:
    _open(workspace, 1).append(_record(1, 1))
    _open(workspace, 2).append(_record(2, 2))
    _open(workspace, 3)
    assert _shards(workspace) == [1, 2]


def test_reading_needs_only_the_newest_epoch(workspace: Workspace) -> None:
    _open(workspace, 1).append(_record(1, 1))
    _open(workspace, 2).append(_record(2, 2))
    for path in (workspace.commits / "000001").iterdir():
        path.write_text("ruined")
    assert _shards(workspace) == [1, 2]


def test_a_record_of_another_epoch_is_refused(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    with pytest.raises(CommitError, match="a record of epoch 2 in epoch 1"):
        log.append(_record(2))
    assert list(commits.load(workspace).records()) == []


def test_the_holder_is_kept(workspace: Workspace) -> None:
    _open(workspace, 1)
    assert commits.holder(workspace, 1) == _HOLDER


# One driver


def test_an_epoch_opens_once(workspace: Workspace) -> None:
    _open(workspace, 1)
    with pytest.raises(EpochTaken, match="epoch 1 is already open"):
        _open(workspace, 1)


@pytest.mark.run
def test_of_processes_that_open_an_epoch_at_once_exactly_one_wins(workspace: Workspace) -> None:
    context = multiprocessing.get_context("fork")
    barrier, won = context.Barrier(3, timeout=30), context.SimpleQueue()
    rounds = 20

    def race(pid: int) -> None:
        for epoch in range(1, rounds + 1):
            barrier.wait()
            try:
                commits.open_epoch(workspace, epoch, Holder(host="here", pid=pid, started=0))
                won.put((epoch, pid))
            except EpochTaken:
                won.put((epoch, None))

    processes = [context.Process(target=race, args=(pid,), daemon=True) for pid in (1, 2, 3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    told = [won.get() for _ in range(3 * rounds)]
    winners = [(epoch, pid) for epoch, pid in told if pid is not None]
    assert sorted(epoch for epoch, _ in winners) == list(range(1, rounds + 1))
    for epoch, pid in winners:
        assert commits.holder(workspace, epoch).pid == pid


def test_a_zombie_is_told_at_its_next_commit(workspace: Workspace) -> None:
    zombie = _open(workspace, 1)
    zombie.append(_record(1, 1))
    _open(workspace, 2)
    with pytest.raises(EpochTaken, match="took this workspace over"):
        zombie.append(_record(1, 2))
    assert _shards(workspace) == [1]
    assert [r.shard for r in zombie.state.records()] == [1]
    assert not (workspace.commits / "000001" / "000002.json").exists()


def test_a_zombie_is_told_of_an_epoch_that_opens_while_it_commits(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    zombie = _open(workspace, 1)
    create = commits._create

    def slow(path: Path, content: Record) -> None:
        monkeypatch.undo()
        _open(workspace, 2)
        create(path, content)

    monkeypatch.setattr(commits, "_create", slow)
    with pytest.raises(EpochTaken, match="took this workspace over"):
        zombie.append(_record(1, 1))
    assert _shards(workspace) == []


def test_a_record_that_a_zombie_still_wrote_is_void(workspace: Workspace) -> None:
    """It passed its check before the new epoch was opened, and wrote after."""
    _open(workspace, 1)
    _open(workspace, 2).append(_record(2, 2))
    late = workspace.commits / "000001" / "000001.json"
    late.write_text(_record(1, 1).model_dump_json())
    assert _shards(workspace) == [2]
    _open(workspace, 3)
    assert _shards(workspace) == [2]


def test_two_logs_of_one_epoch_never_overwrite_each_other(workspace: Workspace) -> None:
    first = _open(workspace, 1)
    second = Log(workspace, commits.load(workspace))
    first.append(_record(1, 1))
    with pytest.raises(EpochTaken, match=r"000001\.json exists"):
        second.append(_record(1, 2))
    assert _shards(workspace) == [1]


# What a crash leaves


def test_a_torn_temporary_file_is_ignored(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    (workspace.commits / "000001" / ".000001.json.99.tmp").write_text('{"stage": "cap')
    log.append(_record(1, 1))
    assert _shards(workspace) == [1]


def test_an_epoch_whose_opening_was_not_finished_is_not_open(workspace: Workspace) -> None:
    _open(workspace, 1).append(_record(1, 1))
    folder = workspace.commits / "000002"
    folder.mkdir()
    (folder / ".open.json.99.tmp").write_text("{")
    assert commits.newest_epoch(workspace) == 1
    _open(workspace, 2)
    assert _shards(workspace) == [1]


_KILLED = """
import itertools, sys
from pathlib import Path
from manifests import commits
from manifests.commits import Holder, Log, Record
from manifests.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
log = Log(workspace, commits.open_epoch(workspace, 1, Holder(host="h", pid=1, started=0)))
for shard in itertools.count():
    log.append(Record(stage="caption", epoch=1, cut="c", job="j", shard=shard))
    print(shard, flush=True)
"""


@pytest.mark.run
def test_what_a_killed_process_said_it_committed_is_there(workspace: Workspace) -> None:
    command = [sys.executable, "-c", _KILLED, str(workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = 5 + len(process.stdout.readlines())
    found = _shards(workspace)
    assert found == list(range(len(found)))
    assert told <= len(found) <= told + 1


@pytest.mark.parametrize("name", ["open.json", "000001.json", "000002.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'{"stage": "caption"}', b"\xff\x00"])
def test_a_damaged_record_is_told_with_its_path(
    workspace: Workspace, name: str, content: bytes
) -> None:
    log = _open(workspace, 1)
    log.append(_record(1, 1))
    log.append(_record(1, 2))
    path = workspace.commits / "000001" / name
    path.write_bytes(content)
    with pytest.raises(CommitError, match=f"{path} can't be read"):
        commits.load(workspace)
    with pytest.raises(CommitError, match=f"{path} can't be read") as raised:
        _open(workspace, 2)
    assert not isinstance(raised.value, EpochTaken)


def test_a_damaged_opening_has_no_holder(workspace: Workspace) -> None:
    _open(workspace, 1)
    path = workspace.commits / "000001" / "open.json"
    path.write_text(json.dumps({"records": []}))
    with pytest.raises(CommitError, match=str(path)):
        commits.holder(workspace, 1)


def test_exactly_what_no_record_names_is_cleared(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    known = ["captions/stage1/j/a.parquet", "weak/x-1/b.parquet", "clips/c/c.parquet"]
    log.append(_record(1, 0, *(_file(path) for path in known)))
    unknown = [
        "captions/stage1/j/b.parquet",
        "captions/stage1/k/a.parquet",
        "captions/.a.parquet.7.tmp",
        "clips/c/d.parquet",
        "filtered/j/a.parquet",
        "quarantine/j/a.parquet",
        "sources/c/a.parquet",
        "weak/x-1/.b.parquet.9.tmp",
        "weak/x-2/b.parquet",
    ]
    others = ["configs/j.json", "journal/j/0/a.json", "runlog/a", "logs/a", "notes", "other/a"]
    for path in (*known, *unknown, *others):
        (workspace.root / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / path).touch()
    before = _all_files(workspace)
    removed = commits.clear_uncommitted(workspace, log.state)
    assert sorted(removed) == sorted(unknown)
    assert before - _all_files(workspace) == set(unknown)
    assert commits.clear_uncommitted(workspace, log.state) == []


def _all_files(workspace: Workspace) -> set[str]:
    return {str(p.relative_to(workspace.root)) for p in workspace.root.rglob("*") if p.is_file()}


# Questions to the state


def test_state_answers_by_cut_job_table_and_shard(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    a, b, c = _file("a"), _file("b"), _file("c", "weak/x")
    log.append(Record(stage="ingest", epoch=1, cut="c", shard=0, counts={"clips": 2}))
    log.append(Record(stage="ingest", epoch=1, cut="d", shard=0, counts={"clips": 5}))
    log.append(_record(1, 1, a, c, counts={"captioned": 1}))
    log.append(_record(1, 0, counts={"captioned": 2, "llm": 3}))
    log.append(_record(1, 1, b, generation=1))
    log.append(Record(stage="caption", epoch=1, cut="c", job="k", shard=0, counts={"captioned": 9}))
    state = commits.load(workspace)
    assert [r.counts for r in state.ingests("d")] == [{"clips": 5}]
    assert [r.generation for r in state.shards("j")[1]] == [0, 1]
    assert sorted(state.shards("j")) == [0, 1]
    assert state.jobs() == ["j", "k"]
    assert state.files() == [a, c, b]
    assert state.files("captions") == [a, b]
    assert state.files("weak/x", 1) == [c]
    assert state.files("captions", 0) == []
    assert state.counts("j") == {"captioned": 3, "llm": 3}
    assert state.ingested("c") == {"clips": 2}
