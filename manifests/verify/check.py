"""Verification: does a workspace hold what its records say, and does every row belong to its clip?

Everything is computed again from the files: checksums, identities, digests, the join of rows with their
clips and evidence, and the books from the rows themselves. What stands on a file that is damaged is not
judged: the damage is the one problem told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from manifests import tables
from manifests.commits import Record, State
from manifests.kinds import CLIPS
from manifests.tables import File
from manifests.verify.books import check_books
from manifests.verify.files import DAMAGE, check_file
from manifests.verify.flood import Flood
from manifests.verify.job import Job
from manifests.verify.problems import Problem
from manifests.verify.rows import Shard, ShardRows, check_clips
from manifests.workspace import Workspace


def check_workspace(workspace: Workspace, state: State, jobs: Sequence[Job]) -> list[Problem]:
    """All problems of these jobs, of the listings they stand on, and of every committed file; memory for
    one shard, and the ids."""
    problems = []
    listings = [
        _Listing(workspace, [_JobCheck(workspace, state, job) for job in jobs if job.cut == cut])
        for cut in dict.fromkeys(job.cut for job in jobs)
    ]
    sound = True
    for number in state.numbers():
        shard = of_shard(state, number)
        files = [file for part in shard.values() for file in part.files]
        of_files = [p for file in files for p in check_file(workspace.root, file)]
        damaged = frozenset(problem.where for problem in of_files if problem.kind in DAMAGE)
        sound = sound and not damaged
        problems += of_files
        for listing in listings:
            if number is not None and listing.cut in shard:
                problems += listing.shard(number, shard[listing.cut], damaged)
    return problems + [p for listing in listings for p in listing.end(rows_read=sound)]


@dataclass(slots=True)
class Committed:
    """What was committed of a shard of one cut. listed: whether it is in the listing; tables: files by
    table, of all jobs; records: by job."""

    listed: bool = False
    files: list[File] = field(default_factory=list)
    tables: dict[str, list[File]] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)


def of_shard(state: State, number: int | None) -> dict[str, Committed]:
    """What was committed of the shards of this number, by cut; None: of no shard."""
    cuts: dict[str, Committed] = {}
    for record in state.of_shard(number):
        of_cut = cuts.setdefault(record.cut, Committed())
        if record.job is None:
            of_cut.listed = True
        else:
            of_cut.records.setdefault(record.job, []).append(record)
        of_cut.files.extend(record.files)
        for file in record.files:
            of_cut.tables.setdefault(file.table, []).append(file)
    return cuts


class _Listing:
    """Checks the clips of one cut, and the jobs that work them, shard by shard."""

    def __init__(self, workspace: Workspace, checks: Sequence["_JobCheck"]) -> None:
        self.cut = checks[0].job.cut
        self._workspace, self._checks = workspace, checks
        self._clips: Counter[str] = Counter()

    def shard(
        self, number: int, committed: Committed, damaged: frozenset[str]
    ) -> Iterator[Problem]:
        """Problems of a shard, of every job."""
        path = next((file.path for file in committed.tables.get(CLIPS.name, ())), None)
        if path is None and committed.listed:
            yield Problem("books", "commits", f"the record of shard {number} names no clips")
        if path is None or path in damaged:
            return
        rows = tables.read(self._workspace.root, path)
        yield from check_clips(path, rows)
        for row in rows:
            self._clips[row["clip_id"]] += 1
            if self._clips[row["clip_id"]] == 2:
                yield Problem("duplicate", path, "the clip is listed twice", row["clip_id"])
        clips = {row["clip_id"]: row for row in rows}
        shard = Shard(number, clips, committed.tables, committed.records, damaged)
        for check in self._checks:
            yield from check.shard(shard)

    def end(self, rows_read: bool) -> Iterator[Problem]:
        """Problems of each job as a whole. rows_read: whether all rows could be read."""
        for check in self._checks:
            yield from check.end(rows_read)


class _JobCheck:
    """Checks one job, shard by shard."""

    def __init__(self, workspace: Workspace, state: State, job: Job) -> None:
        self.job = job
        self._workspace, self._state = workspace, state
        self._flood = Flood()
        self._outcomes: Counter[str] = Counter()

    def shard(self, shard: Shard) -> Iterator[Problem]:
        """Problems of the job's rows of one shard."""
        rows = ShardRows(self._workspace.root, shard, self.job, self._flood)
        yield from rows.problems()
        self._outcomes.update(rows.outcomes)

    def end(self, rows_read: bool) -> Iterator[Problem]:
        """Problems of the job as a whole. rows_read: whether all rows could be read."""
        yield from self._flood.problems(self._outcomes["captioned"])
        outcomes = self._outcomes if rows_read else None
        yield from check_books(self._state, self.job.cut, self.job.digest, outcomes)
