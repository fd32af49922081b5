"""Verification: does a workspace hold what its records say, and does every row belong to its clip?

Everything is computed again from the files: checksums, identities, digests, the join of rows with their
clips and evidence, and the books from the rows themselves. What stands on a file that is damaged is not
judged: the damage is the one problem told.

Shards are checked each by itself, by whoever `run` gives them to. A clip that is listed twice and a
caption on many clips are found in a pass over sorted digests (`manifests.verify.sorter`). Memory: a few
shards, and what is told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from manifests import tables
from manifests.commits import State
from manifests.verify.books import check_books
from manifests.verify.flood import floods, is_flood
from manifests.verify.job import Job, by_cut
from manifests.verify.problems import Problem
from manifests.verify.shard import ShardFound, ShardWork, check_shard, of_shard, written
from manifests.verify.sorter import Records, Sorter, repeated
from manifests.workspace import Workspace

Run = Callable[[Callable[[ShardWork], ShardFound], Iterable[ShardWork]], Iterator[ShardFound]]
"""Calls a function with each shard and gives what it returns, in order; `map` is one."""

_TOLD = 100_000
"""Problems that are listed; the others are counted."""
_WITHIN = 32
"""Bits of a place that tell where in a shard it is."""


@dataclass(slots=True)
class Found:
    """What is wrong with a workspace. untold: problems beyond those listed, by kind."""

    problems: list[Problem] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)


def check_workspace(
    workspace: Workspace, state: State, jobs: Sequence[Job], run: Run = map
) -> Found:
    """All problems of these jobs, of the listings they stand on, and of every committed file, by shard.
    run: checks the shards."""
    with TemporaryDirectory(prefix="captionmill-verify-") as folder:
        return _Check(workspace, state, jobs, Path(folder)).found(run)


class _Check:
    """Gathers what was found of the shards."""

    def __init__(
        self, workspace: Workspace, state: State, jobs: Sequence[Job], folder: Path
    ) -> None:
        self._root, self._state = workspace.root, state
        self._jobs = by_cut(jobs)
        self._all = [job for of_cut in self._jobs.values() for job in of_cut]
        self._places = {job.digest: place for place, job in enumerate(self._all)}
        self._numbers = state.numbers()
        for name in ("clips", "captions"):
            (folder / name).mkdir()
        self._clips, self._captions = Sorter(folder / "clips"), Sorter(folder / "captions")
        self._outcomes: dict[str, Counter[str]] = {job.digest: Counter() for job in self._all}
        self._problems = _Ordered()
        self._sound = True

    def found(self, run: Run) -> Found:
        """Checks everything."""
        works = (
            ShardWork(self._root, number, of_shard(self._state, number), self._jobs)
            for number in self._numbers
        )
        for place, found in enumerate(run(check_shard, works)):
            self._take(place, found)
        for at in repeated(self._clips.chunks()):
            self._doubled(at)
        flooded = self._flooded()
        for job in self._all:
            self._problems.add((len(self._numbers),), flooded.get(job.digest, ()))
            outcomes = self._outcomes[job.digest] if self._sound else None
            books = check_books(self._state, job.cut, job.digest, outcomes)
            self._problems.add((len(self._numbers),), books)
        return self._problems.found()

    def _take(self, place: int, found: ShardFound) -> None:
        """Takes in what was found of one shard."""
        self._sound = self._sound and not found.damaged
        self._problems.add((place, 0), found.files)
        for number, (cut, jobs) in enumerate(self._jobs.items(), start=1):
            if cut not in found.cuts:
                continue
            of_cut = found.cuts[cut]
            self._problems.add((place, number, 0), of_cut.problems)
            self._clips.add(_placed(of_cut.clips, place * len(self._jobs) + number - 1))
            for job, of_job in zip(jobs, of_cut.jobs, strict=False):
                self._problems.add((place, number, 2), of_job.problems)
                self._outcomes[job.digest].update(of_job.outcomes)
                slot = place * len(self._all) + self._places[job.digest]
                self._captions.add(_placed(of_job.written, slot))

    def _doubled(self, at: int) -> None:
        """Tells a clip that is listed twice, where it is for the second time."""
        place, number = divmod(at >> _WITHIN, len(self._jobs))
        cut = list(self._jobs)[number]
        path = of_shard(self._state, self._numbers[place])[cut].clips or ""
        row = at & ((1 << _WITHIN) - 1)
        clip = tables.read(self._root, path, ["clip_id"])[row]["clip_id"]
        problem = Problem("duplicate", f"{path} row {row}", "the clip is listed twice", clip)
        self._problems.add((place, number + 1, 1), [problem])

    def _flooded(self) -> Mapping[str, Sequence[Problem]]:
        """Floods by job, each with one of its clips."""
        told: dict[str, list[Problem]] = {}
        for many in floods(self._captions.chunks()):
            place, number = divmod(many.crossed >> _WITHIN, len(self._all))
            job = self._all[number]
            if is_flood(many.seconds, self._outcomes[job.digest]["captioned"]):
                shard = self._numbers[place] or 0
                committed = of_shard(self._state, shard)[job.cut]
                captions = written(self._root, shard, committed, job)
                said = captions[many.crossed & ((1 << _WITHIN) - 1)]
                message = f'"{said.text}" appears on {many.seconds} clips with different evidence'
                problem = Problem("flood", said.name, message, said.clip_id)
                told.setdefault(job.digest, []).append(problem)
        return told


def _placed(records: Records, slot: int) -> Records:
    """Records whose places are told apart from those of other slots."""
    return records + np.array([0, 0, slot << _WITHIN], np.uint64)


class _Ordered:
    """Problems by where they are told, in the order in which they came."""

    def __init__(self) -> None:
        self._placed: list[tuple[tuple[int, ...], Problem]] = []
        self._untold: Counter[str] = Counter()

    def add(self, place: tuple[int, ...], problems: Iterable[Problem]) -> None:
        """More problems."""
        for problem in problems:
            if len(self._placed) < _TOLD:
                self._placed.append((place, problem))
            else:
                self._untold[problem.kind] += 1

    def found(self) -> Found:
        """All of them in order."""
        ordered = sorted(self._placed, key=lambda placed: placed[0])
        return Found([problem for _, problem in ordered], self._untold)
