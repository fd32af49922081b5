"""What no valid record names does not exist, and only the newest driver's records are valid."""

import json
import multiprocessing
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests import commits, snapshot
from manifests.commits import CommitError, EpochTaken, Holder, Log, Record, State
from manifests.ids import content_hash
from manifests.packed import Packed
from manifests.record import to_json
from manifests.snapshot import Snapshot
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


@pytest.mark.parametrize("last", [1_000_000, 10_000_000])
def test_numbers_of_records_may_grow_longer(
    workspace: Workspace, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "_FIRST", last - 2)
    log = _open(workspace, 1)
    for shard in range(4):
        log.append(_record(1, shard))
    assert (workspace.commits / "000001" / f"{last}.json").exists()
    assert _shards(workspace) == [0, 1, 2, 3]


# Checkpoints


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every third record."""
    monkeypatch.setattr(commits, "_LEAST", 3)
    monkeypatch.setattr(commits, "_SHARE", 1000)


def _written(workspace: Workspace, epoch: int = 1) -> list[str]:
    folder = workspace.commits / f"{epoch:06d}"
    return sorted(path.name for path in folder.glob("checkpoint-*"))


@pytest.mark.usefixtures("often")
def test_records_up_to_a_checkpoint_are_read_from_it(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    for shard in range(8):
        log.append(_record(1, shard, _file(f"f{shard}"), counts={"captioned": shard}))
    assert _written(workspace) == ["checkpoint-000003.json", "checkpoint-000006.json"]
    for number in range(1, 7):
        (workspace.commits / "000001" / f"{number:06d}.json").write_text("ruined")
    state = commits.load(workspace)
    assert list(state.records()) == list(log.state.records())
    assert state.counts("j") == {"captioned": 28}


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("ruined", ["checkpoint-*.json", "snapshot-*.parquet"])
def test_where_a_checkpoint_can_not_be_read_the_records_are(
    workspace: Workspace, ruined: str
) -> None:
    opened = _snapshot(_open_only(workspace), 1)
    log = Log(workspace, commits.load(workspace))
    for shard in range(7):
        log.append(_record(1, shard))
    for path in (workspace.commits / "000001").glob(ruined):
        if path != opened:
            path.write_bytes(b"ruined")
    assert _shards(workspace) == list(range(7))


def _open_only(workspace: Workspace) -> Workspace:
    _open(workspace, 1)
    return workspace


@pytest.mark.usefixtures("often")
def test_two_checkpoints_stay(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    for shard in range(15):
        log.append(_record(1, shard))
    assert _written(workspace) == ["checkpoint-000012.json", "checkpoint-000015.json"]
    assert len(list((workspace.commits / "000001").glob("snapshot-*"))) == 3
    assert _shards(workspace) == list(range(15))


@pytest.mark.usefixtures("often")
def test_an_epoch_starts_from_a_checkpoint_and_the_records_after_it(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    for shard in range(4):
        log.append(_record(1, shard))
    _open(workspace, 2).append(_record(2, 4))
    assert _shards(workspace) == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("often")
def test_checkpoints_of_an_old_epoch_go_with_it(workspace: Workspace) -> None:
    log = _open(workspace, 1)
    for shard in range(4):
        log.append(_record(1, shard))
    for epoch in (2, 3):
        _open(workspace, epoch)
    assert not (workspace.commits / "000001").exists()


@pytest.mark.usefixtures("often")
def test_a_disk_that_has_no_room_for_a_checkpoint_stops_no_commit(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> Snapshot:
        raise OSError(28, "No space left on device")

    log = _open(workspace, 1)
    monkeypatch.setattr(snapshot, "write", full)
    for shard in range(7):
        log.append(_record(1, shard))
    assert _shards(workspace) == list(range(7))


def test_checkpoints_are_farther_apart_where_there_are_more_records(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "_LEAST", 2)
    monkeypatch.setattr(commits, "_SHARE", 4)
    log, written = _open(workspace, 1), []
    for shard in range(60):
        log.append(_record(1, shard))
        written += [name for name in _written(workspace) if name not in written]
    numbers = [int(name[11:17]) for name in written]
    apart = [after - before for before, after in pairwise(numbers)]
    assert apart[0] == 2 and apart[-1] >= 12 and apart == sorted(apart)


def test_numbers_of_epochs_may_grow_longer(workspace: Workspace) -> None:
    for epoch in range(999_998, 1_000_002):
        _open(workspace, epoch).append(_record(epoch, epoch))
    assert commits.newest_epoch(workspace) == 1_000_001
    assert _shards(workspace) == [999_998, 999_999, 1_000_000, 1_000_001]


# Snapshots


def _snapshot(workspace: Workspace, epoch: int) -> Path:
    (path,) = (workspace.commits / f"{epoch:06d}").glob("snapshot-*.parquet")
    return path


def test_a_snapshot_is_named_by_its_sha256(workspace: Workspace) -> None:
    _open(workspace, 1).append(_record(1, 1))
    _open(workspace, 2)
    path = _snapshot(workspace, 2)
    opening = json.loads((path.parent / "open.json").read_text())
    assert opening["snapshot"] == {"name": path.name, "sha256": content_hash(path)}


@pytest.mark.parametrize("damage", ["gone", "torn", "another"])
def test_a_snapshot_that_is_not_the_one_named_is_told_with_its_path(
    workspace: Workspace, damage: str
) -> None:
    _open(workspace, 1).append(_record(1, 1))
    _open(workspace, 2)
    path = _snapshot(workspace, 2)
    if damage == "gone":
        path.unlink()
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:-1])
    if damage == "another":  # it can be read, but is not what the driver of the epoch saw
        path.write_bytes(_snapshot(workspace, 1).read_bytes())
    with pytest.raises(CommitError, match=f"{path} can't be read"):
        commits.load(workspace)
    with pytest.raises(CommitError, match=f"{path} can't be read"):
        _open(workspace, 3)


def test_a_snapshot_that_is_no_table_of_records_is_told(workspace: Workspace) -> None:
    _open(workspace, 1)
    path = _snapshot(workspace, 1)
    pq.write_table(pa.table({"shard": [1]}), path)
    opening = path.parent / "open.json"
    named = json.loads(opening.read_text())
    named["snapshot"]["sha256"] = content_hash(path)
    opening.write_text(json.dumps(named))
    with pytest.raises(CommitError, match="not those of commit records"):
        commits.load(workspace)


def test_an_opening_names_no_file_outside_of_its_folder(workspace: Workspace) -> None:
    _open(workspace, 1)
    opening = workspace.commits / "000001" / "open.json"
    named = json.loads(opening.read_text())
    named["snapshot"]["name"] = f"../000001/{named['snapshot']['name']}"
    opening.write_text(json.dumps(named))
    with pytest.raises(CommitError, match=f"{opening} can't be read"):
        commits.load(workspace)


# Old epochs


def _epochs(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.commits.iterdir())


def test_the_epoch_before_is_kept_and_older_ones_go(workspace: Workspace) -> None:
    for epoch in range(1, 5):
        log = _open(workspace, epoch)
        commits.heartbeat(workspace, epoch).touch()
        log.append(_record(epoch, epoch))
        commits.released(workspace, epoch).touch()
    assert _epochs(workspace) == ["000003", "000004"]
    assert _shards(workspace) == [1, 2, 3, 4]


def test_files_of_others_in_an_old_epoch_stay(workspace: Workspace) -> None:
    _open(workspace, 1)
    note = workspace.commits / "000001" / "note.json"
    note.touch()
    (workspace.commits / "notes").mkdir()
    _open(workspace, 2)
    _open(workspace, 3)
    assert list(note.parent.iterdir()) == [note]
    assert _epochs(workspace) == ["000001", "000002", "000003", "notes"]


def test_a_zombie_whose_epoch_was_removed_is_told(workspace: Workspace) -> None:
    zombie = _open(workspace, 1)
    for epoch in (2, 3, 4):
        _open(workspace, epoch)
    with pytest.raises(EpochTaken, match=r"took this workspace over \(epoch 4\)"):
        zombie.append(_record(1, 1))
    assert _shards(workspace) == []


def test_what_a_zombie_wrote_into_a_removed_epoch_is_void_and_goes(workspace: Workspace) -> None:
    for epoch in (1, 2, 3):
        _open(workspace, epoch)
    late = workspace.commits / "000001"
    late.mkdir()
    (late / "000001.json").write_bytes(to_json(_record(1, 1)))
    assert commits.newest_epoch(workspace) == 3
    _open(workspace, 4)
    assert _shards(workspace) == []
    assert _epochs(workspace) == ["000003", "000004"]


def test_a_reader_whose_epoch_is_removed_reads_the_newest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(workspace, 1).append(_record(1, 1))
    read = snapshot.read

    def slow(folder: Path, named: Snapshot) -> Packed:
        monkeypatch.undo()
        for epoch in (2, 3):
            _open(workspace, epoch).append(_record(epoch, epoch))
        return read(folder, named)

    monkeypatch.setattr(snapshot, "read", slow)
    assert _shards(workspace) == [1, 2, 3]


def test_a_reader_whose_records_are_removed_behind_it_reads_the_newest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(workspace, 1).append(_record(1, 1))
    read = snapshot.read

    def slow(folder: Path, named: Snapshot) -> Packed:
        packed = read(folder, named)
        monkeypatch.undo()
        _open(workspace, 2)
        # What is left of epoch 1 in the middle of its removal: nothing that can't be read.
        (folder / "000001.json").unlink()
        return packed

    monkeypatch.setattr(snapshot, "read", slow)
    assert _shards(workspace) == [1]


def test_who_opens_an_epoch_that_others_left_behind_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the records, and slept while epochs were opened and removed."""
    _open(workspace, 1)
    load = commits.load

    def slow(place: Workspace) -> State:
        state = load(place)
        monkeypatch.undo()
        for epoch in (2, 3, 4):
            _open(workspace, epoch)
        return state

    monkeypatch.setattr(commits, "load", slow)
    with pytest.raises(EpochTaken, match=r"epoch 4"):
        _open(workspace, 2)
    assert commits.newest_epoch(workspace) == 4


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
    for epoch, pid in sorted(winners)[-2:]:
        assert commits.holder(workspace, epoch).pid == pid
        assert _snapshot(workspace, epoch)  # the losers took theirs away


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

    def slow(path: Path, content: bytes) -> None:
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
    late.write_bytes(to_json(_record(1, 1)))
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


