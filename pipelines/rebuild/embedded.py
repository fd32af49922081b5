"""The vectors of selected clips, from the embeddings of their shard."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.release import vectors
from manifests.release.columns import VECTORS
from manifests.release.shards import Input, Shard
from pipelines.rebuild.errors import WritingError, unreadable

Places = npt.NDArray[np.int64]


def embedded(
    clips: pa.Table, given: Input, shard: Shard, width: int
) -> Iterator[tuple[pa.Table, Places]]:
    """Rows of the embeddings of a release, a row group at a time, and the place of the clip of each.

    clips: `clip_id` and `content_hash` of caption rows of the shard. A clip without vectors has no row;
    of one that is in several files the first row counts. Raises WritingError for vectors of other media
    or another length, and for a file that can't be read.
    """
    is_done = np.zeros(clips.num_rows, np.bool_)
    for path in shard.embeddings:
        for rows in _groups(path, given):
            _require_width(rows, width, path)
            places = pc.index_in(rows["clip_id"], value_set=clips["clip_id"])
            taken = _first_of_each(places, is_done)
            if not len(taken):
                continue
            rows, of = rows.take(pa.array(taken)), places.take(pa.array(taken)).to_numpy()
            _require_same(rows, clips.take(pa.array(of)), path)
            is_done[of] = True
            yield vectors.rows(rows, width), of


def _groups(path: str, given: Input) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, use_threads=False)
                some = pc.is_valid(rows[VECTORS[0]])
                for name in VECTORS[1:]:
                    some = pc.or_(some, pc.is_valid(rows[name]))
                yield rows.filter(some)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise unreadable(path, given.root, error) from error


def _first_of_each(places: pa.ChunkedArray, is_done: npt.NDArray[np.bool_]) -> Places:
    """Rows whose clip was selected and has none yet, the first of each."""
    numbers = places.fill_null(-1).to_numpy().astype(np.int64)
    rows = np.flatnonzero(numbers >= 0)
    rows = rows[~is_done[numbers[rows]]]
    _, firsts = np.unique(numbers[rows], return_index=True)
    first: Places = rows[np.sort(firsts)]
    return first


def _require_width(rows: pa.Table, width: int, path: str) -> None:
    expected = pa.list_(pa.float16(), width)
    for name in VECTORS:
        if rows[name].type != expected:
            raise WritingError(
                f"{path} has vectors of {rows[name].type}, others of {width} numbers: they are of "
                "different encoders; embed all workspaces with one"
            )


def _require_same(rows: pa.Table, clips: pa.Table, path: str) -> None:
    """Raises WritingError for vectors of other media than their clip's."""
    other = np.flatnonzero(~_equal(rows["content_hash"], clips["content_hash"]))
    if len(other):
        raise WritingError(
            f"{path}: the vectors of clip {rows['clip_id'][other[0]]} are of other media than the "
            "clip's: captionmill verify tells what is damaged"
        )


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    equal: Sequence[bool] = pc.fill_null(pc.equal(one, other), False).to_numpy()
    return np.asarray(equal, np.bool_)
