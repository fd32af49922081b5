"""Scenes drawn from the domains: the same for a seed."""

import random
import tomllib
from dataclasses import replace
from functools import lru_cache
from typing import Any

from benchmarks.quality.rich.truth import (
    Action,
    Camera,
    Entity,
    Garment,
    Kind,
    Music,
    Prop,
    Scene,
    Sound,
    Speech,
)
from benchmarks.quality.rich.words import DATA, lists

_WITH_OTHER = 0.6
_WITH_SPEECH = 0.65
_WITH_MUSIC = 0.35
_WITH_CAMERA = 0.75
_WITH_TEXT = 0.5
_WITH_MOTION = 0.7
_ONE_SIDE = 0.06
"""Clips without a picture, and as many without sound."""
_GENDER = {"woman": "female", "girl": "female", "man": "male", "boy": "male"}
_CHILD = {"girl", "boy"}


@lru_cache(maxsize=1)
def domains() -> dict[str, dict[str, Any]]:
    """All domains by name."""
    found: dict[str, dict[str, Any]] = {}
    for name in ("indoors", "outdoors"):
        found |= tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))
    return found


def scenes(seed: int, number: int = 360) -> list[Scene]:
    """So many scenes, spread evenly over the domains."""
    names = sorted(domains())
    made = []
    for at in range(number):
        rng = random.Random(f"rich {seed} {at}")
        name = names[at % len(names)]
        made.append(_scene(f"{name}-{seed}-{at:03d}", name, domains()[name], rng))
    return made


def _scene(key: str, name: str, domain: dict[str, Any], rng: random.Random) -> Scene:
    persons = rng.sample(domain["people"], 2)
    animals = [p for p in domain["people"] if p.startswith("*")]
    if animals and not persons[0].startswith("*") and not persons[1].startswith("*"):
        persons[0] = rng.choice(animals)
    if persons[1].startswith("*") and not persons[0].startswith("*"):
        persons.reverse()
    agent, other = (_somebody(p, domain, rng) for p in persons)
    if agent.garment and other.garment and agent.garment.noun == other.garment.noun:
        spare = [g for g in domain["garments"] if g.split("/")[0] != agent.garment.noun]
        other = _somebody(persons[1], {**domain, "garments": spare}, rng)
    lines = [x for x in rng.sample(domain["acts"], len(domain["acts"])) if _fits(x, agent)]
    (first, heard_first), (second, heard_second) = (
        _act(line, "agent", agent, rng) for line in lines[:2]
    )
    left = [x for x in domain["acts"] if _fits(x, other) and x not in lines[:2]]
    together = rng.random() < _WITH_OTHER
    contact = beside = None
    if together or not left:
        contact = _contact(rng.choice(domain["contacts"]), rng)
    else:
        beside, _ = _act(rng.choice(left), "other", other, rng)
        beside = replace(beside, manner=None)
    off = _sound(rng.choice(domain["offs"]), agent, rng, far=True)
    sounds, ordered = _sounds(heard_first, heard_second, off, rng)
    used = {s.source.head for s in sounds} | _heads(first, second, beside, contact)
    used |= {agent.head, other.head}
    props = _props(domain["props"], used, rng)
    used |= {p.entity.head for p in props}
    moves = [m for m in domain["moves"] if _word(m) not in used] or domain["moves"]
    mover, motion = _motion(rng.choice(moves), rng)
    chance = rng.random()
    return Scene(
        id=key,
        domain=name,
        place=rng.choice(domain["places"]),
        agent=agent,
        other=other,
        first=first,
        second=second,
        contact=contact,
        beside=beside,
        props=props,
        mover=mover,
        motion=motion if rng.random() < _WITH_MOTION else None,
        camera=_camera(rng) if rng.random() < _WITH_CAMERA else None,
        text=rng.choice(domain["texts"]) if rng.random() < _WITH_TEXT else None,
        sounds=sounds,
        ordered=ordered,
        speech=_speech(domain, agent, rng) if rng.random() < _WITH_SPEECH else None,
        music=_music(rng) if rng.random() < _WITH_MUSIC else None,
        sides="heard" if chance < _ONE_SIDE else "seen" if chance > 1 - _ONE_SIDE else "both",
    )


def _word(spec: str) -> str:
    return spec.split("/")[0].split("!")[0].strip()


def _heads(*actions: Action | None) -> set[str]:
    return {a.patient.head for a in actions if a and isinstance(a.patient, Entity)}


def _fits(line: str, agent: Entity) -> bool:
    """What starts with "*" only animals do."""
    return not line.startswith("*") or agent.kind == "animal"


def thing(spec: str, rng: random.Random, kind: Kind = "thing") -> Entity:
    """A thing from "head/flags:options": c colour, n number, m material, p plural, u mass."""
    head, _, marks = spec.strip().partition("/")
    flags, _, options = marks.partition(":")
    choices = options.split(",") if options else []
    colours = choices if choices and "m" not in flags else lists()["colours"]
    size = rng.choice(lists()["sizes"]) if "c" in flags and rng.random() < 0.15 else None
    return Entity(
        head.strip(),
        kind=kind,
        colour=rng.choice(colours) if "c" in flags and ("m" not in flags or not choices) else None,
        material=rng.choice(choices) if "m" in flags else None,
        size=size,
        count=None if "p" in flags else rng.randint(2, 5) if "n" in flags else 1,
        mass="u" in flags,
    )


