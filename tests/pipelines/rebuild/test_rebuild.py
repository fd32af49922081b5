"""From captions to a release: the right rows, and the same bytes however they were worked on."""

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests import schemas
from manifests.release import layout
from manifests.release.errors import RulesError
from manifests.release.layout import SCHEMAS, load, wrong_columns
from manifests.release.shards import Input
from manifests.release.splits import rows_of, without_rows
from manifests.verify.release import check_release
from pipelines.rebuild import rebuild as rebuilding
from pipelines.rebuild import running, writing
from pipelines.rebuild.errors import WritingError
from pipelines.rebuild.tasks import RebuildError, Task, here
from pipelines.rebuild.work import Work, opened
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import (
    again,
    clips,
    content,
    release,
    rewritten,
    rows,
    rules,
    table,
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Input]:
    """One input with twelve clips in two shards."""
    return built.workspace(tmp_path_factory.mktemp("workspace") / "out")


def test_a_release_has_what_the_captions_say(inputs: list[Input], tmp_path: Path) -> None:
    made = release(rules(tmp_path), inputs, tmp_path / "out")
    wanted = {row["clip_id"]: row for row in rows(inputs[0])}
    data = table(tmp_path / "out", made)
    assert len(data) == made.books.kept == len(wanted)
    plain = [name for name in layout.DATA.names if name in next(iter(wanted.values()))]
    for row in data:
        own = wanted[row["clip_id"]]
        assert {name: row[name] for name in plain if name != "variants"} == {
            name: own[name] for name in plain if name != "variants"
        }
        assert (row["input"], row["stage"], row["real"]) == (0, 1, False)
        told = json.loads(row["variants"]) if row["variants"] else []
        assert told == own["variants"]
        supported = [claim["supported"] for claim in own["claims"]]
        if supported:
            assert row["support"] == pytest.approx(sum(supported) / len(supported))


def test_each_row_says_where_its_own_clip_lies(inputs: list[Input], tmp_path: Path) -> None:
    def moved(row: dict[str, Any], place: int) -> dict[str, Any]:
        return row | {"file_ms": 7 * place, "since_ms": place, "audio_track": place % 3}

    listed = [moved(row, place) for place, row in enumerate(clips(inputs[0]))]
    path = tmp_path / "clips.parquet"
    random.Random(2).shuffle(listed)
    pq.write_table(pa.Table.from_pylist(listed, schemas.CLIPS), path)
    shards = tuple(replace(shard, clips=str(path)) for shard in inputs[0].shards)
    made = release(rules(tmp_path), [replace(inputs[0], shards=shards)], tmp_path / "out")
    wanted = {row["clip_id"]: row for row in listed}
    data = table(tmp_path / "out", made)
    assert len(data) == len(rows(inputs[0]))
    for row in data:
        assert {name: row[name] for name in layout.OF_CLIPS} == {
            name: wanted[row["clip_id"]][name] for name in layout.OF_CLIPS
        }


def test_captions_of_a_clip_that_is_not_listed_are_refused(
    inputs: list[Input], tmp_path: Path
) -> None:
    path = tmp_path / "clips.parquet"
    pq.write_table(pa.Table.from_pylist(clips(inputs[0])[1:], schemas.CLIPS), path)
    shards = tuple(replace(shard, clips=str(path)) for shard in inputs[0].shards)
    with pytest.raises(WritingError, match="does not list clip"):
        release(rules(tmp_path), [replace(inputs[0], shards=shards)], tmp_path / "out")


