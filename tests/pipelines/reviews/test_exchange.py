"""Reviews and comparisons as JSON lines and CSV."""

import csv
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from manifests import commits, tables
from manifests.workspace import Workspace
from pipelines.reviews.exchange import export, load, require_no_release
from pipelines.reviews.journal import Journal, ReviewError
from pipelines.reviews.stored import COMPARISONS, stored
from tests.conftest import command
from tests.manifests.made import make
from tests.pipelines.reviews.made import compared, review

_TEXT = 'A "dog", \N{OWL}; 1.5 é = done'


@pytest.fixture
def reviewed(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "out")
    journal = Journal(workspace.open_reviews)
    journal.append(review(1, verdict="bad", reasons=("wrong modality", "leaked")))
    journal.append(review(2, verdict=None, visual_caption=_TEXT, caption_digest=None))
    journal.close()
    return workspace


def _rows(workspace: Workspace) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stored(workspace).sort_by("clip_id").to_pylist()
    return rows


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_what_goes_out_comes_in_the_same(suffix: str, reviewed: Workspace, tmp_path: Path) -> None:
    file = tmp_path / f"it's all{suffix}"
    assert export(reviewed, file) == 2
    other = Workspace.create(tmp_path / "other")
    assert load(other, file) == (2, 2, 0)
    assert load(other, file) == (2, 0, 0)
    assert _rows(other) == _rows(reviewed)


def test_reviews_of_other_clips_are_counted(tmp_path: Path) -> None:
    place = make(tmp_path / "made")
    (file, *_) = commits.load(place.workspace).files("captions")
    clip = next(tables.read_all(place.workspace.root, [file]))["clip_id"]
    (tmp_path / "a.csv").write_text(f"clip_id,reviewer,verdict\n{clip},x,good\n{'a' * 32},x,good\n")
    assert load(place.workspace, tmp_path / "a.csv") == (2, 2, 1)


@pytest.mark.parametrize(
    ("lacks", "name", "without"),
    [
        ("has_audio", "audio_caption", "sound"),
        ("has_video", "visual_caption", "a picture"),
        ("has_video", "audio_visual_caption", "both sound and a picture"),
    ],
)
def test_an_edit_of_a_caption_that_the_clip_cannot_have_is_refused(
    lacks: str, name: str, without: str, tmp_path: Path
) -> None:
    place = make(tmp_path / "made")
    clips = [row["clip_id"] for row in place.rows("captions")]
    place.edit("captions", lambda rows: [row | {lacks: row["clip_id"] != clips[0]} for row in rows])
    file = tmp_path / "a.csv"
    file.write_text(f"clip_id,reviewer,{name}\n{clips[1]},x,A tone.\n{clips[0]},x,None.\n")
    with pytest.raises(
        ReviewError, match=rf"without {without}: 1 rows, such as that of {clips[0]}"
    ):
        load(place.workspace, file)
    assert _rows(place.workspace) == []
    file.write_text(f"clip_id,reviewer,{name}\n{clips[1]},x,A tone.\n")
    assert load(place.workspace, file) == (1, 1, 0)


