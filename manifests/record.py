"""One commit of a workspace."""

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
