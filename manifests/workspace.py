"""The workspace: one directory that holds everything of a job and is all its state."""

import hashlib
import json
import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from manifests.atomic import create_atomic, is_linked, make_folder
from manifests.errors import UserError
from manifests.ids import digest
from manifests.kinds import CLIPS, COMPARISONS, REVIEWS, SOURCES, Kind, kind_of, kinds

FORMAT = 9
# Folders whose files are written and removed by their names, beside those of the tables.
_WRITTEN = ("commits", "configs", "journal", "logs", "runlog")
_MARK = "captionmill.json"
REVIEWED = digest("reviews")
"""What stands where the records and files of a listing name their cut: reviews are of no cut."""
_ID = re.compile("[0-9a-f]{12}")


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
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            raise WorkspaceError(f"{root / _MARK} can't be read: its id is not 12 hex digits")
        if (linked := _linked(root)) is not None:
            raise WorkspaceError(
                f"{linked} is a link, or lies in a linked folder: what is written or removed there may "
                "be another workspace's. Replace the link with what it points to."
            )
        return cls(root.resolve(), identity)

    @property
    def place_id(self) -> str:
        """What processes and scratch folders of this workspace are named by: 12 hex digits of its id and
        its path, so that a copy of it is told apart."""
        place = f"{self.id}:{self.root}".encode("utf-8", "surrogateescape")
        return hashlib.sha256(place).hexdigest()[:12]

    @property
    def commits(self) -> Path:
        """Epochs and their commit records (`manifests.commits`)."""
        return self.root / "commits"

    @property
    def logs(self) -> Path:
        """Logs of Ray, of the server and of the driver."""
        return self.root / "logs"

    def sources(self, cut: str, part: int, epoch: int) -> str:
        """Relative path to which the driver of an epoch writes one part of the listing.

        The epoch is in the name, as in those of `clips` and `path`, so that a driver that lost its lease,
        or a worker of it, can't overwrite a file that was committed since. Raises ValueError for a cut
        that is no digest.
        """
        return _checked(SOURCES, f"{SOURCES.folder}/{cut}/part-{part:05d}-e{epoch:06d}.parquet")

    def clips(self, cut: str, shard: int, epoch: int) -> str:
        """Relative path to which the driver of an epoch writes a shard's clip table; which one is
        committed says `manifests.state.State.clips_file`. Raises ValueError as `sources` does."""
        return _checked(CLIPS, f"{CLIPS.folder}/{cut}/shard-{shard:05d}-e{epoch:06d}.parquet")

    def path(self, table: str, job: str, shard: int, generation: int, epoch: int) -> str:
        """Relative path of a shard's file of a table that a stage writes.

        A table that serves every job has the job's first digits in the name. Raises ValueError for a
        job, or the end of a shared table's name, that is no digest.
        """
        kind = kind_of(table)
        name = f"shard-{shard:05d}-g{generation}-e{epoch:06d}"
        if kind.shared:
            path = f"{kind.folder}/{table.partition('/')[2]}/{name}-{job[:8]}.parquet"
        else:
            path = f"{kind.folder}/{job}/{name}.parquet"
        return _checked(kind, path)

    def reviews(self, part: int, epoch: int) -> str:
        """Relative path to which the driver of an epoch writes one part of the reviews."""
        return _checked(
            REVIEWS, f"{REVIEWS.folder}/{REVIEWED}/part-{part:05d}-e{epoch:06d}.parquet"
        )

    def comparisons(self, part: int, epoch: int) -> str:
        """Relative path to which the driver of an epoch writes one part of the comparisons."""
        name = f"{COMPARISONS.folder}/{REVIEWED}/part-{part:05d}-e{epoch:06d}.parquet"
        return _checked(COMPARISONS, name)

    def config(self, job: str) -> Path:
        """The resolved settings behind a config digest."""
        return self.root / "configs" / f"{job}.json"

    def journal(self, job: str, shard: int, generation: int) -> Path:
        """Folder of the batches of a shard that is being worked."""
        return self.root / "journal" / job / f"shard-{shard:05d}-g{generation}"

    @property
    def open_reviews(self) -> Path:
        """Folder of the reviews that no commit holds yet."""
        return self.root / "journal" / "reviews"

    @property
    def open_comparisons(self) -> Path:
        """Folder of the comparisons that no commit holds yet."""
        return self.root / "journal" / "comparisons"

    def runlog(self, epoch: int) -> Path:
        """JSON lines of what took how long in one run."""
        return self.root / "runlog" / f"{epoch:06d}.jsonl"


def around(path: Path) -> Path | None:
    """The workspace that a path lies in or is, whatever links lead there; None without one."""
    path = path.resolve()
    return next((each for each in (path, *path.parents) if (each / _MARK).exists()), None)


def is_table_file(kind: Kind, path: str) -> bool:
    """Whether a path relative to the workspace is one that `Workspace` gives to a file of this kind, or
    that such a file has while it is written (`.<name>.<process>.tmp`)."""
    folder, _, name = path.rpartition("/")
    if temporary := re.fullmatch(r"\.(.+)\.\d+\.tmp", name):
        name = temporary[1]
    return _names(kind).fullmatch(f"{folder}/{name}") is not None


@cache
def _names(kind: Kind) -> re.Pattern[str]:
    """The paths of a kind's files. Numbers are padded with zeros, and may be longer than that."""
    digest, five, six = "[0-9a-f]{16}", r"(\d{5}|[1-9]\d{5,})", r"(\d{6}|[1-9]\d{6,})"
    shard = rf"shard-{five}-g\d+-e{six}"
    if kind.listed:
        below = rf"{digest}/(part|shard)-{five}-e{six}"
    elif kind.shared:
        below = rf"[^/]+-{digest}/{shard}-[0-9a-f]{{8}}"
    else:
        below = f"{digest}/{shard}"
    return re.compile(rf"{re.escape(kind.folder)}/{below}\.parquet")


def _checked(kind: Kind, path: str) -> str:
    """The path. What is not known by its name would never be cleared."""
    if not is_table_file(kind, path):
        raise ValueError(f"{path}: not the name of a file of {kind.name}")
    return path


def _is_mark(name: str) -> bool:
    """Whether it is what a killed process left of making a workspace."""
    return name.startswith(f".{_MARK}.") and name.endswith(".tmp")


def _linked(root: Path) -> Path | None:
    """What is a link or lies in a linked folder, where a run writes or removes files; None where nothing
    does. Of table folders only the folders themselves are looked at: files there are never followed."""
    for kind in kinds():
        if is_linked(root, kind.folder):
            return root / kind.folder
    for name in _WRITTEN:
        if (root / name).is_symlink():
            return root / name
        for folder, folders, files in os.walk(root / name):
            for entry in (*folders, *files):
                if os.path.islink(path := os.path.join(folder, entry)):
                    return Path(path)
    return None
