"""The index of a caption set: a database in the user's cache, made once for what is committed.

It has a row for each clip with the columns of `pipelines.inspect.columns`, an inverted list of the words
of its texts (`pipelines.inspect.words`), the clips of each choice (`pipelines.inspect.choices`) and what
they are sorted by (`pipelines.inspect.ranks`). Clips have numbers from 0, in the order of the rows. The
list of words is made in pieces, each of so much text as fits in memory, and sorted by word at the end, so
that DuckDB passes over all blocks that can't hold a word.

An index is named by the set and by a digest of all that went into it. It appears by one rename, and takes
the place of the set's older ones.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import duckdb
import pyarrow as pa
from filelock import FileLock

from captioners.weights.cache import Cache
from manifests import schemas
from manifests.atomic import make_folder
from manifests.errors import UserError
from manifests.ids import digest
from manifests.release.query import NUMBER, connection, linked
from pipelines.inspect import choices, ranks, words
from pipelines.inspect.columns import COUNTED, NONE, PATH, SAME, SIMILAR, Column
from pipelines.inspect.sets import Inspected, InspectError, Part

FORMAT = 6
"""Of what this module writes: raise it with every change."""

MEMORY = "1GB"
_ROWS = 200_000
"""Clips whose words are sorted together."""
_FILES = 1000


def prepare(shown: Inspected, told: Callable[[str], None]) -> Path:
    """The index of a set, made first if it is not there. told: is called with lines on how far that is.
    Raises InspectError."""
    folder = Cache().root / "inspect"
    key = digest([shown.digest, FORMAT, duckdb.__version__])
    path = folder / f"{shown.place}-{key}.duckdb"
    if not path.is_file():
        make_folder(folder)
        with FileLock(folder / f".{shown.place}.lock"):
            if not path.is_file():
                _replace(path, shown, told)
    return path


def _replace(path: Path, shown: Inspected, told: Callable[[str], None]) -> None:
    """Makes an index, then removes the older ones of the set."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        _Build(shown, told).to(part)
        part.rename(path)
    except UserError as error:
        raise InspectError(
            f"{shown.root} can't be indexed: {error}. captionmill verify tells what is damaged."
        ) from error
    finally:
        for left in (part, part.with_name(f"{part.name}.wal")):
            left.unlink(missing_ok=True)
    for other in path.parent.glob(f"{shown.place}-*.duckdb"):
        if other != path:
            other.unlink(missing_ok=True)


