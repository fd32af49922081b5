"""Clips that must leave a release by name, and what the release says of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from manifests.ids import content_hash
from manifests.release.layout import load
from manifests.release.rules import Rules, RulesError, parse
from manifests.release.shards import Input
from manifests.workspace import Workspace
from pipelines.rebuild import rebuild as rebuilding
from pipelines.rebuild.errors import WritingError
from pipelines.rebuild.leaving import leaving
from pipelines.rebuild.tasks import RebuildError
from tests.manifests import made
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import rows, rules


@pytest.fixture
def inputs(tmp_path: Path) -> list[Input]:
    """One input with twelve clips, in the folder `workspace`."""
    return built.workspace(tmp_path / "workspace")


def _taken_down(folder: Path, *clips: str) -> Rules:
    (folder / "gone.txt").write_text("\n".join(clips))
    return rules(folder, takedown={"lists": ["gone.txt"]})


def test_a_release_names_lists_with_their_digests(inputs: list[Input], tmp_path: Path) -> None:
    gone = rows(inputs[0])[0]["clip_id"]
    wanted = _taken_down(tmp_path, gone)
    release = built.release(wanted, inputs, tmp_path / "out")
    assert release.books.dropped["takedown"] == 1
    (told,) = load(tmp_path / "out").lists
    assert (told.rule, told.name) == ("takedown", "gone.txt")
    assert told.digest == content_hash(tmp_path / "gone.txt")


def test_a_standing_release_of_another_list_is_told(inputs: list[Input], tmp_path: Path) -> None:
    first, second = (row["clip_id"] for row in rows(inputs[0])[:2])
    wanted = _taken_down(tmp_path, first)
    release = built.release(wanted, inputs, tmp_path / "out")
    assert rebuilding.rebuild(wanted, inputs, tmp_path / "out").release == release
    _taken_down(tmp_path, first, second)
    with pytest.raises(RebuildError, match="of other rules, inputs or lists"):
        rebuilding.rebuild(wanted, inputs, tmp_path / "out")


def test_a_list_that_changes_meanwhile_is_told(inputs: list[Input], tmp_path: Path) -> None:
    steps = built.phases(_taken_down(tmp_path, "a" * 32), inputs, tmp_path / "out")
    _taken_down(tmp_path, "b" * 32)
    with pytest.raises(RebuildError, match=r"gone\.txt was changed while it was read"):
        steps.keys()


def test_an_evaluation_set_is_its_clip_tables(tmp_path: Path) -> None:
    work = made.make(tmp_path / "evaluation")
    wanted = rules(tmp_path, decontaminate={"workspaces": ["evaluation"]})
    named = leaving(wanted, [])
    assert named.clips == tuple(
        str(work.root / work.file("clips", shard).path) for shard in range(made.SHARDS)
    )
    (told,) = named.lists
    assert (told.rule, told.name, len(told.digest)) == ("decontamination", "evaluation", 16)
    work.edit("clips", lambda listed: listed[1:])
    assert leaving(wanted, []).lists[0].digest != told.digest


def test_what_is_no_evaluation_set_is_told_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RulesError, match=r"decontaminate\.workspaces\.0: "):
        leaving(rules(tmp_path, decontaminate={"workspaces": ["empty"]}), [])
    made.make(tmp_path / "evaluation")
    wanted = rules(tmp_path, decontaminate={"workspaces": ["evaluation"], "near_media": 0.9})
    with pytest.raises(RulesError, match="has no embeddings by the encoder of the inputs"):
        leaving(wanted, [])


def test_lists_that_lie_with_a_workspace_count_in_every_release(
    inputs: list[Input], tmp_path: Path
) -> None:
    first, second, third = (row["clip_id"] for row in rows(inputs[0])[:3])
    folder = tmp_path / "workspace" / "takedown"
    folder.mkdir()
    (folder / "2026-11.txt").write_text(first)
    (folder / "more.csv").write_text(f"clip_id,why\n{second},asked for\n")
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1")
    of = {"workspace": str(tmp_path / "workspace"), "name": "input0"}
    (tmp_path / "own.txt").write_text(third)
    wanted = parse({"input": [of], "takedown": {"lists": ["own.txt"]}}, "rules.toml", tmp_path)
    release = built.release(wanted, inputs, tmp_path / "out")
    assert release.books.dropped["takedown"] == 3
    names = [f"{tmp_path}/workspace/takedown/{name}" for name in ("2026-11.txt", "more.csv")]
    assert [each.name for each in load(tmp_path / "out").lists] == ["own.txt", *names]
    assert made.Made(Workspace.open(tmp_path / "workspace")).verify() == []


def test_what_is_no_list_in_a_workspace_is_told(inputs: list[Input], tmp_path: Path) -> None:
    folder = tmp_path / "workspace" / "takedown"
    folder.mkdir()
    (folder / "gone.xlsx").write_bytes(b"PK")
    of = {"workspace": "workspace", "name": "input0"}
    wanted = parse({"input": [of]}, "rules.toml", tmp_path)
    with pytest.raises(RulesError, match=r"workspace/takedown/gone\.xlsx: \.xlsx is no list"):
        built.release(wanted, inputs, tmp_path / "out")


def _a_file(folder: Path) -> None:
    folder.write_text("file:///clips/0.mp4")


def _a_link_to_nowhere(folder: Path) -> None:
    folder.symlink_to(folder.parent / "not mounted")


def _an_odd_name(folder: Path) -> None:
    folder.mkdir()
    (folder / "a\udcff.txt").write_text("x")


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (_a_file, "is no folder of lists that can be read"),
        (_a_link_to_nowhere, "is no folder of lists that can be read"),
        (_an_odd_name, r"takedown/a\\xff\.txt' is no name in UTF-8"),
    ],
)
def test_a_takedown_that_can_t_be_read_is_told(
    put: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    (tmp_path / "workspace").mkdir()
    put(tmp_path / "workspace" / "takedown")
    with pytest.raises(RulesError, match=told):
        parse({"input": [{"workspace": "workspace", "name": "one"}]}, "rules.toml", tmp_path)


def test_a_damaged_evaluation_set_is_told(tmp_path: Path) -> None:
    work = made.make(tmp_path / "evaluation")
    path = work.root / work.file("clips").path
    pq.write_table(pq.read_table(path).slice(0, 1), path)
    wanted = rules(tmp_path, decontaminate={"workspaces": ["evaluation"]})
    with pytest.raises(WritingError, match="is not what was committed"):
        leaving(wanted, [])


@pytest.mark.parametrize("table", ["sources", "clips"])
def test_damaged_tables_in_which_entries_are_looked_up_are_told(table: str, tmp_path: Path) -> None:
    work = made.make(tmp_path / "workspace")
    (given,) = built.workspace(tmp_path / "input")
    path = work.root / work.file(table).path
    sums = {str(path): content_hash(path)}
    pq.write_table(pq.read_table(path).slice(0, 1), path)
    if table == "sources":
        given = replace(given, sources=sums)
    else:
        shard = replace(given.shards[0], clips=str(path), sums=sums)
        given = replace(given, shards=(shard,))
    steps = built.phases(_taken_down(tmp_path, "a" * 32), [given], tmp_path / "out")
    with pytest.raises(WritingError, match="is not what was committed"):
        steps.keys()
