"""Files and folders that are there whole or not at all, whenever the process or the machine stops."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomic(path: Path, data: bytes, durable: bool = True) -> None:
    """Writes a file, or replaces it.

    durable: also across a power cut (fsync of file and folder); SIGKILL needs no fsync.
    """
    with replacing(path, durable) as temporary:
        temporary.write_bytes(data)


def create_atomic(path: Path, data: bytes) -> None:
    """Writes a file that is not there yet, durably. Raises FileExistsError if it is."""
    with _temporary(path, durable=True) as temporary:
        temporary.write_bytes(data)
        sync(temporary)
        path.hardlink_to(temporary)
    sync(path.parent)


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[Path]:
    """A temporary file to write in the block, which takes the place of `path` at its end.

    If the block raises, the temporary file is removed and `path` stays as it was.
    """
    with _temporary(path, durable) as temporary:
        yield temporary
        if durable:
            sync(temporary)
        temporary.replace(path)
    if durable:
        sync(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder to fill in the block, which gets the name `path` at its end.

    If the block raises, it is removed. What a killed process left of an earlier attempt is cleared first,
    so callers must hold a lock or be the only one.
    """
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield part
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, each durably."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def is_linked(root: Path, below: str) -> bool:
    """Whether a folder of the relative path `below` is a link: what lies there may be another's."""
    parts = Path(below).parts
    return any((root / Path(*parts[:count])).is_symlink() for count in range(1, len(parts) + 1))


@contextmanager
def _temporary(path: Path, durable: bool) -> Iterator[Path]:
    """A name beside `path` for a file that is gone after the block."""
    if durable:
        make_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Makes the content of a file durable, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
