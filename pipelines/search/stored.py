"""The vectors that a workspace holds: which table counts, and its vectors in blocks.

Rows are read as Arrow's fixed-size lists, a row group at a time; no vector becomes a Python object.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.run.settings import read
from manifests.commits import State
from manifests.errors import UserError
from manifests.ids import digest
from manifests.tables import File
from manifests.vectors import finite
from manifests.workspace import Workspace
from pipelines.status import JobStatus, jobs

By = Literal["audio", "video", "both"]
Column = Literal["audio", "video", "audio_video"]
COLUMNS: Mapping[By, Column] = {"audio": "audio", "video": "video", "both": "audio_video"}
"""By what is compared: the column of the table, and the embedding of `captioners.encoder`."""

LACKS: Mapping[Column, str] = {
    "audio": "sound",
    "video": "picture",
    "audio_video": "sound and picture together",
}
"""What a clip without such a vector has not."""

STAGE, TABLE = "embed", "embeddings"

Ids = npt.NDArray[np.uint8]
"""(clips, 16): clip ids, each as the bytes that its 32 hex digits stand for."""
Half = npt.NDArray[np.float16]
Floats = npt.NDArray[np.float32]

ID_BYTES = 16


class SearchError(UserError):
    """Why nothing can be searched; says what to do."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some vectors of one shard. ids: (clips, 16). vectors: (clips, width), finite."""

    shard: int
    ids: Ids
    vectors: Half

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Part:
    """A committed file of the table, and its shard."""

    shard: int
    file: File


class Stored:
    """Vectors of the newest embed job of a workspace.

    job: its books. table: the shared table where its vectors lie. settings: as kept of the job. parts:
    the files of the table for the job's cut, by shard: other jobs may have filled some.
    """

    def __init__(
        self,
        workspace: Workspace,
        state: State,
        job: JobStatus,
        table: str,
        settings: Mapping[str, Any],
        parts: tuple[Part, ...],
    ) -> None:
        self.workspace, self.state = workspace, state
        self.job, self.table, self.settings, self.parts = job, table, settings, parts

    @property
    def root(self) -> Path:
        """What paths of the parts are relative to."""
        return self.workspace.root

    @property
    def place_id(self) -> str:
        """What its indexes are named by, whatever it holds: 12 hex digits."""
        return self.workspace.place_id

    def listing(self, shard: int) -> str | None:
        """The file that lists the clips of a shard; None where there is none."""
        try:
            return self.state.clips_file(self.job.cut, shard)
        except KeyError:
            return None

    @property
    def clips(self) -> int:
        """Rows of the table: clips with any vector."""
        return sum(part.file.rows for part in self.parts)

    def digest(self, column: Column) -> str:
        """Digest of the committed files, and of what is read of them: 16 hex digits."""
        return digest([column, [[part.shard, part.file.sha256] for part in self.parts]])

    def blocks(self, part: Part, column: Column) -> Iterator[Block]:
        """The vectors of a file, in the order of its rows, without clips that lack one. A vector with a
        number that is not finite counts as none. Raises SearchError."""
        for table in self._tables(part, ["clip_id", column]):
            lists = table[column].combine_chunks()
            if lists.type != pa.list_(pa.float16(), self.width):
                raise self._unreadable(part, f"its column {column} holds {lists.type}")
            present, vectors = finite(lists, self.width)
            yield Block(part.shard, self._ids(part, table["clip_id"])[present], vectors)

    def ids(self, part: Part) -> Ids:
        """The clips of a file, with and without any vector. Raises SearchError."""
        ids = [self._ids(part, table["clip_id"]) for table in self._tables(part, ["clip_id"])]
        return np.concatenate([np.empty((0, ID_BYTES), np.uint8), *ids])

    @cached_property
    def width(self) -> int:
        """Numbers of a vector. Raises SearchError."""
        part = self.parts[0]
        with self._open(part) as file:
            kind = file.schema_arrow.field(COLUMNS["both"]).type
        if not pa.types.is_fixed_size_list(kind) or kind.list_size < 1:
            raise self._unreadable(part, f"its vectors are {kind}")
        width: int = kind.list_size
        return width

    def _tables(self, part: Part, columns: list[str]) -> Iterator[pa.Table]:
        with self._open(part) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=columns, use_threads=False)

    @contextmanager
    def _open(self, part: Part) -> Iterator[pq.ParquetFile]:
        path = self.root / part.file.path
        try:
            # Opened here, since Arrow can't open a path that is not UTF-8.
            with path.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
                if lost := {"clip_id", *COLUMNS.values()} - set(file.schema_arrow.names):
                    raise self._unreadable(part, f"it has no column {min(lost)}")
                yield file
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(part, str(error)) from error

    def _ids(self, part: Part, column: pa.ChunkedArray) -> Ids:
        if not len(column):
            return np.empty((0, ID_BYTES), np.uint8)
        try:
            if not pc.all(pc.equal(pc.utf8_length(column.fill_null("")), 2 * ID_BYTES)).as_py():
                raise ValueError
            ids = np.frombuffer(bytes.fromhex("".join(column.to_pylist())), np.uint8)
            return ids.reshape(len(column), ID_BYTES)
        except (ValueError, TypeError, pa.ArrowException):
            raise self._unreadable(part, "an id in it is not 32 hex digits") from None

    def _unreadable(self, part: Part, why: str) -> SearchError:
        path = self.root / part.file.path
        return SearchError(
            f"{path} can't be read: {why}. captionmill verify tells what is damaged."
        )


def stored(workspace: Workspace, state: State) -> Stored:
    """The vectors of the embed job that was begun last. Raises SearchError where there are none."""
    every = jobs(workspace, state)
    embedding = [job for job in every if job.stage == STAGE]
    if not embedding:
        raise _not_embedded(workspace)
    newest = embedding[-1]
    settings = read(workspace, newest.digest)
    table = settings["settings"].get(TABLE) or _written(state, newest.digest)
    if not isinstance(table, str):
        raise _not_embedded(workspace)
    parts = [
        Part(shard, file)
        for job in embedding
        if job.cut == newest.cut
        for shard, records in state.shards(job.digest, table).items()
        for record in records
        for file in record.files
    ]
    if not parts:
        raise _not_embedded(workspace)
    parts.sort(key=lambda part: (part.shard, part.file.path))
    return Stored(workspace, state, newest, table, settings, tuple(parts))


def _written(state: State, job: str) -> str | None:
    """The table of vectors that a job wrote."""
    for file in state.files(job=job):
        if file.table.startswith(f"{TABLE}/"):
            return file.table
    return None


def _not_embedded(workspace: Workspace) -> SearchError:
    root = workspace.root
    return SearchError(f"no clip of {root} is embedded: run captionmill embed {root} first")
