"""Commit records: the only thing that says what is in a workspace.

A run opens an *epoch* by creating `commits/<epoch>/open.json` exclusively: it names the driver and
holds every record that was valid at that moment. Its own records follow as `<seq>.json`. A reader
takes the newest epoch: the opening and the records beside it. So a record that a driver of an older
epoch adds after a newer one was opened is void without anyone having to delete it, and reading is one
snapshot plus the records of one run. What no record names does not exist.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from manifests.errors import UserError
from manifests.tables import File
from manifests.workspace import Workspace, sync_folder

_EPOCH = re.compile(r"\d{6}")
_RECORD = re.compile(r"\d{6}\.json")


class CommitError(UserError):
    """Commit records that can't be read, or an epoch that was lost to another driver."""


class Holder(BaseModel):
    """The driver of an epoch. started: its process's creation time, seconds since 1970."""

    model_config = ConfigDict(frozen=True)

    host: str
    pid: int
    started: float


class Record(BaseModel):
    """One commit: an ingested part, or a shard of a job at a generation.

    cut: digest of the settings that cut sources into clips. job: digest of all settings of the
    captions. counts: of an ingest `sources`, `clips`, `ignored`; of a shard `captioned`, `filtered`,
    `quarantined` and what the writer did. retried: clips whose older rows this one replaces.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["ingest", "shard"]
    epoch: int
    cut: str
    job: str | None = None
    shard: int | None = None
    generation: int = 0
    counts: dict[str, int] = {}
    retried: tuple[str, ...] = ()
    files: tuple[File, ...] = ()


class State:
    """What a workspace holds: its valid records, in the order of their commits."""

    def __init__(self, epoch: int, records: Iterable[Record]) -> None:
        self.epoch = epoch
        self.records = list(records)

    def ingests(self, cut: str) -> list[Record]:
        """Committed parts of the listing, in order."""
        return [r for r in self.records if r.kind == "ingest" and r.cut == cut]

    def shards(self, job: str) -> dict[int, list[Record]]:
        """Committed shards of a job: generations in order."""
        found: dict[int, list[Record]] = {}
        for record in self.records:
            if record.kind == "shard" and record.job == job and record.shard is not None:
                found.setdefault(record.shard, []).append(record)
        return found

    def jobs(self) -> list[str]:
        """Jobs with a committed shard, oldest first."""
        return list(dict.fromkeys(r.job for r in self.records if r.job is not None))

    def files(self) -> Iterator[File]:
        """Every committed file."""
        for record in self.records:
            yield from record.files

    def table(self, table: str, shard: int | None = None) -> list[File]:
        """Files of a table, of one shard or of all."""
        return [
            file
            for record in self.records
            if shard is None or record.shard == shard
            for file in record.files
            if file.table == table
        ]

    def counts(self, kind: str, of: str) -> Counter[str]:
        """Sum of the counts of all ingests of a cut, or all shards of a job."""
        total: Counter[str] = Counter()
        for record in self.records:
            if record.kind == kind and of == (record.cut if kind == "ingest" else record.job):
                total.update(record.counts)
        return total


def load(workspace: Workspace) -> State:
    """The state of a workspace. Raises CommitError when a record can't be read."""
    epoch = newest_epoch(workspace)
    if epoch == 0:
        return State(0, [])
    folder = _folder(workspace, epoch)
    opening = _read(folder / "open.json")
    names = sorted(p.name for p in folder.iterdir() if _RECORD.fullmatch(p.name))
    try:
        records = [Record(**r) for r in opening["records"]]
        records += [Record(**_read(folder / name)) for name in names]
    except ValidationError as error:
        raise CommitError(f"a commit record in {folder} is damaged: {error}") from error
    return State(epoch, records)


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
    """The driver that opened an epoch."""
    return Holder(**_read(_folder(workspace, epoch) / "open.json")["holder"])


def heartbeat(workspace: Workspace, epoch: int) -> Path:
    """File that the driver of an epoch touches while it lives."""
    return _folder(workspace, epoch) / "heartbeat"


def released(workspace: Workspace, epoch: int) -> Path:
    """File that says that an epoch's driver ended by itself."""
    return _folder(workspace, epoch) / "released"


def open_epoch(workspace: Workspace, epoch: int, holder: Holder) -> State:
    """Opens an epoch as its only driver and returns the state it starts from.

    Raises CommitError when another driver opened it first.
    """
    state = load(workspace)
    if state.epoch >= epoch:
        raise CommitError(f"epoch {epoch} is already open")
    content = {
        "holder": holder.model_dump(),
        "records": [r.model_dump(mode="json") for r in state.records],
    }
    _create(_folder(workspace, epoch) / "open.json", content)
    return State(epoch, state.records)


class Log:
    """Appends records to the epoch of one driver."""

    def __init__(self, workspace: Workspace, state: State) -> None:
        self._workspace = workspace
        self._next = 1
        self.state = state

    def append(self, record: Record) -> None:
        """Commits. Raises CommitError when a newer epoch was opened: the record is void then."""
        if record.epoch != self.state.epoch:
            raise CommitError(f"a record of epoch {record.epoch} in epoch {self.state.epoch}")
        self._check()
        folder = _folder(self._workspace, self.state.epoch)
        _create(folder / f"{self._next:06d}.json", record.model_dump(mode="json"))
        self._check()
        self._next += 1
        self.state.records.append(record)

    def _check(self) -> None:
        newest = newest_epoch(self._workspace)
        if newest != self.state.epoch:
            raise CommitError(
                f"another driver took this workspace over (epoch {newest}); "
                "this one stops, what it committed stands"
            )


def clear_uncommitted(workspace: Workspace, state: State) -> list[str]:
    """Removes table files that no record names; returns their relative paths."""
    known = {file.path for file in state.files()}
    removed = []
    for table in ("sources", "clips", "weak", "captions", "filtered", "quarantine"):
        for path in sorted((workspace.root / table).rglob("*")):
            name = path.relative_to(workspace.root).as_posix()
            if path.is_file() and name not in known:
                path.unlink()
                removed.append(name)
    return removed


def _folder(workspace: Workspace, epoch: int) -> Path:
    return workspace.commits / f"{epoch:06d}"


def _read(path: Path) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommitError(f"{path} can't be read: {error}") from error
    return value


def _create(path: Path, content: dict[str, Any]) -> None:
    """Creates a file whole, exclusively and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)
    except FileExistsError:
        raise CommitError(f"{path} exists: another driver is at work here") from None
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
