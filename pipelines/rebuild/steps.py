"""What the tasks of a rebuild do: each step can be sent to another process, and skips what is done."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from engine import crashpoints
from manifests.atomic import write_atomic
from manifests.duck import connect
from manifests.release import flatten
from manifests.release.columns import VECTORS, Table
from manifests.release.edits import Edits
from manifests.release.keys import prepare, write_keys
from manifests.release.layout import ReleaseFile
from manifests.release.order import Part
from manifests.release.rules import Rules
from manifests.release.shards import Input, Shard
from pipelines.rebuild.coding import BYTES_PER_S
from pipelines.rebuild.errors import require_committed, unreadable
from pipelines.rebuild.tasks import RebuildError, is_disk_full
from pipelines.rebuild.writing import Group, Wanted, gather, is_scattered, scatter

LISTED = ("takedown", "decontamination")
"""Rules with lists of clips that must leave."""

_TASK_MB = 400
"""Of DuckDB in one task."""
_GROUP_BYTES = 64 << 20
"""Caption files of one group of shards, on disk."""
_GROUP_SHARDS = 64
_IDS_BYTES = 200
"""Of a row of embeddings but for its vectors."""
_SIZED = ("whole", "size", "start_ms", "end_ms", "has_video")
_SAMPLED = 32
"""Shards by which the size of a row is judged."""


@dataclass(frozen=True, slots=True)
class KeysStep:
    """Makes the keys of a group of shards. path: of the key file. lists: the folder of tokens of
    lists. decided: file of what reviewers decided, if they did."""

    rules: Rules
    group: Group
    path: Path
    lists: Path
    decided: Path | None = None

    def run(self) -> None:
        """Writes the key file."""
        if self.path.exists():
            return
        for shard in self.group.shards:
            read = (*shard.captions, *shard.similarity)
            require_committed(self.group.input.root, shard.sums, read)
        with for_task(self.path.parent) as connection:
            tokens = {
                rule: list_file(self.lists, rule) for rule in LISTED if rule in self.rules.active
            }
            prepare(connection, self.rules, tokens)
            try:
                self._write(connection, self.group.shards, self.path)
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                if is_disk_full(error):
                    raise
                raise RebuildError(self._why(connection, error)) from error

    def _write(
        self, connection: duckdb.DuckDBPyConnection, shards: Sequence[Shard], path: Path
    ) -> None:
        write_keys(connection, self.rules, self.group.input, shards, path, self.decided)

    def _why(self, connection: duckdb.DuckDBPyConnection, error: Exception) -> str:
        """What is wrong, with the files of the first shard whose keys can't be made alone."""
        named = [path for shard in self.group.shards for path in shard.captions]
        probe = self.path.with_suffix(".probe")
        for shard in self.group.shards:
            try:
                self._write(connection, [shard], probe)
            except (duckdb.Error, pa.ArrowException, OSError) as its_own:
                named, error = list(shard.captions), its_own
                break
        probe.unlink(missing_ok=True)
        reason = str(error).partition("\n")[0]  # the query follows
        return (
            f"{' or '.join(named)} can't be read: {reason}. captionmill verify "
            f"{self.group.input.root} tells what is damaged."
        )


def list_file(folder: Path, rule: str) -> Path:
    """Where the tokens of the lists of a rule lie."""
    return folder / f"{rule}.tokens"


@dataclass(frozen=True, slots=True)
class ScatterStep:
    """Scatters the selected rows of a group of shards. decided: as in `KeysStep`."""

    group: Group
    selected: Path
    wanted: Wanted
    buckets: int
    folder: Path
    decided: Path | None = None

    def run(self) -> None:
        """Writes the group's spill files, unless they are there."""
        if is_scattered(self.folder, self.wanted, self.group.number):
            return
        for shard in self.group.shards:
            read = (*shard.captions, shard.clips, *shard.embeddings)
            require_committed(self.group.input.root, shard.sums, read)
        edits = Edits.load(self.decided)
        scatter(self.group, self.selected, self.wanted, self.buckets, self.folder, edits)


