"""An index of many vectors: FAISS's inverted lists, in the user's cache.

Vectors are put into cells by the direction that they are nearest to (spherical k-means); a query looks
into a few cells, the *probes*, and compares all that is there, as float16 as it was stored. So products
are exact, and only what lies in other cells can be missed. How many probes it takes is measured while the
index is made: with the vectors of other media as queries too, for a text is no nearer to its clips than
these are.

An index is found by the digest of the committed files that it was made of, so that a workspace that
changed gets a new one. It lies in the cache and not in the workspace, for three reasons: a workspace may
be somebody else's, and FAISS does not read hostile files safely; it may be read only; and all that it
holds is to be checked by `captionmill verify`. A folder takes its name when it is whole.

Lists are kept in segments of bounded size, each a file that is mapped and not read, so neither making
nor searching an index takes memory for all vectors.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from captioners.weights.cache import Cache
from manifests.atomic import new_folder
from pipelines.search.centre import Centre, joined
from pipelines.search.exact import Match, first
from pipelines.search.measuring import Measured
from pipelines.search.stored import ID_BYTES, Block, Column, Floats, Half, Ids, Stored

_VERSION = 2
_SEGMENT_BYTES = 1 << 30
_SAMPLE_BYTES = 1 << 30
_CELLS_PER_ROOT, _SAMPLE_PER_CELL, _ROUNDS = 2, 40, 10
"""Cells for each square root of the number of vectors; vectors of each cell that it is found by."""
_ADDED = 65_536
_META, _CELLS, _IDS = "meta.json", "cells.faiss", "ids"


class Index:
    """An index that was opened.

    vectors: how many there are. centre: of them. cells: directions. probes: cells that a query looks
    into. recall: share of the ten nearest that this many found when it was measured.
    """

    def __init__(self, folder: Path) -> None:
        meta = json.loads((folder / _META).read_text())
        for name, size in meta["bytes"].items():
            if (folder / name).stat().st_size != size:
                raise ValueError(f"{folder / name} is not whole")
        self.vectors: int = meta["vectors"]
        self.centre = Centre(self.vectors, np.array(meta["mean"], np.float32), meta["square"])
        self.probes: int = meta["probes"]
        self.recall: float = meta["recall"]
        self._starts = np.array(meta["starts"], np.int64).reshape(-1, 2)
        self._ids = np.memmap(folder / _IDS, np.uint8, "r", shape=(self.vectors, ID_BYTES))
        self._cells: Any = faiss.read_index(str(folder / _CELLS))
        self._segments: list[Any] = [
            faiss.read_index(str(folder / name), faiss.IO_FLAG_MMAP) for name in meta["segments"]
        ]

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return int(self._cells.ntotal)

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self._cells.d)

    def size(self, cell: int) -> int:
        """How many vectors a cell has."""
        return sum(int(segment.invlists.list_size(cell)) for segment in self._segments)

    def nearest(self, query: Floats, count: int) -> list[Match]:
        """The clips nearest to a query, (width,), best first. It looks into more cells than usual
        while these hold fewer clips than are wanted."""
        probes = self.probes
        while True:
            products, positions = self.search(query[None], count, probes)
            kept = positions[0] >= 0
            if kept.sum() >= min(count, self.vectors) or probes >= self.cells:
                break
            probes = min(2 * probes, self.cells)
        places = positions[0][kept].tolist()
        shards = self.shards(positions[0][kept]).tolist()
        return first(map(Match, map(self.clip, places), shards, products[0][kept].tolist()), count)

    def search(
        self, queries: Floats, count: int, probes: int
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """The best products of queries, (queries, count) in order, and the positions of the vectors,
        -1 behind the last."""
        near, cells = self._cells.search(queries, min(probes, self.cells))
        products, positions = [], []
        for segment in self._segments:
            segment.nprobe = cells.shape[1]
            found = segment.search_preassigned(queries, count, cells, near)
            products.append(found[0])
            positions.append(found[1])
        joined, places = np.concatenate(products, axis=1), np.concatenate(positions, axis=1)
        joined = np.where(places < 0, -np.inf, joined)
        order = np.argsort(-joined, axis=1, kind="stable")[:, :count]
        return np.take_along_axis(joined, order, 1), np.take_along_axis(places, order, 1)

    def clip(self, position: int) -> str:
        """The id of the clip at a position."""
        return bytes(self._ids[position]).hex()

    def shards(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The shards of the clips at some positions."""
        rows = np.searchsorted(self._starts[:, 0], positions, "right") - 1
        shards: npt.NDArray[np.int64] = self._starts[rows, 1]
        return shards

    def clips(self) -> Iterator[tuple[int, Ids]]:
        """The ids of all clips, with the position of the first, in blocks."""
        for start in range(0, self.vectors, _ADDED):
            yield start, np.asarray(self._ids[start : start + _ADDED])

    def members(self, cell: int) -> tuple[npt.NDArray[np.int64], Half]:
        """Positions and vectors of a cell."""
        positions = [np.empty(0, np.int64)]
        vectors = [np.empty((0, self.width), np.float16)]
        for segment in self._segments:
            lists: Any = faiss.downcast_InvertedLists(segment.invlists)
            if size := lists.list_size(cell):
                ids = faiss.rev_swig_ptr(lists.get_ids(cell), size)
                codes = faiss.rev_swig_ptr(lists.get_codes(cell), size * segment.code_size)
                positions.append(ids.copy())
                vectors.append(codes.view(np.float16).reshape(size, -1).copy())
        return np.concatenate(positions), np.concatenate(vectors)

    def homes(self, vectors: Floats, count: int) -> npt.NDArray[np.int64]:
        """The cells that are nearest to some vectors, (vectors, count)."""
        cells: npt.NDArray[np.int64] = self._cells.search(vectors, min(count, self.cells))[1]
        return cells


