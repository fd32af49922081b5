"""Numbers that look random and depend on a seed alone: the order of rows, and the split of a source.

What is mixed are 64 bits of an md5 or a sha256 already, so one round of MurmurHash3's finaliser, keyed by
the seed, is as good as another md5, and thirty times as quick. DuckDB's own `hash()` will not do: it
changes between its versions. The same function stands here for SQL and for arrays.
"""

import hashlib

import duckdb
import numpy as np
import numpy.typing as npt

_FIRST, _SECOND = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53
_MASK = (1 << 64) - 1
_SHIFT = 33


def key(seed: int, purpose: str) -> int:
    """64 bits for one seed and one purpose, such as "order"."""
    return int.from_bytes(hashlib.md5(f"{seed}:{purpose}".encode()).digest()[:8], "big")


def define(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `mix(column, key)`, of UBIGINTs, known to a connection."""
    connection.execute(f"CREATE OR REPLACE TEMP MACRO fold(x) AS xor(x, x >> {_SHIFT})")
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO times(x, factor) AS "
        f"((x::UHUGEINT * factor::UHUGEINT) & {_MASK}::UHUGEINT)::UBIGINT"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO mix(x, key) AS "
        f"times(fold(times(fold(xor(x, key::UBIGINT)), {_FIRST})), {_SECOND})"
    )


def upper(column: str) -> str:
    """An SQL expression for the first 64 bits of a column of UUID; UBIGINT."""
    return f"({column}::UHUGEINT >> 64)::UBIGINT"


def mix(values: npt.NDArray[np.uint64], key: int) -> npt.NDArray[np.uint64]:
    """The same for an array."""
    mixed = values ^ np.uint64(key)
    for factor in (_FIRST, _SECOND):
        mixed = (mixed ^ (mixed >> np.uint64(_SHIFT))) * np.uint64(factor)
    return mixed
