"""Commit records: the only thing that says what is in a workspace.

A run opens an *epoch*: it writes a snapshot of every record that is valid at that moment
(`manifests.snapshot`) and then creates `commits/<epoch>/open.json` exclusively, which names the driver
and the snapshot. Its own records follow as `<number>.json`. A reader takes the newest epoch: the
snapshot and the records beside it. So a record that a driver of an older epoch adds after a newer one
was opened is void without anyone having to delete it, and reading is one snapshot plus the records of
one run. What no record names does not exist.

Of older epochs the last one stays, since its driver may still look at it; those before are removed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, ValidationError

from manifests import snapshot
from manifests.atomic import create_atomic
from manifests.errors import UserError
from manifests.packed import Packed
from manifests.record import INGEST, Record, from_json, to_json
from manifests.snapshot import Snapshot
from manifests.state import State
from manifests.workspace import Workspace

__all__ = [
    "INGEST",
    "CommitError",
    "EpochTaken",
    "Holder",
    "Log",
    "Record",
    "State",
    "check_newest",
    "heartbeat",
    "holder",
    "load",
    "newest_epoch",
    "open_epoch",
    "opening",
    "released",
    "write_opening",
]

_FIRST = 1
"""Number of the first record of an epoch; the others follow without a gap."""

# Numbers have six digits, and more from a million on.
_NUMBER = r"(\d{6}|[1-9]\d{6,})"
_EPOCH = re.compile(_NUMBER)
_RECORD = re.compile(rf"{_NUMBER}\.json")
_OURS = re.compile(
    rf"open\.json|heartbeat|released|{_NUMBER}\.json|{snapshot.NAME.pattern}"
    rf"|\.(open|{_NUMBER})\.json\.\d+\.tmp"
)


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
    snapshot: Snapshot


Parsed = TypeVar("Parsed")


def load(workspace: Workspace) -> State:
    """The state of a workspace. Raises CommitError when a record can't be read, is missing, or belongs to
    another epoch."""
    while True:
        epoch = newest_epoch(workspace)
        if epoch == 0:
            return State(0)
        try:
            state = _load(workspace, epoch)
        except CommitError:
            if newest_epoch(workspace) == epoch:
                raise
            continue
        # Only an epoch that is still the newest was surely whole all the while: older ones are removed.
        if newest_epoch(workspace) == epoch:
            return state


def _load(workspace: Workspace, epoch: int) -> State:
    folder = _folder(workspace, epoch)
    named = _opening(folder).snapshot
    try:
        packed = snapshot.read(folder, named)
        last = max((int(p.stem) for p in folder.iterdir() if _RECORD.fullmatch(p.name)), default=0)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CommitError(f"{folder / named.name} can't be read: {error}") from error
    _require_inside(folder / named.name, packed.paths)
    # By number and not as the folder lists them: a listing may lack a record that was just added, though
    # it has the next one.
    records = (_read_record(folder, number, epoch) for number in range(_FIRST, last + 1))
    return State(epoch, records, packed)


def _read_record(folder: Path, number: int, epoch: int) -> Record:
    path = _record(folder, number)
    if not path.exists():
        raise CommitError(f"{path} is missing, though later records of its epoch are there")
    record = _read(path, from_json)
    if record.epoch != epoch:
        raise CommitError(f"{path} can't be read: it is a record of epoch {record.epoch}")
    _require_inside(path, pa.array([file.path for file in record.files], pa.string()))
    return record


def _require_inside(source: Path, paths: pa.Array) -> None:
    """Raises CommitError for a file outside the workspace: a workspace may be somebody else's."""
    if pc.any(pc.match_substring_regex(paths, r"^/|(^|/)\.\.(/|$)")).as_py():
        raise CommitError(f"{source} names a file outside the workspace")


def newest_epoch(workspace: Workspace) -> int:
    """Number of the newest opened epoch, 0 when there is none."""
    return next(_epochs(workspace), 0)


