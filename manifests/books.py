"""The books: input = the sum of all outcomes + pending, counted from the records.

Each side is counted by itself: input from the listing, outcomes from the shards' commits, pending from
the shards that no commit names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from manifests import kinds
from manifests.commits import State

_QUARANTINED = "quarantined"
# What every job's books name, counted or not.
_ALWAYS = ("captioned", "filtered", _QUARANTINED)


@dataclass(frozen=True, slots=True)
class Books:
    """Counts of clips. outcomes: by what became of them (`manifests.kinds`); detail: what else was
    counted of them."""

    input: int
    outcomes: Mapping[str, int]
    pending: int
    detail: Mapping[str, int]

    @property
    def captioned(self) -> int:
        """Clips with captions."""
        return self.outcomes.get("captioned", 0)

    @property
    def filtered(self) -> int:
        """Clips that a rule left out."""
        return self.outcomes.get("filtered", 0)

    @property
    def quarantined(self) -> int:
        """Clips that could not be processed."""
        return self.outcomes.get(_QUARANTINED, 0)

    @property
    def close(self) -> bool:
        """Whether every clip is accounted for once."""
        return self.input == sum(self.outcomes.values()) + self.pending

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
        """For `--json`: the outcomes stand beside the other numbers."""
        return {
            "input": self.input,
            **dict.fromkeys(_ALWAYS, 0),
            **self.outcomes,
            "pending": self.pending,
            "detail": dict(self.detail),
            "close": self.close,
            "llm_share": self.llm_share,
        }


def books(state: State, cut: str, job: str) -> Books:
    """The books of one job over everything listed for its cut."""
    listed, shards = state.listed(cut), state.shards(job)
    total = state.counts(job)
    total[_QUARANTINED] -= state.retried(job)
    pending = sum(count for shard, count in listed.items() if shard not in shards)
    # A file that could not be read when it was listed, and later could, is a new source: the clip
    # that stood for it is no input any more, nor is it in quarantine or waiting to get there.
    replaced = state.replaced(cut)
    worked = sum(shard in shards for shard in replaced.values())
    total[_QUARANTINED] -= worked
    outcomes = set(kinds.outcomes().values())
    return Books(
        input=sum(listed.values()) - len(replaced),
        outcomes={name: total[name] for name in sorted(total) if name in outcomes},
        pending=pending - (len(replaced) - worked),
        detail={name: total[name] for name in sorted(total) if name not in outcomes},
    )
