"""A folder becomes a workspace once, and nothing else is taken for one."""

import json
import multiprocessing
import shutil
from pathlib import Path

import pytest

from manifests.workspace import FORMAT, Workspace, WorkspaceError


def test_a_new_folder_becomes_a_workspace_and_keeps_its_id(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "a" / "b")
    assert Workspace.create(tmp_path / "a" / "b") == Workspace.open(made.root) == made


def test_two_workspaces_have_different_ids(tmp_path: Path) -> None:
    assert Workspace.create(tmp_path / "a").id != Workspace.create(tmp_path / "b").id


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(WorkspaceError, match="neither empty nor a workspace"):
        Workspace.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="is a file"):
        Workspace.create(tmp_path / "file")


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="can't make a workspace"):
        Workspace.create(tmp_path / "file" / "below")


def test_a_folder_that_a_killed_process_began_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".captionmill.json.123.tmp").write_text('{"form')
    assert Workspace.create(tmp_path) == Workspace.open(tmp_path)


def test_what_is_no_workspace_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not a captionmill workspace; make one with"):
        Workspace.open(tmp_path)


@pytest.mark.parametrize("mark", ["", "{", "[]", "7", "{}", '{"format": 1}', "\x00"])
def test_a_damaged_mark_is_told_with_its_path(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "captionmill.json"
    path.write_text(mark)
    with pytest.raises(WorkspaceError, match=r"captionmill\.json can't be read"):
        Workspace.create(tmp_path)


@pytest.mark.parametrize("old", [3, FORMAT - 1, FORMAT + 1])
def test_another_format_is_told(old: int, tmp_path: Path) -> None:
    (tmp_path / "captionmill.json").write_text(json.dumps({"format": old, "id": "x"}))
    with pytest.raises(WorkspaceError, match=f"has format {old}, this captionmill reads {FORMAT}"):
        Workspace.open(tmp_path)


@pytest.mark.run
def test_processes_that_make_it_at_once_open_the_same_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(4, timeout=30), context.SimpleQueue()

    def make() -> None:
        for number in range(10):
            barrier.wait()
            found.put((number, Workspace.create(tmp_path / str(number)).id))

    processes = [context.Process(target=make, daemon=True) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    ids = {found.get() for _ in range(40)}
    assert len(ids) == 10


def test_every_place_is_another(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    places = [
        workspace.path(table, job, shard, generation, epoch)
        for table in ("captions", "filtered", "quarantine")
        for job in ("a" * 16, "b" * 16)
        for shard in (1, 10)
        for generation in (0, 1)
        for epoch in (1, 2)
    ]
    assert len(set(places)) == len(places)
    weak = [
        workspace.path(table, job, shard, generation, epoch)
        for table in (f"weak/x-{'1' * 16}", f"weak/y-{'1' * 16}")
        for job in ("a" * 16, "b" * 16)
        for shard in (1, 10)
        for generation in (0, 1)
        for epoch in (1, 2)
    ]
    assert len(set(weak)) == len(weak)

    listing = [
        place(cut, number, epoch)
        for place in (workspace.sources, workspace.clips)
        for cut in ("a" * 16, "b" * 16)
        for number in (1, 10)
        for epoch in (1, 2)
    ]
    assert len(set(listing)) == len(listing)


@pytest.mark.parametrize("identity", ["x/../e1/precious", "", "0123456789AB", 12, None, "0" * 13])
def test_a_workspace_whose_id_is_not_ours_is_refused(tmp_path: Path, identity: object) -> None:
    Workspace.create(tmp_path / "out")
    mark = tmp_path / "out" / "captionmill.json"
    mark.write_text(json.dumps(json.loads(mark.read_text()) | {"id": identity}))
    with pytest.raises(WorkspaceError, match="12 hex digits"):
        Workspace.open(tmp_path / "out")


def test_a_copy_of_a_workspace_is_another_place(tmp_path: Path) -> None:
    first = Workspace.create(tmp_path / "out")
    copy = Workspace.open(Path(shutil.copytree(tmp_path / "out", tmp_path / "copy")))
    assert first.id == copy.id and first.place_id != copy.place_id


@pytest.mark.parametrize(
    "folder",
    [
        *("captions", "captions/stage1", "weak", "commits", "journal", "logs", "runlog"),
        *(
            "commits/000000",
            "journal/aaaa/shard-000001",
            "logs/ray/000002/raylet.out",
            "configs/a.json",
        ),
    ],
)
def test_a_workspace_with_a_linked_folder_is_refused(tmp_path: Path, folder: str) -> None:
    Workspace.create(tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "out" / folder
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WorkspaceError, match="linked folder"):
        Workspace.open(tmp_path / "out")
