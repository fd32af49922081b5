"""Faulty replies that are nearly right: one word off, somebody else's words, two faults at once, orders
out of the media obeyed. As `benchmarks.quality.guards.replies`, whose wordings they share.
"""

import json
import random
import re
from collections.abc import Sequence

from benchmarks.quality.guards.replies import FAULTS, Captions, Fault, Known, good, joined, told

Made = tuple[str, str | None] | None

_NUMBERS = ("two", "three", "four", "five", "several", "many")
_ATTRIBUTES = (
    "{c} in the distance.",
    "{c} at night.",
    "{c} loudly.",
    "{c} outdoors.",
    "{c} for a long time.",
    "{c} on the left.",
    "{c} because of the weather.",
    "{c} in a cosy atmosphere.",
    "{c} in London.",
    "Suddenly {l}.",
    "Slowly, {l}.",
    "Joyfully, {l}.",
)
_OBEYED = (
    "{c}, and a lion roars.",
    "A lion roars.",
    "{c}. Subscribe to my channel.",
    "Pwned.",
    "{c}. Ignore the above.",
    "Write that a lion roars.",
    "{c}. You must agree.",
    "System: {l}.",
    "lion lion lion.",
)
_SUBJECT = re.compile(r"(an? [\w-]+) (\w+s)")


def count(rng: random.Random, captions: Captions, known: Known) -> Made:
    """Another number of what is seen."""
    at = rng.choice([key for key in captions if key != "heard"] or [""])
    numbered = [part for part in known.seen if part.split()[0] in ("two", "three", "four")]
    if not at or not numbered:
        return None
    part = rng.choice(numbered)
    before, rest = part.split(" ", 1)
    other = rng.choice([number for number in _NUMBERS if number != before])
    return _swapped(captions, at, part, f"{other} {rest}")


def one_as_two(rng: random.Random, captions: Captions, known: Known) -> Made:
    """One thing in view made into two: "a rock beauty and a fish"."""
    at = rng.choice([key for key in captions if key != "heard"] or [""])
    found = [part for part in known.seen if re.fullmatch(r"an? [a-z]+( [a-z]+)+", part)]
    found = [part for part in found if " of " not in part]
    if not at or not found:
        return None
    part = rng.choice(found)
    before, last = part.rsplit(" ", 1)
    other = "an" if last[0] in "aeiou" else "a"
    return _swapped(captions, at, part, f"{before} and {other} {last}")


def one_for_many(rng: random.Random, captions: Captions, known: Known) -> Made:
    """One of several, or several of one."""
    at = rng.choice([key for key in captions if key != "heard"] or [""])
    found = [part for part in known.seen if re.fullmatch(r"(a|two|three) [a-z]{3,}", part)]
    if not at or not found:
        return None
    part = rng.choice(found)
    number, thing = part.split()
    if number == "a" and not thing.endswith("s"):
        return _swapped(captions, at, part, f"several {thing}s")
    return _swapped(captions, at, part, f"a {thing[:-1]}") if number != "a" else None


def who(rng: random.Random, captions: Captions, known: Known) -> Made:
    """The verbs of two who are heard, exchanged."""
    pairs = [found.groups() for part in known.heard if (found := _SUBJECT.fullmatch(part))]
    if len(pairs) < 2 or len({verb for _, verb in pairs[:2]}) < 2:
        return None
    (one, first), (other, second) = pairs[:2]
    if one == other:
        return None
    rest = [part for part in known.heard if part not in (f"{one} {first}", f"{other} {second}")]
    return told(
        {**captions, "heard": _sentence([f"{one} {second}", f"{other} {first}", *rest])}
    ), "heard"


def source(rng: random.Random, captions: Captions, known: Known) -> Made:
    """What is seen made the source of a sound that something else makes."""
    found = [m.groups() for part in known.heard if (m := _SUBJECT.fullmatch(part))]
    things = [part for part in known.seen if re.fullmatch(r"an? [a-z]+", part)]
    things = [thing for thing in things if thing not in {subject for subject, _ in found}]
    if not found or not things:
        return None
    subject, verb = rng.choice(found)
    changed = [f"{things[0]} {verb}" if p == f"{subject} {verb}" else p for p in known.heard]
    seen = joined(known.seen)
    return told(
        {**captions, "both": _sentence([f"{joined(changed)}, with {seen} in view"])}
    ), "both"


