"""The books: input = captioned + filtered + quarantined + pending, counted from the records.

Each side is counted by itself: input from the listing, outcomes from the shards' commits, pending from
the shards that no commit names.
"""

from collections import Counter
from dataclasses import asdict, dataclass

from manifests.commits import State

OUTCOMES = ("captioned", "filtered", "quarantined")


@dataclass(frozen=True, slots=True)
class Books:
    """Counts of clips, and what else was counted of them (`detail`)."""

    input: int
    captioned: int
    filtered: int
    quarantined: int
    pending: int
    detail: dict[str, int]

    @property
    def close(self) -> bool:
        """Whether every clip is accounted for once."""
        return self.input == self.captioned + self.filtered + self.quarantined + self.pending

    @property
    def finished(self) -> bool:
        """Whether nothing is pending."""
        return self.pending == 0

    @property
    def llm_share(self) -> float | None:
        """Captions that the LLM wrote, of all captions; None when there are none."""
        llm, template = self.detail.get("llm", 0), self.detail.get("template", 0)
        return llm / (llm + template) if llm + template else None

    def to_json(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self) | {"close": self.close, "llm_share": self.llm_share}


def books(state: State, cut: str, job: str) -> Books:
    """The books of one job over everything listed for its cut."""
    ingests = state.ingests(cut)
    listed = {r.shard: r.counts.get("clips", 0) for r in ingests if r.shard is not None}
    total: Counter[str] = Counter()
    shards = state.shards(job)
    for records in shards.values():
        for record in records:
            total.update(record.counts)
            total["quarantined"] -= len(record.retried)
    pending = sum(count for shard, count in listed.items() if shard not in shards)
    # A file that could not be read when it was listed, and later could, is a new source: the clip
    # that stood for it is no input any more, nor is it in quarantine or waiting to get there.
    replaced = state.replaced(cut)
    worked = sum(shard in shards for shard in replaced.values())
    outcomes = {name: total.pop(name, 0) for name in OUTCOMES}
    return Books(
        input=sum(listed.values()) - len(replaced),
        captioned=outcomes["captioned"],
        filtered=outcomes["filtered"],
        quarantined=outcomes["quarantined"] - worked,
        pending=pending - (len(replaced) - worked),
        detail=dict(sorted(total.items())),
    )
