"""What people said of the captions of the inputs, as a release uses it.

Reviews are taken as they are when the rebuild begins, committed or not, and a release names them with a
digest of all of them: it is the same before and after journals become Parquet.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from manifests.duck import connect
from manifests.errors import UserError
from manifests.release.edits import DECIDED
from manifests.release.layout import ReleaseList
from manifests.release.rules import Rules
from manifests.release.shards import Input
from manifests.release.sql import files
from manifests.schemas import REVIEWS
from manifests.workspace import Workspace
from pipelines.reviews.decided import decided
from pipelines.reviews.stored import stored


@dataclass(frozen=True, slots=True)
class Reviewed:
    """lists: what a release says of workspaces with reviews. decided: rows of `DECIDED`."""

    lists: tuple[ReleaseList, ...] = ()
    decided: pa.Table = field(default_factory=DECIDED.empty_table)


def reviewed(rules: Rules, inputs: Sequence[Input]) -> Reviewed:
    """The reviews that the rules use. Raises RulesError for a folder that is no workspace, and what
    reading reviews raises."""
    lists, parts = [], [REVIEWS.empty_table()]
    for name, workspace in _workspaces(rules, inputs):
        every = stored(workspace)
        if every.num_rows:
            lists.append(ReleaseList(rule="reviews", name=name, digest=_digest(every)))
            parts.append(every)
    return Reviewed(tuple(lists), decided(_once(pa.concat_tables(parts))))


def used(reviews: Reviewed, keys: Sequence[Path]) -> str:
    """What became of the reviews, in a line. keys: files with the keys of all rows."""
    with connect(threads=1) as connection:
        applied, edited, rejected = connection.execute(
            "SELECT coalesce(sum(reviews), 0)::BIGINT, count(*) FILTER (edited), "
            "count(*) FILTER (dropped = 'reviews') "
            f"FROM read_parquet({files(map(str, keys))})"
        ).fetchall()[0]
    every = sum(reviews.decided["reviews"].to_pylist())
    told = (
        f"reviews: {applied:,} used, by which {rejected:,} rows leave and {edited:,} have captions as "
        "people wrote them"
    )
    # One that is of two inputs counts with each.
    if other := max(0, every - applied):
        told += f"; {other:,} change nothing: the captions that they are of do not go in"
    return told


def _workspaces(rules: Rules, inputs: Sequence[Input]) -> Iterator[tuple[str, Workspace]]:
    """Workspaces with the names by which the rules call them, each once."""
    places = {given.root: rules.input[given.number].workspace for given in inputs}
    yield from ((name, Workspace.open(place)) for place, name in places.items())
    for at, name in enumerate(rules.reviews.workspaces):
        try:
            workspace = Workspace.open(rules.path(name))
        except UserError as error:
            raise rules.error(f"reviews.workspaces.{at}", str(error)) from error
        if workspace.root not in places:
            places[workspace.root] = name
            yield name, workspace


def _once(reviews: pa.Table) -> pa.Table:
    """Each review once, however many workspaces it was imported into."""
    first = reviews.append_column("at", pa.array(range(reviews.num_rows)))
    places = first.group_by("review_id").aggregate([("at", "min")])["at_min"]
    return reviews.take(places)


def _digest(reviews: pa.Table) -> str:
    """16 hex digits of what reviews say, in whatever order they are stored."""
    made = hashlib.sha256()
    ordered = reviews.sort_by("review_id").select(sorted(REVIEWS.names)).combine_chunks()
    for batch in ordered.to_batches(1 << 14):
        made.update(repr(batch.to_pylist()).encode("utf-8", "surrogatepass"))
    return made.hexdigest()[:16]
