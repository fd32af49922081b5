"""What is in each clip of the truth bench's real part: the scenarios, without media.

The same seed plans the same clips. A scenario's lists say what meets what; times, levels and backgrounds
that nothing hangs on are drawn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from benchmarks.quality.known import Happening, Truth
from benchmarks.quality.real import sound as real_sound
from benchmarks.quality.real.sources import Picture, Sound, pictures, sounds

_MUSIC = ("cold_day", "robot_dity", "simplicity", "morning_coffee", "system")
_ALWAYS_UNSURE = frozenset(("silence",))
PLAIN = ("0x6f8fa8", "0xd8d2c4", "0x88a878", "0xb8b8b8", "0xf2f2f2")
"""Colours behind cut-outs."""
SCENES = ("meadow", "mountains", "dandelions")
"""Photographs behind cut-outs of animals."""


@dataclass(frozen=True, slots=True)
class Event:
    """A sound in a clip. times: how often, with pauses; most_ms: cut, or if steady filled, to this."""

    sound: str
    start_ms: int
    level_db: float = -4
    most_ms: int = 6000
    times: int = 1


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip to make. picture: a name of pictures.toml, "black", or None; behind: a colour or the
    name of a photograph; copies: of a cut-out; sounding: whether there is a sound track. decided: the
    picture tells what the sound alone leaves open."""

    scenario: str
    events: tuple[Event, ...] = ()
    picture: str | None = None
    behind: str | None = None
    copies: int = 1
    still: bool = False
    sounding: bool = True
    decided: bool = False
    duration_ms: int = 6000

    @property
    def name(self) -> str:
        """Of its file, without number and suffix."""
        told = [event.sound for event in self.events] or ["no-sound" if self.sounding else ""]
        told += [self.picture or "", f"x{self.copies}" if self.copies > 1 else ""]
        return "-".join([self.scenario.replace(",", "").replace(" ", "-"), *filter(None, told)])


@cache
def everything() -> Mapping[str, Sound]:
    """All sounds by name: recorded, spoken, played, made by numbers."""
    return {**sounds(), **real_sound.sources()}


def plan(seed: int = 11) -> list[Clip]:
    """The clips of the bench, in order."""
    random = np.random.default_rng(seed)
    parts = (
        *(_alone(), _several(random), _counts(), _voices(), _pictured(random), _unseen(random)),
        _drawn(random),
    )
    return [_placed(clip, random) for part in parts for clip in part]


def _placed(clip: Clip, random: np.random.Generator) -> Clip:
    """With a background behind a cut-out that has none."""
    if clip.picture in (None, "black") or clip.behind or not pictures()[clip.picture or ""].cut:
        return clip
    file = pictures()[clip.picture or ""].file
    behind = (
        SCENES if file.startswith("animals/") and clip.copies == 1 and not clip.still else PLAIN
    )
    return replace(clip, behind=str(random.choice(behind)))


_ELSEWHERE = (
    *("cow", "white_cow", "lamb", "golden_pig", "mallet", "birdsong_1", "birdsong_2", "birdsong_3"),
    *("war_drums", "horn_2", "horn_7", "wolf_4", "small_fire", "flush", "traffic_2", "traffic_3"),
)
"""Recordings of classes of which another one is heard alone."""


def _alone() -> Iterator[Clip]:
    """One event, sound only: recordings, music, what is made by numbers."""
    for sound in sounds().values():
        if sound.name not in _ELSEWHERE and sound.name not in _MUSIC:
            times = 1 if sound.once or sound.steady else 2
            event = Event(sound.name, 400, times=times, most_ms=2400 if times == 2 else 5000)
            yield Clip("one event", (event,))
    for name in real_sound.INSTRUMENTS:
        yield Clip("music", (Event(f"plays_{name}", 0, most_ms=8000),), duration_ms=8000)
    for name in _MUSIC[:4]:
        yield Clip("music", (Event(name, 0, most_ms=9000),), duration_ms=9000)
    for name in ("white_noise", "sine", "siren", "dial_tone", "busy_tone", "morse", "heartbeat"):
        yield Clip("made by numbers", (Event(name, 500),), duration_ms=7000)


