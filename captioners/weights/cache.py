"""The folder where fetched packs lie, one sub-folder for each.

A sub-folder is named by the digest of the pack's declaration, so that versions never mix. It appears
there by one rename, whole or not at all. Nothing else in captionmill downloads.
"""

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from captioners.weights._fetch import RECORD, fetch
from captioners.weights.packs import Pack, PackError, PackMissing, declared
from manifests.ids import content_hash


class Cache:
    """A folder of packs. It implements `captioners.contract.Packs`.

    root: by default $CAPTIONMILL_CACHE, else captionmill/ in $XDG_CACHE_HOME or ~/.cache. packs: what
    may be fetched, by default `declared()`.
    """

    def __init__(self, root: Path | None = None, packs: Mapping[str, Pack] | None = None) -> None:
        self.root = root or _default_root()
        self.packs = declared() if packs is None else packs

    def path(self, pack: str) -> Path:
        """Folder of a fetched and checked pack; its files are not hashed again (see `check`).

        Raises PackMissing when it is not there, PackError when nothing of that name is declared.
        """
        folder = self._folder(self._pack(pack))
        if not folder.is_dir():
            raise PackMissing(f"pack {pack} is not in {self.root}; run: captionmill models fetch")
        return folder

    def fetch(self, pack: str) -> Path:
        """Brings a pack unless it is there, and returns its folder.

        Processes that want the same pack wait for the one that brings it. Raises PackError when an
        archive can't be had, is not the declared one, or the disk is full; nothing is left then.
        """
        wanted = self._pack(pack)
        folder = self._folder(wanted)
        if folder.is_dir():
            return folder
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # The system releases the lock when the process ends, however it ends.
            with FileLock(self.root / f".{folder.name}.lock"):
                if not folder.is_dir():
                    fetch(wanted, folder)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise PackError(f"pack {pack}: no space left in {self.root}") from error
        return folder

    def check(self, pack: str) -> list[str]:
        """What is wrong with the files of a pack that was fetched, as messages; [] when all is well.

        Hashes every file. Raises PackMissing.
        """
        folder = self.path(pack)
        expected = _recorded(folder)
        if expected is None:
            return [f"{folder / RECORD} is missing or unreadable"]
        problems = []
        for name, sha256 in expected.items():
            file = folder / name
            if not file.is_file():
                problems.append(f"{file} is missing")
            elif content_hash(file) != sha256:
                problems.append(f"{file} is not what was fetched")
        return problems

    def _pack(self, name: str) -> Pack:
        if name not in self.packs:
            raise PackError(f"no pack is named {name}; there are: {', '.join(sorted(self.packs))}")
        return self.packs[name]

    def _folder(self, pack: Pack) -> Path:
        return self.root / f"{pack.name}-{pack.digest}"


def _default_root() -> Path:
    if own := os.environ.get("CAPTIONMILL_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "captionmill"


def _recorded(folder: Path) -> dict[str, str] | None:
    """sha256 by file name from the pack's record, None when there is no readable one."""
    try:
        files: dict[str, str] = json.loads((folder / RECORD).read_text())["files"]
    except (OSError, ValueError, KeyError):
        return None
    return files
