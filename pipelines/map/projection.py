"""Where vectors lie on a plane, like ones near each other, by UMAP."""

import numpy as np
import numpy.typing as npt

from pipelines.search.stored import Floats, Half

_SEED = 7
_NEIGHBOURS = 15
_FEWEST = 8
"""Vectors from which on UMAP has something to do; fewer are laid out by their principal axes."""


def projected(vectors: Half) -> npt.NDArray[np.float32]:
    """Places of vectors, (clips, width), as (clips, 2). The same each time on a machine: seeded, and in
    one thread. Raises ImportError without umap-learn."""
    wide = vectors.astype(np.float32)
    if len(wide) < _FEWEST:
        return _axes(wide)
    from umap import UMAP

    # Its own start from the graph's spectrum fails where the graph falls into parts.
    making = UMAP(
        n_neighbors=min(_NEIGHBOURS, len(wide) - 1),
        metric="cosine",
        init=_start(wide),
        random_state=_SEED,
        n_jobs=1,
    )
    places: npt.NDArray[np.float32] = np.asarray(making.fit_transform(wide), np.float32)
    return places


def _start(vectors: Floats) -> Floats:
    """The principal axes, as wide as UMAP begins; moved a little where vectors are equal."""
    axes = _axes(vectors)
    widest = np.abs(axes).max() or 1.0
    noise = np.random.default_rng(_SEED).normal(scale=1e-3, size=axes.shape)
    start: Floats = (10 * axes / widest + noise).astype(np.float32)
    return start


def _axes(vectors: Floats) -> Floats:
    """Vectors by the two directions in which they differ most; their signs are fixed."""
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    _, found = np.linalg.eigh(centred.T @ centred)
    directions = found[:, ::-1][:, :2]
    largest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[largest, np.arange(directions.shape[1])])
    places = centred @ (directions * signs)
    if places.shape[1] < 2:
        places = np.pad(places, ((0, 0), (0, 1)))
    made: Floats = places.astype(np.float32)
    return made
