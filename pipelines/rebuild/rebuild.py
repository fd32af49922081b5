"""`captionmill rebuild`: phases from workspaces to a release, each of which a killed run continues.

Keys of all rows, shard by shard; the selection, over keys alone; then the selected rows, scattered into
buckets and gathered into parts (`writing`); last the documents, and `release.json`, which is the commit.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from engine import crashpoints
from manifests.atomic import replacing, write_atomic
from manifests.release import lists, order, select
from manifests.release.errors import RulesError
from manifests.release.layout import (
    RELEASE,
    Release,
    ReleaseBooks,
    ReleaseEncoder,
    ReleaseFile,
    ReleaseInput,
    Table,
    is_release,
    load,
)
from manifests.release.order import Selection, Sizes
from manifests.release.rules import Rules
from manifests.release.select import Keys
from manifests.release.shards import Input
from manifests.release.splits import without_rows
from manifests.workspace import around
from pipelines.rebuild.describing import described
from pipelines.rebuild.errors import require_committed
from pipelines.rebuild.leaving import Leaving, leaving
from pipelines.rebuild.near import Finder
from pipelines.rebuild.packing import PackStep
from pipelines.rebuild.reviewed import used
from pipelines.rebuild.running import running
from pipelines.rebuild.steps import (
    LISTED,
    GatherStep,
    KeysStep,
    ScatterStep,
    for_task,
    groups,
    list_file,
    media_bytes,
    row_bytes,
)
from pipelines.rebuild.tasks import RebuildError, Runner, Task
from pipelines.rebuild.work import Work, opened
from pipelines.rebuild.writing import Group, Wanted

Tell = Callable[[str], None]

_PART_MB, _MEDIA_MB = 256, 1024
"""Of a data part; of its tar, where there are some."""
_MOST_PART_ROWS = 1_000_000
_BUCKET_BYTES = 32 << 20
_LARGE = 3 << 30
"""Bytes of rows from which on they are compressed between scatter and gather."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    folder: Path
    release: Release

    def lines(self) -> Iterator[str]:
        """For people."""
        books = self.release.books
        dropped = [f"{rows:,} by {rule}" for rule, rows in books.dropped.items() if rows]
        yield (
            f"{books.rows:,} rows = {books.kept:,} kept + {books.rows - books.kept:,} dropped"
            + (f" ({', '.join(dropped)})" if dropped else "")
        )
        data = self.release.of("data")
        for licence, split in dict.fromkeys((file.licence_class, file.split) for file in data):
            rows = sum(f.rows for f in data if (f.licence_class, f.split) == (licence, split))
            yield f"  {licence}/{split}: {rows:,} rows"
        for line in without_rows(self.folder, self.release):
            yield f"  {line}"
        yield f"release: {self.folder}"


def rebuild(
    rules: Rules, inputs: Sequence[Input], out: Path, tell: Tell = lambda line: None
) -> Rebuilt:
    """Builds a release, or goes on with one that was begun. Raises UserError; rules that can't be
    fulfilled leave the folder free."""
    out = Path(os.path.abspath(out))
    if (workspace := around(out)) is not None:
        raise RebuildError(
            f"{out} is in the workspace {workspace}, where files of others would be lost or take part: "
            "name a folder outside it"
        )
    if (other := next((each for each in out.parents if is_release(each)), None)) is not None:
        raise RebuildError(
            f"{out} is in the release {other}, which is never changed: name another folder"
        )
    named = leaving(rules, inputs)
    if (release := _standing(rules, inputs, named, out)) is None:
        with opened(out) as work:
            start = work.begin(_plan(rules, inputs, named))
            try:
                with running(work, start) as runner:
                    release = build(rules, inputs, named, work, runner, tell)
            except RulesError:
                work.clear()  # it is of no use to the rules that will replace these
                raise
    Work(out).clear()
    return Rebuilt(out, release)


def _standing(rules: Rules, inputs: Sequence[Input], named: Leaving, out: Path) -> Release | None:
    """The release that the folder holds already. Raises RebuildError for another one."""
    if not is_release(out):
        return None
    release = load(out)
    same = [(given.name, given.job, given.digest) for given in release.inputs]
    if (
        release.rules == rules.model_dump(mode="json")
        and same == [(given.name, given.job, given.digest) for given in inputs]
        and release.lists == named.lists
    ):
        return release
    raise RebuildError(
        f"{out} holds a release of other rules, inputs or lists, and a release is never changed: name a "
        "new folder"
    )


