"""Verification: does a workspace hold what its records say, and does every row belong to its clip?

Everything is computed again from the files: checksums, identities, digests, the join of rows with their
clips and evidence, and the books from the rows themselves. What stands on a file that is damaged is not
judged: the damage is the one problem told.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from manifests import tables
from manifests.commits import Record, State
from manifests.kinds import CLIPS
from manifests.tables import File
from manifests.verify.books import check_books
from manifests.verify.files import DAMAGE, check_file
from manifests.verify.flood import Flood
from manifests.verify.problems import Problem, Recheck
from manifests.verify.rows import Shard, ShardRows, check_clips
from manifests.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Job:
    """A job to verify. joined: tables that it shares with other jobs, by the name of who wrote them (for
    captions, of each captioner). recheck: what else may be wrong with a row of captions."""

    digest: str
    cut: str
    joined: Mapping[str, str] = field(default_factory=dict)
    recheck: Recheck | None = None


def check_workspace(workspace: Workspace, state: State, jobs: Sequence[Job]) -> list[Problem]:
    """All problems of these jobs and of the listings they stand on; memory for one shard, and the ids."""
    problems = [p for file in state.files() for p in check_file(workspace.root, file)]
    damaged = frozenset(problem.where for problem in problems if problem.kind in DAMAGE)
    for cut in dict.fromkeys(job.cut for job in jobs):
        checks = [_JobCheck(workspace, state, job) for job in jobs if job.cut == cut]
        listed: Counter[str] = Counter()
        for number in state.listed(cut):
            problems += _shard(workspace, state, cut, number, listed, damaged, checks)
        problems += [p for check in checks for p in check.end(rows_read=not damaged)]
    return problems


def _shard(
    workspace: Workspace,
    state: State,
    cut: str,
    number: int,
    listed: Counter[str],
    damaged: frozenset[str],
    checks: Sequence["_JobCheck"],
) -> Iterator[Problem]:
    """Problems of a listed shard, of every job. listed: how often each clip was listed."""
    records, files = records_of(state, cut, number)
    path = next((file.path for file in files.get(CLIPS.name, ())), None)
    if path is None:
        yield Problem("books", "commits", f"the record of shard {number} names no clips")
    if path is None or path in damaged:
        return
    rows = tables.read(workspace.root, path)
    yield from check_clips(path, rows)
    for row in rows:
        listed[row["clip_id"]] += 1
        if listed[row["clip_id"]] == 2:
            yield Problem("duplicate", path, "the clip is listed twice", row["clip_id"])
    shard = Shard(number, {row["clip_id"]: row for row in rows}, files, damaged)
    for check in checks:
        yield from check.shard(shard, records.get(check.digest, ()))


def records_of(
    state: State, cut: str, shard: int
) -> tuple[dict[str, list[Record]], dict[str, list[File]]]:
    """What was committed of a shard of a cut: records by job, and files of all jobs by table."""
    records: dict[str, list[Record]] = {}
    files: dict[str, list[File]] = {}
    for record in state.of_shard(shard):
        if record.cut == cut:
            if record.job is not None:
                records.setdefault(record.job, []).append(record)
            for file in record.files:
                files.setdefault(file.table, []).append(file)
    return records, files


class _JobCheck:
    """Checks one job, shard by shard."""

    def __init__(self, workspace: Workspace, state: State, job: Job) -> None:
        self._workspace, self._state, self._job = workspace, state, job
        self.digest = job.digest
        self._flood = Flood()
        self._outcomes: Counter[str] = Counter()

    def shard(self, shard: Shard, records: Sequence[Record]) -> Iterator[Problem]:
        """Problems of the job's rows of one shard. records: its commits."""
        job = self._job
        rows = ShardRows(
            self._workspace.root, shard, job.digest, records, job.joined, job.recheck, self._flood
        )
        yield from rows.problems()
        self._outcomes.update(rows.outcomes)

    def end(self, rows_read: bool) -> Iterator[Problem]:
        """Problems of the job as a whole. rows_read: whether all rows could be read."""
        yield from self._flood.problems(self._outcomes["captioned"])
        outcomes = self._outcomes if rows_read else None
        yield from check_books(self._state, self._job.cut, self._job.digest, outcomes)
