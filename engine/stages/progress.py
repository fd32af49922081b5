"""What a run counts while it works: for the live view and the run log, never for data rows."""

import time
from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass(slots=True)
class Counts:
    """Counts of one unit of a stage, or of decoding, in a shard worker.

    queued, done: clips. busy: seconds its slots worked. batches, paces, squares: how many calls, the sum
    of their seconds per clip, and of its squares. tokens_in, tokens_out: of its server.
    """

    queued: int = 0
    done: int = 0
    busy: float = 0.0
    batches: int = 0
    paces: float = 0.0
    squares: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

    def worked(self, clips: int, seconds: float) -> None:
        """Notes one call that worked on so many clips."""
        self.done += clips
        self.busy += seconds
        if clips:
            self.batches += 1
            self.paces += seconds / clips
            self.squares += (seconds / clips) ** 2

    @property
    def doubt(self) -> float:
        """Standard error of its seconds per clip as a share of them, from the spread of its calls; 0
        where it had fewer than two."""
        if self.batches < 2 or not self.paces:
            return 0.0
        mean = self.paces / self.batches
        variance = max(0.0, self.squares / self.batches - mean**2) * self.batches
        return float((variance / (self.batches - 1) / self.batches) ** 0.5 / mean)


@dataclass(slots=True)
class Progress:
    """What a shard worker, or all of them together, did so far in this run.

    began: time.time() when the first clip was handed to a decoder that was ready, or a clip without
    decoding to a unit: what comes before is start-up. units: by name, "decode" among them. clips: by
    outcome and detail. tallies: what else a stage counts, by its own names; examples: of what a tally
    counts, the first text and what is wrong with it, by the tally's name. window_bytes: the most
    bytes of decoded media that one worker held at once.
    """

    began: float | None = None
    units: dict[str, Counts] = field(default_factory=dict)
    clips: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    tallies: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    window_bytes: int = 0

    def unit(self, name: str) -> Counts:
        """The counts of this unit, made when first asked for."""
        return self.units.setdefault(name, Counts())

    def begin(self) -> None:
        """Notes that work begins, the first time."""
        if self.began is None:
            self.began = time.time()

    def add(self, other: "Progress") -> None:
        """Adds another worker's counts."""
        for name, theirs in other.units.items():
            mine = self.unit(name)
            for counted in fields(Counts):
                total = getattr(mine, counted.name) + getattr(theirs, counted.name)
                setattr(mine, counted.name, total)
        if other.began is not None:
            self.began = min(other.began, self.began or other.began)
        self.clips.update(other.clips)
        self.faults.update(other.faults)
        self.tallies.update(other.tallies)
        self.examples = other.examples | self.examples
        self.window_bytes = max(self.window_bytes, other.window_bytes)
