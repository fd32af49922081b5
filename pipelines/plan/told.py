"""A plan in words."""

import math

from pipelines.plan.estimate import Plan

_ALIKE = 0.1


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


def hours(value: float) -> str:
    """Hours in the unit that suits them."""
    return f"{value * 3600:.0f} s" if value < 0.1 else f"{value:.1f} h"