_PAIRS = (
    ("dog", "doorbell"),
    ("thunderbolt", "horse"),
    ("rooster", "hooves"),
    ("gunshot", "crow"),
    ("laughing_man", "bell"),
    ("train", "horn_1"),
    ("flush", "door"),
    ("elephant", "war_drums"),
)
_AT_ONCE = (
    ("campfire", "wolf_4"),
    ("traffic_2", "fire_engine"),
    ("shower", "laughing_man"),
    ("traffic_3", "crow"),
    ("small_fire", "owl"),
    ("train", "donkey"),
)
_ORDERED = (("dog", "cat"), ("bell", "seagull"), ("camera", "explosion"), ("cow", "thunderbolt"))
_TRIPLES = (
    ("dog", "cat", "rooster"),
    ("doorbell", "dog", "door"),
    ("thunderbolt", "horse", "hooves"),
    ("gunshot", "crow", "horn_2"),
    ("lion", "elephant", "chimpanzee"),
    ("hammer", "saw", "mallet"),
    ("birdsong_2", "cuckoo", "frog"),
    ("coins", "bell", "laughing_man"),
)


def _several(random: np.random.Generator) -> Iterator[Clip]:
    """Two and three events at times and levels of their own."""
    for pair in _PAIRS:
        yield Clip("two events", _in_turn(pair, random), duration_ms=8000)
    for pair in _ORDERED:
        for order in (pair, pair[::-1]):
            yield Clip("order matters", _in_turn(order, random), duration_ms=8000)
    for under, over in _AT_ONCE:
        ground = Event(under, 0, -14, 8000)
        yield Clip("two events at once", (ground, Event(over, 2500, -4, 4000)), duration_ms=8000)
    for triple in _TRIPLES:
        yield Clip("three events", _in_turn(triple, random), duration_ms=12_000)


def _in_turn(names: Sequence[str], random: np.random.Generator) -> tuple[Event, ...]:
    """Events four seconds apart, of drawn levels."""
    found = []
    for slot, name in enumerate(names):
        start = 4000 * slot + 100 * int(random.integers(2, 8))
        level = float(random.choice((-3, -8, -13)))
        found.append(Event(name, start, level, 3000))
    return tuple(found)


def _counts() -> Iterator[Clip]:
    """So many sounds, so many things."""
    for name in ("beeps_2", "beeps_3", "beeps_4", "beeps_5", "clicks_3", "clicks_4", "clicks_6"):
        yield Clip("count matters", (Event(name, 600),))
    for name, times in (("bell", 2), ("gunshot", 3), ("doorbell", 2), ("cow", 2), ("hammer", 4)):
        yield Clip("count matters", (Event(name, 500, times=times),), duration_ms=7000)
    yield Clip("count matters", (Event("touch_tones", 600),))
    for name, copies in (("apple", 3), ("blue_car", 2), ("teapot", 2), ("duck", 4), ("banana", 2)):
        yield Clip("count matters", picture=name, copies=copies, still=True, sounding=False)
    yield Clip("count matters", picture="two_dogs", still=True, sounding=False)


_OVER = ("dialed", "first", "recipe", "museum", "ferry", "night", "market", "french")


def _voices() -> Iterator[Clip]:
    """Speech alone, over music, after another sound, and while something else is seen."""
    for name in real_sound.SENTENCES:
        yield Clip("speech", (Event(f"says_{name}", 300, -5, 11_000),), duration_ms=0)
    for at, name in enumerate(_OVER):
        under = _MUSIC[at % len(_MUSIC)]
        said = Event(f"says_{name}", 800, -4, 11_000)
        yield Clip("speech over music", (Event(under, 0, -16, 12_000), said), duration_ms=0)
    for before, name in (("doorbell", "library"), ("dog", "dog"), ("thunderbolt", "storm")):
        events = (Event(before, 300, -6, 2500), Event(f"says_{name}", 3500, -5, 8000))
        yield Clip("speech and a sound", events, duration_ms=0)