def test_side_files_lie_beside_their_rows_in_order(inputs: list[Input], tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = release(rules(tmp_path, output={"part_rows": 5}), inputs, out)
    own = {row["clip_id"]: row for row in rows(inputs[0])}
    assert len(made.of("data")) == 3
    for name in ("claims", "evidence"):
        for data, side in zip(made.of("data"), made.of(name), strict=True):
            assert Path(data.path).name == Path(side.path).name
            ids = pq.read_table(out / data.path)["clip_id"].to_pylist()
            told = pq.read_table(out / side.path)
            assert wrong_columns(told.schema, name) is None
            order = list(dict.fromkeys(told["clip_id"].to_pylist()))
            assert order == [each for each in ids if each in set(order)]
            for clip in ids:
                mine = [row for row in told.to_pylist() if row["clip_id"] == clip]
                assert mine == getattr(_Flat, name)(own[clip])


class _Flat:
    """Side rows of a caption row, one by one."""

    @staticmethod
    def claims(row: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "clip_id": row["clip_id"],
                "claim": place,
                **{name: each[name] for name in ("caption", "text", "captioners", "supported")},
                **_judged(each["confidence"], "", "confidence_by"),
                **_spans(each["spans"]),
            }
            for place, each in enumerate(row["claims"])
        ]

    @staticmethod
    def evidence(row: dict[str, Any]) -> list[dict[str, Any]]:
        told = []
        for place, weak in enumerate(row["evidence"]):
            shared = {name: weak[name] for name in weak if name not in ("text", "claims")}
            shared |= {"clip_id": row["clip_id"], "place": place, "said": weak["text"]}
            nothing = dict.fromkeys(SCHEMAS["evidence"].names)
            for number, each in enumerate(weak["claims"]):
                names = ("label", "text", "kind", "modality", "score", "rank")
                told.append(
                    shared
                    | {"claim": number}
                    | {name: each[name] for name in names}
                    | _judged(each["confidence"], "", "confidence_by")
                    | _judged(each["fused"], "fused_", "fused_by")
                    | _spans(each["spans"])
                )
            if not weak["claims"]:
                told.append(nothing | shared)
        return told


def _judged(confidence: dict[str, Any] | None, prefix: str, by: str) -> dict[str, Any]:
    given = confidence or dict.fromkeys(("probability", "tier", "by"))
    return {
        f"{prefix}probability": given["probability"],
        f"{prefix}tier": given["tier"],
        by: given["by"],
    }


def _spans(spans: list[dict[str, int]] | None) -> dict[str, Any]:
    if spans is None:
        return {"span_starts_ms": None, "span_ends_ms": None}
    return {
        "span_starts_ms": [each["start_ms"] for each in spans],
        "span_ends_ms": [each["end_ms"] for each in spans],
    }


def test_what_is_built_is_verified(inputs: list[Input], tmp_path: Path) -> None:
    wanted = rules(tmp_path, split={"train": 0.6, "test": 0.4}, output={"part_rows": 4})
    made = release(wanted, inputs, tmp_path / "out")
    assert check_release(tmp_path / "out", made).problems == []


def test_the_stage_that_won_is_in_it(inputs: list[Input], tmp_path: Path) -> None:
    better = [
        row | {"audio_caption": f"Better {row['audio_caption']}"} for row in rows(inputs[0])[:5]
    ]
    second = rewritten(inputs[0], tmp_path / "second", [better], number=1, name="b", stage=2)
    made = release(rules(tmp_path, 2), [*inputs, second], tmp_path / "out")
    data = table(tmp_path / "out", made)
    assert sum(row["audio_caption"].startswith("Better") for row in data) == 5
    assert [(each.rows, each.kept) for each in made.inputs] == [(12, 7), (5, 5)]
    assert made.books.dropped["winner"] == 5


def test_the_newest_captions_win_wherever_their_input_stands(
    inputs: list[Input], tmp_path: Path
) -> None:
    first = replace(inputs[0], age=1)
    second = again(inputs[0], 1, age=0)
    made = release(rules(tmp_path, 2), [first, second], tmp_path / "out")
    assert [each.kept for each in made.inputs] == [12, 0]


def test_cuts_of_one_video_are_sources_of_their_own(inputs: list[Input], tmp_path: Path) -> None:
    """Splits go by the content of files, as the docs say: a name tells nothing."""

    def cut(row: dict[str, Any], number: int) -> dict[str, Any]:
        content = hashlib.sha256(b"%d" % number).hexdigest()
        told = {"uri": f"file:///Y3Fxk2j9QdA_{number}.mp4", "content_hash": content}
        return row | told | {"clip_id": content[:32]}

    listed = [cut(row, number) for number, row in enumerate(rows(inputs[0]))]
    given = [rewritten(inputs[0], tmp_path / "workspace", [listed])]
    made = release(rules(tmp_path, split={"train": 0.5, "test": 0.5}), given, tmp_path / "out")
    assert all(rows_of(made).values())