@dataclass(frozen=True, slots=True)
class GatherStep:
    """Gathers one part. done: file that says so."""

    part: Part
    groups: int
    wanted: Wanted
    folder: Path
    out: Path
    done: Path

    def run(self) -> tuple[ReleaseFile, ...]:
        """Writes the part's files; what a release says of them."""
        if self.done.exists():
            return tuple(ReleaseFile(**each) for each in json.loads(self.done.read_bytes()))
        files = gather(self.part, self.groups, self.wanted, self.folder, self.out)
        crashpoints.reach("rebuild.gathering")
        write_atomic(self.done, json.dumps([each.model_dump() for each in files]).encode())
        return tuple(files)


def shard_files(folder: Path, group: Group) -> list[Path]:
    """The file of each shard of a group, in a folder with one file for each shard."""
    of_input = folder / f"{group.input.number:03d}"
    return [of_input / f"{shard.number:06d}.parquet" for shard in group.shards]


def groups(inputs: Sequence[Input]) -> list[Group]:
    """The shards of all inputs in groups of about the same size, which tasks work on one by one."""
    made: list[Group] = []
    for given in inputs:
        bare = replace(given, shards=())
        waiting: list[int] = []
        size = 0
        for place, shard in enumerate(given.shards):
            waiting.append(place)
            size += sum(Path(path).stat().st_size for path in shard.captions)
            last = place + 1 == len(given.shards)
            if size >= _GROUP_BYTES or len(waiting) == _GROUP_SHARDS or last:
                made.append(Group(len(made), bare, tuple(given.shards[at] for at in waiting)))
                waiting, size = [], 0
    return made


@dataclass(frozen=True, slots=True)
class RowBytes:
    """Bytes of a row on average. stored: of data, compressed. largest: in memory, of the table that has
    most."""

    stored: float
    largest: float


def row_bytes(inputs: Sequence[Input], wanted: Wanted) -> RowBytes:
    """The size of rows, by the columns that are written, from a sample of the shards. Raises WritingError
    for a file that can't be read."""
    rows, stored = 0, 0
    plain: dict[Table, int] = dict.fromkeys(("data", "claims", "evidence"), 0)
    listed = [
        (given, path) for given in inputs for shard in given.shards for path in shard.captions
    ]
    for given, path in _sample(listed):
        try:
            metadata = pq.read_metadata(path)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(path, given.root, error) from error
        rows += metadata.num_rows
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for place in range(group.num_columns):
                column = group.column(place)
                name = column.path_in_schema.partition(".")[0]
                if name not in flatten.columns("evidence" in wanted.tables):
                    continue
                table: Table = name if name in ("claims", "evidence") else "data"
                plain[table] += column.total_uncompressed_size
                stored += column.total_compressed_size if table == "data" else 0
    plain["embeddings"] = rows * (_IDS_BYTES + len(VECTORS) * 2 * (wanted.width or 0))
    sizes = [plain[table] for table in wanted.tables]
    return RowBytes(stored / max(1, rows), max(sizes) / max(1, rows))


def media_bytes(inputs: Sequence[Input]) -> float:
    """About how many bytes the media of a clip have, on average, from a sample of the shards. Raises
    WritingError for a file that can't be read."""
    rows, total = 0, 0.0
    listed = [(given, shard.clips) for given in inputs for shard in given.shards]
    for given, path in _sample(listed):
        try:
            with pq.ParquetFile(path) as file:
                clips = file.read(columns=list(_SIZED), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(path, given.root, error) from error
        for whole, size, start, end, seen in zip(
            *(clips[name].to_pylist() for name in _SIZED), strict=True
        ):
            total += size if whole else (end - start) / 1000 * BYTES_PER_S[seen]
        rows += clips.num_rows
    return total / max(1, rows)


def _sample(paths: Sequence[tuple[Input, str]]) -> Sequence[tuple[Input, str]]:
    """Some files, evenly apart."""
    return paths[:: max(1, len(paths) // _SAMPLED)]


def for_task(folder: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB in one task. folder: spills go into one below it."""
    spill = str(folder / "spill")
    return connect(threads=1, memory_limit=f"{_TASK_MB}MB", temp_directory=spill)
