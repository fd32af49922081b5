"""`captionmill plan`: a sample is captioned, and what all of it will take is told from that.

The model is simple, and said with every plan: each stage works through clips at the pace that the
sample showed, all stages of a turn side by side, so that a turn lasts as long as its slowest stage;
loading comes on top, once for each turn and wave of shards. The interval's lower end is that; its upper
end is the sample's own time per clip, which has the filling and emptying of a short run in it. Both are
widened by two standard errors of the slowest stage's time per clip.
"""

import json
import math
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.media.examine import examine
from engine.profile.profile import Profile, load
from engine.run.turns import gpus_of, groups, of_turn, turns
from engine.stages.contract import Stage, Turn
from engine.stages.progress import Counts
from manifests.atomic import write_atomic
from manifests.errors import UserError
from manifests.sources.folder import Listing
from manifests.workspace import Workspace
from pipelines.caption.run import caption
from pipelines.caption.stage import CaptionStage

if TYPE_CHECKING:
    from engine.run.view import View

_KEPT = "plan.json"
_SEED = 20251219
_PROBED = 400
"""Sources that are opened to learn how many clips a source has."""
_ALIKE = 0.1


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


def plan(
    sources: Sequence[str],
    profile: str,
    sample: int = 50,
    gpus: float | None = None,
    price: float | None = None,
    show: Callable[["View"], None] = lambda view: None,
) -> Plan:
    """Captions a sample of `sources` in a workspace that is thrown away, and plans the whole.

    sample: clips. gpus: that the whole will run on, None for those of this machine or cluster; its
    replicas are then taken to be as many as these hold. price: of one GPU for one hour. Raises PlanError,
    and what `caption` raises.
    """
    stage = CaptionStage(load(profile))
    stage.check()
    if gpus is not None and _most_gpus(stage, turns(stage, math.inf)):
        turns(stage, gpus)  # it raises now what it would after the sample
    files = list(Listing().paths(sources))
    clips, doubt = _count(files, stage.profile)
    chosen = random.Random(_SEED).sample(files, min(len(files), sample))
    names = [os.fsdecode(path) for path in chosen]
    with tempfile.TemporaryDirectory(prefix="captionmill-plan-") as folder:
        result = caption(names, Path(folder) / "out", profile, sample, show)
    view = result.view
    if view is None or not view.worked:
        faults = f"{result.books.quarantined} of {result.books.input} clips could not be processed"
        raise PlanError(f"no clip of the sample was captioned: {faults}")
    return _planned(stage, view, clips, doubt, gpus, price)


def _count(files: Sequence[bytes], profile: Profile) -> tuple[float, float]:
    """Clips that files will cut into, from all of them or a sample, and the share that it may be off
    (two standard errors). Raises PlanError."""
    probed = list(files) if len(files) <= _PROBED else random.Random(_SEED).sample(files, _PROBED)
    counts = [len(source.spans) for source in examine(iter(probed), profile.clips)]
    if not sum(counts):
        raise PlanError("there is nothing to caption: no source could be opened")
    mean = sum(counts) / len(counts)
    if len(probed) == len(files):
        return float(sum(counts)), 0.0
    spread = math.sqrt(sum((n - mean) ** 2 for n in counts) / (len(counts) - 1))
    return mean * len(files), 2 * spread / math.sqrt(len(counts)) / mean


def _planned(
    stage: Stage, view: "View", clips: float, doubt: float, gpus: float | None, price: float | None
) -> Plan:
    profile = stage.profile
    order = _order(stage, view, gpus)
    used = _most_gpus(stage, order)
    times = gpus / used if gpus and used else 1.0
    shards = math.ceil(clips / profile.sizes.shard)
    return Plan(
        clips=clips,
        clips_doubt=doubt,
        sampled=view.worked,
        profile=profile.name,
        job=stage.digest,
        paces=tuple(
            pace
            for number, turn in enumerate(order)
            for pace in _paces(stage, view, number, turn, times)
        ),
        laps=tuple(_lap(view, turn, times) for turn in order),
        turns=tuple(turn.units for turn in order),
        waves=1 if len(order) == 1 else math.ceil(shards / profile.sizes.wave),
        gpus=used * times,
        times=times,
        price=price,
    )


