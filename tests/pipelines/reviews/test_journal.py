"""Open reviews: on disk before they are acknowledged, and left alone while somebody writes."""

import os
from pathlib import Path

import pytest

from pipelines.reviews.journal import Journal, ReviewError, journals, read, taken
from pipelines.reviews.review import Review
from tests.pipelines.reviews.made import review


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal" / "reviews")
    given = [review(1), review(2, audio_caption="é \N{OWL} \u2028 x")]
    for each in given:
        journal.append(each)
    (path,) = journals(tmp_path / "journal" / "reviews")
    assert read(path, Review) == given


def test_looking_alone_makes_no_file(tmp_path: Path) -> None:
    Journal(tmp_path / "reviews").close()
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_synced_before_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        synced.append(os.fstat(handle).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(tmp_path)
    journal.append(review(1))
    (path,) = journals(tmp_path)
    assert synced[-1] == path.stat().st_size > 0


def test_a_last_line_that_is_not_whole_was_never_acknowledged(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(review(1))
    journal.close()
    (path,) = journals(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"review_id": "0')
    assert [each.clip_id for each in read(path, Review)] == [f"{1:032x}"]


def test_a_damaged_line_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"review_id": 7}\n')
    with pytest.raises(ReviewError, match=r"a\.jsonl line 1 is no review"):
        read(tmp_path / "a.jsonl", Review)


def test_half_a_line_is_removed_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append(review(1))
    write = os.write

    def full(handle: int, line: bytes) -> int:
        write(handle, line[:7])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            journal.append(review(2))
    journal.append(review(3))
    (path,) = journals(tmp_path)
    assert [each.clip_id for each in read(path, Review)] == [f"{1:032x}", f"{3:032x}"]


def test_a_journal_that_is_written_is_not_taken(tmp_path: Path) -> None:
    writing, left = Journal(tmp_path), Journal(tmp_path)
    writing.append(review(1))
    left.append(review(2))
    left.close()
    with taken(tmp_path) as paths:
        assert [each.clip_id for path in paths for each in read(path, Review)] == [f"{2:032x}"]


def test_a_link_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x\n")
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "secret")
    assert journals(tmp_path) == []
