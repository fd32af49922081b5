"""Do the rows of one shard belong to its clips, and does every clip have one outcome?

This holds for the tables of every stage; what is special to captions is in `manifests.verify.captions`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from manifests import kinds, tables
from manifests.commits import Record
from manifests.ids import clip_id
from manifests.tables import File
from manifests.verify.captions import Captions
from manifests.verify.flood import Said
from manifests.verify.job import Job
from manifests.verify.problems import Problem, Row
from manifests.verify.similarity import check_similarity
from manifests.verify.spans import COLUMNS, check_spans

# What a row repeats of its clip.
_OF_CLIP = ("content_hash", "uri", "start_ms", "end_ms", "kind")


@dataclass(frozen=True, slots=True)
class Shard:
    """A listed shard. clips: its rows of the clips table by id; files: all that was committed of it, by
    table; records: by job; damaged: paths of files that can't be judged. drawn: only rows of these clips
    are looked at; None: all."""

    number: int
    clips: Mapping[str, Row]
    files: Mapping[str, Sequence[File]]
    records: Mapping[str, Sequence[Record]]
    damaged: frozenset[str]
    drawn: frozenset[str] | None = None

    def sound(self, files: Sequence[File]) -> bool:
        """Whether none of these is damaged."""
        return not any(file.path in self.damaged for file in files)


class Unreadable(Exception):
    """Rows that can't be read though the file is what was committed: the problem that it is."""

    def __init__(self, path: str, error: Exception) -> None:
        self.problem = Problem("schema", path, f"its rows can't be read: {error}")
        super().__init__(self.problem)


def rows_of(
    root: Path,
    path: str,
    columns: Sequence[str] | None = None,
    drawn: frozenset[str] | None = None,
) -> Iterator[tuple[int, Row]]:
    """`manifests.tables.numbered`. Raises Unreadable."""
    try:
        yield from tables.numbered(root, path, columns, drawn)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(path, error) from error


def check_clips(path: str, rows: Iterable[tuple[int, Row]]) -> Iterator[Problem]:
    """Problems of the rows of a clip table, with their numbers: each must be what its id says."""
    for number, row in rows:
        identity = clip_id(row["content_hash"] or row["uri"], row["start_ms"], row["end_ms"])
        if row["clip_id"] != identity:
            message = "the id is not that of its content and span"
            yield Problem("identity", f"{path} row {number}", message, row["clip_id"])


class ShardRows:
    """Checks the rows of one shard of one job.

    After `problems`, `outcomes` counts its clips by outcome, and `written` has the captions by an LLM.
    """

    def __init__(self, root: Path, shard: Shard, job: Job) -> None:
        self._root = root
        self._shard = shard
        self._job = job
        self._records = shard.records.get(job.digest, ())
        self._shared: dict[str, Mapping[str, Row] | None] = {}
        self._captions = Captions(job.digest, self._shared, job.recheck)
        # The kind of table where each clip has its outcome.
        self._table: dict[str, str] = {}

    @property
    def outcomes(self) -> Counter[str]:
        """Clips by outcome."""
        outcomes = kinds.outcomes()
        return Counter(outcomes[table] for table in self._table.values())

    @property
    def written(self) -> Sequence[Said]:
        """The captions that an LLM wrote."""
        return self._captions.written

    def problems(self) -> Iterator[Problem]:
        """Problems of all rows."""
        for name, table in self._job.joined.items():
            yield from self._join(name, table)
        files = [file for record in self._records for file in record.files]
        for record in self._records:
            yield from self._retried(record)
            for file in record.files:
                if not _is_shared(file) and file.path not in self._shard.damaged:
                    yield from self._rows(file)
        deciding = [file for file in files if not _is_shared(file)]
        if self._records and self._shard.sound(deciding):
            where = f"shard {self._shard.number}"
            for clip in self._shard.clips:
                if clip not in self._table:
                    message = "its shard is committed, yet it has no outcome"
                    yield Problem("books", where, message, clip)

    @cached_property
    def _compared(self) -> Mapping[str, Row] | None:
        """The captions that the job's rows are about, by clip; None where a file is damaged."""
        files = [
            file
            for record in self._shard.records.get(self._job.captions or "", ())
            for file in record.files
            if file.table == kinds.CAPTIONS.name
        ]
        if not self._shard.sound(files):
            return None
        return {row["clip_id"]: row for file in files for _, row in self._read(file, COLUMNS)}

    def _read(self, file: File, columns: Sequence[str] | None = None) -> Iterator[tuple[int, Row]]:
        return rows_of(self._root, file.path, columns, self._shard.drawn)

    def _join(self, name: str, table: str) -> Iterator[Problem]:
        """Reads a shared table; every row must be of a clip and its media, and the only one."""
        files = self._shard.files.get(table, ())
        if not self._shard.sound(files):
            self._shared[name] = None
            return
        rows: dict[str, Row] = {}
        for file in files:
            for number, row in self._read(file):
                clip, where = row["clip_id"], f"{file.path} row {number}"
                if (problem := self._misplaced(where, row)) is not None:
                    yield problem
                elif row.get("captioner", name) != name or clip in rows:
                    yield Problem("duplicate", where, f"not the one row of {name}", clip)
                else:
                    rows[clip] = row
        self._shared[name] = rows

    def _misplaced(self, where: str, row: Row) -> Problem | None:
        """What is wrong with where a row of a shared table stands."""
        clip = self._shard.clips.get(row["clip_id"])
        if clip is None:
            message = "no such clip in this shard"
        elif row.get("content_hash", clip["content_hash"]) != clip["content_hash"]:
            message = "it was made of other media"
        else:
            return None
        return Problem("join", where, message, row["clip_id"])

    def _retried(self, record: Record) -> Iterator[Problem]:
        where = f"shard {self._shard.number}, generation {record.generation}"
        for clip in record.retried:
            table = self._table.pop(clip, None)
            if table not in (None, kinds.QUARANTINE.name):
                yield Problem("books", where, f"retried, but it stood in {table}", clip)

    def _rows(self, file: File) -> Iterator[Problem]:
        """Every row must be of a clip of this shard, and the only one; one outcome a clip."""
        kind = kinds.kind_of(file.table)
        seen: set[str] = set()
        for number, row in self._read(file):
            clip, where = row["clip_id"], f"{file.path} row {number}"
            if clip in seen or (kind.outcome is not None and clip in self._table):
                table = file.table if clip in seen else self._table[clip]
                yield Problem("duplicate", where, f"the clip is in {table} too", clip)
            seen.add(clip)
            if kind.outcome is not None:
                self._table[clip] = kind.name
            listed = self._shard.clips.get(clip)
            if listed is None:
                yield Problem("join", where, "no such clip in this shard", clip)
                continue
            for column in _OF_CLIP:
                if column in row and row[column] != listed[column]:
                    yield Problem("join", where, f"{column} is not that of the clip", clip)
            if kind == kinds.CAPTIONS:
                yield from self._captions.check(where, row)
            elif kind == kinds.SIMILARITY:
                (vectors,) = self._shared.values()
                yield from check_similarity(where, row, vectors, self._compared)
            elif kind == kinds.SPANS:
                yield from check_spans(where, row, self._compared)


def _is_shared(file: File) -> bool:
    return kinds.kind_of(file.table).shared