def _somebody(spec: str, domain: dict[str, Any], rng: random.Random) -> Entity:
    if spec.startswith("*"):
        return thing(spec[1:], rng, "animal")
    garment, _, flags = rng.choice(domain["garments"]).partition("/")
    gender = _GENDER.get(spec) or rng.choice(["female", "male"])
    age = rng.choice(lists()["ages"]) if spec not in _CHILD and rng.random() < 0.6 else None
    colour = rng.choice(lists()["garment_colours"])
    return Entity(
        spec,
        kind="person",
        gender="female" if gender == "female" else "male",
        age=age,
        garment=Garment(garment, colour, "p" in flags),
    )


def _act(line: str, key: str, agent: Entity, rng: random.Random) -> tuple[Action, Sound]:
    done, _, heard = line.partition("~")
    verbs, patient, rest = (part.strip() for part in done.lstrip("*").split(">"))
    manner = rng.choice(lists()["manners"]["seen"]) if rng.random() < 0.45 else None
    action = Action(key, tuple(verbs.split("|")), thing(patient, rng), rest, manner=manner)
    return action, _sound(heard, agent, rng, far=False)


def _sound(line: str, agent: Entity, rng: random.Random, far: bool) -> Sound:
    source, verbs, *rest = (part.strip() for part in line.split(":"))
    own = source == "@"
    made = Entity(agent.head, kind=agent.kind) if own else thing(source, rng)
    said = tuple(verbs.split("|"))
    listed: list[str] = lists()["manners"]["heard"]
    barred = _barred(said)
    manners = [m for m in listed if m not in barred]
    return Sound(
        made,
        said,
        rest[0] if rest else "",
        manner=rng.choice(manners) if rng.random() < 0.75 else None,
        far=rng.choice(["in the background", "in the distance", ""]) if far else "",
        maker="agent" if own else None,
    )


def _barred(verbs: tuple[str, ...]) -> set[str]:
    """Manners that do not go with these verbs."""
    words = lists()["manners"]
    barred = set()
    if any(v in words["once"] for v in verbs):
        barred |= {"rapidly", "steadily", "briefly"}
    if any(v in words["loud"] for v in verbs):
        barred |= {"softly", "faintly"}
    if not all(v in words["fast"] for v in verbs):
        barred.add("rapidly")
    if any(v in words["single"] for v in verbs):
        barred.add("repeatedly")
    return barred


def _sounds(
    first: Sound, second: Sound, off: Sound, rng: random.Random
) -> tuple[tuple[Sound, ...], bool]:
    """Two or three sounds; those of the two actions come in their order."""
    kept = [first, second] if first.source.head != second.source.head else [first]
    heads = {s.source.head for s in kept}
    apart = off.source.head not in heads and not any(
        word in head.split() for head in heads for word in off.source.head.split()
    )
    if apart and (len(kept) == 1 or rng.random() < 0.6):
        kept.append(off)
    return tuple(kept), first.source.head != second.source.head


def _contact(line: str, rng: random.Random) -> Action:
    verbs, patient, rest = (part.strip() for part in line.split(">"))
    said = tuple(verbs.split("|"))
    if patient == "@":
        return Action("agent", said, "other")
    return Action("agent", said, thing(patient, rng), receiver="other", rest=rest.split(" ")[0])


def _props(specs: list[str], used: set[str], rng: random.Random) -> tuple[Prop, ...]:
    words = {w for head in used for w in head.split()}
    free = [s for s in specs if not words & set(_word(s).split())]
    picked = rng.sample(free, min(rng.choice([1, 2, 2]), len(free)))
    sides = rng.sample(["left", "right"], 2)
    made = []
    for spec, side in zip(picked, sides, strict=False):
        entity, _, noise = spec.partition("!")
        made.append(Prop(thing(entity, rng), "left" if side == "left" else "right", noise.strip()))
    return tuple(made)


def _motion(line: str, rng: random.Random) -> tuple[Entity, Action]:
    spec, verb = line.rsplit(":", 1)
    mover = thing(spec, rng)
    where = rng.choice(lists()["directions"]["motion"])
    return mover, Action("mover", (verb.strip(),), direction=where)


def _camera(rng: random.Random) -> Camera:
    moves: list[str] = ["zoom", "pan", "tilt"]
    move = rng.choice(moves)
    where = rng.choice(lists()["directions"][move])
    return Camera("zoom" if move == "zoom" else "pan" if move == "pan" else "tilt", where)


def _speech(domain: dict[str, Any], agent: Entity, rng: random.Random) -> Speech:
    own = agent.head in _GENDER and rng.random() < 0.8
    voice = agent.head if own else rng.choice(["woman", "man"])
    foreign: dict[str, list[str]] = lists()["foreign"]
    language = "English" if rng.random() < 0.6 else rng.choice(sorted(foreign))
    line = rng.choice(domain["says"] if language == "English" else foreign[language])
    words, _, changed = line.partition(" => ")
    tone = rng.choice(lists()["speech"]["tones"]) if rng.random() < 0.8 else None
    code = lists()["speech"]["codes"].get(language)
    return Speech(voice, language, tone, words, changed, code, own)


def _music(rng: random.Random) -> Music:
    words = lists()["music"]
    mood = rng.choice(words["moods"])
    tempos = ["slow"] if mood in ("melancholic", "relaxed") else ["fast"]
    return Music(
        rng.choice(words["genres"]),
        rng.choice(words["solo"]),
        rng.choice(words["with"]) if rng.random() < 0.6 else None,
        rng.choice(tempos) if rng.random() < 0.6 else None,
        mood,
    )
