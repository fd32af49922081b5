"""What the journal kept of a batch is there whole and of exactly these clips, or not at all."""

import multiprocessing
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.stages.journal import Journal, Step

_CLIPS = ["a", "b"]
_ENTRY: dict[str, Any] = {"captions": [{"text": 'ü 🎬 \ud83d "', "score": 0.1 + 0.2, "no": None}]}


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal" / "shard")
    journal.put(3, "done", _CLIPS, _ENTRY)
    assert journal.get(3, "done", _CLIPS) == _ENTRY
    assert Journal(tmp_path / "journal" / "shard").get(3, "done", _CLIPS) == _ENTRY


def test_batches_and_steps_are_kept_apart(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    keys: list[tuple[int, Step]] = [(0, "weak"), (0, "done"), (10, "weak"), (1_000_000, "weak")]
    for batch, step in keys:
        journal.put(batch, step, _CLIPS, {"of": [batch, step]})
    for batch, step in keys:
        assert journal.get(batch, step, _CLIPS) == {"of": [batch, step]}
    assert journal.get(1, "weak", _CLIPS) is None


@pytest.mark.parametrize("clips", [["b", "a"], ["a"], ["a", "b", "c"], ["a", "c"], []])
def test_of_other_clips_there_is_nothing(clips: list[str], tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, _ENTRY)
    assert journal.get(0, "weak", clips) is None


def test_every_torn_file_is_worked_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, {"x": [1]})
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
    journal.put(0, "weak", _CLIPS, {"n": 1})
    journal.put(0, "weak", _CLIPS, {"n": 2})
    assert journal.get(0, "weak", _CLIPS) == {"n": 2}
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_kept_leaves_what_was_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, {"n": 1})
    with pytest.raises(TypeError):
        journal.put(0, "weak", _CLIPS, {"n": object()})
    assert journal.get(0, "weak", _CLIPS) == {"n": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_raises_and_leaves_what_was_there(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails half way."""
    journal = Journal(tmp_path)
    journal.put(0, "weak", _CLIPS, {"n": 1})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            journal.put(0, "weak", _CLIPS, {"n": "x" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.get(0, "weak", _CLIPS) == {"n": 1}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.run
def test_a_process_killed_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    entry = {"text": "x" * 300_000}

    def write(begun: Any) -> None:
        journal = Journal(tmp_path)
        for number in range(1_000_000):
            journal.put(0, "done", _CLIPS, {"n": number, **entry})
            if number == 2:
                begun.set()

    for _ in range(5):
        begun = context.Event()
        process = context.Process(target=write, args=(begun,), daemon=True)
        process.start()
        assert begun.wait(60)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        kept = Journal(tmp_path).get(0, "done", _CLIPS)
        assert kept is not None and kept["text"] == entry["text"] and kept["n"] >= 2


def test_a_removed_journal_is_empty_and_removing_twice_is_well(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "shard")
    journal.put(0, "weak", _CLIPS, _ENTRY)
    journal.remove()
    journal.remove()
    assert not (tmp_path / "shard").exists()
    assert journal.get(0, "weak", _CLIPS) is None
