"""Who uses the GPUs when: everything at once where it fits, else stages take turns.

A turn is what is loaded together: captioners, the servers they ask, and in the last turn the writer's.
In a run of several turns each is loaded, works a wave of shards, and is freed for the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.profile.profile import Profile, ProfileError


@dataclass(frozen=True, slots=True)
class Turn:
    """What is loaded together. writes: captions are written and shards end in this turn."""

    captioners: tuple[str, ...]
    servers: tuple[str, ...]
    writes: bool = False


def turns(profile: Profile, gpus: float) -> tuple[Turn, ...]:
    """The turns of a profile on so many GPUs: a captioner goes to the first one that has room for it
    after those that it asks. Raises ProfileError for what never fits."""
    captioners: list[list[str]] = [[]]
    turn_of: dict[str, int] = {}
    for spec in profile.captioners:
        at = max((turn_of[name] for name in spec.asks), default=0)
        while at < len(captioners) and not _fits(profile, [*captioners[at], spec.name], gpus):
            at += 1
        if at == len(captioners):
            _require(profile, [spec.name], False, gpus, f"captioner {spec.name}")
            captioners.append([])
        captioners[at].append(spec.name)
        turn_of[spec.name] = at
    if not _fits(profile, captioners[-1], gpus, writes=True):
        _require(profile, [], True, gpus, "the writer")
        captioners.append([])
    return tuple(
        Turn(
            tuple(names),
            servers(profile, names, at == len(captioners) - 1),
            at + 1 == len(captioners),
        )
        for at, names in enumerate(captioners)
    )


def servers(profile: Profile, captioners: Iterable[str], writes: bool) -> tuple[str, ...]:
    """The servers that these captioners ask, and with `writes` the writer's, in the profile's order."""
    asked = {spec.server for spec in profile.captioners if spec.name in set(captioners)}
    asked |= {profile.writer.model} if writes else set()
    return tuple(server.name for server in profile.servers if server.name in asked)


def groups(profile: Profile, captioners: Iterable[str]) -> dict[str, tuple[int, float, float]]:
    """Replicas, CPUs and GPUs of each group of these captioners: the largest that one of it asks."""
    wanted = set(captioners)
    found: dict[str, tuple[int, float, float]] = {}
    for spec in profile.captioners:
        if spec.name in wanted:
            replicas, cpus, gpus = found.get(spec.group, (1, 0.0, 0.0))
            found[spec.group] = (
                max(replicas, spec.replicas),
                max(cpus, spec.num_cpus),
                max(gpus, spec.num_gpus),
            )
    return found


def gpus_of(profile: Profile, captioners: Iterable[str], writes: bool) -> float:
    """GPUs that these captioners, their servers and (with `writes`) the writer's reserve together."""
    names = list(captioners)
    hosts = sum(replicas * gpus for replicas, _, gpus in groups(profile, names).values())
    served = (profile.server(name) for name in servers(profile, names, writes))
    return hosts + sum(s.replicas * s.num_gpus for s in served if not s.urls)


def _fits(profile: Profile, captioners: Iterable[str], gpus: float, writes: bool = False) -> bool:
    # Shares of a card are decimal fractions: ten tenths shall be one card.
    return gpus_of(profile, captioners, writes) <= gpus + 1e-6


def _require(profile: Profile, captioners: list[str], writes: bool, gpus: float, who: str) -> None:
    wanted = gpus_of(profile, captioners, writes)
    if wanted > gpus + 1e-6:
        raise ProfileError(
            f"profile {profile.name}: {who} asks for {wanted:g} GPUs and Ray has {gpus:g}; "
            "use a profile that fits, or a larger cluster (RAY_ADDRESS)"
        )
