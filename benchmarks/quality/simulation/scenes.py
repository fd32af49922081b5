"""What happens in simulated clips: places, what goes on in each topic there, and how probable it is.

A clip plays in one place. Given the place, each topic is quiet or active on its own. An active topic has
one event or two: something heard and what makes it in view, something heard alone (off-screen), or
something seen alone (of what could sound: a silent visible source). All that can happen in a topic is
listed with its probability, so that what was observed can be inverted exactly (`oracle`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recipes.world.concepts import Side
from recipes.world.world import Entry, World

Floats = npt.NDArray[np.float64]

_SETTINGS = Path(__file__).parent / "settings.toml"
_BOTH, _HEARD, _SEEN = 0.5, 0.25, 0.25
"""How an event is: heard and seen, heard alone, seen alone, where a topic has all three."""
_TWO = 0.25
"""Active topics with two events."""


@dataclass(frozen=True, slots=True)
class Config:
    """What happens in a topic: leaves heard and leaves seen."""

    heard: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()

    def of(self, side: Side) -> frozenset[str]:
        """Of one side."""
        return self.heard if side == "heard" else self.seen


@dataclass(frozen=True)
class Topic:
    """All that can happen in a topic that is active, with probabilities that sum to one."""

    name: str
    heard: tuple[str, ...]
    seen: tuple[str, ...]
    configs: tuple[Config, ...]
    probability: Floats

    def leaves(self, side: Side) -> tuple[str, ...]:
        """Its leaves of one side."""
        return self.heard if side == "heard" else self.seen


@dataclass(frozen=True)
class Places:
    """places: names; probability of each; active[place, topic]: how probably a topic is active."""

    places: tuple[str, ...]
    probability: Floats
    topics: tuple[Topic, ...]
    active: Floats


def topics_of(world: World) -> tuple[Topic, ...]:
    """The topics of a world that have leaves, in the order of its files."""
    names = dict.fromkeys(e.topic for side in _sides() for e in world.leaves(side))
    return tuple(_topic(world, name) for name in names)


@lru_cache(maxsize=1)
def _settings() -> Mapping[str, object]:
    return tomllib.loads(_SETTINGS.read_text("utf-8"))


def places_of(world: World) -> Places:
    """The places with the topics of this world."""
    told = _settings()
    places: dict[str, dict[str, float]] = told["places"]  # type: ignore[assignment]
    topics = topics_of(world)
    known = {topic.name for topic in topics}
    unknown = {t for place in places.values() for t in place} - known - {"often"}
    if unknown and len(known) > len(unknown) * 4:
        raise ValueError(f"settings.toml names topics that are not there: {sorted(unknown)}")
    often = np.array([place["often"] for place in places.values()], float)
    elsewhere = float(told["elsewhere"])  # type: ignore[arg-type]
    active = [[p.get(topic.name, elsewhere) for topic in topics] for p in places.values()]
    return Places(tuple(places), often / often.sum(), topics, np.array(active, float))


def _sides() -> tuple[Side, Side]:
    return "heard", "seen"


def _topic(world: World, name: str) -> Topic:
    heard = [e for e in world.leaves("heard") if e.topic == name]
    seen = [e for e in world.leaves("seen") if e.topic == name]
    events = _events(world, heard, seen)
    configs: dict[Config, float] = {c: p * (1 - _TWO) for c, p in events.items()}
    pairs = {
        Config(a.heard | b.heard, a.seen | b.seen): events[a] * events[b]
        for a, b in combinations(events, 2)
        if _apart(world, a, b)
    }
    both = sum(pairs.values())
    if not both:
        configs = {c: p / (1 - _TWO) for c, p in configs.items()}
    for config, weight in pairs.items():
        configs[config] = configs.get(config, 0.0) + _TWO * weight / both
    probability = np.array(list(configs.values()))
    return Topic(
        name=name,
        heard=tuple(e.key for e in heard),
        seen=tuple(e.key for e in seen),
        configs=tuple(configs),
        probability=probability / probability.sum(),
    )


def _events(world: World, heard: list[Entry], seen: list[Entry]) -> dict[Config, float]:
    often = {entry.key: entry.often for entry in heard + seen}
    both = {
        Config(frozenset({sound}), frozenset({sight.key})): (often[sound] * sight.often) ** 0.5
        for sight in seen
        for sound in sorted(world.sounds_of(sight.key))
        if sound in often
    }
    classes = (
        (_BOTH, both),
        (_HEARD, {Config(heard=frozenset({e.key})): e.often for e in heard}),
        (_SEEN, {Config(seen=frozenset({e.key})): e.often for e in seen}),
    )
    there = sum(share for share, weights in classes if weights)
    return {
        config: share / there * weight / sum(weights.values())
        for share, weights in classes
        for config, weight in weights.items()
    }


def _apart(world: World, a: Config, b: Config) -> bool:
    """Whether two events can be there at once: neither is the other or a broader word for it."""
    for side in _sides():
        one, other = a.of(side), b.of(side)
        if one & world.all_true(other) or other & world.all_true(one):
            return False
    return True
