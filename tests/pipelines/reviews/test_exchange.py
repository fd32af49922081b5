"""Reviews as JSON lines and CSV."""

from pathlib import Path
from typing import Any

import pytest

from manifests.workspace import Workspace
from pipelines.reviews.exchange import export, load
from pipelines.reviews.journal import Journal, ReviewError
from pipelines.reviews.stored import stored
from tests.pipelines.reviews.made import review

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
    assert load(other, file) == (2, 2)
    assert load(other, file) == (2, 0)
    assert _rows(other) == _rows(reviewed)


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
