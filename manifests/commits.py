"""Commit records: the only thing that says what is in a workspace.

A run opens an *epoch* by creating `commits/<epoch>/open.json` exclusively: it names the driver and
holds every record that was valid at that moment. Its own records follow as `<seq>.json`. A reader
takes the newest epoch: the opening and the records beside it. So a record that a driver of an older
epoch adds after a newer one was opened is void without anyone having to delete it, and reading is one
snapshot plus the records of one run. What no record names does not exist.
"""

import re
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from manifests.errors import UserError
from manifests.kinds import kinds
from manifests.state import INGEST, Record, State
from manifests.workspace import Workspace, create_atomic

__all__ = [
    "INGEST",
    "CommitError",
    "EpochTaken",
    "Holder",
    "Log",
    "Record",
    "State",
    "clear_uncommitted",
    "heartbeat",
    "holder",
    "load",
    "newest_epoch",
    "open_epoch",
    "released",
]

_EPOCH = re.compile(r"\d{6}")
_RECORD = re.compile(r"\d{6}\.json")


class CommitError(UserError):
    """Commit records that can't be read, or an epoch that was lost to another driver."""


class EpochTaken(CommitError):
    """Another driver was there first."""


class Holder(BaseModel):
    """The driver of an epoch. started: its process's creation time, seconds since 1970."""

    model_config = ConfigDict(frozen=True)

    host: str
    pid: int
    started: float


class _Opening(BaseModel):
    """Content of `open.json`."""

    holder: Holder
    records: list[Record]


Model = TypeVar("Model", bound=BaseModel)


def load(workspace: Workspace) -> State:
    """The state of a workspace. Raises CommitError when a record can't be read."""
    epoch = newest_epoch(workspace)
    if epoch == 0:
        return State(0)
    folder = _folder(workspace, epoch)
    opening = _read(folder / "open.json", _Opening)
    names = sorted(p.name for p in folder.iterdir() if _RECORD.fullmatch(p.name))
    return State(epoch, [*opening.records, *(_read(folder / name, Record) for name in names)])


def newest_epoch(workspace: Workspace) -> int:
    """Number of the newest opened epoch, 0 when there is none."""
    if not workspace.commits.is_dir():
        return 0
    opened = (
        int(p.name)
        for p in workspace.commits.iterdir()
        if _EPOCH.fullmatch(p.name) and (p / "open.json").exists()
    )
    return max(opened, default=0)


def holder(workspace: Workspace, epoch: int) -> Holder:
    """The driver that opened an epoch. Raises CommitError when its opening can't be read."""
    return _read(_folder(workspace, epoch) / "open.json", _Opening).holder


def heartbeat(workspace: Workspace, epoch: int) -> Path:
    """File that the driver of an epoch touches while it lives."""
    return _folder(workspace, epoch) / "heartbeat"


def released(workspace: Workspace, epoch: int) -> Path:
    """File that says that an epoch's driver ended by itself."""
    return _folder(workspace, epoch) / "released"


def open_epoch(workspace: Workspace, epoch: int, holder: Holder) -> State:
    """Opens an epoch as its only driver and returns the state it starts from.

    Raises EpochTaken when another driver opened it first, CommitError when a record can't be read.
    """
    state = load(workspace)
    if state.epoch >= epoch:
        raise EpochTaken(f"epoch {epoch} is already open")
    opening = _Opening(holder=holder, records=list(state.records()))
    _create(_folder(workspace, epoch) / "open.json", opening)
    return State(epoch, state.records())


class Log:
    """Appends records to the epoch of one driver."""

    def __init__(self, workspace: Workspace, state: State) -> None:
        self._workspace = workspace
        self._next = 1
        self.state = state

    def append(self, record: Record) -> None:
        """Commits. Raises EpochTaken when a newer epoch was opened: the record counts then only if
        that epoch's opening holds it."""
        if record.epoch != self.state.epoch:
            raise CommitError(f"a record of epoch {record.epoch} in epoch {self.state.epoch}")
        self._check()
        folder = _folder(self._workspace, self.state.epoch)
        _create(folder / f"{self._next:06d}.json", record)
        self._check()
        self._next += 1
        self.state.add(record)

    def _check(self) -> None:
        newest = newest_epoch(self._workspace)
        if newest != self.state.epoch:
            raise EpochTaken(
                f"another driver took this workspace over (epoch {newest}); "
                "this one stops, what it committed stands"
            )


def clear_uncommitted(workspace: Workspace, state: State) -> list[str]:
    """Removes table files that no record names; returns their relative paths."""
    known = {file.path for file in state.files()}
    removed = []
    for folder in dict.fromkeys(kind.folder.partition("/")[0] for kind in kinds()):
        for path in sorted((workspace.root / folder).rglob("*")):
            name = path.relative_to(workspace.root).as_posix()
            if path.is_file() and name not in known:
                path.unlink()
                removed.append(name)
    return removed


def _folder(workspace: Workspace, epoch: int) -> Path:
    return workspace.commits / f"{epoch:06d}"


def _read(path: Path, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CommitError(f"{path} can't be read: {error}") from error


def _create(path: Path, content: BaseModel) -> None:
    try:
        create_atomic(path, content.model_dump_json().encode())
    except FileExistsError:
        raise EpochTaken(f"{path} exists: another driver is at work here") from None
