"""Commit records, and the questions that they answer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from manifests.tables import File

INGEST = "ingest"
"""`Record.stage` of the listing."""


class Record(BaseModel):
    """One commit: a part of the listing, or a shard of a job at a generation.

    stage: `INGEST`, else the name of the job's stage ("caption"). cut: digest of the settings that cut
    sources into clips. job: digest of all settings that shape the rows; None for the listing. shard:
    None for a part of the listing without clips. counts: of the listing `sources` and `clips`; of a
    shard its clips by outcome (`manifests.kinds`) and whatever else the stage counts. retried: of a
    shard, clips that were in quarantine and have new rows here. replaced: of the listing, clips that
    stood for a source with a fault and stand for nothing since that source changed, with their shards.
    """

    model_config = ConfigDict(frozen=True)

    stage: str
    epoch: int
    cut: str
    job: str | None = None
    shard: int | None = None
    generation: int = 0
    counts: dict[str, int] = {}
    retried: tuple[str, ...] = ()
    replaced: dict[str, int] = {}
    files: tuple[File, ...] = ()


class State:
    """What a workspace holds: its valid records, in the order of their commits."""

    def __init__(self, epoch: int, records: Iterable[Record] = ()) -> None:
        self.epoch = epoch
        self._records = list(records)

    def add(self, record: Record) -> None:
        """One more record, after all others."""
        self._records.append(record)

    def records(self) -> Iterator[Record]:
        """Every record, in the order of the commits."""
        return iter(self._records)

    def ingests(self, cut: str) -> Sequence[Record]:
        """Committed parts of the listing of a cut, in order."""
        return [r for r in self._records if r.stage == INGEST and r.cut == cut]

    def listed(self, cut: str) -> dict[int, int]:
        """Shards of a cut, in order, with how many clips each has."""
        return {r.shard: r.counts.get("clips", 0) for r in self.ingests(cut) if r.shard is not None}

    def replaced(self, cut: str) -> dict[str, int]:
        """Clips that stood for sources which changed since (`Record.replaced`), with their shards."""
        return {clip: shard for r in self.ingests(cut) for clip, shard in r.replaced.items()}

    def shards(self, job: str, table: str | None = None) -> Mapping[int, Sequence[Record]]:
        """Committed shards of a job, in order of their numbers: generations in order.

        table: the records name only their files of this table, which makes them quick to read.
        """
        shards: dict[int, list[Record]] = {}
        for record in self._records:
            if record.job == job and record.shard is not None:
                of_shard = shards.setdefault(record.shard, [])
                if table is not None:
                    files = tuple(file for file in record.files if file.table == table)
                    record = record.model_copy(update={"files": files})
                of_shard.append(record)
        return dict(sorted(shards.items()))

    def jobs(self) -> list[str]:
        """Jobs with a committed shard, oldest first."""
        return list(dict.fromkeys(r.job for r in self._records if r.job is not None))

    def stage_of(self, job: str) -> str:
        """The stage of a job. Raises KeyError for a job without a committed shard."""
        for record in self._records:
            if record.job == job:
                return record.stage
        raise KeyError(job)

    def files(
        self,
        table: str | None = None,
        shard: int | None = None,
        job: str | None = None,
        cut: str | None = None,
    ) -> list[File]:
        """Committed files in the order of the commits: all, or those of a table, a shard, a job or the
        listing of a cut."""
        return [
            file
            for record in self._records
            if (shard is None or record.shard == shard)
            and (job is None or record.job == job)
            and (cut is None or (record.stage == INGEST and record.cut == cut))
            for file in record.files
            if table is None or file.table == table
        ]

    def counts(self, job: str) -> Counter[str]:
        """Sum of the counts of all shards of a job."""
        total: Counter[str] = Counter()
        for record in self._records:
            if record.job == job:
                total.update(record.counts)
        return total

    def retried(self, job: str) -> int:
        """How often clips of a job left quarantine for another try."""
        return sum(len(record.retried) for record in self._records if record.job == job)

    def ingested(self, cut: str) -> Counter[str]:
        """Sum of the counts of all parts of the listing of a cut."""
        total: Counter[str] = Counter()
        for record in self.ingests(cut):
            total.update(record.counts)
        return total
