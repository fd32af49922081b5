"""Reviews of a workspace: committed once, and none is lost wherever the process is killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.run.lease import DriverLease, LeaseHeld
from manifests import commits
from manifests.books import Books, books
from manifests.verify.check import check_workspace
from manifests.verify.job import Job
from manifests.workspace import Workspace
from pipelines.reviews.journal import Journal, journals
from pipelines.reviews.stored import collect, counting, stored, table
from tests.conftest import command
from tests.manifests import made
from tests.pipelines.reviews.made import review


def _clips(workspace: Workspace) -> list[str]:
    ids: list[str] = stored(workspace)["clip_id"].to_pylist()
    return sorted(ids)


def _written(workspace: Workspace, *numbers: int) -> None:
    journal = Journal(workspace.open_reviews)
    for number in numbers:
        journal.append(review(number))
    journal.close()


def test_open_reviews_are_stored_before_any_commit(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    _written(workspace, 1, 2)
    assert _clips(workspace) == [f"{1:032x}", f"{2:032x}"]


def test_journals_become_parquet_that_a_commit_names(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    _written(workspace, 1)
    _written(workspace, 2)
    assert collect(workspace) == 2
    assert journals(workspace.open_reviews) == []
    (file,) = commits.load(workspace).files("reviews")
    assert (file.rows, (workspace.root / file.path).is_file()) == (2, True)
    _written(workspace, 3)
    assert collect(workspace) == 1
    assert len(_clips(workspace)) == 3


def test_a_run_at_work_keeps_its_lease_and_the_journals_stay(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    _written(workspace, 1)
    with DriverLease(workspace), pytest.raises(LeaseHeld):
        collect(workspace)
    assert len(_clips(workspace)) == 1
    assert collect(workspace) == 1


def test_of_a_reviewer_the_last_review_of_a_clip_counts() -> None:
    given = [
        review(1, reviewed_ms=2, verdict="bad"),
        review(1, reviewed_ms=1),
        review(1, reviewed_ms=1, reviewer="bob"),
        review(2, reviewed_ms=1),
        review(2, reviewed_ms=2, verdict=None),
        review(3, reviewed_ms=3, verdict=None, audio_caption="Rain."),
    ]
    rows = counting(table(given)).to_pylist()
    assert [(r["clip_id"][-1], r["reviewer"], r["verdict"]) for r in rows] == [
        ("1", "bob", "good"),
        ("1", "ada", "bad"),
        ("3", "ada", None),
    ]


def test_a_review_of_other_captions_of_a_clip_counts_beside_it() -> None:
    given = [
        review(1, reviewed_ms=1, verdict="bad"),
        review(1, reviewed_ms=2, caption_digest="f" * 16),
    ]
    assert [row["verdict"] for row in counting(table(given)).to_pylist()] == ["bad", "good"]


def test_reviews_change_neither_books_nor_listing_and_the_workspace_is_sound(
    tmp_path: Path,
) -> None:
    workspace = Workspace.open(made.make(tmp_path / "out").root)
    before = _judged(workspace)
    _written(workspace, 1, 2)
    collect(workspace)
    assert _judged(workspace) == before


def _judged(workspace: Workspace) -> tuple[Books, list[str]]:
    """The books of a made workspace, and what is wrong with it."""
    state = commits.load(workspace)
    problems = check_workspace(workspace, state, [Job(made.JOB, made.CUT, made.TABLES)]).problems
    return books(state, made.CUT, made.JOB), [str(problem) for problem in problems]


def test_a_damaged_file_of_reviews_is_found(tmp_path: Path) -> None:
    workspace = Workspace.open(made.make(tmp_path / "out").root)
    _written(workspace, 1)
    collect(workspace)
    (file,) = commits.load(workspace).files("reviews")
    (workspace.root / file.path).write_bytes(b"nothing")
    assert any(file.path in problem for problem in _judged(workspace)[1])


_COLLECT = (
    "import sys; from pathlib import Path; from manifests.workspace import Workspace\n"
    "from pipelines.reviews.stored import collect; collect(Workspace.open(Path(sys.argv[1])))"
)


@pytest.mark.run
@pytest.mark.parametrize("point", ["reviews.before_commit", "reviews.after_commit"])
def test_a_kill_while_journals_are_committed_loses_and_doubles_nothing(
    point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "out")
    _written(workspace, 1, 2)
    monkeypatch.setenv("CAPTIONMILL_KILL_AT", point)
    ran = subprocess.run([sys.executable, "-c", _COLLECT, str(workspace.root)], check=False)
    assert ran.returncode == -9
    monkeypatch.delenv("CAPTIONMILL_KILL_AT")
    assert len(_clips(workspace)) == 2
    collect(workspace)
    assert len(_clips(workspace)) == 2
    assert journals(workspace.open_reviews) == []


_APPEND = (
    "import sys; from pathlib import Path; from pipelines.reviews.journal import Journal\n"
    "from tests.pipelines.reviews.made import review\n"
    "journal = Journal(Path(sys.argv[1]))\n"
    "for number in range(3): journal.append(review(number)); print(number, flush=True)"
)


@pytest.mark.run
def test_a_kill_while_a_review_is_written_loses_none_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "out")
    monkeypatch.setenv("CAPTIONMILL_KILL_AT", "reviews.written:3")
    code = [sys.executable, "-c", _APPEND, str(workspace.open_reviews)]
    ran = subprocess.run(code, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (-9, ["0", "1"])
    monkeypatch.delenv("CAPTIONMILL_KILL_AT")
    assert collect(workspace) >= 2
    assert {f"{0:032x}", f"{1:032x}"} <= set(_clips(workspace))


@pytest.mark.run
def test_reviews_go_out_and_in_by_command(tmp_path: Path) -> None:
    workspace, other = Workspace.create(tmp_path / "out"), Workspace.create(tmp_path / "other")
    _written(workspace, 1, 2)
    file = str(tmp_path / "reviews.csv")
    for arguments, told in (
        (("export", str(workspace.root), file), f"{file}: 2 reviews"),
        (("import", str(other.root), file), "2 reviews, 2 of them new"),
        (("import", str(other.root), file), "2 reviews, 0 of them new"),
    ):
        ran = subprocess.run(
            command("reviews", *arguments), capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stdout.strip()) == (0, told), ran.stderr
    assert stored(other).sort_by("clip_id") == stored(workspace).sort_by("clip_id")
