"""Who uses the GPUs when: everything at once where it fits, else the units of a stage take turns.

In a run of several turns each is loaded, works a wave of shards, and is freed for the next.
"""

from collections.abc import Iterable, Sequence

from engine.profile.profile import Profile, ProfileError
from engine.stages.contract import Stage, Turn, Unit


def turns(stage: Stage, gpus: float) -> tuple[Turn, ...]:
    """The turns of a stage on so many GPUs: a unit goes to the first one that has room for it, after
    those that must have run before it and not before any unit of an earlier step. Raises ProfileError
    for what never fits."""
    loaded: list[list[Unit]] = [[]]
    turn_of: dict[str, int] = {}
    profile, earliest = stage.profile, 0
    for step in stage.steps:
        for unit in step.units:
            turn = max((turn_of[name] for name in unit.after), default=earliest)
            turn = max(turn, earliest)
            while turn < len(loaded) and not _fits(profile, [*loaded[turn], unit], gpus):
                turn += 1
            if turn == len(loaded):
                _require(profile, unit, gpus)
                loaded.append([])
            loaded[turn].append(unit)
            turn_of[unit.name] = turn
        earliest = max(turn_of.values(), default=0)
    return tuple(
        Turn(tuple(unit.name for unit in units), _servers(profile, units)) for units in loaded
    )


def _servers(profile: Profile, units: Iterable[Unit]) -> tuple[str, ...]:
    """The servers that these units ask, in the profile's order."""
    asked = {unit.server for unit in units}
    return tuple(server.name for server in profile.servers if server.name in asked)


def groups(units: Iterable[Unit]) -> dict[str, tuple[int, float, float]]:
    """Replicas, CPUs and GPUs of the hosts of each group of these units: the largest that one of its
    models asks."""
    largest: dict[str, tuple[int, float, float]] = {}
    for model in (unit.model for unit in units):
        if model is not None:
            replicas, cpus, gpus = largest.get(model.group, (1, 0.0, 0.0))
            largest[model.group] = (
                max(replicas, model.replicas),
                max(cpus, model.num_cpus),
                max(gpus, model.num_gpus),
            )
    return largest


def of_turn(stage: Stage, turn: Turn) -> list[Unit]:
    """The units that a turn loads."""
    return [unit for unit in stage.units if unit.name in turn.units]


def gpus_of(profile: Profile, units: Sequence[Unit]) -> float:
    """GPUs that the hosts and servers of these units reserve together."""
    hosts = sum(replicas * gpus for replicas, _, gpus in groups(units).values())
    servers = (profile.server(name) for name in _servers(profile, units))
    return hosts + sum(s.replicas * s.num_gpus for s in servers if not s.urls)


def _fits(profile: Profile, units: Sequence[Unit], gpus: float) -> bool:
    # Shares of a card are decimal fractions: ten tenths shall be one card.
    return gpus_of(profile, units) <= gpus + 1e-6


def _require(profile: Profile, unit: Unit, gpus: float) -> None:
    wanted = gpus_of(profile, [unit])
    if wanted > gpus + 1e-6:
        raise ProfileError(
            f"profile {profile.name}: {unit.name} needs {wanted:g} GPUs and Ray has {gpus:g}; "
            "use a profile that fits, or a larger cluster (RAY_ADDRESS)"
        )
