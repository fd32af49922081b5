"""One shard of a workspace, checked by itself: its files, and its rows of every job.

What concerns several shards is returned as records of 24 bytes. Memory: one shard.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from manifests.commits import Record, State
from manifests.kinds import CLIPS
from manifests.tables import File
from manifests.verify.files import DAMAGE, check_file
from manifests.verify.flood import Said, to_records
from manifests.verify.job import Job
from manifests.verify.problems import Problem, Row
from manifests.verify.rows import Shard, ShardRows, Unreadable, check_clips, rows_of
from manifests.verify.sorter import Records, key_of, records


@dataclass(slots=True)
class Committed:
    """What was committed of a shard of one cut. listed: whether it is in the listing; tables: files by
    table, of all jobs; records: by job."""

    listed: bool = False
    files: list[File] = field(default_factory=list)
    tables: dict[str, list[File]] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def clips(self) -> str | None:
        """Path of its clip table; None without one."""
        return next((file.path for file in self.tables.get(CLIPS.name, ())), None)


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


@dataclass(frozen=True, slots=True)
class ShardWork:
    """A shard to check, of all cuts that have one of this number. number: None: what was committed of no
    shard, of which only files are checked. jobs: by cut, in the order in which they are told."""

    root: Path
    number: int | None
    cuts: Mapping[str, Committed]
    jobs: Mapping[str, Sequence[Job]]


@dataclass(frozen=True, slots=True)
class SampleWork:
    """Rows of a shard to check. drawn: by job and file, their numbers in the file."""

    work: ShardWork
    drawn: Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(slots=True)
class JobFound:
    """What was found of a job's rows. outcomes: clips by outcome. written: captions by an LLM, with their
    places among those of this shard."""

    problems: list[Problem]
    outcomes: Counter[str]
    written: Records


@dataclass(slots=True)
class CutFound:
    """What was found of a listed shard. clips: a digest of each id in two numbers, and its row in the
    clip table. jobs: in their order."""

    problems: list[Problem] = field(default_factory=list)
    clips: Records = field(default_factory=lambda: records(()))
    jobs: list[JobFound] = field(default_factory=list)


@dataclass(slots=True)
class ShardFound:
    """What was found of a shard. damaged: whether some rows could not be judged. cuts: by cut."""

    files: list[Problem] = field(default_factory=list)
    damaged: bool = False
    cuts: dict[str, CutFound] = field(default_factory=dict)


def check_shard(work: ShardWork) -> ShardFound:
    """Everything that can be checked of a shard without the others."""
    found = ShardFound()
    files = [file for committed in work.cuts.values() for file in committed.files]
    found.files = [problem for file in files for problem in check_file(work.root, file)]
    damaged = _damaged(found.files)
    found.damaged = bool(damaged)
    if work.number is not None:
        for cut, jobs in work.jobs.items():
            if cut in work.cuts:
                check = _Listed(work.root, work.number, cut, work.cuts[cut], damaged)
                found.cuts[cut] = check.found(jobs)
                found.damaged |= check.unreadable
    return found


def written(root: Path, number: int, committed: Committed, job: Job) -> Sequence[Said]:
    """The captions of a shard by an LLM, in the order of the places of `JobFound.written`."""
    files = committed.tables.get(CLIPS.name, []) + [
        file for record in committed.records.get(job.digest, ()) for file in record.files
    ]
    damaged = _damaged(problem for file in files for problem in check_file(root, file))
    check = _Listed(root, number, job.cut, committed, damaged)
    shard = check.shard(rows_of(root, committed.clips or ""))
    return check.rows(shard, replace(job, joined={}, recheck=None))[1].written


def check_drawn(sample: SampleWork) -> list[Problem]:
    """What is wrong with drawn rows, and with all other rows of the shard that are of their clips."""
    work = sample.work
    found = []
    for cut, jobs in work.jobs.items():
        if cut not in work.cuts or not any(job.digest in sample.drawn for job in jobs):
            continue
        committed = work.cuts[cut]
        of_files = [p for f in committed.files for p in check_file(work.root, f, hashed=False)]
        found += of_files
        check = _Listed(work.root, work.number or 0, cut, committed, _damaged(of_files))
        for job in jobs:
            if job.digest in sample.drawn:
                found += check.drawn(job, sample.drawn[job.digest])
    return found


def _damaged(problems: Iterable[Problem]) -> frozenset[str]:
    return frozenset(problem.where for problem in problems if problem.kind in DAMAGE)


class _Listed:
    """Checks the clips of a shard of one cut, and the rows of the jobs that work them."""

    def __init__(
        self, root: Path, number: int, cut: str, committed: Committed, damaged: frozenset[str]
    ) -> None:
        self._root, self._number, self._cut = root, number, cut
        self._committed, self._damaged = committed, damaged
        self.unreadable = False

    def found(self, jobs: Sequence[Job]) -> CutFound:
        found = CutFound()
        path = self._committed.clips
        if path is None and self._committed.listed:
            message = f"the record of shard {self._number} names no clips"
            found.problems.append(Problem("books", "commits", message))
        if path is None or path in self._damaged:
            return found
        rows: list[tuple[int, Row]] = []
        found.problems += self._readable(self._clips(path, rows))
        if self.unreadable:
            return found
        ids = [row["clip_id"] for _, row in rows]
        found.clips = records(
            (key_of(self._cut, clip), key_of(clip, self._cut), number)
            for number, clip in enumerate(ids)
        )
        shard = self.shard(rows)
        found.jobs = [self._job(shard, job) for job in jobs]
        return found

    def drawn(self, job: Job, rows: Mapping[str, Sequence[int]]) -> Iterator[Problem]:
        """Problems of the clips that rows of a job's files are of."""
        yield from self._readable(self._drawn(job, rows))

    def _drawn(self, job: Job, rows: Mapping[str, Sequence[int]]) -> Iterator[Problem]:
        path = self._committed.clips
        if path is None or path in self._damaged:
            return
        ids: set[str] = set()
        for file in rows.keys() - self._damaged:
            numbers = set(rows[file])
            of_file = rows_of(self._root, file, ["clip_id"])
            ids.update(row["clip_id"] for number, row in of_file if number in numbers)
        clips: list[tuple[int, Row]] = []
        drawn = frozenset(ids)
        yield from self._clips(path, clips, drawn)
        yield from ShardRows(self._root, self.shard(clips, drawn), job).problems()

    def _clips(
        self, path: str, rows: list[tuple[int, Row]], drawn: frozenset[str] | None = None
    ) -> Iterator[Problem]:
        """Reads rows of the clip table, and tells their problems."""
        rows += rows_of(self._root, path, None, drawn)
        yield from check_clips(path, rows)

    def shard(self, clips: Iterable[tuple[int, Row]], drawn: frozenset[str] | None = None) -> Shard:
        """The shard with its rows of the clip table. drawn: the only clips that are looked at."""
        by_id = {row["clip_id"]: row for _, row in clips}
        committed = self._committed
        return Shard(self._number, by_id, committed.tables, committed.records, self._damaged, drawn)

    def rows(self, shard: Shard, job: Job) -> tuple[list[Problem], ShardRows]:
        """The rows of a job, checked, and their problems."""
        rows = ShardRows(self._root, shard, job)
        return list(self._readable(rows.problems())), rows

    def _job(self, shard: Shard, job: Job) -> JobFound:
        problems, rows = self.rows(shard, job)
        return JobFound(problems, rows.outcomes, to_records(job.digest, rows.written))

    def _readable(self, problems: Iterator[Problem]) -> Iterator[Problem]:
        """Problems of rows, until some can't be read: what was committed was broken before."""
        try:
            yield from problems
        except Unreadable as error:
            self.unreadable = True
            yield error.problem
