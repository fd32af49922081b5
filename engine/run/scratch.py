"""A folder for Ray's sockets and logs: private to the user, and with a path that is short enough.

Ray opens the folder that it is given to every user, so it gets one inside ours, `RAYS`. The path of a
Unix socket has at most 107 bytes and Ray's own part takes 65 of them, so the folder that $TMPDIR names is
often too deep (a batch system makes one for every job). Then another one is taken.
"""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from manifests.errors import UserError

RAYS = "r"
"""The name of Ray's own folder in the private one: short, as each byte of it counts."""

# "r/session_2026-11-26_20-25-03_123456_1234567/sockets/plasma_store" below the folder.
_RAYS_PART = 65


class NoScratchFolder(UserError):
    """No folder will do for Ray's sockets."""


def scratch_folder(name: str) -> Path:
    """The folder `name` in the first place that will do, made if need be; for this user only.

    Raises NoScratchFolder.
    """
    for folder in _candidates(name):
        if _is_safe(folder.parent) and _made_private(folder):
            if _takes_sockets(folder):
                return folder
            with suppress(OSError):
                folder.rmdir()
    places = ", ".join(str(folder.parent) for folder in _candidates(name))
    longest = 107 - _RAYS_PART - len(name) - 2
    raise NoScratchFolder(
        f"Ray needs a private folder with a short path for its sockets, and none of these will do: "
        f"{places}. Set TMPDIR to a folder that you can write to, whose path has at most {longest} "
        f"characters."
    )


def scratch_folders(name: str) -> list[Path]:
    """Every folder `name` that this user has in such a place, as earlier runs may have left them.

    Also one that is not private (`is_private`), which no run takes: it may be removed, but others may
    have written what lies in it.
    """
    return [
        folder
        for folder in _candidates(name)
        if _is_safe(folder.parent) and _mode(folder) is not None
    ]


def _candidates(name: str) -> Iterator[Path]:
    """Where `name` may lie, the best place first.

    $XDG_RUNTIME_DIR comes last: it is in memory, and emptied when the user logs out.
    """
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp", os.environ.get("XDG_RUNTIME_DIR")]
    for place in dict.fromkeys(filter(None, places)):
        yield Path(place).absolute() / name


def _is_safe(place: Path) -> bool:
    """Whether no other user can replace what this one makes there."""
    try:
        status = place.stat()
    except OSError:
        return False
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid in (0, os.getuid()) and (
        not others_write or bool(status.st_mode & stat.S_ISVTX)
    )


def _made_private(folder: Path) -> bool:
    """Makes the folder, for this user only; whether it is there and so."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return is_private(folder)
    except OSError:
        return False
    return True


def is_private(folder: Path) -> bool:
    """Whether it is a folder (no link to one) of this user, which no other can enter."""
    mode = _mode(folder)
    return mode is not None and not mode & 0o077


def _mode(folder: Path) -> int | None:
    """The mode of a folder of this user; None for what is none, or a link to one."""
    try:
        status = folder.lstat()
    except OSError:
        return None
    mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return status.st_mode if mine else None


def _takes_sockets(folder: Path) -> bool:
    """Whether a socket of Ray's length can be made in it: some file systems know none."""
    path = folder / ("s" * _RAYS_PART)
    try:
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(str(path))
        path.unlink()
    except OSError:
        return False
    return True
