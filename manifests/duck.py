"""Connections to DuckDB that write nothing to the screen and load nothing from the network."""

from pathlib import Path

import duckdb

Setting = str | bool | int | float | list[str]


def is_interrupted(error: BaseException) -> bool:
    """Whether an error is what DuckDB makes of Ctrl-C while it works."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


def connect(path: str | Path = ":memory:", **settings: Setting) -> duckdb.DuckDBPyConnection:
    """A connection to a database. settings: of DuckDB."""
    quiet: dict[str, Setting] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(str(path), config=quiet | settings)
    connection.execute("SET enable_progress_bar = false")
    return connection