_MATCHED = (
    *(
        "dog",
        "cow",
        "horse",
        "lion",
        "elephant",
        "rooster",
        "duck",
        "frog",
        "pig",
        "crow",
        "turkey",
    ),
    *("fire_engine", "violin", "drum_kit", "toilet", "cat"),
)
_CONFUSABLE = (
    *(("goat", "goat"), ("sheep", "sheep"), ("bear", "bear"), ("tiger", "tiger"), ("owl", "owl")),
    *(("sea_lion", "sea_lion"), ("cello", "cello"), ("trumpet", "trumpet_note"), ("hen", "hen")),
    *(("hornet", "hornet"), ("grasshopper", "grasshopper"), ("racing_car", "race_car")),
    *(("guitar", "guitar_note"), ("chimpanzee", "chimpanzee"), ("camera", "camera")),
)
_CONTRADICTING = (
    *(("dog", "white_cow"), ("cow", "dog"), ("horse", "rooster"), ("cat", "lion"), ("duck", "pig")),
    *(("fire_engine", "sheep"), ("violin", "war_drums"), ("toilet", "horn_7"), ("bus", "donkey")),
    *(("motorcycle", "seagull"), ("elephant", "bee")),
)
_SILENT_BESIDE = (
    *(
        ("dog", "birdsong_1"),
        ("cow", "says_museum"),
        ("rooster", "traffic_1"),
        ("lion", "cold_day"),
    ),
    *(("guitar", "says_recipe"), ("sleeping_cat", "tap"), ("motorcycle", "birdsong_3")),
    *(("photographer", "says_weather"), ("clock", "simplicity"), ("drum_kit", "blackbird")),
)
_SILENT_ALONE = ("two_dogs", "horse", "fire_engine", "donkey")
_OFF_SCREEN = (
    *(("skyscrapers", "fire_engine"), ("meadow", "cow"), ("mountains", "thunderbolt")),
    *(
        ("arches", "bell"),
        ("pagoda", "cuckoo"),
        ("sunset", "grasshopper"),
        ("coffee", "laughing_man"),
    ),
    *(("launch_pad", "explosion"), ("wine_room", "doorbell"), ("dandelions", "lamb")),
)


def _pictured(random: np.random.Generator) -> Iterator[Clip]:
    """Sound that fits the picture, explains it, contradicts it, or comes from elsewhere."""
    for name in _MATCHED:
        yield Clip("source in view", _shown(name, random), name)
    for picture, sound in _CONFUSABLE:
        yield Clip("confusable sound", _shown(sound, random), picture, decided=True)
    for picture, sound in _CONTRADICTING:
        yield Clip("contradicting sound", _shown(sound, random), picture)
    for picture, sound in _SILENT_BESIDE:
        yield Clip("silent visible source", (Event(sound, 300, -6, 5500),), picture)
    for picture in _SILENT_ALONE:
        yield Clip("silence", picture=picture)
    for picture, sound in _OFF_SCREEN:
        yield Clip("off-screen sound", _shown(sound, random), picture)


def _shown(name: str, random: np.random.Generator) -> tuple[Event, ...]:
    start = 100 * int(random.integers(2, 12))
    times = 1 if everything()[name].steady or everything()[name].once else 2
    return (Event(name, start, float(random.choice((-3, -6, -10))), 2200 * (3 - times), times),)


_FILMS = (
    *(
        "zebra",
        "giraffe",
        "bus",
        "airliner",
        "koala",
        "two_towers",
        "stream",
        "nuthatch",
        "astronaut",
    ),
    *("camel", "sports_car", "seagull"),
)
_STILLS = (
    *("dahlia", "kiwi_fruit", "brushes", "fig", "launch_pad", "photographer", "pagoda", "coffee"),
    *(
        "kangaroo",
        "penguin",
        "rabbit",
        "balloon",
        "pineapple",
        "strawberry",
        "broccoli",
        "basketball",
    ),
    *("football", "orange", "pickup"),
)


def _unseen(random: np.random.Generator) -> Iterator[Clip]:
    """Picture only, stills, a black picture."""
    for name in _FILMS:
        yield Clip("picture only", picture=name, sounding=False)
    for name in _STILLS:
        yield Clip("still", picture=name, still=True, sounding=False)
    for name in ("golden_pig", "birdsong_2", "system", "says_sorry", "fireworks"):
        events = (Event(name, 400, -4, 5000),) if name == "says_sorry" else _shown(name, random)
        yield Clip("black picture", events, "black")


