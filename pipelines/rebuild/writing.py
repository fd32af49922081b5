"""The rows of a release: scattered from the shards of the inputs into buckets, gathered into parts.

A scatter reads the caption rows of one group of shards, checks that each is of the clip whose key was
selected, and writes what a release has of it by bucket. A gather takes one part: it reads its buckets one
after the other from what all scatters wrote, sorts each and appends it to the part's files. Memory is
bounded by a run and by a bucket, and what is written does not depend on who writes what when.
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.atomic import replacing
from manifests.duck import connect
from manifests.ids import content_hash
from manifests.release import flatten
from manifests.release.columns import OF_CLIPS, Table, schema_of
from manifests.release.edits import Edits
from manifests.release.keys import CLIP
from manifests.release.layout import ReleaseFile, part_path
from manifests.release.order import Part
from manifests.release.shards import Input, Shard
from pipelines.rebuild import spill
from pipelines.rebuild.embedded import embedded
from pipelines.rebuild.errors import WritingError, unreadable

_RUN_BYTES = 96 << 20
"""Rows of a release that a scatter holds before it writes them, in memory."""
_READ_BYTES, _READ_ROWS = 32 << 20, 2048
"""A file of a shard with so many bytes is read at once, a larger one so many rows at a time."""
_GROUP_BYTES = 64 << 20
"""Of a row group in memory: readers such as the hub's viewer refuse some that are larger than 286 MiB."""
_REPEATED = [
    "kind",
    "audio_by",
    "visual_by",
    "audio_visual_by",
    "writer",
    "language",
    "domain",
    "licence",
    "prompt_digest",
    "input",
    "stage",
]
"""Data columns whose values repeat. For the others a dictionary is no gain, and takes time."""
_DICTIONARIES: dict[Table, list[str] | bool] = {"data": _REPEATED, "embeddings": False}

_LISTS = ("variants", "claims", "evidence")
"""Nested columns, slow to read: many inputs have no variants, and captions by people no claims."""

_H = pa.field("h", pa.uint64(), False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the rows is written. tables: data, and perhaps claims, evidence and embeddings, whose
    vectors have `width` numbers. is_large: they do not fit into the page cache on their way."""

    tables: tuple[Table, ...]
    links_only: bool = False
    is_large: bool = True
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Shards of one input that are worked on together, in order. input: without shards of its own."""

    number: int
    input: Input
    shards: tuple[Shard, ...]


def is_scattered(folder: Path, wanted: Wanted, group: int) -> bool:
    """Whether all files of a group are there that `scatter` writes."""
    return all(spilled(folder, table, group).exists() for table in wanted.tables)


def scatter(
    group: Group, selected: Path, wanted: Wanted, buckets: int, folder: Path, edits: Edits
) -> None:
    """Writes the selected rows of a group as `<table>/<number>.spill`.

    selected: file of `order.SELECTED` rows. edits: put into them. Raises WritingError, OSError,
    pa.ArrowException.
    """
    paths = {table: spilled(folder, table, group.number) for table in wanted.tables}
    rows = pq.read_table(selected).combine_chunks()
    with ExitStack() as stack:
        writers = {}
        for table, path in paths.items():
            temporary = stack.enter_context(replacing(path, durable=False))
            schema = schema_of(table, wanted.width).append(_H)
            writer = spill.Writer(temporary, schema, buckets, wanted.is_large)
            writers[table] = stack.enter_context(writer)
        run = _Run(writers, buckets)
        for shard in group.shards:
            _scatter(rows, group.input, shard, wanted, edits, run)
            if run.bytes > _RUN_BYTES:
                run.flush()
        run.flush()


def _scatter(
    rows: pa.Table, given: Input, shard: Shard, wanted: Wanted, edits: Edits, run: "_Run"
) -> None:
    """Adds the selected rows of a shard to a run."""
    clips: pa.Table | None = None
    taken: list[pa.Table] = []
    for chosen, captions in _chosen(rows, given, shard, wanted):
        clips = _listed(given, shard) if clips is None else clips
        own = _own(clips, captions, shard)
        captions = edits.rows(captions)
        data = flatten.data(captions, own, given.number, given.stage, given.real, wanted.links_only)
        run.add("data", data, chosen)
        if "claims" in wanted.tables:
            claims, parents = flatten.claims(captions)
            run.add("claims", claims, chosen.take(pa.array(parents)))
        if "evidence" in wanted.tables:
            evidence, parents = flatten.evidence(captions)
            run.add("evidence", evidence, chosen.take(pa.array(parents)))
        ids = captions.select(["clip_id", "content_hash"])
        taken.append(ids.append_column("h", chosen["h"]).append_column("bucket", chosen["bucket"]))
    if wanted.width is not None and taken:
        of = pa.concat_tables(taken)
        for vectors, places in embedded(of, given, shard, wanted.width):
            run.add("embeddings", vectors, of.take(pa.array(places)))


def spilled(folder: Path, table: Table, group: int) -> Path:
    """Where a scatter writes rows of a table."""
    return folder / table / f"{group:05d}.spill"


def gather(part: Part, groups: int, wanted: Wanted, folder: Path, out: Path) -> list[ReleaseFile]:
    """Writes the files of one part from what `groups` scatters wrote into a folder; what a release says
    of them. Raises WritingError, OSError, pa.ArrowException."""
    return [_gather(part, groups, table, wanted, folder, out) for table in wanted.tables]


def _gather(
    part: Part, groups: int, table: Table, wanted: Wanted, folder: Path, out: Path
) -> ReleaseFile:
    path = part_path(table, part.licence, part.split, part.number, part.of)
    schema = schema_of(table, wanted.width)
    spill_schema = schema.append(_H)
    readers = [
        spill.Reader(spilled(folder, table, number), spill_schema, part.first, len(part.buckets))
        for number in range(groups)
    ]
    rows = 0
    with replacing(out / path) as temporary:
        with pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            use_dictionary=_DICTIONARIES.get(table, True),
            write_page_index=True,
        ) as writer:
            for place, count in enumerate(part.buckets):
                bucket = spill.read(readers, part.first + place, spill_schema)
                if table == "data" and bucket.num_rows != count:
                    raise WritingError(
                        f"{out / path}: {bucket.num_rows} rows came of {count} that were selected: "
                        f"remove {folder.parent} and run the same command again"
                    )
                rows += bucket.num_rows
                for piece in _row_groups(_sorted(bucket)):
                    writer.write_table(piece, row_group_size=max(1, piece.num_rows))
            if not rows:
                writer.write_table(schema.empty_table())
        sha256, size = content_hash(temporary), temporary.stat().st_size
    return ReleaseFile(
        path=path,
        table=table,
        licence_class=part.licence,
        split=part.split,
        part=part.number,
        rows=rows,
        bytes=size,
        sha256=sha256,
    )


