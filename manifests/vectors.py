"""Vectors of embeddings."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_INFINITE = 0x7C00
"""The bits of a float16 that are all set where it is no finite number."""


def product(
    x: Sequence[float] | None, y: Sequence[float] | npt.NDArray[np.float32] | None
) -> float | None:
    """The product of two vectors, summed in float64, as a float32; None where one is missing."""
    if x is None or y is None:
        return None
    return float(np.float32(np.dot(np.asarray(x, np.float64), np.asarray(y, np.float64))))


def finite(
    lists: pa.FixedSizeListArray, width: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float16]]:
    """Which vectors of a column are there, (rows,), and these, (vectors, width). One with a number
    that is not finite counts as none."""
    present = np.array(lists.is_valid())
    vectors = np.asarray(lists.flatten().fill_null(np.float16("nan"))).reshape(-1, width)
    is_finite = ~((vectors.view(np.uint16) & _INFINITE) == _INFINITE).any(axis=1)
    present[present] = is_finite
    return present, vectors if is_finite.all() else vectors[is_finite]