_DRAWN = {"drawn sounds": 74, "drawn sound and picture": 100, "drawn speech and picture": 40}


def _drawn(random: np.random.Generator) -> Iterator[Clip]:
    """Two sounds, sounds and a picture, speech and a picture, each drawn among all there are."""
    recorded = [name for name in sounds() if name not in _MUSIC]
    sights = [name for name, picture in pictures().items() if picture.film is None]

    def some(of: Sequence[str], count: int) -> list[str]:
        return [str(name) for name in random.choice(of, count, replace=False)]

    for _ in range(_DRAWN["drawn sounds"]):
        yield Clip("drawn sounds", _in_turn(some(recorded, 2), random), duration_ms=8000)
    for at in range(_DRAWN["drawn sound and picture"]):
        (picture,), heard = some(sights, 1), some(recorded, 1 + at % 2)
        yield Clip("drawn sound and picture", _in_turn(heard, random), picture, duration_ms=8000)
    pairs = [f"{picture}/{name}" for picture in sights for name in real_sound.SENTENCES]
    for pair in some(pairs, _DRAWN["drawn speech and picture"]):
        picture, name = pair.split("/")
        said = (Event(f"says_{name}", 300, -5, 11_000),)
        yield Clip("drawn speech and picture", said, picture, duration_ms=0)


def truth(clip: Clip, ends_ms: Sequence[int]) -> Truth:
    """What is in a clip. ends_ms: where its events end."""
    heard, unsure, spoken = [], set(_ALWAYS_UNSURE), []
    for event, end in zip(clip.events, ends_ms, strict=True):
        sound = everything()[event.sound]
        count = sound.once * event.times if sound.once else None
        heard += [Happening(key, event.start_ms, end, event.level_db, count) for key in sound.heard]
        unsure |= set() if clip.decided else sound.unsure
        if sentence := real_sound.SENTENCES.get(event.sound.removeprefix("says_")):
            spoken += [sentence.text] if event.sound.startswith("says_") else []
    seen, doubtful, makes = _seen(clip)
    told = {one.key for one in heard} | {one.key for one in seen}
    return Truth(
        heard=tuple(heard),
        seen=seen,
        unsure=frozenset(unsure | doubtful) - told,
        spoken=" ".join(spoken) or None,
        silent=makes - {one.key for one in heard},
    )


def _seen(clip: Clip) -> tuple[tuple[Happening, ...], frozenset[str], frozenset[str]]:
    """What is seen, what nobody can decide of it, and what it would be heard to do."""
    if clip.picture is None:
        return (), frozenset(), frozenset()
    if clip.picture == "black":
        return (Happening("black_picture"),), frozenset(), frozenset()
    picture = pictures()[clip.picture]
    counts = dict(picture.count)
    if picture.cut:
        counts[picture.seen[0]] = clip.copies
    seen = [Happening(key, count=counts.get(key)) for key in picture.seen]
    doubtful = picture.unsure
    if clip.behind and clip.behind in pictures():
        behind = pictures()[clip.behind]
        seen += [Happening(key) for key in behind.seen]
        doubtful |= behind.unsure
    return tuple(seen), doubtful, picture.makes


def sources(clip: Clip) -> tuple[str, ...]:
    """The recordings, voices and pictures of a clip, by package and file; a photograph that stands behind
    another picture is none."""
    used: list[Sound | Picture] = [everything()[event.sound] for event in clip.events]
    if clip.picture and clip.picture != "black":
        used.append(pictures()[clip.picture])
    return tuple(dict.fromkeys(f"{source.package}/{source.file}" for source in used))


def unique_sources(clips: Iterable[Clip]) -> dict[str, set[str]]:
    """By key of what is heard or seen: the recordings and pictures that show it."""
    found: dict[str, set[str]] = {}
    for clip in clips:
        for event in clip.events:
            sound = everything()[event.sound]
            for key in sound.heard:
                found.setdefault(key, set()).add(f"{sound.package}/{sound.file}")
        if clip.picture and clip.picture != "black":
            shown = [clip.picture, *([clip.behind] if clip.behind in pictures() else [])]
            for picture in (pictures()[str(name)] for name in shown):
                for key in picture.seen:
                    found.setdefault(key, set()).add(f"{picture.package}/{picture.file}")
    return found