def _sorted(bucket: pa.Table) -> pa.Table:
    """Rows in the order of `h`; those of one clip stay in theirs."""
    order = np.argsort(bucket["h"].to_numpy(), kind="stable")
    return bucket.drop_columns(["h"]).take(pa.array(order))


def _row_groups(rows: pa.Table) -> Iterator[pa.Table]:
    """Rows in pieces that are small enough for a row group."""
    if rows.nbytes <= _GROUP_BYTES or rows.num_rows <= 1:
        if rows.num_rows:
            yield rows
        return
    half = rows.num_rows // 2
    yield from _row_groups(rows.slice(0, half))
    yield from _row_groups(rows.slice(half))


class _Run:
    """Rows of a release that wait to be written."""

    def __init__(self, writers: dict[Table, spill.Writer], buckets: int) -> None:
        self._writers, self._buckets = writers, buckets
        self._rows: dict[Table, list[pa.Table]] = {table: [] for table in writers}
        self._places: dict[Table, list[npt.NDArray[np.int32]]] = {table: [] for table in writers}
        self.bytes = 0

    def add(self, table: Table, rows: pa.Table, chosen: pa.Table) -> None:
        """Adds rows, each with the selected row that it belongs to."""
        self._rows[table].append(rows.append_column(_H, chosen["h"]))
        self._places[table].append(chosen["bucket"].to_numpy())
        self.bytes += rows.nbytes

    def flush(self) -> None:
        """Writes what waits."""
        for table, waiting in self._rows.items():
            if not waiting:
                continue
            places = np.concatenate(self._places[table])
            order = pa.array(np.argsort(places, kind="stable"))
            rows = pa.concat_tables(waiting).combine_chunks().take(order)
            counts = np.bincount(places, minlength=self._buckets).astype(np.int64)
            waiting.clear()
            self._places[table].clear()
            self._writers[table].add(rows, counts)
        self.bytes = 0


