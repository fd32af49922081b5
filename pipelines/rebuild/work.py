"""The folder of a rebuild that has not finished: `OUT/.rebuild`.

    plan.json            what is built: digests of rules and inputs; how often it was started
    lists/               tokens of lists of clips that must leave
    decided.parquet      what reviewers decided of captions
    keys/<group>.parquet keys of a group of shards
    near/                signatures and clusters of near duplicates
    selection.json       what was selected
    selected/<group>.parquet
    spill/<table>/<group>.spill
    done/<part>.json     files of a part that stand
    sources/<hash>.json  sources whose bytes were compared with their hash, for spans of them

A file is there whole or not at all, so what is there is not made again. The folder is removed once
`release.json` stands.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from manifests.atomic import write_atomic
from manifests.release.layout import TABLES, WORK
from pipelines.rebuild.tasks import RebuildError

_FORMAT, _LOCK = 3, "lock"
_TEMPORARY = re.compile(r"\.[a-z0-9_]+-\d{5,}-of-\d{5,}\.(parquet|tar)\.\d+\.tmp")


class Work:
    """The folder, locked by this process."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.root = out / WORK
        self.lists = self.root / "lists"
        self.decided = self.root / "decided.parquet"
        self.keys = self.root / "keys"
        self.near = self.root / "near"
        self.select = self.root / "select"
        self.selection = self.root / "selection.json"
        self.selected = self.root / "selected"
        self.spill = self.root / "spill"
        self.done = self.root / "done"
        self.sources = self.root / "sources"

    @property
    def place_id(self) -> str:
        """A name for this folder on this machine."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    def begin(self, plan: Mapping[str, Any]) -> int:
        """Begins what the plan says, or goes on with it; how often it was started. Raises RebuildError
        where something else was begun, unless nothing that takes long was made of it."""
        path = self.root / "plan.json"
        begun = {"format": _FORMAT, **plan, "starts": 0}
        if not path.exists():
            self._clear_all()  # of what plan the rest was made is not known
        else:
            kept = _read(path)
            if any(self.keys.glob("*.parquet")) or all(kept.get(n) == v for n, v in plan.items()):
                begun = kept
            else:
                begun["starts"] = kept["starts"]  # the number marks the processes of a start
                self._empty()
        for name, value in plan.items():
            if begun.get(name) != value:
                raise RebuildError(
                    f"{self.out} was begun with other {name}: name a new folder, or remove {self.root} "
                    "to begin anew"
                )
        begun["starts"] += 1
        write_atomic(path, json.dumps(begun, indent=1).encode())
        return int(begun["starts"])

    def clear_temporary(self) -> None:
        """Removes what a killed rebuild left: beside the parts, and of coded clips and clusters."""
        shutil.rmtree(self.near / "work", ignore_errors=True)
        for folder in self.sources.glob("tmp*"):
            shutil.rmtree(folder, ignore_errors=True)
        for table in TABLES:
            for path in (self.out / table).glob("*/.*.tmp"):
                if _TEMPORARY.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def _clear_all(self) -> None:
        """Removes everything but the lock."""
        for path in self.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()

    def _empty(self) -> None:
        """Removes what was made before the first keys."""
        shutil.rmtree(self.lists, ignore_errors=True)
        self.decided.unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes what is not needed once the release stands."""
        shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def opened(out: Path) -> Iterator[Work]:
    """The folder of a rebuild, for the block. Raises RebuildError for a folder with other files, and one
    that another process works on."""
    if out.exists() and not out.is_dir():
        raise RebuildError(f"{out} is no folder: name a new one")
    if out.is_dir() and any(out.iterdir()) and not (out / WORK).is_dir():
        raise RebuildError(f"{out} holds other files: name a new folder")
    work = Work(out)
    try:
        work.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RebuildError(f"can't make {work.root}: {error.strerror}") from error
    try:
        with filelock.FileLock(work.root / _LOCK, timeout=0):
            yield work
    except filelock.Timeout:
        raise RebuildError(f"{out} is being built by another process: wait for it") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        begun: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if begun["format"] != _FORMAT or not isinstance(begun["starts"], int):
            raise ValueError("another format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RebuildError(
            f"{path} can't be read ({error}): remove {path.parent} to begin anew"
        ) from error
    return begun
