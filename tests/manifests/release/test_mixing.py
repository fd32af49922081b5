"""Mixed numbers are the same in DuckDB and in arrays, and look random."""

import duckdb
import numpy as np

from manifests.release import mixing


def test_sql_and_arrays_agree() -> None:
    values = np.random.default_rng(1).integers(0, 2**64, 500, np.uint64)
    values[:3] = 0, 1, 2**64 - 1
    key = mixing.key(7, "order")
    with duckdb.connect() as connection:
        mixing.define(connection)
        rows = connection.execute(
            f"SELECT mix(value, {key}) FROM (SELECT unnest($values::UBIGINT[]) AS value)",
            {"values": values.tolist()},
        ).fetchall()
    assert [row for (row,) in rows] == mixing.mix(values, key).tolist()


def test_the_values_stand_for_ever() -> None:
    key = mixing.key(0, "order")
    mixed = mixing.mix(np.array([0, 1], np.uint64), key)
    assert (key, *mixed.tolist()) == _KNOWN


def test_seeds_and_purposes_are_apart() -> None:
    values = np.arange(20_000, dtype=np.uint64) << np.uint64(44)
    mixed = [
        mixing.mix(values, mixing.key(*each)) / 2**64
        for each in ((0, "order"), (1, "order"), (0, "split"))
    ]
    assert np.abs(np.corrcoef(mixed) - np.eye(3)).max() < 0.03
    assert np.abs(np.histogram(mixed[0], 20, (0, 1))[0] - 1000).max() < 160


_KNOWN = (8352105858126839337, 16494227527821670376, 11374095646380875467)
