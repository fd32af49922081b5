"""Clips with captions in two sets: in random order, and on random sides, the same ones each time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from manifests.release.query import connection
from manifests.workspace import Workspace
from pipelines.inspect.index import MEMORY, prepare
from pipelines.inspect.sets import Inspected, InspectError, WorkspaceSet, inspected
from pipelines.reviews.compared import Preference, clips_of, counted, counts, preference
from pipelines.reviews.plan import Plan
from pipelines.reviews.stored import COMPARISONS, stored

_TEXTS = ("heard", "seen", "together")


@dataclass(frozen=True, slots=True)
class Pair:
    """A clip with the captions of both sets, as `heard`, `seen` and `together`. number: in the order in
    which they are asked about. own, other: digests of the captions. is_left: those of the first set stand
    on the left."""

    number: int
    clip_id: str
    kind: str
    own: str
    other: str
    is_left: bool
    left: tuple[str | None, ...]
    right: tuple[str | None, ...]


class Pairs:
    """The clips of two sets whose captions differ. Used by many threads."""

    def __init__(self, database: duckdb.DuckDBPyConnection, plan: Plan | None) -> None:
        self._database = database
        order, planned, place = "md5('order:' || id)", "", ""
        if plan is not None:
            places = pa.table({"planned": pa.array(plan.ids), "place": range(len(plan.ids))})
            database.register("places", places)
            order, place = "place", ", place"
            planned = "JOIN places ON clip_id = CAST(planned AS UUID) "
        texts = ", ".join(f"a.{name} AS a_{name}, b.{name} AS b_{name}" for name in _TEXTS)
        database.execute(
            "CREATE TABLE both_sets AS SELECT replace(clip_id::VARCHAR, '-', '') AS id, "
            "coalesce(a.captions > 0, false) AS has_own, coalesce(b.captions > 0, false) AS has_other, "
            f"a.kind::VARCHAR AS kind, a.caption_digest AS own, b.caption_digest AS other, "
            f"{texts}{place} FROM first.clips a FULL JOIN second.clips b USING (clip_id) {planned}"
        )
        differ = " OR ".join(f"a_{name} IS DISTINCT FROM b_{name}" for name in _TEXTS)
        database.execute(
            f"CREATE TABLE pairs AS SELECT (row_number() OVER (ORDER BY {order}) - 1)::INTEGER "
            "AS number, *, md5('side:' || id) < '8' AS is_left "
            f"FROM both_sets WHERE has_own AND has_other AND ({differ})"
        )
        sql = f"SELECT {counts('has_own', 'has_other', differ)} FROM both_sets"
        self.clips = counted(self._rows(sql)[0])

    def pair(self, clip_id: str) -> Pair | None:
        """The pair of a clip."""
        return self._pair("id = ?", clip_id)

    def at(self, number: int) -> Pair | None:
        """The pair of a number."""
        return self._pair("number = ?", number)

    def digests(self, clips: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Digests of both captions, of those of the clips that are pairs."""
        rows = self._rows(
            "SELECT id, own, other FROM pairs WHERE list_contains(?, id)", list(clips)
        )
        return {clip: (own, other) for clip, own, other in rows}

    def order(self) -> list[str]:
        """All clips, in order."""
        return [clip for (clip,) in self._rows("SELECT id FROM pairs ORDER BY number")]

    def _pair(self, where: str, value: Any) -> Pair | None:
        texts = ", ".join([f"a_{name}" for name in _TEXTS] + [f"b_{name}" for name in _TEXTS])
        rows = self._rows(
            f"SELECT number, id, kind, own, other, is_left, {texts} FROM pairs WHERE {where}", value
        )
        if not rows:
            return None
        number, clip_id, kind, own, other, is_left, *told = rows[0]
        sides = (tuple(told[: len(_TEXTS)]), tuple(told[len(_TEXTS) :]))
        left, right = sides if is_left else sides[::-1]
        return Pair(number, clip_id, kind, own, other, is_left, left, right)

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._database.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetchall()


@contextmanager
def paired(
    shown: Inspected, other: Inspected, plan: Plan | None, told: Callable[[str], None]
) -> Iterator[Pairs]:
    """The pairs of two sets, for the block. Raises UserError."""
    with connection(memory=MEMORY) as (database, _):
        for name, each in (("first", shown), ("second", other)):
            quoted = str(prepare(each, told)).replace("'", "''")
            database.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
        yield Pairs(database, plan)


def other_of(shown: Inspected, text: str) -> Inspected:
    """The set that a text names: a folder, or a job of the same workspace. Raises UserError."""
    if Path(text).exists():
        other = inspected(Path(text))
    elif isinstance(shown, WorkspaceSet):
        other = WorkspaceSet(shown.root, text)
    else:
        raise InspectError(f"{text} is not there: name a workspace or a release")
    if (other.root, other.what) == (shown.root, shown.what):
        raise InspectError(f"{text} has the same captions as {shown.root}: name another set")
    return other


def preferred(
    shown: Inspected, other: Inspected, reviews: Workspace, told: Callable[[str], None]
) -> Preference:
    """What people say of two sets. reviews: where their comparisons are stored. Raises UserError."""
    said = stored(reviews, COMPARISONS)
    names = [each.name for each in (shown, other)]
    if names[0] == names[1]:
        names = [each.what for each in (shown, other)]
    with paired(shown, other, None, told) as pairs:
        digests = pairs.digests(clips_of(said))
        return preference(names[0], names[1], said, digests, pairs.clips)
