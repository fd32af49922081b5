"""DuckDB over committed files: bounded memory, no extension from the network, any path.

DuckDB reads `*` and `[` in a path as patterns: files are shown to it as links in a folder of ours.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from manifests.errors import UserError
from manifests.kinds import schema_of
from manifests.release.query import connection

MEMORY = "1GB"
"""What queries may hold; more goes to a folder on disk."""


class ReportError(UserError):
    """Why there is no report; says what to do."""


class Named(Protocol):
    """A file of a workspace or a release. path: relative to its root."""

    @property
    def path(self) -> str:
        """Relative to the root."""


class Query:
    """A database in memory with views of the tables of one or more caption sets."""

    def __init__(self, database: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._names: dict[str, str] = {}
        self._links: dict[str, list[str]] = {}

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

    def show(self, view: str, table: str, root: Path, files: Sequence[Named]) -> None:
        """Makes a view of files of a table; `filename` ends with a row's file's place
        among them."""
        links = []
        for number, file in enumerate(files):
            link = self._folder / f"{view}-{number:06d}.parquet"
            link.symlink_to((root / file.path).absolute())
            self._names[str(link)] = str(root / file.path)
            links.append(f"'{link}'")
        self._links[view] = links
        if not links:
            self._database.register(f"no_{view}", schema_of(table).empty_table())
        self.rows(f"CREATE VIEW {view} AS SELECT * FROM {self.files(view, range(len(links)))}")

    def files(self, view: str, places: Iterable[int]) -> str:
        """SQL that reads only some files of a view, by their places; they have its columns."""
        links = [self._links[view][place] for place in places]
        if not links:
            return f"(SELECT *, '' AS filename FROM no_{view})"
        return f"read_parquet([{', '.join(links)}], filename = true, union_by_name = false)"

    def give(self, name: str, table: pa.Table) -> None:
        """Makes a table that is in memory known by a name."""
        self._database.register(name, table)

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
