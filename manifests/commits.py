"""Commit records: the only thing that says what is in a workspace.

A run opens an *epoch*: it writes a snapshot of every record that is valid at that moment
(`manifests.snapshot`) and then creates `commits/<epoch>/open.json` exclusively, which names the driver
and the snapshot. Its own records follow as `<number>.json`. A reader takes the newest epoch: the
snapshot and the records beside it. So a record that a driver of an older epoch adds after a newer one
was opened is void without anyone having to delete it, and reading is one snapshot plus the records of
one run. What no record names does not exist.

A long run would leave so many records that reading them takes minutes. So its driver writes *checkpoints*
now and then: `checkpoint-<number>.json` names a snapshot of all that is valid up to that record. The
records stay; who can't read a checkpoint reads them.

Of older epochs the last one stays, since its driver may still look at it; those before are removed. When
their drivers began stays in the openings of the later ones.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
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
    "began",
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

# Records after which a checkpoint is written: at least so many, and a share of all, so that the time that
# checkpoints take grows with the number of records and no faster.
_LEAST, _SHARE = 1024, 32

# Numbers have six digits, and more from a million on.
_NUMBER = r"(\d{6}|[1-9]\d{6,})"
_EPOCH = re.compile(_NUMBER)
_RECORD = re.compile(rf"{_NUMBER}\.json")
_CHECKPOINT = re.compile(rf"checkpoint-{_NUMBER}\.json")
_OUTSIDE = re.compile(r"^/|(^|/)\.\.(/|$)")
_OURS = re.compile(
    rf"open\.json|heartbeat|released|(checkpoint-)?{_NUMBER}\.json|{snapshot.NAME.pattern}"
    rf"|\.(open|(checkpoint-)?{_NUMBER})\.json\.\d+\.tmp"
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
    """Content of `open.json`. began: of epochs before it, when their drivers began, as far as that was
    known: seconds since 1970."""

    holder: Holder
    snapshot: Snapshot
    began: dict[int, float] = {}


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
        names = os.listdir(folder)
        begun = _checkpoint(folder, names)
        packed, done = begun if begun is not None else (snapshot.read(folder, named), _FIRST - 1)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CommitError(f"{folder / named.name} can't be read: {error}") from error
    if pc.any(pc.match_substring_regex(packed.paths, _OUTSIDE.pattern)).as_py():
        raise CommitError(f"{folder} names a file outside the workspace")
    last = max((int(name[:-5]) for name in names if _RECORD.fullmatch(name)), default=0)
    # By number and not as the folder lists them: a listing may lack a record that was just added, though
    # it has the next one.
    records = (_read_record(folder, number, epoch) for number in range(done + 1, last + 1))
    return State(epoch, records, packed)


def _checkpoint(folder: Path, names: Iterable[str]) -> tuple[Packed, int] | None:
    """What the newest checkpoint of an epoch holds, and the last record that it knows; None without one
    that can be read: the records are there all the same."""
    numbers = (match[1] for match in map(_CHECKPOINT.fullmatch, names) if match)
    last = max(map(int, numbers), default=None)
    if last is None:
        return None
    try:
        named = Snapshot.model_validate_json(_checkpoint_file(folder, last).read_bytes())
        return snapshot.read(folder, named), last
    except (OSError, ValueError, pa.ArrowException):
        return None


def _read_record(folder: Path, number: int, epoch: int) -> Record:
    path = _record(folder, number)
    try:
        with open(path, "rb") as file:
            record = from_json(file.read())
    except FileNotFoundError:
        raise CommitError(
            f"{path} is missing, though later records of its epoch are there"
        ) from None
    except (OSError, ValidationError) as error:
        raise CommitError(f"{path} can't be read: {error}") from error
    if record.epoch != epoch:
        raise CommitError(f"{path} can't be read: it is a record of epoch {record.epoch}")
    # A workspace may be somebody else's.
    if any(_OUTSIDE.search(file.path) for file in record.files):
        raise CommitError(f"{path} names a file outside the workspace")
    return record


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


def began(workspace: Workspace) -> dict[int, float]:
    """When the driver of each epoch began, by its clock, in seconds since 1970. Of epochs that an older
    version removed it is not known. Raises CommitError when the newest opening can't be read."""
    epochs = list(_epochs(workspace))
    times: dict[int, float] = {}
    for epoch in reversed(epochs):
        try:
            opened = _opening(_folder(workspace, epoch))
        except CommitError:
            if epoch == newest_epoch(workspace):
                raise
            if epoch == epochs[0]:
                return began(workspace)
            continue  # removed meanwhile: the newest knows what it said
        times |= opened.began | {epoch: opened.holder.started}
    return times


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
    before = {of: time for of, time in began(workspace).items() if of < epoch}
    written = snapshot.write(folder, records)
    try:
        content = _Opening(holder=holder, snapshot=written, began=before).model_dump_json()
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
        self._total, self._since = len(state.packed()), 0  # records, and those since a checkpoint
        self._checkpoints: list[tuple[int, Snapshot]] = []
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
        self._total, self._since = self._total + 1, self._since + 1
        if self._since >= _LEAST and self._since * _SHARE >= self._total:
            with suppress(OSError):  # without one, reading takes longer
                self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        """Writes a checkpoint of all records so far, and removes those before the last one: somebody may
        be reading that."""
        self._since = 0
        folder, last = _folder(self._workspace, self.state.epoch), self._next - 1
        written = snapshot.write(folder, self.state.packed())
        create_atomic(_checkpoint_file(folder, last), written.model_dump_json().encode())
        self._checkpoints.append((last, written))
        while len(self._checkpoints) > 2:
            number, old = self._checkpoints.pop(0)
            _checkpoint_file(folder, number).unlink(missing_ok=True)
            (folder / old.name).unlink(missing_ok=True)


def _folder(workspace: Workspace, epoch: int) -> Path:
    return workspace.commits / f"{epoch:06d}"


def _record(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.json"


def _checkpoint_file(folder: Path, last: int) -> Path:
    return folder / f"checkpoint-{last:06d}.json"


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
