"""Vectors of embeddings."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def product(
    x: Sequence[float] | None, y: Sequence[float] | npt.NDArray[np.float32] | None
) -> float | None:
    """The product of two vectors, summed in float64, as a float32; None where one is missing."""
    if x is None or y is None:
        return None
    return float(np.float32(np.dot(np.asarray(x, np.float64), np.asarray(y, np.float64))))
