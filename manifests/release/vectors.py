"""Embeddings of a release: the vectors of clips, each row with a digest that ties them to their clip."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from manifests.release.columns import VECTORS, embeddings


def rows(table: pa.Table, width: int) -> pa.Table:
    """Rows of the embeddings of a release. table: of rows of a workspace's table of vectors."""
    digests = [digest for batch in table.to_batches() for digest in vectors_digests(batch)]
    schema = embeddings(width)
    made = {"vectors_digest": pa.array(digests, pa.string())}
    arrays = [made[name] if name in made else table[name] for name in schema.names]
    return pa.table(arrays, schema=schema)


def vectors_digests(batch: pa.RecordBatch) -> Iterator[str]:
    """The digest of each row: 16 hex digits of the sha256 of its clip, its content hash, and the bytes of
    each vector, which are float16, little-endian."""
    columns = [_vectors(batch.column(name)) for name in VECTORS]
    clips, contents = (batch.column(name).to_pylist() for name in ("clip_id", "content_hash"))
    for clip, content, *vectors in zip(clips, contents, *columns, strict=True):
        state = hashlib.sha256(f"{clip}:{content}".encode())
        for vector in vectors:
            state.update(b":" if vector is None else b"=" + vector)
        yield state.hexdigest()[:16]


def _vectors(lists: pa.FixedSizeListArray) -> Iterator[bytes | None]:
    """The bytes of each vector of a column."""
    width = lists.type.list_size
    values = np.asarray(lists.flatten().fill_null(np.float16("nan"))).astype("<f2", copy=False)
    vectors = iter(values.reshape(-1, width))
    for present in lists.is_valid().to_pylist():
        yield next(vectors).tobytes() if present else None