@pytest.mark.parametrize("emptied", [(), ("review_id",), ("review_id", "reviewed_ms")])
def test_a_row_that_was_changed_is_taken_where_it_has_neither_id_nor_time(
    emptied: tuple[str, ...], reviewed: Workspace, tmp_path: Path
) -> None:
    export(reviewed, tmp_path / "a.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    rows[0] |= {"verdict": "good", "reasons": []} | dict.fromkeys(emptied)
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    if len(emptied) < 2:
        with pytest.raises(
            ReviewError, match=r"1 rows contradict .* neither review_id nor reviewed_ms"
        ):
            load(reviewed, tmp_path / "b.jsonl")
        assert [row["verdict"] for row in _rows(reviewed)] == ["bad", None]
    else:
        assert load(reviewed, tmp_path / "b.jsonl") == (2, 1, 0)
        export(reviewed, tmp_path / "c.jsonl")
        assert '"verdict":"good"' in (tmp_path / "c.jsonl").read_text()


def test_what_a_spreadsheet_makes_of_a_file_is_read(reviewed: Workspace, tmp_path: Path) -> None:
    """It shows umlauts only after a byte order mark, rounds long numbers, and adds empty rows."""
    export(reviewed, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfreview_id,")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    at = head.index("reviewed_ms")
    for row in rows:
        row[at] = f"{float(row[at]):.5E}".replace("E+0", "E+")
    rows.append([""] * len(head))
    with (tmp_path / "b.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    assert load(reviewed, tmp_path / "b.csv") == (2, 0, 0)


def test_a_time_of_the_future_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    row = {"clip_id": "a" * 32, "reviewer": "ada", "verdict": "bad"}
    now_us = time.time_ns() // 1000
    (tmp_path / "a.jsonl").write_text(json.dumps(row | {"reviewed_ms": now_us}))
    with pytest.raises(ReviewError, match="line 1: reviewed_ms is in the future"):
        load(workspace, tmp_path / "a.jsonl")


def test_a_file_with_semicolons_is_read(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    file = tmp_path / "a.csv"
    row = f'{"a" * 32};ada;bad;"wrong; missed"'
    file.write_text(f"clip_id;reviewer;verdict;reasons\r\n{row}\r\n", encoding="utf-8-sig")
    assert load(workspace, file) == (1, 1, 0)
    assert _rows(workspace)[0]["reasons"] == ["missed", "wrong"]


def test_a_file_that_is_there_is_not_written_over(reviewed: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious")
    with pytest.raises(ReviewError, match="exists"):
        export(reviewed, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", '{"clip_id": "x"}\n', "line 1: clip_id: "),
        ("a.jsonl", "\n[1]\n", "line 2 is no object"),
        ("a.jsonl", "{\n", "line 1 is no JSON"),
        ("a.jsonl", f'{{"clip_id": "{"a" * 32}", "reviewer": "x"}}\n', "neither a verdict nor"),
        ("a.csv", f"clip_id,reviewer,verdict,stars\n{'a' * 32},x,good,5\n", "line 2: stars: "),
        ("a.csv", f"clip_id,reviewer,verdict\n{'a' * 32},x,good,5\n", "line 2 has more cells"),
        ("a.csv", "clip_id,reviewer\n\udcff,x\n", "Save it as UTF-8"),
        ("a.txt", "", "must end in .jsonl or .csv"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_nothing_is_imported(
    name: str, content: str, told: str, tmp_path: Path
) -> None:
    workspace = Workspace.create(tmp_path / "out")
    file = tmp_path / name
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ReviewError, match=told):
        load(workspace, file)
    assert _rows(workspace) == []


@pytest.fixture
def judged(tmp_path: Path) -> Workspace:
    """Comparisons of which three count: one was taken back, and one said anew from the other side."""
    workspace = Workspace.create(tmp_path / "judged")
    journal = Journal(workspace.open_comparisons)
    own, other = "a" * 16, "b" * 16
    for said in (
        compared(1, "win", own, other, at=1),
        compared(1, "loss", other, own, at=2),
        compared(1, "tie", own, "c" * 16, at=3),
        compared(2, "win", own, other, at=4),
        compared(2, None, own, other, at=5),
        compared(2, "tie", own, other, at=6, reviewer="bob"),
    ):
        journal.append(said)
    journal.close()
    return workspace


def _told(workspace: Workspace) -> list[tuple[Any, ...]]:
    rows = stored(workspace, COMPARISONS).sort_by("compared_ms").to_pylist()
    return [(row["compared_ms"], row["reviewer"], row["outcome"]) for row in rows]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_comparisons_that_count_go_out_and_come_in(
    suffix: str, judged: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / f"said{suffix}"
    assert export(judged, file, COMPARISONS) == 3
    other = Workspace.create(tmp_path / "other")
    assert load(other, file, COMPARISONS) == (3, 3, 0)
    assert load(other, file, COMPARISONS) == (3, 0, 0)
    assert _told(other) == [(2, "ada", "loss"), (3, "ada", "tie"), (6, "bob", "tie")]
    kept = stored(judged, COMPARISONS).to_pylist()
    assert all(row in kept for row in stored(other, COMPARISONS).to_pylist())
    assert _rows(other) == []


_BOTH = f'"caption_digest": "{"a" * 16}", "other_digest": "{"b" * 16}"'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f'{{"clip_id": "{"1" * 32}", "reviewer": "x", {_BOTH}}}', "line 1: outcome: "),
        (
            f'{{"clip_id": "{"1" * 32}", "reviewer": "x", {_BOTH}, "outcome": null}}',
            "line 1: outcome: ",
        ),
        (
            f'{{"clip_id": "{"1" * 32}", "reviewer": "x", {_BOTH}, "outcome": "left"}}',
            "line 1: outcome: ",
        ),
        (f'{{"clip_id": "{"1" * 32}", "reviewer": "x", "verdict": "good"}}', "line 1: "),
    ],
)
def test_what_is_no_comparison_is_told(line: str, told: str, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(ReviewError, match=told):
        load(workspace, tmp_path / "a.jsonl", COMPARISONS)
    assert _told(workspace) == []


def test_a_release_is_told_where_its_reviews_lie(tmp_path: Path) -> None:
    require_no_release(tmp_path)
    (tmp_path / "release.json").write_text("{}")
    with pytest.raises(ReviewError, match="name the folder of its reviews"):
        require_no_release(tmp_path)


@pytest.mark.run
def test_the_commands_exchange_comparisons(judged: Workspace, tmp_path: Path) -> None:
    other = Workspace.create(tmp_path / "other")
    file = tmp_path / "said.csv"
    told = []
    for how, workspace in (("export", judged), ("import", other)):
        said = ["reviews", how, str(workspace.root), str(file), "--comparisons"]
        ran = subprocess.run(command(*said), capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        told.append(ran.stdout)
    assert told == [f"{file}: 3 comparisons\n", "3 comparisons, 3 of them new\n"]
    assert len(_told(other)) == 3
