"""The reviews of a workspace: read, committed, and which of them count."""

from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.crashpoints import reach
from engine.run.lease import DriverLease
from manifests import commits
from manifests.captions import CAPTIONS
from manifests.commits import Log, State
from manifests.kinds import REVIEWS
from manifests.record import REVIEW, Record
from manifests.schemas import REVIEWS as SCHEMA
from manifests.tables import File, write_table
from manifests.workspace import REVIEWED, Workspace
from pipelines.reviews.journal import ReviewError, journals, read, taken
from pipelines.reviews.review import Review

_PART = 1_000_000
"""Rows of a file that is written at once."""


def table(reviews: Sequence[Review]) -> pa.Table:
    """Reviews as rows of `manifests.schemas.REVIEWS`."""
    rows = [review.model_dump() for review in reviews]
    return pa.Table.from_pylist(
        [row | {"reasons": list(row["reasons"])} for row in rows], schema=SCHEMA
    )


def stored(workspace: Workspace) -> pa.Table:
    """Every review of a workspace once, committed or not. Raises ReviewError, CommitError."""
    # Journals first: one that is committed meanwhile is read twice, and never not at all.
    paths = journals(workspace.open_reviews)
    waiting = [review for path in paths for review in read(path)]
    return _once([*_committed(workspace, commits.load(workspace)), table(waiting)])


def counting(every: pa.Table) -> pa.Table:
    """The reviews that count: of each reviewer the last one of a clip, unless it takes all back."""
    order = every.sort_by([("reviewed_ms", "ascending"), ("review_id", "ascending")])
    keys = ["clip_id", "reviewer"]
    numbered = order.append_column("number", pa.array(range(len(order)), pa.int64()))
    last = numbered.group_by(keys).aggregate([("number", "max")])["number_max"].combine_chunks()
    newest = order.take(last.take(pc.array_sort_indices(last)))
    says = [pc.is_valid(newest[name]) for name in ("verdict", *CAPTIONS)]
    return newest.filter(reduce(pc.or_, says))


def collect(workspace: Workspace) -> int:
    """Commits the journals that nobody writes to any more; how many reviews they had. Raises LeaseHeld
    where somebody else works on the workspace; all journals stay as they are then."""
    if not journals(workspace.open_reviews):
        return 0
    with DriverLease(workspace) as log, taken(workspace.open_reviews) as paths:
        reviews = [review for path in paths for review in read(path)]
        added = _commit(workspace, log, table(reviews))
        reach("reviews.after_commit")
        for path in paths:
            path.unlink()
    return added


def add(workspace: Workspace, reviews: pa.Table) -> int:
    """Commits reviews; how many of them were not there. Raises LeaseHeld, ReviewError."""
    with DriverLease(workspace) as log:
        return _commit(workspace, log, reviews)


def _commit(workspace: Workspace, log: Log, reviews: pa.Table) -> int:
    """Commits those of the reviews that no commit holds yet; their number."""
    known = [part["review_id"] for part in _committed(workspace, log.state, ["review_id"])]
    fresh = _once([reviews])
    if known:
        ids = pa.chunked_array([chunk for column in known for chunk in column.chunks], pa.string())
        fresh = fresh.filter(pc.invert(pc.is_in(fresh["review_id"], ids)))
    for start in range(0, len(fresh), _PART):
        part = fresh.slice(start, _PART)
        path = workspace.reviews(log.state.parts(REVIEWED), log.state.epoch)
        file = write_table(workspace.root, path, REVIEWS.name, part)
        reach("reviews.before_commit")
        log.append(
            Record(
                stage=REVIEW,
                epoch=log.state.epoch,
                cut=REVIEWED,
                counts={"reviews": len(part)},
                files=(file,),
            )
        )
    return len(fresh)


def _committed(
    workspace: Workspace, state: State, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    for file in state.files(REVIEWS.name, cut=REVIEWED):
        yield _read(workspace.root, file, columns)


def _read(root: Path, file: File, columns: Sequence[str] | None) -> pa.Table:
    try:
        content = pa.BufferReader((root / file.path).read_bytes())
        return pq.read_table(content, columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise ReviewError(
            f"{root / file.path} can't be read: {error}. captionmill verify tells what is damaged."
        ) from error


def _once(parts: Sequence[pa.Table]) -> pa.Table:
    """All rows, of those with one id the first."""
    every = pa.concat_tables(parts).combine_chunks()
    ids = every["review_id"]
    numbered = pa.table({"id": ids, "number": pa.array(range(len(ids)), pa.int64())})
    first = numbered.group_by("id").aggregate([("number", "min")])["number_min"]
    return every if len(first) == len(every) else every.take(first)