def _order(stage: Stage, view: "View", gpus: float | None) -> tuple[Turn, ...]:
    """The turns of the whole run: on other GPUs than those of here others may fit together."""
    if gpus is None or not _most_gpus(stage, view.turns):
        return view.turns
    return turns(stage, gpus)


def _most_gpus(stage: Stage, order: Sequence[Turn]) -> float:
    """GPUs that the largest turn reserves."""
    return max(gpus_of(stage.profile, of_turn(stage, turn)) for turn in order)


def _lap(view: "View", turn: Turn, times: float) -> Lapse:
    """Loading and time per clip of a turn, from the turns in which the sample did the same; Ray's own
    start is the first's."""
    load_s = seconds = 0.0
    for number, sampled in enumerate(view.turns):
        if set(sampled.units) & set(turn.units):
            mine = [lap for lap in view.laps if lap.turn == number]
            loads = max(lap.load_s for lap in mine) if number else view.startup
            load_s = max(load_s, loads)
            seconds += sum(lap.work_s for lap in mine) / view.worked
    return Lapse(load_s, seconds / times)


def _decodes(stage: Stage, turn: Turn) -> bool:
    """Whether media is decoded in a turn."""
    return any(
        step.decodes and any(unit.name in turn.units for unit in step.units) for step in stage.steps
    )


def _paces(stage: Stage, view: "View", number: int, turn: Turn, times: float) -> list[Pace]:
    """The units of a turn. times: as many replicas of what uses a GPU as the sample had."""
    gpus = _gpus(stage, view, turn)
    paces = [_decoding(stage, view, number)] if _decodes(stage, turn) else []
    for unit in of_turn(stage, turn):
        share = gpus[unit.name]
        cpus = 0.0 if share or unit.model is None else 1.0
        paces.append(_pace(view, unit.name, number, cpus, share, times if share else 1.0))
    computing = stage.computing
    if computing and computing.unit in turn.units and computing.name in view.progress.units:
        paces.append(_pace(view, computing.name, number, 1.0, 0.0, 1.0))
    return paces


def _gpus(stage: Stage, view: "View", turn: Turn) -> dict[str, float]:
    """GPUs of each unit of a turn: those of its group and of its server; what several units share is
    divided by the time that each of them works."""
    units = of_turn(stage, turn)
    shared = [
        (replicas * gpus, [unit.name for unit in units if unit.model and unit.model.group == group])
        for group, (replicas, _, gpus) in groups(units).items()
    ]
    for server in (stage.profile.server(name) for name in turn.servers):
        users = [unit.name for unit in units if unit.server == server.name]
        shared.append((0.0 if server.urls else server.replicas * server.num_gpus, users))
    shares = {unit.name: 0.0 for unit in units}
    for gpus, names in shared:
        busy = {name: view.progress.units.get(name, Counts()).busy for name in names}
        whole = sum(busy.values())
        for name in names:
            shares[name] += gpus * (busy[name] / whole if whole else 1 / len(names))
    return shares


def _decoding(stage: Stage, view: "View", number: int) -> Pace:
    """Decoding in one turn: the sample decoded in each of its turns that had captioners."""
    pace = _pace(view, "decode", number, 1.0, 0.0, 1.0)
    turns_that_decode = sum(_decodes(stage, turn) for turn in view.turns)
    return replace(pace, seconds=pace.seconds / max(1, turns_that_decode))


def _pace(view: "View", name: str, turn: int, cpus: float, gpus: float, times: float) -> Pace:
    """A unit as the sample saw it; times: so many times its slots and GPUs for the whole."""
    counts = view.progress.units.get(name, Counts())
    return Pace(
        name=name,
        turn=turn,
        seconds=counts.busy / view.worked,
        slots=max(1, round(view.slots[name] * times)),
        doubt=counts.doubt,
        cpus=cpus,
        gpus=gpus * times,
        tokens_in=counts.tokens_in / view.worked,
        tokens_out=counts.tokens_out / view.worked,
    )


