"""What all clips will take, from the pace of each stage in a sample.

The model is simple, and said with every plan: each stage works through clips at the pace that the
sample showed, all stages of a turn side by side, so that a turn lasts as long as its slowest stage;
loading comes on top, once for each turn and wave of shards. The interval's lower end is that; its upper
end is the sample's own time per clip, which has the filling and emptying of a short run in it. Both are
widened by two standard errors of the slowest stage's time per clip.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from manifests.errors import UserError


class PlanError(UserError):
    """There is nothing to plan from; says why."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One stage in the sample: seconds of work per clip of the run, how many slots work side by side,
    the standard error of that as a share, CPUs and GPUs reserved, tokens per clip."""

    name: str
    turn: int
    seconds: float
    slots: int
    doubt: float
    cpus: float
    gpus: float
    tokens_in: float = 0.0
    tokens_out: float = 0.0

    @property
    def limit(self) -> float:
        """Seconds per clip that it takes when all its slots work."""
        return self.seconds / self.slots


@dataclass(frozen=True, slots=True)
class Lapse:
    """One turn: seconds that its loading took, and that its work took per clip of the sample."""

    load_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What all clips will take. hours: wall-clock, with the interval `low` to `high`. gpus: paid for, all
    of them all the time. times: how many times the replicas of the profile it takes to use them. waves:
    times that each turn is loaded."""

    clips: float
    clips_doubt: float
    sampled: int
    profile: str
    job: str
    paces: tuple[Pace, ...]
    laps: tuple[Lapse, ...]
    turns: tuple[tuple[str, ...], ...]
    waves: int
    gpus: float
    price: float | None
    times: float = 1.0

    @property
    def low(self) -> float:
        """Hours when every turn goes at the pace of its slowest stage."""
        slowest = [self.slowest(turn) for turn in range(len(self.laps))]
        each = sum(pace.limit * max(0.0, 1 - 2 * pace.doubt) for pace in slowest)
        return (self._load_s + self.clips * (1 - self.clips_doubt) * each) / 3600

    @property
    def hours(self) -> float:
        """Between the two ends, where logarithms are halved: their ratio may be large."""
        return math.sqrt(self.low * self.high)

    @property
    def high(self) -> float:
        """Hours at the sample's own time per clip."""
        each = sum(
            max(lap.seconds, self.slowest(turn).limit) * (1 + 2 * self.slowest(turn).doubt)
            for turn, lap in enumerate(self.laps)
        )
        return (self._load_s + self.clips * (1 + self.clips_doubt) * each) / 3600

    @property
    def cost(self) -> float | None:
        """Money for all GPUs over all hours; None without a price."""
        return None if self.price is None else self.price * self.gpus * self.hours

    @property
    def _load_s(self) -> float:
        return self.waves * sum(lap.load_s for lap in self.laps)

    def slowest(self, turn: int) -> Pace:
        """The stage that a turn waits for."""
        return max((p for p in self.paces if p.turn == turn), key=lambda pace: pace.limit)

    def hours_of(self, pace: Pace) -> tuple[float, float]:
        """CPU- and GPU-hours of a stage: its CPUs while it works, its GPUs while its turn lasts."""
        work = self.clips * pace.seconds / 3600
        turn = self.clips * self.slowest(pace.turn).limit / 3600
        return work * pace.cpus, turn * pace.gpus

    def to_json(self) -> dict[str, Any]:
        """For `--json`, and as it is kept."""
        return asdict(self) | {
            "hours": self.hours,
            "hours_low": self.low,
            "hours_high": self.high,
            "cost": self.cost,
            "bottlenecks": [self.slowest(turn).name for turn in range(len(self.laps))],
        }
