"""What is read of an index is kept as long as there is room."""

import duckdb
import numpy as np
import pytest

from pipelines.inspect import reading
from pipelines.inspect.reading import Reader


def test_what_is_longest_unused_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 2000)
    made: list[str] = []

    def read(name: str) -> None:
        def make() -> "np.typing.NDArray[np.uint8]":
            made.append(name)
            return np.zeros(900, np.uint8)

        reader.kept((name,), make)

    with duckdb.connect() as database:
        database.execute("CREATE TABLE clips (number INTEGER)")
        reader = Reader(database)
        for name in ("a", "b", "a", "c", "a", "b"):
            read(name)
    assert made == ["a", "b", "c", "b"]