def _chosen(
    selected: pa.Table, given: Input, shard: Shard, wanted: Wanted
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Selected rows of a shard and the caption rows that they are, a batch at a time. selected: of the
    shard's group, in order."""
    begin, end = np.searchsorted(selected["shard"].to_numpy(), [shard.number, shard.number + 1])
    rows = selected.slice(begin, end - begin)
    numbers = rows["row"].to_numpy()
    if not len(numbers):
        return
    first = done = 0
    for path, batch in _batches(given, shard, flatten.columns("evidence" in wanted.tables)):
        last = first + batch.num_rows
        until = done + int(np.searchsorted(numbers[done:], last))
        if until > done:
            stays = np.zeros(batch.num_rows, np.bool_)
            stays[numbers[done:until] - first] = True
            chosen, captions = rows.slice(done, until - done), batch.filter(pa.array(stays))
            _require_same(chosen, captions, path)
            yield chosen, pa.Table.from_batches([captions])
        first, done = last, until
    if done < len(numbers):
        raise WritingError(
            f"{shard.captions[-1]}: row {numbers[done]} of the shard was selected, and it has {first}: "
            "the workspace was changed meanwhile; run the same command with a new folder"
        )


def _batches(
    given: Input, shard: Shard, columns: list[str]
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The rows of a shard with the file that they are of; of most files all at once, which is quicker.
    Raises WritingError for a file that can't be read."""
    for path in shard.captions:
        try:
            with pq.ParquetFile(path) as file:
                groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
                small = sum(group.total_byte_size for group in groups) <= _READ_BYTES
                most = max(1, file.metadata.num_rows) if small else _READ_ROWS
                empty = [name for name in _LISTS if name in columns and _is_empty(name, groups)]
                there = [name for name in columns if name not in empty]
                kinds = {name: file.schema_arrow.field(name).type for name in empty}
                for batch in file.iter_batches(most, columns=there, use_threads=False):
                    for name, kind in kinds.items():
                        batch = batch.append_column(name, pa.nulls(batch.num_rows, kind))
                    yield path, batch
        except (pa.ArrowException, OSError) as error:
            raise unreadable(path, given.root, error) from error


def _is_empty(name: str, groups: list[pq.RowGroupMetaData]) -> bool:
    """Whether a column of lists has no item in any row, by the file's statistics."""
    for group in groups:
        for place in range(group.num_columns):
            column = group.column(place)
            if column.path_in_schema.startswith(f"{name}."):
                counted = column.statistics
                if counted is None or counted.null_count != column.num_values:
                    return False
    return True


def _listed(given: Input, shard: Shard) -> pa.Table:
    """What a release has of the clips of a shard. Raises WritingError for a table that can't be read."""
    try:
        with pq.ParquetFile(shard.clips) as file:
            return file.read(columns=["clip_id", *OF_CLIPS], use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(shard.clips, given.root, error) from error


def _own(clips: pa.Table, captions: pa.Table, shard: Shard) -> pa.Table:
    """The clip of each caption row, by its id. Raises WritingError for a row of a clip that is not
    listed."""
    places = pc.index_in(captions["clip_id"], value_set=clips["clip_id"])
    if places.null_count:
        clip_id = captions["clip_id"].filter(pc.is_null(places))[0]
        raise WritingError(
            f"{shard.clips} does not list clip {clip_id}, which has captions: captionmill verify tells "
            "what is damaged"
        )
    return clips.take(places)


def _require_same(chosen: pa.Table, captions: pa.RecordBatch, path: str) -> None:
    """Raises WritingError unless each row is of the clip that was selected."""
    expected = np.frombuffer(b"".join(_bytes(each) for each in chosen["clip"].chunks), np.uint8)
    other = (_clips(captions["clip_id"]) != expected.reshape(-1, 16)).any(axis=1)
    if other.any():
        place = int(other.argmax())
        number, clip_id = chosen["row"][place], captions["clip_id"][place]
        raise WritingError(
            f"{path}: row {number} of the shard is of clip {clip_id}, and another one was selected: the "
            "workspace was changed meanwhile; run the same command with a new folder"
        )


def _bytes(fixed: pa.Array) -> memoryview:
    """The values of an array of blobs of 16 bytes, one after the other."""
    return memoryview(fixed.buffers()[1])[16 * fixed.offset : 16 * (fixed.offset + len(fixed))]


def _clips(ids: pa.Array) -> npt.NDArray[np.uint8]:
    """The keys of clips, (clips, 16), as `manifests.release.keys` has them, by a quicker way for most."""
    if not len(ids):
        return np.empty((0, 16), np.uint8)
    offsets = np.frombuffer(ids.buffers()[1], np.int32)[ids.offset : ids.offset + len(ids) + 1]
    if (np.diff(offsets) == 32).all():
        text = bytes(memoryview(ids.buffers()[2])[offsets[0] : offsets[-1]])
        with suppress(ValueError):
            digits = bytes.fromhex(text.decode())
            if len(digits) == 16 * len(ids):  # spaces between digits do not count
                return np.frombuffer(digits, np.uint8).reshape(-1, 16)
    with connect(threads=1) as connection:
        connection.register("given", pa.table({"clip_id": ids}))
        keys = connection.execute(f"SELECT {CLIP} FROM given").fetchall()
    joined = b"".join(uuid.UUID(str(key)).bytes for (key,) in keys)
    return np.frombuffer(joined, np.uint8).reshape(-1, 16)
