"""What is inspected: the newest captions of a workspace, or a release. Both give the files of the index,
and the whole row of a clip."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.commits import load
from manifests.errors import UserError
from manifests.ids import digest
from manifests.kinds import CAPTIONS, FILTERED, QUARANTINE, SIMILARITY
from manifests.release import layout
from manifests.release.query import connection, linked
from manifests.release.sides import whole
from manifests.tables import read
from manifests.workspace import Workspace
from pipelines.inspect.columns import OF_CLAIMS, RELEASE, WORKSPACE, Column
from pipelines.quarantine import current
from pipelines.report.sources import CaptionedSet
from pipelines.spans import Localized, key, localized, newest_about
from pipelines.status import jobs

Row = Mapping[str, Any]


class InspectError(UserError):
    """What can't be inspected; says what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """Files of a shard; of a release one file.

    paths: of captions (of a release: data), with the rows of each. similar, claims: of the same clips'
    similarities (of a workspace) and claims (of a release). filtered: of clips that a rule left out.
    given: SQL of what stands beside a row, by name, the same for all rows.
    """

    paths: tuple[str, ...]
    rows: tuple[int, ...]
    shard: int
    similar: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    given: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the row of a clip is. path: of the file, relative to the set's root; row: in it, from 0; -1,
    and no path, for a clip without captions. shard: of the listing; -1 in a release."""

    clip_id: str
    path: str
    row: int
    shard: int


@dataclass(frozen=True, slots=True)
class Version:
    """Captions of a clip by another job. made: what made them, in words."""

    job: str
    made: str
    row: Row