@pytest.mark.usefixtures("in_process")
def test_a_split_without_rows_is_told(inputs: list[Input], tmp_path: Path) -> None:
    sources = len({row["content_hash"] for row in rows(inputs[0])})
    wanted = rules(tmp_path, split={"train": 0.999999, "test": 0.000001})
    rebuilt = rebuilding.rebuild(wanted, inputs, tmp_path / "out")
    told = f"test: no rows: of {sources} sources none fell to it (share 1e-06)"
    assert [line for line in rebuilt.lines() if "no rows" in line] == [f"  {told}"]
    assert rows_of(rebuilt.release) == {"train": 12, "test": 0}
    assert f"\n- {told}\n" in (tmp_path / "out" / "README.md").read_text()


def test_a_release_whose_splits_have_rows_tells_nothing_of_them(
    inputs: list[Input], tmp_path: Path
) -> None:
    made = release(rules(tmp_path, split={"train": 0.5, "test": 0.5}), inputs, tmp_path / "out")
    assert all(rows_of(made).values()) and not without_rows(tmp_path / "out", made)
    assert "no rows" not in (tmp_path / "out" / "README.md").read_text()


def _reversed(tasks: Iterable[Task]) -> Iterator[Any]:
    for task in reversed(list(tasks)):
        yield task.run()


def _shuffled_twice(tasks: Iterable[Task]) -> Iterator[Any]:
    """Out of order, and some begun twice, as by a worker that died after its work."""
    listed = list(tasks)
    random.Random(3).shuffle(listed)
    for task in listed:
        task.run()
        yield task.run()