@pytest.mark.parametrize("number", [1, 2])
def test_a_record_that_is_missing_before_others_is_told_with_its_path(
    workspace: Workspace, number: int
) -> None:
    log = _open(workspace, 1)
    for shard in range(3):
        log.append(_record(1, shard))
    path = workspace.commits / "000001" / f"{number:06d}.json"
    path.unlink()
    with pytest.raises(CommitError, match=f"{path} is missing"):
        commits.load(workspace)
    with pytest.raises(CommitError, match=f"{path} is missing"):
        _open(workspace, 2)


def test_a_record_in_the_folder_of_another_epoch_is_told_with_its_path(
    workspace: Workspace,
) -> None:
    _open(workspace, 1).append(_record(1, 1))
    _open(workspace, 2)
    path = workspace.commits / "000002" / "000001.json"
    path.write_bytes((workspace.commits / "000001" / "000001.json").read_bytes())
    with pytest.raises(CommitError, match=f"{path} can't be read: it is a record of epoch 1"):
        commits.load(workspace)


def test_when_drivers_began_is_known_after_their_epochs_were_removed(workspace: Workspace) -> None:
    for epoch in (1, 2, 3, 4):
        commits.open_epoch(workspace, epoch, Holder(host="here", pid=1, started=epoch / 4))
    assert sorted(path.name for path in workspace.commits.iterdir()) == ["000003", "000004"]
    assert commits.began(workspace) == {1: 0.25, 2: 0.5, 3: 0.75, 4: 1.0}