class Inspected(ABC):
    """A caption set as the app sees it. root: its folder. columns: those of its index."""

    root: Path
    columns: tuple[Column, ...]

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    @abstractmethod
    def what(self) -> str:
        """What it is, in a few words."""

    @property
    @abstractmethod
    def place(self) -> str:
        """What its indexes are named by, whatever it holds: 12 hex digits."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Of all that the index is made of: 16 hex digits."""

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Files of the index, in order."""

    @abstractmethod
    def without(self) -> Iterator[tuple[Row, int]]:
        """Rows of clips in quarantine, with their shards."""

    @abstractmethod
    def whole(self, place: Place) -> dict[str, Any]:
        """The caption row of a clip, as workspaces have it. Raises InspectError."""

    @abstractmethod
    def listed(self, place: Place) -> Row | None:
        """The row of a clip in the listing; None where there is no listing, as of a release."""

    def versions(self, place: Place) -> Sequence[Version]:
        """The same clip captioned by other jobs, newest first."""
        return ()

    def localized(self, place: Place, row: Row) -> Localized | None:
        """The claims of a caption row as `captionmill localize` found them; None where it did not."""
        return None


class WorkspaceSet(Inspected):
    """The newest captions of a workspace, or those of the job whose digest begins so. Raises
    WorkspaceError, CommitError, InspectError."""

    columns = WORKSPACE

    def __init__(self, root: Path, job: str | None = None) -> None:
        self.captioned = CaptionedSet.open(root) if job is None else _captioned(root, job)
        self._named = job is not None
        self.workspace = self.captioned.workspace
        self.root = self.workspace.root

    @property
    def name(self) -> str:
        return self.captioned.name

    @property
    def what(self) -> str:
        job = self.captioned.job
        return f"workspace, profile {job.profile}, captions {job.digest}"

    @property
    def place(self) -> str:
        if self._named:
            return digest([self.workspace.place_id, self.captioned.job.digest])[:12]
        return self.workspace.place_id

    @cached_property
    def digest(self) -> str:
        state, job = self.captioned.state, self.captioned.job.digest
        held = [
            file.sha256
            for table in (CAPTIONS.name, FILTERED.name, QUARANTINE.name)
            for file in state.files(table, job=job)
        ]
        retried = state.retried(job)
        return digest([job, held, retried, [file.sha256 for file in self.captioned.similarity]])

    def parts(self) -> Iterator[Part]:
        captions, filtered = self._files(CAPTIONS.name), self._files(FILTERED.name)
        similar: dict[int, list[str]] = {}
        if (embedding := self.captioned.embedding) is not None:
            similar = {
                shard: [file.path for record in records for file in record.files]
                for shard, records in self.captioned.state.shards(
                    embedding.digest, SIMILARITY.name
                ).items()
            }
        for shard in sorted({*captions, *filtered}):
            files = captions.get(shard, ())
            yield Part(
                paths=tuple(path for path, _ in files),
                rows=tuple(rows for _, rows in files),
                shard=shard,
                similar=tuple(similar.get(shard, ())),
                filtered=tuple(path for path, _ in filtered.get(shard, ())),
            )

    def _files(self, table: str) -> dict[int, list[tuple[str, int]]]:
        """Files of a table with rows, by shard."""
        shards = self.captioned.state.shards(self.captioned.job.digest, table)
        return {
            shard: files
            for shard, records in shards.items()
            if (files := [(f.path, f.rows) for r in records for f in r.files if f.rows])
        }

    def without(self) -> Iterator[tuple[Row, int]]:
        state, job = self.captioned.state, self.captioned.job.digest
        for entry in current(self.workspace, state, job):
            yield entry.row, entry.shard

    def whole(self, place: Place) -> dict[str, Any]:
        if place.row >= 0:
            return _row(self.root, place)
        state, job = self.captioned.state, self.captioned.job.digest
        rows = [
            row
            for table in (QUARANTINE.name, FILTERED.name)
            for file in state.files(table, shard=place.shard, job=job)
            for row in read(self.root, file.path)
        ]
        return self._of_clip(rows[::-1], place.clip_id)

    def listed(self, place: Place) -> Row | None:
        path = self.captioned.state.clips_file(self.captioned.job.cut, place.shard)
        return self._of_clip(read(self.root, path), place.clip_id)

    def _of_clip(self, rows: Sequence[dict[str, Any]], clip: str) -> dict[str, Any]:
        for row in rows:
            if row["clip_id"] == clip:
                return row
        raise InspectError(f"clip {clip} is not in its file: run captionmill verify")

    def versions(self, place: Place) -> Sequence[Version]:
        state, ours = self.captioned.state, self.captioned.job
        made = []
        for job in jobs(self.workspace, state):
            if job.stage not in ("caption", "recaption") or job.cut != ours.cut or job == ours:
                continue
            for file in state.files(CAPTIONS.name, shard=place.shard, job=job.digest):
                for row in read(self.root, file.path):
                    if row["clip_id"] == place.clip_id:
                        made.append(Version(job.digest, f"{job.stage}, profile {job.profile}", row))
        return made[::-1]

    @cached_property
    def _localizing(self) -> str | None:
        return newest_about(self.workspace, self.captioned.state, self.captioned.job.digest)

    def localized(self, place: Place, row: Row) -> Localized | None:
        of_shard = localized(self.workspace, self.captioned.state, self._localizing, place.shard)
        return of_shard.get(key(row))


def _captioned(root: Path, job: str) -> CaptionedSet:
    """The captions of a job by how its digest begins."""
    workspace = Workspace.open(root)
    state = load(workspace)
    begun = [each for each in jobs(workspace, state) if each.stage in ("caption", "recaption")]
    matching = [each for each in begun if each.digest.startswith(job)]
    if len(matching) != 1:
        there = ", ".join(each.digest for each in begun) or "none"
        raise InspectError(
            f"{root} has no one captioning that begins with {job}: there are {there}"
        )
    return CaptionedSet(workspace, state, matching[0], None)


class ReleaseSet(Inspected):
    """A release. Raises ReleaseError."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.release = layout.load(self.root)
        self.columns = (*RELEASE, *OF_CLAIMS) if self.release.of("claims") else RELEASE

    @property
    def name(self) -> str:
        return self.release.name if self.release.name != "release" else self.root.name

    @property
    def what(self) -> str:
        return f"release {self.release.digest}"

    @property
    def place(self) -> str:
        return digest(str(self.root))[:12]

    @property
    def digest(self) -> str:
        return self.release.digest

    def parts(self) -> Iterator[Part]:
        names = {given.number: given.name for given in self.release.inputs}
        inputs = ", ".join(f"'{_quoted(name)}'" for _, name in sorted(names.items()))
        claims = {file.path for file in self.release.of("claims") if file.rows}
        for file in self.release.of("data"):
            if file.rows:
                given = {
                    "split": f"'{file.split}'",
                    "terms": f"'{file.licence_class}'",
                    "input_name": f"list_extract([{inputs}], 1 + input)",
                }
                beside = f"claims/{file.path.partition('/')[2]}"
                yield Part(
                    (file.path,),
                    (file.rows,),
                    -1,
                    claims=(beside,) if beside in claims else (),
                    given=given,
                )

    def without(self) -> Iterator[tuple[Row, int]]:
        return iter(())

    def whole(self, place: Place) -> dict[str, Any]:
        row = _row(self.root, place)
        return whole(row, self._beside(place, "claims"), self._beside(place, "evidence"))

    def listed(self, place: Place) -> Row | None:
        return None

    def _beside(self, place: Place, table: str) -> list[dict[str, Any]]:
        """Rows of a clip in the file of another table that has the same name."""
        path = f"{table}/{place.path.partition('/')[2]}"
        if not any(file.path == path for file in self.release.files):
            return []
        order = "place, claim" if table == "evidence" else "claim"
        with connection(memory="512MB") as (database, folder):
            files = linked(folder, table, self.root, [path])
            rows = database.execute(
                f"SELECT * FROM read_parquet({files}) WHERE clip_id = ? ORDER BY {order}",
                [place.clip_id],
            ).fetchall()
            names = [column[0] for column in database.description or ()]
            return [dict(zip(names, row, strict=True)) for row in rows]


def inspected(root: Path) -> Inspected:
    """The release or the workspace in a folder. Raises UserError."""
    if layout.is_release(root) or (root / layout.WORK).is_dir():
        return ReleaseSet(root)
    return WorkspaceSet(root)


def _row(root: Path, place: Place) -> dict[str, Any]:
    """One row of a file, of which only the group that holds it is read. Raises InspectError."""
    path = root / place.path
    try:
        with path.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
            first = 0
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if place.row < first + count:
                    table = file.read_row_group(group, use_threads=False)
                    [row] = table.slice(place.row - first, 1).to_pylist()
                    break
                first += count
            else:
                raise InspectError(f"{path} has no row {place.row}: run captionmill verify")
    except (OSError, pa.ArrowException) as error:
        raise InspectError(
            f"{path} can't be read: {error}. captionmill verify tells more."
        ) from error
    if row["clip_id"] != place.clip_id:
        raise InspectError(f"{path} has changed since it was indexed: run captionmill verify")
    made: dict[str, Any] = row
    return made


def _quoted(text: str) -> str:
    return text.replace("'", "''")
