"""Do the books close, and do they say what the rows say?"""

from collections.abc import Iterator, Mapping

from manifests.books import books
from manifests.commits import State
from manifests.kinds import QUARANTINE
from manifests.verify.problems import Problem


def check_books(
    state: State, cut: str, job: str, rows: Mapping[str, int] | None
) -> Iterator[Problem]:
    """Problems of a job's books. rows: clips by outcome, counted from the tables; None where they could
    not all be read."""
    recorded = books(state, cut, job)
    if not recorded.close:
        yield Problem("books", "commits", f"the books do not close: {recorded}")
    if rows is None:
        return
    shards = state.shards(job)
    # These left the books when their sources changed; their rows stay.
    replaced = sum(shard in shards for shard in state.replaced(cut).values())
    for outcome in sorted({*rows, *recorded.outcomes}):
        counted = rows.get(outcome, 0) - (replaced if outcome == QUARANTINE.outcome else 0)
        if counted != recorded.outcomes.get(outcome, 0):
            message = (
                f"{recorded.outcomes.get(outcome, 0)} {outcome} by the records, "
                f"{counted} by the rows"
            )
            yield Problem("books", "commits", message)
