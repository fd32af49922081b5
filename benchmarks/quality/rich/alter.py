"""One detail of a scene changed: what a captioner gets wrong, and what a bad caption says."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from benchmarks.quality.rich.scenes import domains
from benchmarks.quality.rich.truth import Action, Entity, Extra, Scene
from benchmarks.quality.rich.words import counted_word, lists


@dataclass(frozen=True, slots=True)
class Change:
    """A scene with one detail changed. fault: which kind. path: which detail. words: what is new."""

    fault: str
    path: str
    scene: Scene
    old: str
    words: str


def get(thing: Any, path: str) -> Any:
    """What is at a dotted path: "props.0.side"."""
    for part in path.split("."):
        if thing is None:
            return None
        thing = thing[int(part)] if part.isdigit() else getattr(thing, part, None)
    return thing


def put(thing: Any, path: str, value: Any) -> Any:
    """A copy with another value at a path."""
    part, _, rest = path.partition(".")
    if part.isdigit():
        at = int(part)
        new = put(thing[at], rest, value) if rest else value
        return (*thing[:at], new, *thing[at + 1 :])
    new = put(getattr(thing, part), rest, value) if rest else value
    return replace(thing, **{part: new})


def _things(scene: Scene) -> Iterator[str]:
    """Paths of all that has attributes."""
    yield from ("agent", "other", "mover")
    for key in ("first", "second", "contact", "beside"):
        if isinstance(get(scene, f"{key}.patient"), Entity):
            yield f"{key}.patient"
    for at in range(len(scene.props)):
        yield f"props.{at}.entity"


def changes(scene: Scene, rng: Random) -> list[Change]:
    """Every change of a detail that this scene allows, each with one new value."""
    found = [
        *_attributes(scene, rng),
        *_counts(scene, rng),
        *_manners(scene),
        *_turns(scene),
        *_roles(scene),
        *_said(scene, rng),
        *_orders(scene),
        *_negations(scene),
        *_crossings(scene),
        *_inventions(scene, rng),
    ]
    return [c for c in found if c.scene != scene]


def _change(fault: str, scene: Scene, path: str, value: Any) -> Change:
    old = get(scene, path)
    words = " ".join(value) if isinstance(value, tuple) else str(value)
    return Change(fault, path, put(scene, path, value), str(old), words)


def _attributes(scene: Scene, rng: Random) -> Iterator[Change]:
    words = lists()
    paths = list(_things(scene))
    coloured = [f"{p}.garment.colour" for p in paths if get(scene, f"{p}.garment.colour")]
    coloured += [f"{p}.colour" for p in paths if get(scene, f"{p}.colour")]
    used = {get(scene, p) for p in coloured}
    free = [c for c in words["colours"] if c not in used]
    coats = [c for c in words["coats"] if c not in used]
    for path in coloured:
        alive = get(scene, path.removesuffix(".colour") + ".kind") == "animal"
        yield _change("attribute", scene, path, rng.choice(coats if alive else free))
    for at, one in enumerate(coloured):
        for two in coloured[at + 1 :]:
            a, b = get(scene, one), get(scene, two)
            if a != b:
                both = put(put(scene, one, b), two, a)
                yield Change("attribute", f"{one}+{two}", both, a, b)
    for path in paths:
        if material := get(scene, f"{path}.material"):
            others = [m for m in ("glass", "plastic", "wooden", "paper") if m != material]
            yield _change("attribute", scene, f"{path}.material", rng.choice(others))
        if age := get(scene, f"{path}.age"):
            yield _change(
                "attribute", scene, f"{path}.age", "elderly" if age == "young" else "young"
            )
        garment = get(scene, f"{path}.garment")
        if garment:
            taken = {get(scene, f"{k}.garment.noun") for k in ("agent", "other")}
            kinds = [g for g in ("kimono", "bathrobe", "wedding dress", "poncho") if g not in taken]
            swapped = replace(garment, noun=rng.choice(kinds), many=False)
            yield Change(
                "attribute",
                f"{path}.garment.noun",
                put(scene, f"{path}.garment", swapped),
                garment.noun,
                swapped.noun,
            )
    if scene.speech:
        voice = {"woman": "man", "man": "woman", "girl": "man", "boy": "woman"}[scene.speech.voice]
        yield _change("attribute", scene, "speech.voice", voice)
    if scene.music:
        music = words["music"]
        if scene.music.genre:
            genres = [g for g in music["genres"] if g != scene.music.genre]
            yield _change("attribute", scene, "music.genre", rng.choice(genres))
        leads = [x for x in music["solo"] if x != scene.music.lead]
        yield _change("attribute", scene, "music.lead", rng.choice(leads))


def _counts(scene: Scene, rng: Random) -> Iterator[Change]:
    for path in _things(scene):
        count = get(scene, f"{path}.count")
        told = "patient" in path or "props" in path
        if told and count is not None and not get(scene, f"{path}.mass"):
            new = rng.choice(
                [n for n in (2, 3, 4, 5, 6) if abs(n - count) > (1 if count > 1 else 0)]
            )
            change = _change("count", scene, f"{path}.count", new)
            yield replace(change, old=counted_word(count), words=counted_word(new))


def _manners(scene: Scene) -> Iterator[Change]:
    against, verbs = lists()["opposites"], lists()["opposite_verbs"]
    paths = [f"{k}.manner" for k in ("first", "second")]
    paths += [f"sounds.{at}.manner" for at in range(len(scene.sounds))]
    paths += ["speech.tone", "music.tempo", "music.mood"]
    for path in paths:
        old = get(scene, path)
        if old in against:
            yield _change("opposite", scene, path, against[old])
    for key in ("first", "second", "contact", "beside"):
        action: Action | None = getattr(scene, key)
        other = next((verbs[v] for v in action.verbs if v in verbs), None) if action else None
        if other and not (key == "contact" and isinstance(action and action.patient, str)):
            yield _change("opposite", scene, f"{key}.verbs", (other,))


def _turns(scene: Scene) -> Iterator[Change]:
    turned = lists()["turned"]
    paths = ["motion.direction", "camera.direction"]
    paths += [f"props.{at}.side" for at in range(len(scene.props))]
    for path in paths:
        old = get(scene, path)
        if old in turned:
            yield _change("direction", scene, path, turned[old])


def _roles(scene: Scene) -> Iterator[Change]:
    same = lists()["same"]["both_ways"]
    for key in ("contact", "beside"):
        action: Action | None = getattr(scene, key)
        if action and not any(v in same for v in action.verbs):
            who = put(put(scene, "agent", scene.other), "other", scene.agent)
            yield Change("role", key, who, scene.agent.head, scene.other.head)


def _said(scene: Scene, rng: Random) -> Iterator[Change]:
    if scene.text:
        texts: list[str] = domains()[scene.domain]["texts"]
        yield _change("quotation", scene, "text", rng.choice([x for x in texts if x != scene.text]))
    if not scene.speech:
        return
    languages = [x for x in lists()["speech"]["languages"] if x != scene.speech.language]
    yield _change("language", scene, "speech.language", rng.choice(languages))
    if scene.speech.code:
        yield _change("quotation", scene, "speech.words", scene.speech.changed)


def _orders(scene: Scene) -> Iterator[Change]:
    yield Change("order", "swapped", replace(scene, swapped=True), "", "")


def _negations(scene: Scene) -> Iterator[Change]:
    for key in ("first", "second", "contact", "beside", "speech", "music"):
        if getattr(scene, key):
            yield _change("negation", scene, f"{key}.negated", True)
    for at in range(len(scene.sounds)):
        yield _change("negation", scene, f"sounds.{at}.negated", True)
    for at in range(len(scene.props)):
        yield _change("negation", scene, f"props.{at}.negated", True)


def _crossings(scene: Scene) -> Iterator[Change]:
    for at, prop in enumerate(scene.props):
        if prop.noise:
            yield _change("cross-modal", scene, f"props.{at}.sounds", True)
    yield Change("cross-modal", "told.agent", replace(scene, extra=Extra("told", "agent")), "", "")
    if scene.props:
        told = replace(scene, extra=Extra("told", "prop"))
        yield Change("cross-modal", "told.prop", told, "", "")


def _inventions(scene: Scene, rng: Random) -> Iterator[Change]:
    words = lists()
    head, phrase = rng.choice(sorted(words["invented_seen"].items()))
    yield Change("invented", "seen", replace(scene, extra=Extra("seen", phrase)), "", head)
    verb, rest = rng.choice(sorted(words["invented_act"].items()))
    yield Change("invented", "act", replace(scene, extra=Extra("act", f"{verb} {rest}")), "", rest)
    source, verb = rng.choice(sorted(words["invented_heard"].items()))
    extra = Extra("heard", f"{source}: {verb}")
    yield Change("invented", "heard", replace(scene, extra=extra), "", source)
