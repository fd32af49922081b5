"""Tables of embeddings."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

WIDTH = 16

Vector = npt.NDArray[np.floating]


def clip(number: int) -> str:
    """The id of a clip."""
    return hashlib.sha256(b"%d" % number).hexdigest()[:32]


def unit(seed: int, width: int = WIDTH) -> Vector:
    """A direction drawn at random."""
    vector = np.random.default_rng(seed).normal(size=width)
    return np.asarray(vector / np.linalg.norm(vector))


def apart(vector: Vector, cosine: float, seed: int = 0) -> Vector:
    """A vector of this cosine to another."""
    vector = vector / np.linalg.norm(vector)
    other = unit(seed + 1_000_000, len(vector))
    other = other - other @ vector * vector
    return np.asarray(cosine * vector + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other))


def embeddings(
    path: Path,
    clips: Mapping[str, Mapping[str, Vector]],
    width: int = WIDTH,
    group: int | None = None,
) -> Path:
    """A file with the vectors of clips, by column; what is not there is null."""
    kind = pa.list_(pa.float16(), width)
    columns = {"clip_id": pa.array(list(clips), pa.string())}
    for name in ("audio", "video", "audio_video"):
        lists = [of.get(name) for of in clips.values()]
        halves = [None if v is None else list(np.asarray(v, np.float16)) for v in lists]
        columns[name] = pa.array(halves, kind)
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path
