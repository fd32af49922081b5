"""Clips whose media are nearly alike, by the cosine of their embeddings: among the clips of a
release, and between these and the clips of evaluation sets.

Clips are duplicates where they have the same media, and all of these are alike: of two clips with
the same picture and other sounds both stay. They are near an evaluation clip where all media are
alike that both have, and both have one: a video with the sound of an evaluation clip is near it.

Memory does not grow with the clips but for about 60 bytes of each; vectors lie on disk and are
mapped. The outcome does not depend on the order of inputs and shards, nor on threads
(`manifests.release.media`).
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.atomic import replacing
from manifests.duck import connect
from manifests.release import cells
from manifests.release.cells import Places
from manifests.release.media import ID, MEDIA, Block, Mask, Whole, blocks, least
from manifests.release.minhash import Bytes, fixed
from manifests.release.near import Clusters, column_bytes
from manifests.release.pivots import Numbers, settled
from manifests.release.sql import files as sql_files

AT_LEAST = 0.95
"""Cosine from which on media are near duplicates."""

_ROOTS = pa.schema([pa.field("clip", pa.uuid()), pa.field("root", pa.uuid())])
_NEAR = pa.schema([pa.field("clip", pa.uuid())])
_KINDS = {"video": (True, False), "audio": (False, True), "both": (True, True)}
"""Which of `MEDIA` clips have that are compared with each other."""
_EVALUATION, _AT_ONCE = 16_384, 1024
"""Clips of evaluation sets, and others, that are compared at a time."""


def cluster(
    embeddings: Sequence[Path | str],
    path: Path,
    work: Path,
    clips: Sequence[Path] | None = None,
    at_least: float = AT_LEAST,
) -> Clusters:
    """Writes the clusters of clips whose media are near duplicates.

    embeddings: files of tables of embeddings, of one encoder. A clip that is in several is taken
    from the first. clips: Parquet files with a column `clip` (UUID) of those that count, by default
    all. path: gets (clip UUID, root UUID), one row for each clip in a cluster of more than one,
    sorted by clip; clips with equal roots are a cluster, and each is like its root. work: a folder
    for files that are gone at the end. Raises MediaError.
    """
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="near-", dir=work) as name:
        stored = _Stored(Path(name), embeddings, clips)
        roots, compared = _roots(stored, Path(name), at_least)
    own = np.arange(len(roots), dtype=np.uint32)
    is_root = np.zeros(len(roots), np.bool_)
    is_root[roots[roots != own]] = True
    members = np.flatnonzero(is_root[roots])
    ids = stored.ids
    _write(path, pa.table([_uuids(ids[members]), _uuids(ids[roots[members]])], schema=_ROOTS))
    return Clusters(len(ids), len(ids), int(is_root.sum()), len(members), compared)


def near(
    embeddings: Sequence[Path | str],
    evaluation: Sequence[Path | str],
    path: Path,
    at_least: float = AT_LEAST,
) -> int:
    """Writes the clips that are near one of evaluation sets, and tells how many. All pairs are
    compared.

    embeddings: of clips, as many files as are to be looked at in one task. evaluation: those of the
    evaluation sets, by the same encoder. path: gets (clip UUID), sorted. Raises MediaError.
    """
    found = [np.empty((0, ID), np.uint8)]
    for others in _gathered(blocks(evaluation)):
        for block in blocks(embeddings, others.vectors.shape[2]):
            found.append(block.ids[_like_any(block, others, least(at_least))])
    ids = np.unique(np.concatenate(found), axis=0)
    _write(path, pa.table([_uuids(ids)], schema=_NEAR))
    return len(ids)


def _gathered(small: Iterator[Block]) -> Iterator[Block]:
    """Blocks joined to larger ones."""
    parts: list[Block] = []
    for block in small:
        parts.append(block)
        if sum(len(part.ids) for part in parts) >= _EVALUATION:
            yield _joined(parts)
            parts = []
    if parts:
        yield _joined(parts)


def _joined(parts: Sequence[Block]) -> Block:
    ids, has, vectors = zip(*((part.ids, part.has, part.vectors) for part in parts), strict=True)
    return Block(np.concatenate(ids), np.concatenate(has), np.concatenate(vectors))


def _like_any(block: Block, others: Block, product: float) -> Mask:
    """Which clips of a block are like one of the others in every medium that both have."""
    is_like = np.zeros(len(block.ids), np.bool_)
    for start in range(0, len(block.ids), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        alike = np.ones((len(block.ids[some]), len(others.ids)), np.bool_)
        in_common = np.zeros_like(alike)
        for medium in range(len(MEDIA)):
            both = block.has[some, medium, None] & others.has[None, :, medium]
            own, other = (
                each.astype(np.float32)
                for each in (block.vectors[some, medium], others.vectors[:, medium])
            )
            alike &= (own @ other.T >= product) | ~both
            in_common |= both
        is_like[some] = (alike & in_common).any(axis=1)
    return is_like


class _Stored:
    """The vectors of clips, on disk in the order of their ids.

    ids: (clips, 16), without repeats. has: (clips, 2), which of `MEDIA` they have. vectors: (clips,
    2, width), mapped; None where there are no clips.
    """

    def __init__(
        self, folder: Path, embeddings: Sequence[Path | str], wanted: Sequence[Path] | None
    ) -> None:
        width = 0
        ids, has = [np.empty((0, ID), np.uint8)], [np.empty((0, len(MEDIA)), np.bool_)]
        for block in blocks(embeddings):
            width = block.vectors.shape[2]
            ids.append(block.ids)
            has.append(block.has)
        self.ids, places = _first_of_each(np.concatenate(ids))
        if wanted is not None:
            kept = _is_in(self.ids, wanted)
            self.ids, places = self.ids[kept], places[kept]
        self.has = np.concatenate(has)[places]
        self.vectors: Whole | None = None
        if len(places):
            shape = (len(places), len(MEDIA), width)
            self.vectors = np.memmap(folder / "vectors", np.int16, "w+", shape=shape)
            self._fill(embeddings, places)

    def _fill(self, embeddings: Sequence[Path | str], places: Places) -> None:
        """Copies the vectors of the rows at some places among all that are read."""
        assert self.vectors is not None
        order = np.argsort(places)
        ordered = places[order]
        start = 0
        for block in blocks(embeddings):
            end = start + len(block.ids)
            some = slice(*np.searchsorted(ordered, [start, end]))
            self.vectors[order[some]] = block.vectors[ordered[some] - start]
            start = end


def _first_of_each(ids: Bytes) -> tuple[Bytes, Places]:
    """Ids in order without repeats, and the place of the first row of each."""
    high, low = np.ascontiguousarray(ids).view(">u8").T
    order = np.lexsort((low, high))  # stable, so the first comes first
    ids = ids[order]
    is_new = np.ones(len(ids), np.bool_)
    is_new[1:] = (ids[1:] != ids[:-1]).any(axis=1)
    return ids[is_new], order[is_new]


def _is_in(ids: Bytes, files: Sequence[Path]) -> Mask:
    """Which of some ids, in order, are in a column `clip` of files."""
    own = ids.view(f"S{ID}")[:, 0]
    is_in = np.zeros(len(ids), np.bool_)
    with connect(threads=1, arrow_lossless_conversion=True) as connection:
        clips = connection.sql(
            f"SELECT clip FROM read_parquet({sql_files(map(str, files))}) WHERE clip IS NOT NULL"
        )
        for batch in clips.to_arrow_reader(1 << 16):
            wanted = column_bytes(batch["clip"].storage, ID).view(f"S{ID}")[:, 0]
            places = np.searchsorted(own, wanted)
            places[places == len(own)] = 0
            is_in[places[own[places] == wanted]] = True
    return is_in


def _roots(stored: _Stored, folder: Path, at_least: float) -> tuple[Numbers, int]:
    """The root of each clip, and how many pairs were compared."""
    vectors = stored.vectors
    if vectors is None:
        return np.arange(len(stored.ids), dtype=np.uint32), 0
    files = [folder / f"pairs-{kind}" for kind in _KINDS]

    def compare(rows: Numbers) -> int:
        compared = 0
        for kind, file in zip(_KINDS.values(), files, strict=True):
            some = rows[(stored.has[rows] == kind).all(axis=1)]
            compared += cells.pairs(some, vectors, kind, least(at_least), file)
        return compared

    return settled(len(stored.ids), files, compare)


def _uuids(ids: Bytes) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.uuid(), fixed(ids))


def _write(path: Path, table: pa.Table) -> None:
    with replacing(path, durable=False) as temporary:
        pq.write_table(table, temporary, compression="zstd")