def test_of_epochs_that_an_older_version_removed_it_is_not_known(workspace: Workspace) -> None:
    for epoch in (1, 2):
        _open(workspace, epoch)
    path = workspace.commits / "000002" / "open.json"
    opening = json.loads(path.read_text())
    del opening["began"]
    path.write_text(json.dumps(opening))
    assert commits.began(workspace) == {1: 2.5, 2: 2.5}
    _open(workspace, 3)
    (workspace.commits / "000002" / "open.json").unlink()
    assert commits.began(workspace) == {1: 2.5, 2: 2.5, 3: 2.5}


def test_a_damaged_opening_has_no_holder(workspace: Workspace) -> None:
    _open(workspace, 1)
    path = workspace.commits / "000001" / "open.json"
    path.write_text(json.dumps({"records": []}))
    with pytest.raises(CommitError, match=str(path)):
        commits.holder(workspace, 1)


@pytest.mark.parametrize("path", ["/tmp/other", "../out/x", "captions/../../x", "captions/.."])
def test_a_record_that_names_a_file_outside_the_workspace_is_refused(
    workspace: Workspace, path: str
) -> None:
    _open(workspace, 1).append(_record(1, 1, _file("captions/a..b"), _file(path)))
    with pytest.raises(CommitError, match="outside the workspace"):
        commits.load(workspace)
