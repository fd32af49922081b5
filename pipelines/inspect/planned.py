"""The app on the clips of a plan: a small index of just these, in the plan's order."""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from manifests.release.query import connection
from manifests.workspace import Workspace
from pipelines.inspect import words
from pipelines.inspect.columns import Column
from pipelines.inspect.index import MEMORY, derive, prepare
from pipelines.inspect.sets import Inspected, InspectError
from pipelines.reviews import plan as planning
from pipelines.reviews.plan import Plan


def tables(
    database: duckdb.DuckDBPyConnection, columns: Sequence[Column], clips: Sequence[str]
) -> None:
    """Makes the tables of an index of the clips of a plan; their numbers are their places in it.
    database: with the whole index attached as `shown`."""
    places = pa.table({"id": pa.array(clips, pa.string()), "place": range(len(clips))})
    database.register("places", places)
    database.execute(
        "CREATE TABLE clips AS SELECT (row_number() OVER (ORDER BY place) - 1)::INTEGER AS number, "
        "c.* EXCLUDE (number) FROM shown.clips c JOIN places ON c.clip_id = CAST(id AS UUID) "
        "ORDER BY place"
    )
    database.unregister("places")
    database.execute("CREATE VIEW files AS SELECT * FROM shown.files")
    database.execute(f"CREATE TABLE pieces ({words.WORDS})")
    words.fill(database, "pieces", 0, len(clips))
    words.make(database, "pieces")
    database.execute("DROP TABLE pieces")
    derive(database, columns)


def make(
    shown: Inspected,
    workspace: Workspace,
    name: str | None,
    by: str | None,
    worst: bool,
    interval: float | None,
    count: int | None,
    seed: int,
    told: Callable[[str], None],
) -> Plan:
    """Draws a plan and stores it with the reviews. Raises UserError."""
    choices = [column.name for column in shown.columns if column.what == "choice"]
    if by is not None and by not in choices:
        raise InspectError(f"strata are by a choice, not by {by}: there are {', '.join(choices)}")
    path = prepare(shown, told)
    with connection(memory=MEMORY) as (database, _):
        quoted = str(path).replace("'", "''")
        database.execute(f"ATTACH '{quoted}' AS shown (READ_ONLY)")
        database.execute("USE shown")
        plan = planning.drawn(
            database,
            name=name or by or ("worst" if worst else "random"),
            by=by,
            worst=worst,
            interval=interval,
            count=count,
            seed=seed,
        )
    planning.write(workspace, plan)
    return plan


def wanted(workspace: Workspace | None, name: str, root: Path) -> Plan:
    """The plan that the app shows. Raises ReviewError, InspectError."""
    if workspace is None:
        raise InspectError(
            f"a plan lies with the reviews: name their folder with --reviews to review {root}"
        )
    return planning.read(workspace, name)
