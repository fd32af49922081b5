"""Do the rows of one shard belong to its clips, and does every clip have one outcome?

This holds for the tables of every stage; what is special to captions is in `manifests.verify.captions`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from manifests import kinds, tables
from manifests.commits import Record
from manifests.ids import clip_id
from manifests.tables import File
from manifests.verify.captions import Captions
from manifests.verify.flood import Flood
from manifests.verify.job import Job
from manifests.verify.problems import Problem, Row
from manifests.verify.similarity import check_similarity
from manifests.verify.spans import COLUMNS, check_spans

# What a row repeats of its clip.
_OF_CLIP = ("content_hash", "uri", "start_ms", "end_ms", "kind")


@dataclass(frozen=True, slots=True)
class Shard:
    """A listed shard. clips: its rows of the clips table by id; files: all that was committed of it, by
    table; records: by job; damaged: paths of files that can't be judged."""

    number: int
    clips: Mapping[str, Row]
    files: Mapping[str, Sequence[File]]
    records: Mapping[str, Sequence[Record]]
    damaged: frozenset[str]

    def sound(self, files: Sequence[File]) -> bool:
        """Whether none of these is damaged."""
        return not any(file.path in self.damaged for file in files)


def check_clips(path: str, rows: Sequence[Row]) -> Iterator[Problem]:
    """Problems of the rows of a clip table: each must be what its id says."""
    for row in rows:
        identity = clip_id(row["content_hash"] or row["uri"], row["start_ms"], row["end_ms"])
        if row["clip_id"] != identity:
            message = "the id is not that of its content and span"
            yield Problem("identity", path, message, row["clip_id"])


class ShardRows:
    """Checks the rows of one shard of one job.

    After `problems`, `outcomes` counts its clips by outcome.
    """

    def __init__(self, root: Path, shard: Shard, job: Job, flood: Flood) -> None:
        self._root = root
        self._shard = shard
        self._job = job
        self._records = shard.records.get(job.digest, ())
        self._shared: dict[str, Mapping[str, Row] | None] = {}
        self._captions = Captions(job.digest, self._shared, flood, job.recheck)
        # The kind of table where each clip has its outcome.
        self._table: dict[str, str] = {}

    @property
    def outcomes(self) -> Counter[str]:
        """Clips by outcome."""
        outcomes = kinds.outcomes()
        return Counter(outcomes[table] for table in self._table.values())

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
            for clip in self._shard.clips.keys() - self._table.keys():
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
        rows = tables.read_all(self._root, files, COLUMNS)
        return {row["clip_id"]: row for row in rows}

    def _join(self, name: str, table: str) -> Iterator[Problem]:
        """Reads a shared table; every row must be of a clip and its media, and the only one."""
        files = self._shard.files.get(table, ())
        if not self._shard.sound(files):
            self._shared[name] = None
            return
        rows: dict[str, Row] = {}
        for file in files:
            for row in tables.read(self._root, file.path):
                clip = row["clip_id"]
                if (problem := self._misplaced(file, row)) is not None:
                    yield problem
                elif row.get("captioner", name) != name or clip in rows:
                    yield Problem("duplicate", file.path, f"not the one row of {name}", clip)
                else:
                    rows[clip] = row
        self._shared[name] = rows

    def _misplaced(self, file: File, row: Row) -> Problem | None:
        """What is wrong with where a row of a shared table stands."""
        clip = self._shard.clips.get(row["clip_id"])
        if clip is None:
            message = "no such clip in this shard"
        elif row.get("content_hash", clip["content_hash"]) != clip["content_hash"]:
            message = "it was made of other media"
        else:
            return None
        return Problem("join", file.path, message, row["clip_id"])

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
        for row in tables.read(self._root, file.path):
            clip = row["clip_id"]
            if clip in seen or (kind.outcome is not None and clip in self._table):
                table = file.table if clip in seen else self._table[clip]
                yield Problem("duplicate", file.path, f"the clip is in {table} too", clip)
            seen.add(clip)
            if kind.outcome is not None:
                self._table[clip] = kind.name
            listed = self._shard.clips.get(clip)
            if listed is None:
                yield Problem("join", file.path, "no such clip in this shard", clip)
                continue
            for column in _OF_CLIP:
                if column in row and row[column] != listed[column]:
                    yield Problem("join", file.path, f"{column} is not that of the clip", clip)
            if kind == kinds.CAPTIONS:
                yield from self._captions.check(file.path, row)
            elif kind == kinds.SIMILARITY:
                (vectors,) = self._shared.values()
                yield from check_similarity(file.path, row, vectors, self._compared)
            elif kind == kinds.SPANS:
                yield from check_spans(file.path, row, self._compared)


def _is_shared(file: File) -> bool:
    return kinds.kind_of(file.table).shared