def what_would_help(found: Plan) -> list[str]:
    """For each turn: the stage it waits for, and how far more slots of it would help."""
    told = []
    for turn in range(len(found.laps)):
        slow = found.slowest(turn)
        others = [p for p in found.paces if p.turn == turn and p is not slow]
        second = max(others, key=lambda pace: pace.limit, default=None)
        if second is None or not slow.limit:
            continue
        whole = "the run" if len(found.laps) == 1 else f"turn {turn + 1}"
        gain = 1 - second.limit / slow.limit
        if gain < _ALIKE:
            told.append(
                f"{whole} is limited by {slow.name} and {second.name} alike: only more of both helps"
            )
            continue
        times = math.ceil(slow.limit / max(second.limit, 1e-9))
        told.append(
            f"{whole} is limited by {slow.name}: with {times} times its slots ({_knob(slow.name)}) "
            f"the time falls by {gain:.0%}, and then {second.name} is the limit"
        )
    return told


def _knob(stage: str) -> str:
    return {
        "decode": "sizes.decoders, if there are idle cores",
        "guards": "sizes.guards, if there are idle cores",
        "writer": "replicas of its server, or a smaller or quantised model",
    }.get(stage, "replicas of its group or server")


def keep(found: Plan, workspace: Workspace) -> None:
    """Keeps a plan in the workspace that it is for: its finished run is told beside it."""
    data = json.dumps(found.to_json(), indent=1).encode()
    write_atomic(workspace.root / _KEPT, data)


def against(workspace: Workspace, job: str) -> tuple[float, float, float, float] | None:
    """Planned hours, the ends of their interval, and the hours that the job's runs took in truth; None
    where no plan of this job was kept."""
    try:
        kept = json.loads((workspace.root / _KEPT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if kept["job"] != job:
        return None
    spent = 0.0
    for log in sorted(workspace.runlog(0).parent.glob("*.jsonl")):
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["job"] == job:
                spent += entry["startup_s"] + entry["elapsed_s"]
    return kept["hours"], kept["hours_low"], kept["hours_high"], spent / 3600


def text(found: Plan) -> str:
    """A plan for people."""
    lines = [
        f"{found.clips:.0f} clips (from a sample of {found.sampled}), profile {found.profile}",
        f"{'stage':<20} {'s/clip':>9} {'slots':>6} {'clips/s':>9} {'CPU-h':>9} {'GPU-h':>9}",
    ]
    for number, names in enumerate(found.turns):
        if len(found.turns) > 1:
            lines.append(f"turn {number + 1}, loaded {found.waves} times: {', '.join(names)}")
        for pace in found.paces:
            if pace.turn == number:
                cpu, gpu = found.hours_of(pace)
                rate = f"{1 / pace.limit:.2f}" if pace.limit else "-"
                lines.append(
                    f"{pace.name:<20} {pace.seconds:>9.3f} {pace.slots:>6} {rate:>9}"
                    f" {cpu:>9.2f} {gpu:>9.2f}"
                )
    for pace in found.paces:
        if pace.tokens_in or pace.tokens_out:
            lines.append(
                f"tokens of {pace.name}: {pace.tokens_in * found.clips:.0f} in, "
                f"{pace.tokens_out * found.clips:.0f} out "
                f"({pace.tokens_in:.0f} and {pace.tokens_out:.0f} per clip)"
            )
    lines.append(
        f"wall-clock time {hours(found.hours)} ({hours(found.low)} to {hours(found.high)}) "
        f"on {found.gpus:g} GPUs"
    )
    if found.cost is not None:
        lines.append(f"cost: {found.cost:.2f} ({found.price:g} per GPU-hour)")
    if found.times > 1 + _ALIKE:
        lines.append(
            f"to use these GPUs the profile needs {found.times:.1f} times its present replicas"
        )
    return "\n".join(lines + what_would_help(found))


def hours(value: float) -> str:
    """Hours in the unit that suits them."""
    return f"{value * 3600:.0f} s" if value < 0.1 else f"{value:.1f} h"
