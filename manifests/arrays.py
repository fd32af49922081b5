"""Columns of Arrow as numbers and as Python values, without pandas, which Arrow itself would load."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]


def ranges_of(names: pa.DictionaryArray) -> dict[str, tuple[int, int]]:
    """Rows [first, end) of each name in a column where equal ones are neighbours; null is no name."""
    codes = codes_of(names)
    starts = np.flatnonzero(np.diff(codes, prepend=-2)).tolist()
    return {
        names.dictionary[int(codes[first])].as_py(): (first, end)
        for first, end in pairwise([*starts, len(codes)])
        if codes[first] >= 0
    }


def codes_of(names: pa.DictionaryArray) -> Numbers:
    """Numbers of the names of a column; -1 for null."""
    return numbers_of(names.indices)


def offsets_of(column: Any) -> Numbers:
    """Where each list of a column begins, and where the last one ends."""
    return numbers_of(column.offsets)


def numbers_of(column: pa.Array) -> Numbers:
    """Whole numbers of a column; -1 for null. Through DLPack: what Arrow itself does loads pandas, which
    takes longer than all else that most commands ask of records."""
    values = pa.Array.from_buffers(
        column.type, len(column), [None, column.buffers()[1]], offset=column.offset
    )
    numbers = np.from_dlpack(values).astype(np.int64)
    if column.null_count:
        numbers[np.from_dlpack(column.is_null().cast(pa.int8())).astype(bool)] = -1
    return numbers


def values_of(column: pa.Array) -> list[Any]:
    """Python values; quicker than `to_pylist` for names, text and numbers without nulls."""
    if pa.types.is_dictionary(column.type):
        names = column.dictionary.to_pylist()
        return [None if code < 0 else names[code] for code in codes_of(column).tolist()]
    if column.null_count:
        return list(column.to_pylist())
    return list(column.to_numpy(zero_copy_only=False).tolist())


def whole(column: pa.ChunkedArray) -> Any:
    """A column in one piece."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