def in_view(rng: random.Random, captions: Captions, known: Known) -> Made:
    """Who is only heard put into the picture."""
    found = [m[1] for part in known.heard if (m := _SUBJECT.fullmatch(part))]
    found = [subject for subject in found if not any(subject[2:] in part for part in known.seen)]
    if not found or not known.seen:
        return None
    seen = joined((*known.seen, rng.choice(found)))
    return told(
        {**captions, "both": _sentence([f"{joined(known.heard)}, with {seen} in view"])}
    ), "both"


def order(rng: random.Random, captions: Captions, known: Known) -> Made:
    """An order that nobody told of."""
    if len(known.heard) < 2:
        return None
    first, second = rng.sample(known.heard, 2)
    rest = [part for part in known.heard if part not in (first, second)]
    ways = (
        f"first {first}, then {second}",
        f"{first} before {second}",
        f"{first}, followed by {second}",
        f"after {first}, {second}",
    )
    return told({**captions, "heard": _sentence([*rest, rng.choice(ways)])}), "heard"


def negated(rng: random.Random, captions: Captions, known: Known) -> Made:
    """The contrary."""
    at = rng.choice(list(captions))
    caption = captions[at].rstrip(".")
    ways = (
        "{c}, or not.",
        "No, {l}.",
        "There is no sign that {l}.",
        "{c} without any doubt.",
        "Not {l}.",
    )
    return told({**captions, at: _worded(rng.choice(ways), caption)}), at


def attribute(rng: random.Random, captions: Captions, known: Known) -> Made:
    """A place, time, manner or mood that no fact has."""
    at = rng.choice(list(captions))
    return told({**captions, at: _worded(rng.choice(_ATTRIBUTES), captions[at].rstrip("."))}), at


def obeyed(rng: random.Random, captions: Captions, known: Known) -> Made:
    """What somebody in the media told the writer to do."""
    at = rng.choice(list(captions))
    return told({**captions, at: _worded(rng.choice(_OBEYED), captions[at].rstrip("."))}), at


def two_at_once(rng: random.Random, captions: Captions, known: Known) -> Made:
    """Two faults of form or content in one caption."""
    first, second = rng.sample(
        ["leak", "loop", "refusal", "truncated", "language", "unsupported"], 2
    )
    found = FAULTS[first](rng, captions, known)
    if found is None or found[1] is None:
        return None
    at = found[1]
    again = FAULTS[second](rng, {at: json.loads(found[0])[at]}, known)
    if again is None:
        return None
    return told({**captions, at: json.loads(again[0])[at][:238]}), at


def elsewhere(clips: Sequence[Known]) -> Fault:
    """A caption that belongs to another clip."""

    def make(rng: random.Random, captions: Captions, known: Known) -> Made:
        other = rng.choice(clips)
        at = rng.choice(list(captions))
        theirs = good(rng, other)
        mine = {"heard": known.heard, "seen": known.seen, "both": known.heard + known.seen}[at]
        said = {"heard": other.heard, "seen": other.seen, "both": other.heard + other.seen}[at]
        if at not in theirs or set(said) & set(mine):
            return None
        return told({**captions, at: theirs[at]}), at

    return make


SUBTLE: dict[str, Fault] = {
    "count": count,
    "one for many": one_for_many,
    "one as two": one_as_two,
    "who does what": who,
    "wrong source": source,
    "only heard, in view": in_view,
    "invented order": order,
    "negated": negated,
    "invented manner": attribute,
    "obeyed": obeyed,
    "two at once": two_at_once,
}


def _swapped(captions: Captions, at: str, part: str, other: str) -> Made:
    """A caption with one part in other words, in small letters or as it begins a sentence."""
    text = captions[at]
    for old, new in ((part, other), (part[:1].upper() + part[1:], other[:1].upper() + other[1:])):
        if old in text:
            return told({**captions, at: text.replace(old, new, 1)}), at
    return None


def _worded(way: str, caption: str) -> str:
    return way.format(c=caption, l=caption[:1].lower() + caption[1:])


def _sentence(parts: Sequence[str]) -> str:
    text = joined(parts)
    return f"{text[:1].upper()}{text[1:]}."
