"""The workspace: one directory that holds everything of a job and is all its state."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from manifests.errors import UserError
from manifests.kinds import kind_of

FORMAT = 4
_MARK = "captionmill.json"


class WorkspaceError(UserError):
    """A directory that can't be used as a workspace; says what to do."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Names every place of a workspace. `id` is drawn once, when it is made."""

    root: Path
    id: str

    @classmethod
    def create(cls, root: Path) -> "Workspace":
        """Opens `root`, making it first if there is nothing. Raises WorkspaceError."""
        if root.exists() and not root.is_dir():
            raise WorkspaceError(f"{root} is a file; name a folder for the workspace")
        text = json.dumps({"format": FORMAT, "id": uuid.uuid4().hex[:12]})
        try:
            make_folder(root)
            names = {path.name for path in root.iterdir()}
            if _MARK not in names and not all(_is_mark(name) for name in names):
                raise WorkspaceError(
                    f"{root} is neither empty nor a workspace of captionmill; name another folder"
                )
            with suppress(FileExistsError):  # another process may be faster: we open its workspace
                create_atomic(root / _MARK, text.encode())
        except OSError as error:
            raise WorkspaceError(f"can't make a workspace at {root}: {error.strerror}") from error
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> "Workspace":
        """Opens an existing workspace. Raises WorkspaceError when it is none, or of another format."""
        try:
            mark = json.loads((root / _MARK).read_text())
            form, identity = mark["format"], mark["id"]
        except FileNotFoundError:
            raise WorkspaceError(
                f"{root} is not a captionmill workspace; "
                f"make one with: captionmill caption SOURCE {root}"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(f"{root / _MARK} can't be read: {error!r}") from error
        if form != FORMAT:
            raise WorkspaceError(
                f"{root} has format {form}, this captionmill reads {FORMAT}; "
                "use the version that made it, or a new folder"
            )
        return cls(root.resolve(), identity)

    @property
    def commits(self) -> Path:
        """Epochs and their commit records (`manifests.commits`)."""
        return self.root / "commits"

    @property
    def logs(self) -> Path:
        """Logs of Ray, of the server and of the driver."""
        return self.root / "logs"

    def sources(self, cut: str, part: int) -> str:
        """Relative path of one committed part of the listing."""
        return f"sources/{cut}/part-{part:05d}.parquet"

    def clips(self, cut: str, shard: int) -> str:
        """Relative path of a shard's clip table."""
        return f"clips/{cut}/shard-{shard:05d}.parquet"

    def path(self, table: str, job: str, shard: int, generation: int, epoch: int) -> str:
        """Relative path of a shard's file of a table that a stage writes.

        A table that serves every job has the job's first digits in the name. The epoch is in it so that
        a worker of a driver that lost its lease can't overwrite a file that was committed since.
        """
        kind = kind_of(table)
        name = f"shard-{shard:05d}-g{generation}-e{epoch:06d}"
        if kind.shared:
            return f"{kind.folder}/{table.partition('/')[2]}/{name}-{job[:8]}.parquet"
        return f"{kind.folder}/{job}/{name}.parquet"

    def config(self, job: str) -> Path:
        """The resolved settings behind a config digest."""
        return self.root / "configs" / f"{job}.json"

    def journal(self, job: str, shard: int, generation: int) -> Path:
        """Folder of the batches of a shard that is being worked."""
        return self.root / "journal" / job / f"shard-{shard:05d}-g{generation}"

    def runlog(self, epoch: int) -> Path:
        """JSON lines of what took how long in one run."""
        return self.root / "runlog" / f"{epoch:06d}.jsonl"


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, each durably."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def write_atomic(path: Path, data: bytes, durable: bool = True) -> None:
    """Writes a file so that it is there whole or not at all.

    durable: also after a power cut (fsync of file and folder); SIGKILL needs no fsync.
    """
    with _temporary(path, data, durable) as temporary:
        temporary.replace(path)
    if durable:
        sync_folder(path.parent)


def create_atomic(path: Path, data: bytes) -> None:
    """The same, durably, for a file that is not there yet. Raises FileExistsError if it is."""
    with _temporary(path, data, durable=True) as temporary:
        path.hardlink_to(temporary)
    sync_folder(path.parent)


@contextmanager
def _temporary(path: Path, data: bytes, durable: bool) -> Iterator[Path]:
    """A file beside `path` with these bytes, gone after the block."""
    if durable:
        make_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _is_mark(name: str) -> bool:
    """Whether it is what a killed process left of making a workspace."""
    return name.startswith(f".{_MARK}.") and name.endswith(".tmp")


def sync_folder(folder: Path) -> None:
    """Makes renames and links in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_tree(folder: Path) -> None:
    """Removes a folder if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
