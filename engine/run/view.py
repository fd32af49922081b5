"""What a run tells while it works, and the line of the run log when it is over."""

import json
import os
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.stages.contract import Stage, Turn
from engine.stages.progress import Progress


@dataclass(frozen=True, slots=True)
class Lap:
    """One turn at one wave of shards: seconds of loading, and of work from the first clip on."""

    turn: int
    load_s: float
    work_s: float


@dataclass(slots=True)
class View:
    """What the live view shows.

    total: clips of the job. doing: what the stage does, for people. slots: processes, threads or
    requests that a unit may use at once. done: clips of this job by outcome and detail, committed or
    journaled. worked: clips that the last unit worked in this run. startup: seconds from the driver's
    start to the first clip; elapsed: seconds since then. gpus: that Ray has, all paid for. turns: what is
    loaded together; turn: the one at work; laps: those that are over. stopped: the user's time was up
    before the end.
    """

    total: int
    doing: str
    slots: dict[str, int]
    done: Counter[str] = field(default_factory=Counter)
    progress: Progress = field(default_factory=Progress)
    worked: int = 0
    startup: float = 0.0
    elapsed: float = 0.0
    gpus: float = 0.0
    phase: str = ""
    server: str = ""
    turns: tuple[Turn, ...] = ()
    turn: int = 0
    laps: list[Lap] = field(default_factory=list)
    stopped: bool = False


def write_runlog(path: Path, stage: Stage, view: View, worker_deaths: int) -> None:
    """Appends one JSON line: what a run did and how long each unit worked. Nothing is written where
    `path` is a link, which somebody else's workspace may hold."""
    units: dict[str, dict[str, Any]] = {
        name: {
            "clips": counts.done,
            "busy_s": round(counts.busy, 3),
            "doubt": round(counts.doubt, 4),
            "tokens_in": counts.tokens_in,
            "tokens_out": counts.tokens_out,
        }
        for name, counts in view.progress.units.items()
    }
    line = {
        "stage": stage.name,
        "job": stage.digest,
        "startup_s": round(view.startup, 3),
        "elapsed_s": round(view.elapsed, 3),
        "gpus": view.gpus,
        "laps": [asdict(lap) for lap in view.laps],
        "done": dict(view.done),
        "units": units,
        "worker_deaths": worker_deaths,
        "window_bytes": view.progress.window_bytes,
        "faults": dict(view.progress.faults),
        "tallies": dict(view.progress.tallies),
    }
    with suppress(OSError):  # a full disk has a better reason to tell than this one
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
        with open(descriptor, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