def build(
    rules: Rules,
    inputs: Sequence[Input],
    named: Leaving,
    work: Work,
    runner: Runner,
    tell: Tell = lambda line: None,
) -> Release:
    """All phases. named: what the rules make leave. runner: runs their tasks. Raises UserError."""
    shards = groups(inputs)
    if not shards:
        raise RulesError(f"{rules.source}: its inputs hold no captions: caption something first")
    steps = Phases(rules, inputs, named, shards, work, runner, tell)
    steps.keys()
    selection = steps.selection()
    files = steps.write(selection)
    work.clear_temporary()
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
    named: Leaving
    groups: Sequence[Group]
    work: Work
    runner: Runner
    tell: Tell

    def keys(self) -> None:
        """Makes the keys of all rows."""
        tasks = [
            KeysStep(self.rules, group, path, self.work.lists, self._decided())
            for group, path in zip(self.groups, self._key_files(), strict=True)
            if not path.exists()
        ]
        for given in self.inputs:
            if given.uncompared:
                self.tell(
                    f"{given.name}: {given.uncompared:,} clips have captions without similarities, which "
                    f"these rules ask for: run captionmill embed {given.root} first"
                )
        if tasks:
            self._lists()
        for _ in self._results("keys", tasks):
            crashpoints.reach("rebuild.keys")
        if self._decided() is not None:
            self.tell(used(self.named.reviews, self._key_files()))

    def _decided(self) -> Path | None:
        """The file of what reviewers decided, which is written where it is not there; None without
        any."""
        decided, path = self.named.reviews.decided, self.work.decided
        if not decided.num_rows:
            return None
        if not path.exists():
            with replacing(path) as temporary:
                pq.write_table(decided, temporary)
        return path

    def _lists(self) -> None:
        """Reads the lists of clips that must leave. Raises RebuildError for one that changed."""
        wanted = [rule for rule in LISTED if rule in self.rules.active]
        if not wanted:
            return
        self.work.lists.mkdir(parents=True, exist_ok=True)
        for given in self.inputs:
            require_committed(given.root, given.sources, given.sources)
            for shard in given.shards:
                require_committed(given.root, shard.sums, [shard.clips])
        sources = [path for given in self.inputs for path in given.sources]
        listed = [shard.clips for given in self.inputs for shard in given.shards]
        with for_task(self.work.lists) as connection:
            for rule in wanted:
                evaluated = self.named.clips if rule == "decontamination" else ()
                tables = lists.Tables(evaluated, sources, listed)
                path = list_file(self.work.lists, rule)
                for read in lists.build(self.rules, rule, tables, path, connection):
                    if read.sha256 != self.named.digest_of(rule, read.name):
                        raise RebuildError(
                            f"{self.rules.path(read.name)} was changed while it was read: remove "
                            f"{self.work.root} and run the same command again"
                        )
                    if read.unknown:
                        self.tell(
                            f"{rule}: {read.unknown:,} of {read.entries:,} entries of {read.name} name "
                            "no file and no clip of the inputs"
                        )
        crashpoints.reach("rebuild.lists")

    def _key_files(self) -> list[Path]:
        """The file of keys of each group."""
        return [self.work.keys / f"{group.number:05d}.parquet" for group in self.groups]

    def selection(self) -> Selection:
        """Selects rows."""
        if self.work.selection.exists():
            return Selection.load(self.work.selection)
        self.tell("selecting rows")
        starts = [(group.input.number, group.shards[0].number) for group in self.groups]
        with self.selected() as keys:
            self.tell("ordering rows")
            selection = order.write(keys, self.rules, self.sizes(), starts, self.work.selected)
        crashpoints.reach("rebuild.selecting")
        selection.save(self.work.selection)
        return selection

    @contextmanager
    def selected(self) -> Iterator[Keys]:
        """The keys with all rules applied, for the block."""
        with select.keys(self.work.select, self.rules, os.cpu_count() or 1) as keys:
            keys.load(self._key_files())
            finder = Finder(
                self.rules,
                self.groups,
                self.named.embeddings,
                self.work.near,
                self._run,
                self.tell,
                self._decided(),
            )
            keys.apply(finder.find)
            yield keys

    def sizes(self) -> Sizes:
        """Rows of a part and of a bucket."""
        bytes_of = row_bytes(self.inputs, self.wanted)
        output = self.rules.output
        stored, most = bytes_of.stored, output.part_mb or _PART_MB
        if output.media != "none":
            stored, most = media_bytes(self.inputs), output.part_mb or _MEDIA_MB
        by_size = int((most << 20) / max(1.0, stored))
        part = output.part_rows or min(_MOST_PART_ROWS, by_size)
        return Sizes(max(1, part), max(1, int(_BUCKET_BYTES / max(1.0, bytes_of.largest))))

    @property
    def wanted(self) -> Wanted:
        """What is written of the rows."""
        output = self.rules.output
        tables: list[Table] = ["data"]
        tables += ["claims"] if output.claims else []
        tables += ["evidence"] if output.evidence else []
        tables += ["embeddings"] if self.encoder else []
        width = self.encoder.width if self.encoder else None
        return Wanted(tuple(tables), output.links_only, width=width)

    @property
    def encoder(self) -> ReleaseEncoder | None:
        """Whose vectors are written."""
        return self.inputs[0].encoder if self.rules.output.embeddings else None

    def write(self, selection: Selection) -> list[ReleaseFile]:
        """Writes the selected rows."""
        buckets = selection.buckets
        wanted = replace(self.wanted, is_large=buckets * _BUCKET_BYTES > _LARGE)
        scatters = [
            ScatterStep(
                group,
                self.work.selected / f"{group.number:05d}.parquet",
                wanted,
                buckets,
                self.work.spill,
                self._decided(),
            )
            for group in self.groups
        ]
        gathers = [
            GatherStep(
                part,
                len(self.groups),
                wanted,
                self.work.spill,
                self.work.out,
                self.work.done / f"{place:06d}.json",
            )
            for place, part in enumerate(selection.parts)
        ]
        if not all(step.done.exists() for step in gathers):
            for _ in self._results("scatter", scatters):
                crashpoints.reach("rebuild.scatter")
        files: list[ReleaseFile] = []
        for written in self._results("gather", gathers):
            crashpoints.reach("rebuild.gather")
            files += written
        return files + self._packed(selection)

    def _packed(self, selection: Selection) -> list[ReleaseFile]:
        """Writes the media of the parts, where they are asked for."""
        if self.rules.output.media == "none":
            return []
        steps = [
            PackStep(
                part, self.work.out, self.work.sources, self.work.done / f"{place:06d}-media.json"
            )
            for place, part in enumerate(selection.parts)
        ]
        files: list[ReleaseFile] = []
        for written in self._results("pack media", steps):
            crashpoints.reach("rebuild.media")
            files += written
        return files

    def described(self, selection: Selection, files: Iterable[ReleaseFile]) -> Release:
        """What `release.json` says; the documents that it names are written."""
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
        self.tell("describing")
        release = Release.made(
            "release", rules, inputs, books, files, lists=self.named.lists, encoder=self.encoder
        )
        return described(release, self.work.out)

    def _run(self, phase: str, tasks: Sequence[Task]) -> None:
        """Runs the tasks of a phase to their end."""
        for _ in self._results(phase, tasks):
            pass

    def _results(self, phase: str, tasks: Sequence[Task]) -> Iterator[Any]:
        """What the tasks of a phase give, as they end."""
        for number, result in enumerate(self.runner(tasks), start=1):
            yield result
            self.tell(f"{phase}: {number}/{len(tasks)}")


def _plan(rules: Rules, inputs: Sequence[Input], named: Leaving) -> dict[str, Any]:
    """What names a rebuild: it may go on only with the same."""
    return {
        "rules": rules.digest,
        "inputs": [[given.name, given.job, given.digest] for given in inputs],
        "lists": [each.model_dump() for each in named.lists],
        "version of DuckDB": duckdb.__version__,  # its hashes lie in the keys
    }