def opened(stored: Stored, column: Column, root: Path | None = None) -> Index | None:
    """The index of a workspace's vectors as they are now; None where there is none, or where it can't
    be used. root: of the cache."""
    folder = _folder(stored, column, root)
    try:
        return Index(folder)
    except (OSError, ValueError, KeyError, RuntimeError):
        return None


def make(stored: Stored, column: Column, root: Path | None = None) -> Index | None:
    """Makes the index of a workspace's vectors and removes the one of what they were before. None where
    another process is making it. Raises SearchError, OSError."""
    folder = _folder(stored, column, root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = folder.name.rpartition("-")[0]
    try:
        with FileLock(folder.parent / f".{prefix}.lock", timeout=0):
            if (index := opened(stored, column, root)) is not None:
                return index
            shutil.rmtree(folder, ignore_errors=True)
            with new_folder(folder) as part:
                _Making(stored, column, part).make()
            for other in folder.parents[1].glob(f"*/{prefix}-*"):  # those of older versions too
                if other != folder:
                    shutil.rmtree(other, ignore_errors=True)
    except Timeout:
        return None
    return Index(folder)


def _folder(stored: Stored, column: Column, root: Path | None) -> Path:
    place = root or Cache().root
    name = f"{stored.place_id}-{column}-{stored.digest(column)}"
    return place / "search" / f"v{_VERSION}" / name


class _Making:
    """Makes one index in a folder."""

    def __init__(self, stored: Stored, column: Column, folder: Path) -> None:
        self._stored, self._column, self._folder = stored, column, folder
        self._width = stored.width
        self._starts: list[tuple[int, int]] = []
        self._segments: list[str] = []
        self._vectors = 0
        self._centre = Centre.of(np.empty((0, self._width), np.float32))

    def make(self) -> None:
        """Finds the cells, fills them, and measures how many probes are needed."""
        sample, vectors = self._sample()
        cells = _cells(sample, _cells_of(vectors))
        faiss.write_index(cells, str(self._folder / _CELLS))
        measured = Measured(self._stored, self._column)
        self._fill(cells, measured)
        self._describe(1, 1.0)
        probes, recall = measured.probes(Index(self._folder))
        self._describe(probes, recall)

    def _blocks(self) -> Iterator[Block]:
        for part in self._stored.parts:
            yield from self._stored.blocks(part, self._column)

    def _sample(self) -> tuple[Floats, int]:
        """Vectors of all parts, evenly, for finding the cells; and about how many there are."""
        wanted = _SAMPLE_PER_CELL * _cells_of(self._stored.clips)
        wanted = min(wanted, _SAMPLE_BYTES // (4 * self._width))
        step = max(1.0, self._stored.clips / wanted)
        taken = [np.empty((0, self._width), np.float32)]
        position = 0
        for block in self._blocks():
            numbers = np.arange(-(-position // step), (position + len(block)) / step)
            rows = (numbers * step - position).astype(np.int64)
            taken.append(block.vectors[rows[rows < len(block)]].astype(np.float32))
            position += len(block)
        return np.concatenate(taken), position

    def _fill(self, cells: Any, measured: Measured) -> None:
        segment = _segment(self._width, cells.ntotal)
        with (self._folder / _IDS).open("wb") as ids:
            for block in self._blocks():
                self._starts.append((self._vectors, block.shard))
                ids.write(block.ids.tobytes())
                for start in range(0, len(block), _ADDED):
                    vectors = block.vectors[start : start + _ADDED].astype(np.float32)
                    measured.add(vectors)
                    self._centre = joined((self._centre, Centre.of(vectors)), self._width)
                    _add(segment, cells, vectors, self._vectors)
                    self._vectors += len(vectors)
                if segment.ntotal * segment.code_size >= _SEGMENT_BYTES:
                    self._write(segment)
                    segment = _segment(self._width, cells.ntotal)
        if segment.ntotal or not self._segments:
            self._write(segment)

    def _write(self, segment: Any) -> None:
        name = f"lists-{len(self._segments):05d}.faiss"
        faiss.write_index(segment, str(self._folder / name))
        self._segments.append(name)

    def _describe(self, probes: int, recall: float) -> None:
        names = [_CELLS, _IDS, *self._segments]
        meta = {
            "vectors": self._vectors,
            "mean": self._centre.mean.tolist(),
            "square": self._centre.square,
            "probes": probes,
            "recall": recall,
            "starts": self._starts,
            "segments": self._segments,
            "bytes": {name: (self._folder / name).stat().st_size for name in names},
        }
        (self._folder / _META).write_text(json.dumps(meta))


def _cells_of(vectors: int) -> int:
    return int(_CELLS_PER_ROOT * vectors**0.5) + 1


def _cells(sample: Floats, count: int) -> Any:
    """The directions of the cells, as an index of FAISS."""
    count = min(count, len(sample))
    means: Any = faiss.Kmeans(
        sample.shape[1],
        count,
        niter=_ROUNDS,
        spherical=True,
        seed=1,
        min_points_per_centroid=1,
        max_points_per_centroid=_SAMPLE_PER_CELL,
    )
    means.train(sample)
    cells = faiss.IndexFlatIP(sample.shape[1])
    cells.add(means.centroids)
    return cells


def _segment(width: int, cells: int) -> Any:
    """Empty lists. The directions of the cells are not in it: they are kept once, for all segments."""
    kind = faiss.ScalarQuantizer.QT_fp16
    segment = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(width), width, cells, kind, faiss.METRIC_INNER_PRODUCT, False
    )
    segment.is_trained = True
    return segment


def _add(segment: Any, cells: Any, vectors: Floats, position: int) -> None:
    """Adds vectors to the lists of the cells that they are nearest to."""
    ids = np.arange(position, position + len(vectors))
    home = np.ascontiguousarray(cells.search(vectors, 1)[1][:, 0])
    pointers = map(faiss.swig_ptr, (vectors, ids, home))
    segment.add_core(len(vectors), *pointers)


def forget(stored: Stored, column: Column, root: Path | None = None) -> None:
    """Removes an index; for benchmarks and tests."""
    with suppress(FileNotFoundError):
        shutil.rmtree(_folder(stored, column, root))
