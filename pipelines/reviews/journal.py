"""The journal of open reviews, or comparisons: JSON lines that no commit holds yet.

A commit of its own for each review would open an epoch each time, which writes a snapshot of all
records: seconds in a large workspace, while a reviewer presses a key. And while a run captions, nobody
else may commit. So a review is appended to a file of its process and fsynced: then it is acknowledged,
and no crash loses it. Journals become Parquet by a commit when the app ends, or the next one starts
(`pipelines.reviews.stored`).

Each process writes a file of its own and holds a lock on it while it lives, so that nobody takes a
journal away that is still written.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from engine.crashpoints import reach
from manifests.atomic import make_folder, sync
from manifests.errors import UserError

Line = TypeVar("Line", bound=BaseModel)


class ReviewError(UserError):
    """Reviews that can't be read or written; says what to do."""


class Journal:
    """Appends reviews to a file that is made for the first of them. To be closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._handle: int | None = None

    def append(self, review: BaseModel) -> None:
        """Adds a review: it is on disk when this returns. Raises OSError, and then leaves nothing."""
        line = review.model_dump_json().encode() + b"\n"
        with self._lock:
            if self._handle is None:
                self._handle = _create(self._folder)
            length = os.fstat(self._handle).st_size
            try:
                _write(self._handle, line)
                reach("reviews.written")
                os.fsync(self._handle)
            except OSError:
                # Half a line must not become the beginning of the next one.
                os.ftruncate(self._handle, length)
                raise

    def close(self) -> None:
        """Lets go of the file: it may be committed now."""
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
            self._handle = None


def read(path: Path, model: type[Line]) -> list[Line]:
    """The reviews of a journal, or what else it has, without a last line that was not written whole:
    nobody was told that it is stored. Raises ReviewError for any other line that can't be read."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:  # somebody has just committed it
        return []
    reviews = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            reviews.append(model.model_validate_json(line))
        except ValidationError as error:
            raise ReviewError(
                f"{path} line {number} is no review: {error.errors()[0]['msg']}. Repair or remove that "
                "line; the others are not lost."
            ) from error
    return reviews


def journals(folder: Path) -> list[Path]:
    """The journals of a workspace."""
    return sorted(path for path in folder.glob("*.jsonl") if not path.is_symlink())


@contextmanager
def taken(folder: Path) -> Iterator[list[Path]]:
    """The journals that nobody writes to any more, held for the block."""
    held: dict[Path, int] = {}
    try:
        for path in journals(folder):
            with suppress(FileNotFoundError):
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                if _locked(handle):
                    held[path] = handle
                else:
                    os.close(handle)
        yield list(held)
    finally:
        for handle in held.values():
            os.close(handle)


def _create(folder: Path) -> int:
    """A new file that is locked, and whose name is durable."""
    make_folder(folder)
    while True:
        path = folder / f"{uuid4().hex[:12]}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        handle = os.open(path, flags, 0o644)
        # Who commits journals may have taken the new file for one that was left.
        if _locked(handle) and path.exists():
            sync(folder)
            return handle
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(handle: int, line: bytes) -> None:
    while line:
        line = line[os.write(handle, line) :]
