"""`captionmill rebuild`: phases from workspaces to a release, each of which a killed run continues.

Keys of all rows, shard by shard; the selection, over keys alone; then the selected rows, scattered into
buckets and gathered into parts (`writing`); last the documents, and `release.json`, which is the commit.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import crashpoints, processes
from engine.run.cluster import ray_cluster
from engine.run.scratch import scratch_folders
from manifests.atomic import write_atomic
from manifests.release import order, select
from manifests.release.errors import RulesError
from manifests.release.layout import (
    RELEASE,
    Release,
    ReleaseBooks,
    ReleaseFile,
    ReleaseInput,
    Table,
)
from manifests.release.order import Selection, Sizes
from manifests.release.rules import Rules
from manifests.release.shards import Input
from pipelines.rebuild.near import Finder
from pipelines.rebuild.steps import GatherStep, KeysStep, ScatterStep, groups, key_files, row_bytes
from pipelines.rebuild.tasks import RebuildError, Runner, Task, is_disk_full, on_ray
from pipelines.rebuild.work import Work, opened
from pipelines.rebuild.writing import Group, Wanted

Tell = Callable[[str], None]

_PART_MB = 256
_MOST_PART_ROWS = 1_000_000
_BUCKET_BYTES = 32 << 20
_OBJECTS = 128 << 20
"""Bytes of Ray's store: tasks exchange files."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    folder: Path
    release: Release


def rebuild(
    rules: Rules, inputs: Sequence[Input], out: Path, tell: Tell = lambda line: None
) -> Rebuilt:
    """Builds a release, or goes on with one that was begun. Raises UserError."""
    out = Path(os.path.abspath(out))
    with opened(out) as work, processes.own_environment():
        start = work.begin(_plan(rules, inputs))
        mark = processes.mark(work.place_id, start)
        os.environ.update(processes.marked(mark))
        processes.sweep(work.place_id, keep_epoch=start)
        name = f"captionmill-{work.place_id}"
        for left in scratch_folders(name):
            shutil.rmtree(left, ignore_errors=True)
        try:
            with ray_cluster(name, 1, _OBJECTS, work.logs / f"{start:06d}"):
                release = build(rules, inputs, work, on_ray, tell)
        except Exception as error:
            if is_disk_full(error):
                raise RebuildError(
                    f"no room is left on the disk of {out}: make room and run the same command again; it "
                    "goes on where it stopped"
                ) from error
            raise
        work.clear()
    return Rebuilt(out, release)


def build(
    rules: Rules,
    inputs: Sequence[Input],
    work: Work,
    runner: Runner,
    tell: Tell = lambda line: None,
) -> Release:
    """All phases. runner: runs their tasks."""
    shards = groups(inputs)
    if not shards:
        raise RulesError(f"{rules.source}: its inputs hold no captions: caption something first")
    steps = Phases(rules, inputs, shards, work, runner, tell)
    steps.keys()
    selection = steps.selection()
    files = steps.write(selection)
    release = steps.described(selection, files)
    crashpoints.reach("rebuild.before_release")
    write_atomic(work.out / RELEASE, release.to_json())
    crashpoints.reach("rebuild.after_release")
    return release


@dataclass(frozen=True, slots=True)
class Phases:
    """The phases of one rebuild; what a phase has made already is not made again."""

    rules: Rules
    inputs: Sequence[Input]
    groups: Sequence[Group]
    work: Work
    runner: Runner
    tell: Tell

    def keys(self) -> None:
        """Makes the keys of all rows."""
        tasks = [
            KeysStep(self.rules, group, self.work.keys, self.work.root / "lists")
            for group in self.groups
            if not all(path.exists() for path in key_files(self.work.keys, group))
        ]
        self._run("keys", tasks)

    def key_files(self) -> list[Path]:
        """Files of keys in the order of the inputs and their shards."""
        return [path for group in self.groups for path in key_files(self.work.keys, group)]

    def selection(self) -> Selection:
        """Selects rows."""
        if self.work.selection.exists():
            return Selection.load(self.work.selection)
        self.tell("selecting rows")
        starts = [(given.number, shard.number) for given, shard in self._firsts()]
        with select.keys(self.work.select, self.rules, os.cpu_count() or 1) as keys:
            keys.load(self.key_files())
            keys.apply(self.finder().find)
            selection = order.write(keys, self.rules, self.sizes(), starts, self.work.selected)
        crashpoints.reach("rebuild.selecting")
        selection.save(self.work.selection)
        return selection

    def finder(self) -> Finder:
        """What looks for near duplicates."""
        return Finder(self.rules, self.groups, self.work.near, self._run)

    def sizes(self) -> Sizes:
        """Rows of a part and of a bucket."""
        bytes_of = row_bytes(self.inputs, self.wanted)
        output = self.rules.output
        by_size = int(((output.part_mb or _PART_MB) << 20) / max(1.0, bytes_of.stored))
        part = output.part_rows or min(_MOST_PART_ROWS, by_size)
        return Sizes(max(1, part), max(1, int(_BUCKET_BYTES / max(1.0, bytes_of.largest))))

    @property
    def wanted(self) -> Wanted:
        """What is written of the rows."""
        output = self.rules.output
        tables: list[Table] = ["data"]
        tables += ["claims"] if output.claims else []
        tables += ["evidence"] if output.evidence else []
        return Wanted(tuple(tables), output.links_only)

    def write(self, selection: Selection) -> list[ReleaseFile]:
        """Writes the selected rows."""
        buckets = selection.buckets
        scatters = [
            ScatterStep(
                group,
                self.work.selected / f"{group.number:05d}.parquet",
                self.wanted,
                buckets,
                self.work.spill,
            )
            for group in self.groups
        ]
        gathers = [
            GatherStep(
                part,
                len(self.groups),
                self.wanted,
                self.work.spill,
                self.work.out,
                self.work.done / f"{place:06d}.json",
            )
            for place, part in enumerate(selection.parts)
        ]
        if not all(step.done.exists() for step in gathers):
            self._run("scatter", scatters)
        return [file for files in self._run("gather", gathers) for file in files]

    def described(self, selection: Selection, files: Iterable[ReleaseFile]) -> Release:
        """What `release.json` says."""
        counts = selection.counts
        inputs = [
            ReleaseInput(
                number=given.number,
                name=given.name,
                job=given.job,
                digest=given.digest,
                stage=given.stage,
                real=given.real,
                rows=counts.inputs[given.number][0],
                kept=counts.inputs[given.number][1],
            )
            for given in self.inputs
        ]
        books = ReleaseBooks(rows=counts.rows, kept=counts.kept, dropped=counts.dropped)
        rules: dict[str, Any] = self.rules.model_dump(mode="json")
        return Release.made("release", rules, inputs, books, files)

    def _run(self, phase: str, tasks: Sequence[Task]) -> list[Any]:
        """Runs the tasks of a phase."""
        results = []
        for result in self.runner(tasks):
            crashpoints.reach(f"rebuild.{phase}")
            results.append(result)
            self.tell(f"{phase}: {len(results)}/{len(tasks)}")
        return results

    def _firsts(self) -> list[Any]:
        return [group.shards[0] for group in self.groups]


def _plan(rules: Rules, inputs: Sequence[Input]) -> dict[str, Any]:
    """What names a rebuild: it may go on only with the same."""
    return {
        "rules": rules.digest,
        "inputs": [[given.name, given.job, given.digest] for given in inputs],
    }
