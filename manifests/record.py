"""One commit of a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from manifests.tables import File

INGEST, REVIEW = "ingest", "review"
"""`Record.stage` of the listing, and of reviews."""


# Not frozen, as `manifests.tables.File` is not.
@dataclass(slots=True)
class Record:
    """One commit: a part of the listing, or a shard of a job at a generation.

    stage: `INGEST` or `REVIEW`, else the name of the job's stage ("caption"). cut: digest of the settings
    that cut sources into clips; `manifests.workspace.REVIEWED` for reviews. job: digest of all settings
    that shape the rows; None for the listing and for reviews. shard: None for a part of the listing
    without clips, and for reviews. counts: of the listing `sources` and `clips`, of reviews `reviews`; of
    a shard its clips by outcome (`manifests.kinds`) and whatever else the stage counts. retried: of a
    shard, clips that were in quarantine and have new rows here. replaced: of the listing, clips that
    stood for a source with a fault and stand for nothing since that source changed, with their shards.
    """

    stage: str
    epoch: int
    cut: str
    job: str | None = None
    shard: int | None = None
    generation: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    retried: tuple[str, ...] = ()
    replaced: Mapping[str, int] = field(default_factory=dict)
    files: tuple[File, ...] = ()


_JSON = TypeAdapter(Record)


def to_json(record: Record) -> bytes:
    """The content of a record's file."""
    return _JSON.dump_json(record)


def from_json(content: bytes) -> Record:
    """The record of a file. Raises pydantic.ValidationError."""
    return _JSON.validate_json(content)