def _epochs(workspace: Workspace) -> Iterator[int]:
    """Opened epochs, newest first."""
    if workspace.commits.is_dir():
        for epoch in sorted(_numbered(workspace), reverse=True):
            if (_folder(workspace, epoch) / "open.json").exists():
                yield epoch


def _numbered(workspace: Workspace) -> list[int]:
    return [int(p.name) for p in workspace.commits.iterdir() if _EPOCH.fullmatch(p.name)]


def check_newest(workspace: Workspace, epoch: int) -> None:
    """Raises EpochTaken when an epoch is no longer the newest."""
    newest = newest_epoch(workspace)
    if newest != epoch:
        raise EpochTaken(
            f"another driver took this workspace over (epoch {newest}); "
            "this one stops, what it committed stands"
        )


def holder(workspace: Workspace, epoch: int) -> Holder:
    """The driver that opened an epoch. Raises CommitError when its opening can't be read."""
    return _opening(_folder(workspace, epoch)).holder


def opening(workspace: Workspace, epoch: int) -> Path:
    """File that opens an epoch."""
    return _folder(workspace, epoch) / "open.json"


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
    packed = state.packed()
    write_opening(workspace, epoch, holder, packed)
    # Whoever was slow may have opened an epoch that others opened, left behind and removed meanwhile.
    check_newest(workspace, epoch)
    _prune(workspace, epoch - 1)
    return State(epoch, packed=packed)


def write_opening(workspace: Workspace, epoch: int, holder: Holder, records: Packed) -> None:
    """Writes the snapshot of an epoch, then its opening. Raises EpochTaken."""
    folder = _folder(workspace, epoch)
    written = snapshot.write(folder, records)
    try:
        content = _Opening(holder=holder, snapshot=written).model_dump_json()
        _create(opening(workspace, epoch), content.encode())
    except EpochTaken:
        (folder / written.name).unlink(missing_ok=True)
        raise


def _prune(workspace: Workspace, before: int) -> None:
    """Removes epochs older than one: what has a name of ours, the opening first."""
    with suppress(OSError):  # it is tried again when the next epoch opens
        for epoch in sorted(_numbered(workspace)):
            if epoch >= before:
                break
            folder = _folder(workspace, epoch)
            (folder / "open.json").unlink(missing_ok=True)
            for path in folder.iterdir():
                if _OURS.fullmatch(path.name):
                    path.unlink(missing_ok=True)
            with suppress(OSError):  # somebody else's files are in it
                folder.rmdir()


class Log:
    """Appends records to the epoch of one driver."""

    def __init__(self, workspace: Workspace, state: State) -> None:
        self._workspace = workspace
        self._next = _FIRST
        self.state = state

    def append(self, record: Record) -> None:
        """Commits. Raises EpochTaken when a newer epoch was opened: the record counts then only if
        that epoch's snapshot holds it."""
        if record.epoch != self.state.epoch:
            raise CommitError(f"a record of epoch {record.epoch} in epoch {self.state.epoch}")
        check_newest(self._workspace, record.epoch)
        path = _record(_folder(self._workspace, record.epoch), self._next)
        _create(path, to_json(record))
        check_newest(self._workspace, record.epoch)
        self._next += 1
        self.state.add(record)


def _folder(workspace: Workspace, epoch: int) -> Path:
    return workspace.commits / f"{epoch:06d}"


def _record(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.json"


def _opening(folder: Path) -> _Opening:
    return _read(folder / "open.json", _Opening.model_validate_json)


def _read(path: Path, parse: Callable[[bytes], Parsed]) -> Parsed:
    try:
        return parse(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CommitError(f"{path} can't be read: {error}") from error


def _create(path: Path, content: bytes) -> None:
    try:
        create_atomic(path, content)
    except FileExistsError:
        raise EpochTaken(f"{path} exists: another driver is at work here") from None
