"""Captions a sample, and plans the whole from the pace that it showed."""

import math
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.media.examine import examine
from engine.profile.profile import Profile, load
from engine.run.turns import gpus_of, groups, of_turn, turns
from engine.stages.contract import Stage, Turn
from engine.stages.progress import Counts
from manifests.sources.folder import Listing
from pipelines.caption.run import caption
from pipelines.caption.stage import CaptionStage
from pipelines.plan.estimate import Lapse, Pace, Plan, PlanError

if TYPE_CHECKING:
    from engine.run.view import View

_SEED = 20251219
_PROBED = 400
"""Sources that are opened to learn how many clips a source has."""


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
