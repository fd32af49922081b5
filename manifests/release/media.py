"""Vectors of clips for comparing media: read from embeddings, and compared with the same outcome
anywhere.

A vector is scaled to unit length and rounded to whole numbers of 1/4000. A product of two such
vectors is a sum of whole numbers below 2^24, which float32 holds exactly in whatever order they are
added. So no machine, number of threads or size of block decides which clips are alike. Rounded
cosines are right to about 0.0005.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import UserError
from manifests.release.minhash import Bytes
from manifests.vectors import finite

MEDIA = ("video", "audio")
"""Columns of embeddings that are compared."""

SCALE = 4000
ROUNDING = 5e-4
ID = 16

Whole = npt.NDArray[np.int16]
Mask = npt.NDArray[np.bool_]

_HEX = re.compile(r"[0-9a-fA-F]{32}")


class MediaError(UserError):
    """Why vectors can't be compared; says what to do."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some clips. ids: (clips, 16). has: (clips, 2), which of `MEDIA` they have a vector of.
    vectors: (clips, 2, width), zeros where there is none."""

    ids: Bytes
    has: Mask
    vectors: Whole


def blocks(files: Sequence[Path | str], width: int | None = None) -> Iterator[Block]:
    """The clips of tables of embeddings, without those that have no vector; a row group at a time.

    width: of the vectors, if it is known. Raises MediaError for a file that can't be read, and for
    vectors of different lengths, which are of different encoders.
    """
    for name in files:
        try:
            with Path(name).open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
                own = _width(file.schema_arrow, name)
                if width is not None and own != width:
                    raise MediaError(
                        f"{name} has vectors of {own} numbers, others have {width}: they are of "
                        "different encoders; embed all workspaces with one"
                    )
                width = own
                for group in range(file.num_row_groups):
                    columns = ["clip_id", *MEDIA]
                    table = file.read_row_group(group, columns=columns, use_threads=False)
                    if table["clip_id"].null_count:
                        raise MediaError(f"{name} has a row without clip_id")
                    block = _block(table, width)
                    if len(block.ids):
                        yield block
        except (pa.ArrowException, OSError) as error:
            raise unreadable(name, error) from error


def width_of(name: Path | str) -> int:
    """How long the vectors of a table of embeddings are. Raises MediaError as `blocks` does."""
    try:
        with Path(name).open("rb") as handle:
            return _width(pq.read_schema(handle), name)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(name, error) from error


def unreadable(name: Path | str, error: Exception) -> MediaError:
    """What to say of a file that can't be read."""
    return MediaError(f"{name} can't be read: {error}. captionmill verify tells what is damaged.")


def least(at_least: float) -> float:
    """The product from which on two vectors are alike that have this cosine."""
    return (at_least - ROUNDING) * SCALE**2


def _width(schema: pa.Schema, name: Path | str) -> int:
    if lost := {"clip_id", *MEDIA} - set(schema.names):
        raise MediaError(f"{name} has no column {min(lost)}: it is no table of embeddings")
    kinds = {schema.field(medium).type for medium in MEDIA}
    kind = kinds.pop()
    if kinds or not pa.types.is_fixed_size_list(kind) or kind.value_type != pa.float16():
        raise MediaError(f"{name} has vectors of {kind}, not lists of one length of float16")
    return int(kind.list_size)


def _block(table: pa.Table, width: int) -> Block:
    has = np.zeros((len(table), len(MEDIA)), np.bool_)
    vectors = np.zeros((len(table), len(MEDIA), width), np.int16)
    for number, medium in enumerate(MEDIA):
        present, halves = finite(table[medium].combine_chunks(), width)
        wide = halves.astype(np.float64)
        length = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
        present[present] = length[:, 0] > 0
        some = length[:, 0] > 0
        has[:, number] = present
        vectors[present, number] = np.rint(wide[some] / length[some] * SCALE)
    kept = has.any(axis=1)
    return Block(_ids(table["clip_id"].filter(pa.array(kept))), has[kept], vectors[kept])


def _ids(column: pa.ChunkedArray) -> Bytes:
    """The first 128 bits of ids, (clips, 16), as in the keys of a release."""
    raw = b"".join(
        bytes.fromhex(text[:32]) if _HEX.match(text) else hashlib.md5(text.encode()).digest()
        for text in column.to_pylist()
    )
    return np.frombuffer(raw, np.uint8).reshape(-1, ID)
