"""What a workspace holds: its valid commit records, and the questions that they answer."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from operator import itemgetter

from manifests.kinds import CLIPS
from manifests.packed import Packed
from manifests.record import Record
from manifests.tables import File

# So many records are Python objects; more are packed. Packing again takes a tenth of a second where
# there are very many.
_LOOSE = 2048


class State:
    """Valid records, indexed by stage, job, shard and table. Answers are in the order of the commits
    unless something else is said."""

    def __init__(
        self, epoch: int, records: Iterable[Record] = (), packed: Packed | None = None
    ) -> None:
        self.epoch = epoch
        self._packed = packed or Packed.of([])
        self._loose: list[Record] = []
        self._by_shard: dict[int | None, list[Record]] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """One more record, after all others."""
        self._loose.append(record)
        self._by_shard.setdefault(record.shard, []).append(record)
        if len(self._loose) > _LOOSE:
            self.packed()

    def packed(self) -> Packed:
        """All records, packed."""
        if self._loose:
            self._packed = Packed.of(self._loose, after=self._packed)
            self._loose, self._by_shard = [], {}
        return self._packed

    def records(self) -> Iterator[Record]:
        """Every record."""
        return chain(self._packed.records(), self._loose)

    def ingests(self, cut: str) -> Iterator[Record]:
        """Committed parts of the listing of a cut."""
        return chain(self._packed.ingests(cut), self._loose_of(cut=cut))

    def listed(self, cut: str) -> dict[int, int]:
        """Shards of a cut, with how many clips each has."""
        loose = {
            record.shard: record.counts.get("clips", 0)
            for record in self._loose_of(cut=cut)
            if record.shard is not None
        }
        return self._packed.listed(cut) | loose

    def clips_file(self, cut: str, shard: int) -> str:
        """Path of the committed clip table of a shard, relative to the workspace. Raises as
        `clip_table`."""
        return self.clip_table(cut, shard).path

    def clip_table(self, cut: str, shard: int) -> File:
        """The committed clip table of a shard. Raises KeyError for a shard that has none."""
        loose = filter(_of(job=None, cut=cut), self._by_shard.get(shard, ()))
        listing = chain(self._packed.listing(cut, shard, CLIPS.name), loose)
        file = next(_files(listing, CLIPS.name), None)
        if file is None:
            raise KeyError(shard)
        return file

    def parts(self, cut: str) -> int:
        """How many parts the listing of a cut has."""
        return self._packed.parts(cut) + sum(1 for _ in self._loose_of(cut=cut))

    def ingested(self, cut: str) -> Counter[str]:
        """Sum of the counts of all parts of the listing of a cut."""
        return _sum(self._packed.counts(cut=cut), self._loose_of(cut=cut))

    def replaced(self, cut: str) -> dict[str, int]:
        """Clips that stood for sources which changed since (`Record.replaced`), with their shards."""
        replaced = self._packed.replaced(cut)
        for record in self._loose_of(cut=cut):
            replaced |= record.replaced
        return replaced

    def jobs(self) -> list[str]:
        """Jobs with a committed shard, oldest first."""
        return list(dict.fromkeys([*self._packed.jobs(), *(r.job for r in self._loose if r.job)]))

    def first_epoch(self, job: str) -> int:
        """The epoch of the first commit of a job. Raises ValueError for a job without any."""
        packed = self._packed.epoch(job)
        return min(r.epoch for r in self._loose_of(job=job)) if packed is None else packed

    def stage_of(self, job: str) -> str:
        """The stage of a job. Raises KeyError for a job without a committed shard."""
        loose = {record.job: record.stage for record in self._loose}
        return (loose | self._packed.jobs())[job]

    def shards(self, job: str, table: str | None = None) -> Mapping[int, Sequence[Record]]:
        """Committed shards of a job, in the order of their numbers: generations in order. Later commits
        do not change it.

        table: the records name only their files of this table, which makes them quick to read.
        """
        return _Shards(self._packed, list(self._loose_of(job=job)), job, table)

    def numbers(self) -> list[int | None]:
        """Numbers of all shards in order, of every cut and job; first None, if there are records of no
        shard."""
        numbers = self._packed.numbers() | self._by_shard.keys()
        return [*([None] if None in numbers else []), *sorted(n for n in numbers if n is not None)]

    def of_shard(self, shard: int | None) -> list[Record]:
        """Records of the shards of this number, of every cut and job; None: those of no shard."""
        return [*self._packed.of_shard(shard), *self._by_shard.get(shard, ())]

    def counts(self, job: str) -> Counter[str]:
        """Sum of the counts of all shards of a job."""
        return _sum(self._packed.counts(job=job), self._loose_of(job=job))

    def retried(self, job: str) -> int:
        """How often clips of a job left quarantine for another try."""
        loose = sum(len(record.retried) for record in self._loose_of(job=job))
        return self._packed.retried(job) + loose

    def files(
        self,
        table: str | None = None,
        shard: int | None = None,
        job: str | None = None,
        cut: str | None = None,
    ) -> Iterator[File]:
        """Committed files: all, or those of a table, a shard, a job or the listing of a cut. Of several
        shards those of a job come by shard, unless they were committed lately."""
        if shard is not None:
            return _files(filter(_of(job, cut), self.of_shard(shard)), table)
        loose = _files(self._loose_of(job, cut), table)
        return chain(self._packed.files(table, job, cut), loose)

    def paths(self) -> set[str]:
        """Paths of all committed files."""
        return {*self._packed.paths.to_pylist(), *(file.path for file in _files(self._loose))}

    def _loose_of(self, job: str | None = None, cut: str | None = None) -> Iterator[Record]:
        return filter(_of(job, cut), self._loose)


class _Shards(Mapping[int, Sequence[Record]]):
    """Records of a job by shard, made when they are asked for."""

    def __init__(
        self, packed: Packed, loose: Sequence[Record], job: str, table: str | None
    ) -> None:
        self._packed, self._job, self._table = packed, job, table
        shards = packed.shards(job)
        # By shard, the numbers of its packed records.
        self._numbers = {
            shard: [number for number, _ in same]
            for shard, same in groupby(enumerate(shards), key=itemgetter(1))
        }
        self._loose: dict[int, list[Record]] = {}
        for record in loose:
            if record.shard is not None:
                self._loose.setdefault(record.shard, []).append(record)

    def __getitem__(self, shard: int) -> list[Record]:
        if shard not in self:
            raise KeyError(shard)
        packed = [
            self._packed.of_job(self._job, number, self._table)
            for number in self._numbers.get(shard, ())
        ]
        return [*packed, *(_only(record, self._table) for record in self._loose.get(shard, ()))]

    def __contains__(self, shard: object) -> bool:
        return shard in self._numbers or shard in self._loose

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._numbers.keys() | self._loose.keys()))

    def __len__(self) -> int:
        return len(self._numbers.keys() | self._loose.keys())


def _of(job: str | None, cut: str | None) -> Callable[[Record], bool]:
    """Whether a record is of a job, or of the listing of a cut; of anything where both are None."""

    def of(record: Record) -> bool:
        return (job is None or record.job == job) and (
            cut is None or (record.job is None and record.cut == cut)
        )

    return of


def _only(record: Record, table: str | None) -> Record:
    if table is None:
        return record
    return replace(record, files=tuple(_files([record], table)))


def _files(records: Iterable[Record], table: str | None = None) -> Iterator[File]:
    for record in records:
        for file in record.files:
            if table is None or file.table == table:
                yield file


def _sum(total: Counter[str], records: Iterable[Record]) -> Counter[str]:
    for record in records:
        total.update(record.counts)
    return total
