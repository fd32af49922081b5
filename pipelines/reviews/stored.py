"""The reviews and comparisons of a workspace: read, committed, and which of them count."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.crashpoints import reach
from engine.run.lease import DriverLease
from manifests import commits, kinds
from manifests.captions import CAPTIONS
from manifests.commits import Log, State
from manifests.kinds import Kind
from manifests.record import REVIEW, Record
from manifests.tables import File, write_table
from manifests.workspace import REVIEWED, Workspace
from pipelines.reviews.comparison import Comparison
from pipelines.reviews.journal import ReviewError, journals, read, taken
from pipelines.reviews.review import Review

_PART = 1_000_000
"""Rows of a file that is written at once."""


@dataclass(frozen=True, slots=True)
class Said:
    """What people say, of one kind. name: of one of them. key: the column that names a row. when: the
    column of its time, ms since 1970. folder: of its journals. path: relative, of a part that a driver
    writes. counting: of all rows those that count."""

    name: str
    kind: Kind
    model: type[Review] | type[Comparison]
    key: str
    when: str
    folder: Callable[[Workspace], Path]
    path: Callable[[Workspace, int, int], str]
    counting: Callable[[pa.Table], pa.Table]


def counting(every: pa.Table) -> pa.Table:
    """The reviews that count: of each reviewer the last one of a clip's captions, unless it takes all
    back."""
    keys = ["clip_id", "caption_digest", "reviewer"]
    newest = _newest(every, "reviewed_ms", "review_id", keys)
    says = [pc.is_valid(newest[name]) for name in ("verdict", *CAPTIONS)]
    return newest.filter(reduce(pc.or_, says))


def counting_comparisons(every: pa.Table) -> pa.Table:
    """The comparisons that count: of each reviewer the last one of two captions, whichever of them was
    judged, unless it was taken back."""
    own, other = every["caption_digest"], every["other_digest"]
    is_first = pc.less(own, other)
    both = pc.binary_join_element_wise(
        pc.if_else(is_first, own, other), pc.if_else(is_first, other, own), ""
    )
    keys = ["clip_id", "reviewer", "both"]
    newest = _newest(every.append_column("both", both), "compared_ms", "comparison_id", keys)
    return newest.filter(pc.is_valid(newest["outcome"])).drop_columns(["both"])


def _newest(every: pa.Table, when: str, key: str, keys: Sequence[str]) -> pa.Table:
    """Of the rows that are alike in some columns the newest, oldest first."""
    order = every.sort_by([(when, "ascending"), (key, "ascending")])
    numbered = order.append_column("number", pa.array(range(len(order)), pa.int64()))
    last = numbered.group_by(keys).aggregate([("number", "max")])["number_max"].combine_chunks()
    return order.take(last.take(pc.array_sort_indices(last)))


REVIEWS = Said(
    "review",
    kinds.REVIEWS,
    Review,
    "review_id",
    "reviewed_ms",
    lambda w: w.open_reviews,
    lambda w, *at: w.reviews(*at),
    counting,
)
COMPARISONS = Said(
    "comparison",
    kinds.COMPARISONS,
    Comparison,
    "comparison_id",
    "compared_ms",
    lambda w: w.open_comparisons,
    lambda w, *at: w.comparisons(*at),
    counting_comparisons,
)


def table(said: Sequence[Review | Comparison], of: Said = REVIEWS) -> pa.Table:
    """Reviews, or comparisons, as rows of their table."""
    rows = [each.model_dump(mode="json") for each in said]
    return pa.Table.from_pylist(rows, schema=of.kind.schema)


def stored(workspace: Workspace, of: Said = REVIEWS) -> pa.Table:
    """Every review, or comparison, of a workspace once, committed or not. Raises ReviewError,
    CommitError."""
    # Journals first: one that is committed meanwhile is read twice, and never not at all.
    waiting = _open(journals(of.folder(workspace)), of)
    return _once([*_committed(workspace, commits.load(workspace), of), waiting], of)


def _open(paths: Sequence[Path], of: Said) -> pa.Table:
    """What journals hold."""
    return table([line for path in paths for line in read(path, of.model)], of)


def collect(workspace: Workspace) -> int:
    """Commits the journals that nobody writes to any more; how many reviews and comparisons they had.
    Raises LeaseHeld where somebody else works on the workspace; all journals stay as they are then."""
    kept = [of for of in (REVIEWS, COMPARISONS) if journals(of.folder(workspace))]
    if not kept:
        return 0
    added = 0
    with DriverLease(workspace) as log:
        for of in kept:
            with taken(of.folder(workspace)) as paths:
                added += _commit(workspace, log, _open(paths, of), of)
                reach("reviews.after_commit")
                for path in paths:
                    path.unlink()
    return added


def add(workspace: Workspace, said: pa.Table, of: Said = REVIEWS) -> int:
    """Commits reviews, or comparisons; how many of them were not there. Raises LeaseHeld, ReviewError."""
    with DriverLease(workspace) as log:
        return _commit(workspace, log, said, of)


def _commit(workspace: Workspace, log: Log, said: pa.Table, of: Said) -> int:
    """Commits those rows that no commit holds yet; their number."""
    known = [part[of.key] for part in _committed(workspace, log.state, of, [of.key])]
    fresh = _once([said], of)
    if known:
        ids = pa.chunked_array([chunk for column in known for chunk in column.chunks], pa.string())
        fresh = fresh.filter(pc.invert(pc.is_in(fresh[of.key], ids)))
    for start in range(0, len(fresh), _PART):
        part = fresh.slice(start, _PART)
        path = of.path(workspace, log.state.parts(REVIEWED), log.state.epoch)
        file = write_table(workspace.root, path, of.kind.name, part)
        reach("reviews.before_commit")
        log.append(
            Record(
                stage=REVIEW,
                epoch=log.state.epoch,
                cut=REVIEWED,
                counts={of.kind.name: len(part)},
                files=(file,),
            )
        )
    return len(fresh)


def _committed(
    workspace: Workspace, state: State, of: Said, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    for file in state.files(of.kind.name, cut=REVIEWED):
        yield _read(workspace.root, file, columns)


def _read(root: Path, file: File, columns: Sequence[str] | None) -> pa.Table:
    try:
        content = pa.BufferReader((root / file.path).read_bytes())
        return pq.read_table(content, columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise ReviewError(
            f"{root / file.path} can't be read: {error}. captionmill verify tells what is damaged."
        ) from error


def _once(parts: Sequence[pa.Table], of: Said) -> pa.Table:
    """All rows, of those with one id the first."""
    every = pa.concat_tables(parts).combine_chunks()
    ids = every[of.key]
    numbered = pa.table({"id": ids, "number": pa.array(range(len(ids)), pa.int64())})
    first = numbered.group_by("id").aggregate([("number", "min")])["number_min"]
    return every if len(first) == len(every) else every.take(first)
