"""What the journal kept of a batch is there whole and of exactly these clips, or not at all."""

import multiprocessing
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.stages.journal import Entry, Journal

_CLIPS = ["a", "b"]
_ROW = {"clip_id": "a", "text": 'ü 🎬 \ud83d "', "score": 0.1 + 0.2, "no": None}
_ENTRY = Entry(("ears", "eyes"), {"captions": (_ROW,), "quarantine": ()})


def _entry(value: Any) -> Entry:
    return Entry(("ears",), {"captions": ({"clip_id": "a", "value": value},)})


def _value(entry: Entry | None) -> Any:
    assert entry is not None
    return entry.rows["captions"][0]["value"]


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal" / "shard")
    journal.put(3, "done", _CLIPS, _ENTRY)
    assert journal.get(3, "done", _CLIPS) == _ENTRY
    assert Journal(tmp_path / "journal" / "shard").get(3, "done", _CLIPS) == _ENTRY


def test_batches_and_steps_are_kept_apart(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    keys: list[tuple[int, str]] = [(0, "weak"), (0, "done"), (10, "weak"), (1_000_000, "weak")]
    for batch, step in keys:
        journal.put(batch, step, _CLIPS, _entry([batch, step]))
    for batch, step in keys:
        assert _value(journal.get(batch, step, _CLIPS)) == [batch, step]
    assert journal.get(1, "weak", _CLIPS) is None


@pytest.mark.parametrize("clips", [["b", "a"], ["a"], ["a", "b", "c"], ["a", "c"], []])
def test_of_other_clips_there_is_nothing(clips: list[str], tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _ENTRY)
    assert journal.get(0, "weak", clips) is None


def test_every_torn_file_is_worked_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _entry([1]))
    (file,) = tmp_path.iterdir()
    data = file.read_bytes()
    for length in range(len(data)):
        file.write_bytes(data[:length])
        assert journal.get(0, "weak", _CLIPS) is None
        file.write_bytes(data[:length] + bytes(len(data) - length))
        assert journal.get(0, "weak", _CLIPS) is None


@pytest.mark.parametrize("content", [b"[]", b"7", b"null", b'"clips"', b"{}", b"\xff"])
def test_a_file_of_something_else_is_worked_again(content: bytes, tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _ENTRY)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert journal.get(0, "weak", _CLIPS) is None


def test_a_batch_put_again_replaces_the_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _entry(1))
    journal.put(0, "weak", _CLIPS, _entry(2))
    assert _value(journal.get(0, "weak", _CLIPS)) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_kept_leaves_what_was_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _entry(1))
    with pytest.raises(TypeError):
        journal.put(0, "weak", _CLIPS, _entry(object()))
    assert _value(journal.get(0, "weak", _CLIPS)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_raises_and_leaves_what_was_there(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails half way."""
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _entry(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            journal.put(0, "weak", _CLIPS, _entry("x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _value(journal.get(0, "weak", _CLIPS)) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.run
def test_a_process_killed_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    text = "x" * 300_000

    def write(begun: Any) -> None:
        journal = Journal(tmp_path)
        for number in range(1_000_000):
            journal.put(0, "done", _CLIPS, _entry([number, text]))
            if number == 2:
                begun.set()

    for _ in range(5):
        begun = context.Event()
        process = context.Process(target=write, args=(begun,), daemon=True)
        process.start()
        assert begun.wait(60)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        number, kept = _value(Journal(tmp_path).get(0, "done", _CLIPS))
        assert kept == text and number >= 2


def test_a_removed_journal_is_empty_and_removing_twice_is_well(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "shard")
    journal.put(0, "weak", _CLIPS, _ENTRY)
    journal.remove()
    journal.remove()
    assert not (tmp_path / "shard").exists()
    assert journal.get(0, "weak", _CLIPS) is None


def _row(clip: str) -> dict[str, Any]:
    return {"clip_id": clip}


def test_a_clip_that_a_later_unit_puts_into_quarantine_keeps_no_other_rows() -> None:
    first = Entry().extended(["ears"], {"weak/ears-1": [_row("a"), _row("b")]})
    both = first.extended(["eyes"], {"weak/eyes-1": [_row("a")], "quarantine": [_row("b")]})
    assert both.ran == ("ears", "eyes")
    assert both.rows["weak/ears-1"] == (_row("a"),)
    assert both.outcomes() == ["b"] and both.counts() == {"quarantined": 1}


def test_an_entry_overlaps_what_another_job_committed_of_the_same_table() -> None:
    entry = Entry().extended(["ears"], {"weak/ears-1": [_row("a")]})
    assert entry.overlaps({"a": {"weak/ears-1": _row("a")}})
    assert not entry.overlaps({"a": {"weak/ears-2": _row("a")}, "b": {"weak/ears-1": _row("b")}})


def test_removing_a_journal_leaves_files_that_are_not_its_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "shard")
    journal.put(0, "weak", _CLIPS, _ENTRY)
    (tmp_path / "shard" / "notes.txt").write_text("mine")
    journal.remove()
    assert [path.name for path in (tmp_path / "shard").iterdir()] == ["notes.txt"]


def test_a_dropped_entry_is_gone_and_others_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step in ("weak", "done"):
        journal.put(0, step, _CLIPS, _ENTRY)
    journal.drop(0, "done")
    journal.drop(0, "never")
    assert journal.get(0, "done", _CLIPS) is None
    assert journal.get(0, "weak", _CLIPS) == _ENTRY
