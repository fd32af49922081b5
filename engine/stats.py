"""What a run counts while it works: for the live view and the run log, never for data rows."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stage:
    """One stage of a shard worker. queued, active, done: clips. busy: seconds its slots worked.
    tokens_in, tokens_out: of the writer."""

    queued: int = 0
    active: int = 0
    done: int = 0
    busy: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(slots=True)
class Progress:
    """What a shard worker, or all of them together, did so far in this run.

    began: time.time() when the first clip was handed to a decoder that was ready, or a known clip to
    the writer: what comes before is start-up.
    """

    began: float | None = None
    stages: dict[str, Stage] = field(default_factory=dict)
    clips: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def stage(self, name: str) -> Stage:
        """The stage of this name, made when first asked for."""
        return self.stages.setdefault(name, Stage())

    def begin(self) -> None:
        """Notes that work begins, the first time."""
        if self.began is None:
            self.began = time.time()

    def add(self, other: "Progress") -> None:
        """Adds another worker's counts."""
        for name, stage in other.stages.items():
            mine = self.stage(name)
            mine.queued += stage.queued
            mine.active += stage.active
            mine.done += stage.done
            mine.busy += stage.busy
            mine.tokens_in += stage.tokens_in
            mine.tokens_out += stage.tokens_out
        if other.began is not None:
            self.began = min(other.began, self.began or other.began)
        self.clips.update(other.clips)
        self.faults.update(other.faults)
