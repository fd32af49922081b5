"""One simulated clip: what is in it, when, how many, and whether anybody can hear or see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.known import Happening, Truth
from benchmarks.quality.simulation.model import Field, Model
from recipes.world.concepts import Side
from recipes.world.world import World

_SIDES: tuple[Side, Side] = ("heard", "seen")
_ONE_SIDED = 0.05
"""Clips without audio, and as many without video."""
_NOTHING_TO_PERCEIVE = 0.03
"""Clips with audio that are silent, and with video that are black."""
_IN_TURN = 0.4
"""Of clips with two sounds and more, those in which they follow each other."""
_ALL_ALONG = 0.5
_NUMBERS, _NUMBER_CHANCES = (1, 2, 3, 4, 5), (0.6, 0.2, 0.1, 0.06, 0.04)
_SECONDS = (4, 20)


@dataclass(frozen=True)
class Clip:
    """A clip before anybody said something of it. configs: by topic, the number of the configuration,
    None where it is quiet. perceived: sides that are neither absent nor silent nor black."""

    world: World
    has_audio: bool
    has_video: bool
    perceived: frozenset[Side]
    duration_ms: int
    configs: tuple[int | None, ...]
    heard: tuple[Happening, ...]
    seen: tuple[Happening, ...]
    in_turn: bool

    def set_of(self, field: Field, topic: int) -> int:
        """The number of the set of leaves of this field that are there."""
        at = self.configs[topic]
        return 0 if at is None else int(field.of[at])

    def happening(self, side: Side, key: str) -> Happening | None:
        """What is there that this concept, a leaf or a broader one, is true of."""
        there = self.heard if side == "heard" else self.seen
        return next((h for h in there if key in self.world.upward(h.key)), None)

    @property
    def silent(self) -> frozenset[str]:
        """Sounds of visible things of which none is heard."""
        if not self.has_audio:
            return frozenset()
        heard = self.world.all_true(h.key for h in self.heard)
        return frozenset(
            sound
            for sight in self.seen
            if not (sounds := self.world.sounds_of(sight.key)) & heard
            for sound in sounds - heard
        )

    @property
    def off_screen(self) -> frozenset[str]:
        """Heard things of which no visible source is seen, though it has some."""
        seen = self.world.all_true(h.key for h in self.seen)
        sources = {h.key: self.world.entries[h.key].sources for h in self.heard}
        return frozenset(k for k, source in sources.items() if source and not seen & set(source))

    @property
    def scenario(self) -> str:
        """What the clip tests, the most particular first."""
        if not self.has_audio or not self.has_video:
            return "no audio" if self.has_video else "no video"
        if self.perceived != frozenset(_SIDES):
            return "black" if "heard" in self.perceived else "silence"
        told = (
            ("contradiction", self._contradiction()),
            ("silent visible source", bool(self.silent)),
            ("order", self.in_turn),
            ("speech with words", any(_says_words(self.world, h.key) for h in self.heard)),
            ("off-screen sound", bool(self.off_screen and self.seen)),
            ("number", any((h.count or 1) > 1 for h in self.seen)),
            ("seen and heard", bool(self.heard and self.seen)),
            ("one side", bool(self.heard or self.seen)),
        )
        return next((name for name, holds in told if holds), "nothing")

    def truth(self, spoken: str | None) -> Truth:
        """What is in it, as the bench's measures take it."""
        return Truth(heard=self.heard, seen=self.seen, spoken=spoken, silent=self.silent)

    def _contradiction(self) -> bool:
        """A silent visible source, and a sound of its topic that comes from elsewhere."""
        topics = {self.world.entries[key].topic for key in self.silent}
        return any(self.world.entries[key].topic in topics for key in self.off_screen)


def _says_words(world: World, key: str) -> bool:
    return "speech" in world.upward(key) and key != "crowd_talk"


def says_words(made: Clip) -> bool:
    """Whether somebody is heard who says words."""
    return any(_says_words(made.world, h.key) for h in made.heard)


def clip(model: Model, rng: np.random.Generator) -> Clip:
    """A clip drawn from the model's world."""
    places = model.places
    place = rng.choice(len(places.places), p=places.probability)
    configs = tuple(
        int(rng.choice(len(topic.configs), p=topic.probability)) if rng.random() < share else None
        for topic, share in zip(places.topics, places.active[place], strict=True)
    )
    one, silent, black = rng.random(3)
    has_audio, has_video = not one < _ONE_SIDED, not _ONE_SIDED <= one < 2 * _ONE_SIDED
    perceived: set[Side] = set()
    if has_audio and silent >= _NOTHING_TO_PERCEIVE:
        perceived.add("heard")
    if has_video and black >= _NOTHING_TO_PERCEIVE:
        perceived.add("seen")
    duration = int(rng.integers(*_SECONDS)) * 1000
    keys = {side: _keys(model, configs, side) if side in perceived else [] for side in _SIDES}
    in_turn = len(keys["heard"]) > 1 and bool(rng.random() < _IN_TURN)
    heard = _heard(keys["heard"], duration, in_turn, rng)
    if has_audio and not perceived & {"heard"}:
        heard = (Happening("silence"),)
    seen = tuple(Happening(key, count=_number(model.world, key, rng)) for key in keys["seen"])
    if has_video and not perceived & {"seen"}:
        seen = (Happening("black_picture"),)
    return Clip(
        model.world,
        has_audio,
        has_video,
        frozenset(perceived),
        duration,
        configs,
        heard,
        seen,
        in_turn,
    )


def _keys(model: Model, configs: Sequence[int | None], side: Side) -> list[str]:
    """The leaves that are there, in the world's order."""
    topics = model.places.topics
    there = [
        t.configs[at].of(side) for t, at in zip(topics, configs, strict=True) if at is not None
    ]
    found = frozenset[str]().union(*there)
    return [key for topic in topics for key in topic.leaves(side) if key in found]


def _number(world: World, key: str, rng: np.random.Generator) -> int | None:
    number = int(rng.choice(_NUMBERS, p=_NUMBER_CHANCES))
    return number if world.entries[key].many else None


def _heard(
    keys: Sequence[str], duration: int, in_turn: bool, rng: np.random.Generator
) -> tuple[Happening, ...]:
    found = []
    order = list(rng.permutation(keys)) if in_turn else list(keys)
    for at, key in enumerate(order):
        level = round(float(rng.uniform(-30, -3)), 1)
        if in_turn:
            start, end = at * duration // len(order), (at + 1) * duration // len(order) - 100
        elif rng.random() < _ALL_ALONG:
            found.append(Happening(str(key), level_db=level))
            continue
        else:
            start = int(rng.integers(0, duration // 2))
            end = start + int(rng.integers(duration // 4, duration // 2))
        found.append(Happening(str(key), start, end, level))
    return tuple(found)
