"""What is verified of a workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from manifests.verify.problems import Recheck


@dataclass(frozen=True, slots=True)
class Job:
    """A job to verify. joined: tables that it shares with other jobs, by the name of who wrote them (for
    captions, of each captioner; for embeddings, of the encoder). recheck: what else may be wrong with a
    row of captions. captions: the job whose captions it compares with media or localizes."""

    digest: str
    cut: str
    joined: Mapping[str, str] = field(default_factory=dict)
    recheck: Recheck | None = None
    captions: str | None = None


def by_cut(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """Jobs by the cut that they work, in the order in which cuts and jobs come."""
    cuts: dict[str, list[Job]] = {}
    for job in jobs:
        cuts.setdefault(job.cut, []).append(job)
    return cuts