@pytest.mark.parametrize("runner", [_reversed, _shuffled_twice])
def test_the_order_of_work_changes_no_byte(
    runner: Callable[[Iterable[Task]], Iterator[Any]],
    inputs: list[Input],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [*inputs, again(inputs[0], 1, stage=2)]
    wanted = rules(tmp_path, 2, output={"part_rows": 3}, split={"train": 0.5, "test": 0.5})
    monkeypatch.setattr("pipelines.rebuild.steps._GROUP_SHARDS", 1)
    monkeypatch.setattr(rebuilding, "_BUCKET_BYTES", 1)
    release(wanted, both, tmp_path / "one")
    release(wanted, both, tmp_path / "other", runner)
    assert content(tmp_path / "one") == content(tmp_path / "other")
    assert len(content(tmp_path / "one")) > 12


def test_bounded_runs_change_no_row(
    inputs: list[Input], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = rules(tmp_path)
    whole = release(wanted, inputs, tmp_path / "whole")
    monkeypatch.setattr(writing, "_RUN_BYTES", 1)
    monkeypatch.setattr(writing, "_READ_ROWS", 2)
    monkeypatch.setattr(writing, "_READ_BYTES", 1)
    monkeypatch.setattr(writing, "_GROUP_BYTES", 2000)
    small = release(wanted, inputs, tmp_path / "small")
    for name in ("data", "claims", "evidence"):
        assert table(tmp_path / "whole", whole, name) == table(tmp_path / "small", small, name)
    (file,) = small.of("data")
    assert pq.ParquetFile(tmp_path / "small" / file.path).num_row_groups > 3


def test_links_only_has_no_word_that_was_heard(inputs: list[Input], tmp_path: Path) -> None:
    made = release(rules(tmp_path, output={"links_only": True}), inputs, tmp_path / "out")
    assert {file.table for file in made.files} == {"data"}
    assert {row["transcript"] for row in table(tmp_path / "out", made)} == {None}
    assert check_release(tmp_path / "out", made).problems == []


def test_a_row_of_another_clip_is_never_written(inputs: list[Input], tmp_path: Path) -> None:
    """A workspace whose rows were moved between keys and writing, in all ways there are, and whose files
    have no checksum that would tell."""
    listed = rows(inputs[0])
    for number, changed in enumerate(
        (
            [listed[1], listed[0], *listed[2:]],
            listed[1:],
            listed[:-1],
            [listed[0] | {"clip_id": "f" * 32}, *listed[1:]],
            [listed[0] | {"clip_id": "no hex at all"}, *listed[1:]],
        )
    ):
        made_input = rewritten(inputs[0], tmp_path / f"workspace{number}", [listed])
        given = [replace(made_input, shards=tuple(replace(s, sums={}) for s in made_input.shards))]
        out = tmp_path / f"out{number}"
        with opened(out) as work:
            steps = built.phases(rules(tmp_path), given, tmp_path / f"other{number}")
            steps = replace(steps, work=work)
            steps.keys()
            selection = steps.selection()
            rewritten(inputs[0], tmp_path / f"workspace{number}", [changed])
            with pytest.raises(WritingError, match="the workspace was changed meanwhile"):
                steps.write(selection)


def test_clips_with_other_ids_are_told_apart_too(inputs: list[Input], tmp_path: Path) -> None:
    listed = [row | {"clip_id": f"clip é {n}"} for n, row in enumerate(rows(inputs[0]))]
    given = [rewritten(inputs[0], tmp_path / "workspace", [listed])]
    made = release(rules(tmp_path), given, tmp_path / "out")
    texts = {row["clip_id"]: row["audio_caption"] for row in table(tmp_path / "out", made)}
    assert texts == {row["clip_id"]: row["audio_caption"] for row in listed}


def test_a_lost_spill_is_no_silent_loss(inputs: list[Input], tmp_path: Path) -> None:
    wanted = rules(tmp_path)
    other = release(
        rules(tmp_path),
        [rewritten(inputs[0], tmp_path / "w", [rows(inputs[0])[:3]])],
        tmp_path / "less",
    )
    assert other.books.kept == 3
    steps = built.phases(wanted, inputs, tmp_path / "out")
    steps.keys()
    selection = steps.selection()
    steps.write(selection)
    for done in steps.work.done.iterdir():
        done.unlink()
    short = replace(selection.parts[0], buckets=(99,))
    with pytest.raises(WritingError, match="12 rows came of 99 that were selected"):
        steps.write(replace(selection, parts=(short,)))


class _Stop(Exception):
    pass


@pytest.mark.parametrize("after", [1, 4, 7, 9])
def test_stopped_anywhere_it_goes_on_to_the_same_bytes(
    after: int, inputs: list[Input], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after so many tasks: 4 of keys (two inputs), 4 of scatters, then gathers."""
    monkeypatch.setattr("pipelines.rebuild.steps._GROUP_SHARDS", 1)
    both = [*inputs, again(inputs[0], 1, stage=2)]
    wanted = rules(tmp_path, 2, output={"part_rows": 5})
    release(wanted, both, tmp_path / "whole")
    ran = 0

    def stopping(tasks: Iterable[Task]) -> Iterator[Any]:
        nonlocal ran
        for task in tasks:
            if ran == after:
                raise _Stop
            ran += 1
            yield task.run()

    with pytest.raises(_Stop):
        release(wanted, both, tmp_path / "out", stopping)
    assert not layout.is_release(tmp_path / "out")
    release(wanted, both, tmp_path / "out")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_work_that_is_done_is_not_done_again(inputs: list[Input], tmp_path: Path) -> None:
    steps = built.phases(rules(tmp_path), inputs, tmp_path / "out")
    steps.keys()
    steps.write(steps.selection())
    before = {path: path.stat().st_mtime_ns for path in steps.work.root.rglob("*.parquet")}
    spills = {path: path.stat().st_mtime_ns for path in steps.work.spill.rglob("*")}
    steps.keys()
    steps.write(steps.selection())
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {path: path.stat().st_mtime_ns for path in spills} == spills


def test_no_temporary_file_is_left(inputs: list[Input], tmp_path: Path) -> None:
    """Neither of ours nor of a worker that was killed; files of others stay."""
    out = tmp_path / "out"
    folder = out / "data" / "permissive"
    with opened(out) as work:
        folder.mkdir(parents=True)
        (folder / ".train-00000-of-00001.parquet.123.tmp").write_bytes(b"PAR1")
        (folder / ".mine.tmp").write_bytes(b"")
        work.begin({})
    release(rules(tmp_path), inputs, out)
    names = [path.name for path in out.rglob("*")]
    assert [name for name in names if name.endswith(".tmp") or name == ".rebuild"] == [".mine.tmp"]


@pytest.mark.usefixtures("in_process")
@pytest.mark.usefixtures("in_process")
def test_what_a_killed_rebuild_left_is_gone_before_work_goes_on(tmp_path: Path) -> None:
    left = tmp_path / "out" / "media" / "permissive" / ".train-00000-of-00001.tar.123.tmp"
    with opened(tmp_path / "out") as work:
        coded, pairs = work.sources / "tmp123" / "clip", work.near / "work" / "near-123" / "pairs"
        for path in (left, coded, pairs):
            path.parent.mkdir(parents=True)
            path.write_bytes(b"x")
        (work.sources / "f.json").write_bytes(b"{}")
        with running.running(work, 1):
            assert not left.exists() and not coded.exists() and not pairs.exists()
            assert (work.sources / "f.json").exists()


def test_another_plan_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "out") as work:
        assert work.begin({"rules": "a", "inputs": ["b"]}) == 1
        assert work.begin({"rules": "a", "inputs": ["b"]}) == 2
        work.keys.mkdir()
        (work.keys / "00000.parquet").write_bytes(b"PAR1")
        for plan in ({"rules": "b", "inputs": ["b"]}, {"rules": "a", "inputs": ["c"]}):
            with pytest.raises(RebuildError, match="was begun with other"):
                work.begin(plan)


def test_another_plan_is_taken_while_no_keys_are_made(tmp_path: Path) -> None:
    with opened(tmp_path / "out") as work:
        assert work.begin({"rules": "a"}) == 1
        work.lists.mkdir()
        for path in (work.lists / "takedown.tokens", work.decided):
            path.write_bytes(b"")
        assert work.begin({"rules": "b"}) == 2
        assert not work.lists.exists() and not work.decided.exists()
        assert work.begin({"rules": "b"}) == 3


@pytest.mark.usefixtures("in_process")
def test_rules_that_leave_no_row_do_not_keep_the_folder(
    inputs: list[Input], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(RulesError, match="no row is left of 12"):
        rebuilding.rebuild(rules(tmp_path, keep={"min_ms": 100_000}), inputs, out)
    assert list(out.iterdir()) == []
    assert rebuilding.rebuild(rules(tmp_path), inputs, out).release.books.kept == 12


def test_what_was_made_of_a_plan_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    with opened(tmp_path / "out") as work:
        work.begin({"rules": "a"})
        work.keys.mkdir()
        (work.keys / "00000.parquet").write_text("of other rules")
        (work.root / "plan.json").unlink()
        work.begin({"rules": "b"})
        assert {path.name for path in work.root.iterdir()} == {"lock", "plan.json"}


@pytest.mark.parametrize("content_", [b"", b"{", b"[]", b'{"format": 0}', b'{"format": 2}'])
def test_a_damaged_plan_says_what_to_do(tmp_path: Path, content_: bytes) -> None:
    with opened(tmp_path / "out") as work:
        (work.root / "plan.json").write_bytes(content_)
        with pytest.raises(RebuildError, match="to begin anew"):
            work.begin({"rules": "a"})


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(RebuildError, match="holds other files"), opened(tmp_path / "mine"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(RebuildError, match="is no folder"), opened(tmp_path / "file"):
        pass
    with (
        opened(tmp_path / "out"),
        pytest.raises(RebuildError, match="by another process"),
        opened(tmp_path / "out"),
    ):
        pass


@pytest.mark.parametrize("below", ["", "rel", "captions/rel"])
def test_a_folder_in_a_workspace_is_refused(
    below: str, inputs: list[Input], tmp_path: Path
) -> None:
    root = inputs[0].root
    (tmp_path / "link").symlink_to(root)
    for out in (root / below, tmp_path / "link" / below):
        with pytest.raises(RebuildError, match=f"is in the workspace {root}"):
            rebuilding.rebuild(rules(tmp_path), inputs, out)
    assert not below or not (root / below).exists()


def test_a_standing_release_is_told_and_never_changed(inputs: list[Input], tmp_path: Path) -> None:
    wanted = rules(tmp_path)
    made = release(wanted, inputs, tmp_path / "out")
    (tmp_path / "out" / ".rebuild").mkdir()  # killed before it was removed
    rebuilt = rebuilding.rebuild(wanted, inputs, tmp_path / "out")
    assert rebuilt.release == made == load(tmp_path / "out")
    assert not Work(tmp_path / "out").root.exists()
    other = rules(tmp_path, shuffle={"seed": 3})
    with pytest.raises(RebuildError, match="never changed: name a new folder"):
        rebuilding.rebuild(other, inputs, tmp_path / "out")


def test_inputs_without_captions_are_an_error(inputs: list[Input], tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="hold no captions"):
        release(rules(tmp_path), [replace(inputs[0], shards=())], tmp_path / "out")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device", "/out/part"),
        OSError(122, "Disk quota exceeded"),
        pa.ArrowException("[errno 28] Error writing bytes: No space left on device"),
        duckdb.IOException('Could not write file "keys.duckdb": No space left on device'),
    ],
)
def test_a_full_disk_says_how_to_go_on(
    error: Exception, inputs: list[Input], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tasks: Iterable[Task]) -> Iterator[Any]:
        raise error
        yield

    monkeypatch.setattr(running, "every_core", lambda: nullcontext(full))
    with pytest.raises(RebuildError, match=r"make room and run the same command again; it goes on"):
        rebuilding.rebuild(rules(tmp_path), inputs, tmp_path / "out")
    monkeypatch.setattr(running, "every_core", lambda: nullcontext(here))
    assert rebuilding.rebuild(rules(tmp_path), inputs, tmp_path / "out").release.books.kept == 12
    assert not (tmp_path / "out" / ".rebuild").exists()


@pytest.mark.usefixtures("in_process")
def test_ctrl_c_in_a_query_is_a_ctrl_c(inputs: list[Input], tmp_path: Path) -> None:
    def tell(line: str) -> None:
        raise RuntimeError("Query interrupted")  # what DuckDB makes of it

    with pytest.raises(KeyboardInterrupt):
        rebuilding.rebuild(rules(tmp_path), inputs, tmp_path / "out", tell)


@pytest.mark.usefixtures("in_process")
def test_a_release_is_not_built_in_another_one(inputs: list[Input], tmp_path: Path) -> None:
    rebuilding.rebuild(rules(tmp_path), inputs, tmp_path / "out")
    with pytest.raises(RebuildError, match=r"is in the release .* name another folder"):
        rebuilding.rebuild(rules(tmp_path), inputs, tmp_path / "out" / "data" / "inner")
    assert not (tmp_path / "out" / "data" / "inner").exists()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[1000:3000] = b"x" * 2000
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage", [_cut, _scribble, Path.unlink, lambda path: path.write_bytes(b"")]
)
@pytest.mark.parametrize("late", [False, True])
def test_a_damaged_file_is_named(
    damage: Callable[[Path], None], late: bool, inputs: list[Input], tmp_path: Path
) -> None:
    """Damaged before the keys are made, or after."""
    given = [rewritten(inputs[0], tmp_path / "workspace", [rows(inputs[0])])]
    path = Path(given[0].shards[0].captions[0])
    steps = built.phases(rules(tmp_path), given, tmp_path / "out")
    if late:
        steps.keys()
        selection = steps.selection()
    damage(path)
    with pytest.raises(
        (RebuildError, WritingError),
        match=r"(can't be read|not what was committed).* captionmill verify",
    ) as told:
        steps.write(selection) if late else steps.keys()
    assert str(path) in str(told.value)


def _swap(path: Path) -> None:
    """The captions of two rows, each now at the other's."""
    table = pq.read_table(path)
    turned = table["audio_visual_caption"].take(pa.array([1, 0, *range(2, len(table))]))
    place = table.schema.get_field_index("audio_visual_caption")
    pq.write_table(table.set_column(place, table.schema.field(place), turned), path)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("table", ["captions", "clips"])
def test_a_file_that_was_changed_after_it_was_committed_is_told(
    table: str, late: bool, inputs: list[Input], tmp_path: Path
) -> None:
    given = rewritten(inputs[0], tmp_path / "workspace", [rows(inputs[0])])
    steps = built.phases(rules(tmp_path), [given], tmp_path / "out")
    (shard,) = given.shards
    if late:
        steps.keys()
    if table == "captions":
        _swap(Path(shard.captions[0]))
    else:
        path = Path(shard.clips)
        path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(WritingError, match=r"\.parquet is not what was committed") as told:
        steps.keys()
        steps.write(steps.selection())
    assert (shard.captions[0] if table == "captions" else shard.clips) in str(told.value)
