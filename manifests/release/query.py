"""DuckDB over the parts of a release: bounded memory, no extension from the network, any path.

DuckDB reads `*` and `[` in a path as patterns: parts are shown to it as links in a folder of ours.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from manifests.duck import connect
from manifests.errors import UserError

MEMORY = "2GB"
"""What one query may hold; more goes to its folder on disk."""


@contextmanager
def connection(
    threads: int | None = None, memory: str = MEMORY
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A database in memory and a folder for its files, which is gone after the block. Raises UserError
    where a file can't be read or the disk is full."""
    with tempfile.TemporaryDirectory(prefix="captionmill-") as folder:
        own: dict[str, Any] = {} if threads is None else {"threads": threads}
        database = connect(
            memory_limit=memory,
            temp_directory=f"{folder}/spill",
            preserve_insertion_order=False,
            **own,
        )
        try:
            yield database, Path(folder)
        except duckdb.Error as error:
            raise UserError(f"the parts can't be read: {error}") from error
        finally:
            database.close()


def linked(folder: Path, name: str, root: Path, paths: Sequence[str]) -> str:
    """SQL of a list of files: links to parts of `root`, named `<name>-<number in the list>.parquet`."""
    names = []
    for number, path in enumerate(paths):
        link = folder / f"{name}-{number:06d}.parquet"
        link.symlink_to((root / path).absolute())
        names.append(f"'{link}'")
    return f"[{', '.join(names)}]"


NUMBER = "CAST(regexp_extract(filename, '(\\d+)\\.parquet$', 1) AS INTEGER)"
"""SQL of the number of the file that a row is of; read the files with `filename = true`."""
