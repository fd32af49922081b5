"""DuckDB over committed files: bounded memory, no extension from the network, any path.

DuckDB reads `*` and `[` in a path as patterns: files are shown to it as links in a folder of ours.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from manifests.errors import UserError
from manifests.kinds import CAPTIONS, SIMILARITY, schema_of
from manifests.release.query import connection
from manifests.tables import File
from pipelines.report.sources import CaptionedSet

MEMORY = "1GB"
"""What queries may hold; more goes to a folder on disk."""


class ReportError(UserError):
    """Why there is no report; says what to do."""


class Query:
    """A database in memory with views of the tables of one or more caption sets."""

    def __init__(self, database: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._names: dict[str, str] = {}

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer. Raises ReportError."""
        try:
            return self._database.execute(sql, list(values)).fetchall()
        except duckdb.Error as error:
            raise ReportError(self._told(str(error))) from error

    def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The only row of an answer. Raises ReportError."""
        (row,) = self.rows(sql, values)
        return row

    def named(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of an answer, by column. Raises ReportError."""
        rows = self.rows(sql, values)
        names = [column[0] for column in self._database.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def columns(self, view: str) -> set[str]:
        """The columns of a view."""
        return {row[0] for row in self.rows(f"DESCRIBE {view}")}

    def hold(self, name: str, table: pa.Table) -> None:
        """Makes a table of what is in memory. Raises ReportError."""
        self._database.register("held", table)
        self.rows(f"CREATE TABLE {name} AS SELECT * FROM held")
        self._database.unregister("held")

    def show(self, view: str, table: str, root: Path, files: Sequence[File]) -> None:
        """Makes a view of files of a table; `filename` ends with a row's file's place
        among them."""
        if not files:
            self._database.register(f"no_{view}", schema_of(table).empty_table())
            self.rows(f"CREATE VIEW {view} AS SELECT *, '' AS filename FROM no_{view}")
            return
        links = []
        for number, file in enumerate(files):
            link = self._folder / f"{view}-{number:06d}.parquet"
            link.symlink_to((root / file.path).absolute())
            self._names[str(link)] = str(root / file.path)
            links.append(f"'{link}'")
        self.rows(
            f"CREATE VIEW {view} AS SELECT * FROM read_parquet([{', '.join(links)}], "
            "filename = true, union_by_name = false)"
        )

    def _told(self, message: str) -> str:
        for link, name in self._names.items():
            message = message.replace(link, name)
        first = message.partition("\n")[0]
        return f"the tables can't be read: {first}. captionmill verify tells what is damaged."


@contextmanager
def connected() -> Iterator[Query]:
    """An empty database; its folder is gone after the block."""
    with connection(memory=MEMORY) as (database, folder):
        yield Query(database, folder)


_SCORES = """
CREATE TABLE {name} AS SELECT
    CAST(clip_id AS UUID) AS id,
    TRY_CAST(regexp_extract(filename, '(\\d+)\\.parquet$', 1) AS INTEGER) AS file,
    CAST(len(claims) AS INTEGER) AS claims,
    CAST(len(list_filter(claims, lambda c: NOT coalesce(c.supported, false))) AS INTEGER)
        AS unsupported,
    {by_caption},
    CAST(list_avg(list_transform(claims, lambda c: CASE WHEN c.supported THEN
        c.confidence.probability END)) AS FLOAT) AS confidence,
    CAST(len(list_filter(claims, lambda c: len(c.captioners) > 1)) AS INTEGER) AS shared,
    CAST(len(coalesce(lints, [])) AS INTEGER) AS refusals,
    CAST((audio_caption IS NOT NULL)::INT + (visual_caption IS NOT NULL)::INT
        + (audio_visual_caption IS NOT NULL)::INT AS INTEGER) AS captions
FROM {view}"""
_BY_CAPTION = ", ".join(
    f"CAST(len(list_filter(claims, lambda c: c.caption = '{name}')) AS INTEGER) AS {name}_claims, "
    f"CAST(len(list_filter(claims, lambda c: c.caption = '{name}' AND NOT "
    f"coalesce(c.supported, false))) AS INTEGER) AS {name}_unsupported"
    for name in ("audio_caption", "visual_caption", "audio_visual_caption")
)


def score(query: Query, view: str, name: str) -> None:
    """Makes a table of clips with what is counted of their claims. file: its place among the files of the
    view. confidence: the mean probability of
    the supported claims that have one; shared: claims that several captioners support; refusals: faults
    of refused replies."""
    query.rows(_SCORES.format(name=name, view=view, by_caption=_BY_CAPTION))


def views(query: Query, captioned: CaptionedSet) -> None:
    """Makes the views `captions`, `sample` (of the same) and `similarity`, and the table `scores`."""
    root = captioned.workspace.root
    query.show("captions", CAPTIONS.name, root, captioned.captions)
    query.show("sample", CAPTIONS.name, root, captioned.sample)
    query.show("similarity", SIMILARITY.name, root, captioned.similarity)
    score(query, "captions", "scores")