class _Build:
    """Makes one index."""

    def __init__(self, shown: Inspected, told: Callable[[str], None]) -> None:
        self._shown, self._told = shown, told
        self._clips = self._files = self._links = 0

    def to(self, path: Path) -> None:
        """Writes it to a file that is not there."""
        with connection(memory=MEMORY) as (database, folder):
            self._database, self._folder = database, folder
            self._sql("SET preserve_insertion_order = true")
            self._sql("ATTACH '{}' AS made".format(str(path).replace("'", "''")))
            self._sql("USE made")
            self._sql(f"ATTACH '{folder / 'pieces.duckdb'}' AS pieces")
            self._sql(f"CREATE TABLE pieces.words ({words.WORDS})")
            self._sql(_tables(self._shown.columns))
            for parts in _grouped(self._shown.parts()):
                self._add(parts)
            self._add_without()
            self._end()
            self._sql("USE memory")
            self._sql("DETACH made")

    def _sql(self, sql: str, values: Sequence[object] = ()) -> None:
        self._database.execute(sql, list(values))

    def _add(self, parts: list[Part]) -> None:
        """Indexes some parts."""
        first = self._clips
        if paths := [path for part in parts for path in part.paths]:
            rows = [count for part in parts for count in part.rows]
            shards = [part.shard for part in parts for _ in part.paths]
            of_path = {
                name: [(part.given or {})[name] for part in parts for _ in part.paths]
                for name in parts[0].given or {}
            }
            similar = [path for part in parts for path in part.similar]
            claims = [path for part in parts for path in part.claims]
            beside = f"{self._similar(similar)} {self._counted(claims)}"
            self._captioned(paths, rows, shards, of_path, beside)
        self._filtered([part for part in parts if part.filtered])
        words.fill(self._database, "pieces.words", first, self._clips)
        self._told(f"indexing: {self._clips:,} clips")

    def _captioned(
        self,
        paths: list[str],
        rows: list[int],
        shards: list[int],
        given: dict[str, list[str]],
        beside: str,
    ) -> None:
        """beside: SQL that joins what lies in other files."""
        starts = [self._clips + count for count in (0, *accumulate(rows))][: len(rows)]
        of_file = "".join(f", {_nth(values)} AS {name}" for name, values in given.items())
        source = (
            f"(SELECT *, {NUMBER} AS part{of_file} FROM read_parquet({self._linked(paths)}, "
            "filename = true, file_row_number = true))"
        )
        columns = [f"{column.sql} AS {column.name}" for column in self._shown.columns]
        texts = "hash(audio_caption, visual_caption, audio_visual_caption)"
        self._sql(
            f"INSERT INTO clips BY NAME SELECT {_nth(starts)} + file_row_number AS number, "
            f"{self._files} + part AS file, file_row_number AS row, {_nth(shards)} AS shard, "
            f"CAST(clip_id AS UUID) AS clip_id, caption_digest, {texts} AS texts, 1 AS same, "
            f"{', '.join(columns)} FROM {source} AS source {beside} "
            "ORDER BY part, file_row_number"
        )
        files = [(self._files + number, path) for number, path in enumerate(paths)]
        self._database.executemany("INSERT INTO files VALUES (?, ?)", files)
        self._files += len(paths)
        self._clips += sum(rows)

    def _similar(self, paths: list[str]) -> str:
        """SQL that joins similarities, or has none of them."""
        if not self._shows(SIMILAR[0]):
            return ""
        names = [name.removeprefix("similar_") for name in SIMILAR]
        if not paths:
            return f"CROSS JOIN (SELECT {', '.join(f'NULL AS similar_{n}' for n in names)})"
        columns = ", ".join(f"any_value({name}) AS similar_{name}" for name in names)
        return (
            f"LEFT JOIN (SELECT clip_id AS similar_clip, caption_digest AS similar_digest, {columns} "
            f"FROM read_parquet({self._linked(paths)}) GROUP BY ALL) "
            "ON similar_clip = clip_id AND similar_digest = caption_digest"
        )

    def _counted(self, paths: list[str]) -> str:
        """SQL that joins how many claims a clip has."""
        if not self._shows(COUNTED[0]):
            return ""
        if not paths:
            return f"CROSS JOIN (SELECT {', '.join(f'NULL AS {name}' for name in COUNTED)})"
        claims, unsupported = COUNTED
        return (
            f"LEFT JOIN (SELECT clip_id AS counted_clip, count(*) AS {claims}, "
            f"count_if(NOT coalesce(supported, false)) AS {unsupported} "
            f"FROM read_parquet({self._linked(paths)}) GROUP BY clip_id) ON counted_clip = clip_id"
        )

    def _shows(self, name: str) -> bool:
        """Whether a column of the index is made of this one."""
        return any(name in column.sql for column in self._shown.columns)

    def _filtered(self, parts: list[Part]) -> None:
        """Clips that a rule left out."""
        for part in parts:
            rows = f"read_parquet({self._linked(list(part.filtered))})"
            self._beside(rows, "filtered", "rule", str(part.shard))

    def _add_without(self) -> None:
        """Clips in quarantine."""
        entries = list(self._shown.without())
        if not entries:
            return
        schema = schemas.QUARANTINE.append(pa.field("shard", pa.int32()))
        rows = [{**row, "shard": shard} for row, shard in entries]
        self._database.register("entries", pa.Table.from_pylist(rows, schema=schema))
        first = self._clips
        self._beside("entries", "quarantined", "stage || ': ' || reason", "shard")
        words.fill(self._database, "pieces.words", first, self._clips)

    def _beside(self, rows: str, outcome: str, reason: str, shard: str) -> None:
        """Clips without captions."""
        own = {
            "outcome": f"'{outcome}'",
            "reason": reason,
            "path": PATH,
            "start": "start_ms / 1000",
            "seconds": "(end_ms - start_ms) / 1000",
            "captions": "0",
        }
        columns = [f"{own.get(c.name, _nothing(c))} AS {c.name}" for c in self._shown.columns]
        self._sql(
            f"INSERT INTO clips BY NAME SELECT {self._clips} - 1 + row_number() OVER () AS number, "
            f"-1 AS file, -1 AS row, {shard} AS shard, CAST(clip_id AS UUID) AS clip_id, "
            f"0 AS texts, 1 AS same, {', '.join(columns)} FROM {rows}"
        )
        ((self._clips,),) = self._database.execute("SELECT count(*) FROM clips").fetchall()

    def _end(self) -> None:
        """What is sorted and counted over all clips."""
        self._told("indexing: words")
        words.make(self._database, "pieces.words")
        self._sql("DETACH pieces")
        self._told("indexing: equal captions")
        self._sql(
            f"UPDATE clips SET {SAME.name} = counted.clips FROM (SELECT texts, count(*) AS clips "
            "FROM clips WHERE captions > 0 GROUP BY texts HAVING count(*) > 1) AS counted "
            "WHERE clips.texts = counted.texts AND clips.captions > 0"
        )
        self._sql("ALTER TABLE clips DROP COLUMN texts")
        self._told("indexing: choices and orders")
        derive(self._database, self._shown.columns)
        self._sql("CHECKPOINT made")

    def _linked(self, paths: list[str]) -> str:
        self._links += 1
        return linked(self._folder, f"l{self._links}", self._shown.root, paths)


_TYPES = {"text": "VARCHAR", "number": "FLOAT", "choice": "VARCHAR"}


def _tables(columns: Sequence[Column]) -> str:
    own = ", ".join(f"{column.name} {_TYPES[column.what]}" for column in columns)
    return (
        "CREATE TABLE clips (number INTEGER, clip_id UUID, file INTEGER, row INTEGER, shard INTEGER, "
        f"caption_digest VARCHAR, texts UBIGINT, {SAME.name} FLOAT, {own});"
        "CREATE TABLE files (file INTEGER, path VARCHAR)"
    )


def derive(database: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """Makes what follows from the rows of all clips."""
    choices.make(database, columns)
    ranks.make(database, columns)


def _grouped(parts: Iterator[Part]) -> Iterator[list[Part]]:
    """Parts in groups that are indexed together."""
    group: list[Part] = []
    rows = files = 0
    for part in parts:
        group.append(part)
        rows, files = rows + sum(part.rows), files + len(part.paths)
        if rows >= _ROWS or files >= _FILES:
            yield group
            group, rows, files = [], 0, 0
    if group:
        yield group


def _nth(values: Sequence[object]) -> str:
    """SQL of the value for a row's file."""
    return f"list_extract([{', '.join(map(str, values))}], 1 + part)"


def _nothing(column: Column) -> str:
    return f"'{NONE}'" if column.what == "choice" else f"CAST(NULL AS {_TYPES[column.what]})"
