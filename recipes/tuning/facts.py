"""Made-up facts for the tuning of the writer, each with the ways in which a caption may say it.

A `Piece` knows its evidence text and the grammar that a person would know: "a dog barks" may be told as
"a dog is barking", and within a sentence as "a dog barking" or "the barking of a dog". The writer sees
the evidence text alone.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from manifests.evidence import Kind

_HERE = Path(__file__).parent
_DOUBLES = frozenset(
    [
        "hum",
        "run",
        "skip",
        "clap",
        "stop",
        "drip",
        "hit",
        "chat",
        "rap",
        "dig",
        "pop",
        "snap",
        "flap",
        "spin",
        "rev",
        "pat",
        "tap",
        "trap",
        "slam",
        "thud",
        "chop",
        "drop",
        "sit",
        "swim",
        "jog",
        "nod",
        "beg",
        "whir",
        "yip",
        "clop",
        "strum",
        "put",
        "throb",
        "drum",
        "grin",
        "ship",
        "shut",
        "cut",
        "scrub",
        "plod",
        "quit",
        "wag",
        "hop",
    ]
)
_VOWEL_Y = re.compile(r"[aeiou]y$")


@dataclass(frozen=True)
class Piece:
    """One fact. text: as evidence. clauses: ways to tell it as a clause with a finite verb, nouns: as
    a noun phrase; either may be empty for what is seen, clauses never for what is heard. brief: as in
    a headline. subject: who speaks, for speech of which nothing else is told. plural: of the nouns.
    """

    text: str
    kind: Kind
    clauses: tuple[str, ...]
    nouns: tuple[str, ...]
    brief: str
    plural: bool = False
    subject: str = ""


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The lists that facts are put together from."""
    return tomllib.loads((_HERE / "words.toml").read_text(encoding="utf-8"))


def third(verb: str) -> str:
    """Third person, "barks" for "bark"; the first word of a phrase is the verb."""
    first, space, rest = verb.partition(" ")
    if first.endswith(("s", "sh", "ch", "x", "z")) or first in ("go", "do", "echo"):
        first += "es"
    elif first.endswith("y") and not _VOWEL_Y.search(first):
        first = first[:-1] + "ies"
    else:
        first += "s"
    return first + space + _later(rest, third)


def gerund(verb: str) -> str:
    """Gerund, "barking" for "bark"."""
    first, space, rest = verb.partition(" ")
    if first.endswith("ie"):
        first = first[:-2] + "y"
    elif first.endswith("e") and not first.endswith(("ee", "oe", "ye")):
        first = first[:-1]
    elif first in _DOUBLES:
        first += first[-1]
    return first + "ing" + space + _later(rest, gerund)


def _later(rest: str, form: Any) -> str:
    """Second verbs of a phrase: "idle then rev", "start and stop"."""
    found = re.match(r"(.*\b(?:then|and) )(rev|stop|slow)\b(.*)", rest)
    return f"{found[1]}{form(found[2])}{found[3]}" if found else rest


def with_article(noun: str) -> str:
    """With its article: "an engine", "a uniform"."""
    vowel = noun[0].lower() in "aeiou" and not noun.startswith(("uni", "use", "eu", "one"))
    return f"{'an' if vowel else 'a'} {noun}"


def without_article(text: str) -> str:
    """Without its article: "dog barking" for "a dog barking"."""
    return re.sub(r"^(?:an?|the) ", "", text)


def clause(
    rng: random.Random, subject: str, plural: bool, verb: str, rest: str = "", kind: Kind = "sound"
) -> Piece:
    """A piece of "subject verb rest", worded as evidence in one of the ways that captioners do."""
    tail = f" {rest}" if rest else ""
    be = "are" if plural else "is"
    simple = f"{subject} {verb if plural else third(verb)}{tail}"
    going = f"{gerund(verb)}{tail}"
    progressive = f"{subject} {be} {going}"
    written = rng.choices(
        (
            simple,
            progressive,
            f"{subject} {going}",
            f"there {be} {subject} {going}",
            f"{subject} can be heard {going}",
        ),
        (60, 28, 6, 2, 4 if kind != "caption" else 0),
    )[0]
    nouns = [f"{subject} {going}"] * 3
    if " " not in verb and kind != "caption" and not rest:
        nouns.append(f"the {gerund(verb)} of {subject}")
    told = [simple] * 3 + [progressive] * 4
    if kind != "caption":
        told.append(f"{subject} can be heard {going}")
    return Piece(
        written,
        kind,
        tuple(told),
        tuple(nouns),
        without_article(f"{subject} {going}"),
        plural,
        subject if kind == "speech" and not rest else "",
    )


def passive(text: str, kind: Kind = "sound") -> Piece:
    """A piece of "a guitar is strummed", "a dog is barking"."""
    subject, be, rest = re.split(r" (is|are) ", text, maxsplit=1)
    plural = be == "are"
    if re.match(r"\w+ing\b", rest):
        told: tuple[str, ...] = (text, text, f"{subject} can be heard {rest}")
        noun = f"{subject} {rest}"
        return Piece(text, kind, told, (noun,), without_article(noun), plural)
    if rest == "heard":
        told = (text, f"{subject} can be heard", f"{subject} {be} audible", f"there {be} {subject}")
        return Piece(
            text,
            kind,
            told,
            (subject, subject, f"the sound of {subject}"),
            without_article(subject),
            plural,
        )
    return Piece(
        text,
        kind,
        (text, f"{subject} {be} being {rest}", f"{subject} can be heard being {rest}"),
        (f"{subject} being {rest}",),
        without_article(f"{subject} {rest}"),
        plural,
    )


def heard(rng: random.Random) -> Piece:
    """A made-up sound."""
    words = table()
    kind = rng.choices(
        ("agent", "thing", "music", "done", "loose", "named"), (34, 34, 14, 8, 6, 4)
    )[0]
    if kind == "done":
        return passive(rng.choice(words["music"]["done"]))
    if kind == "music":
        subject, rest = rng.choice(words["music"]["one"]), rng.choice(words["music"]["rest"])
        return clause(
            rng, subject, False, rng.choice(("play", "play", "play", "sound")), rest, "music"
        )
    if kind == "named":
        name = rng.choice(
            (
                "Anna",
                "Mr Brown",
                "Big Ben",
                "the Dalai Lama",
                "a Ford Model T",
                "a TV",
                "a DJ",
                "a Yorkshire terrier",
            )
        )
        return clause(rng, name, False, rng.choice(words["agents"]["do"]))
    source = (
        words["agents"]
        if kind == "agent" or (kind == "loose" and rng.random() < 0.5)
        else words["things"]
    )
    subject, plural = _subject(rng, source)
    doing = words[rng.choice(("agents", "things"))]["do"] if kind == "loose" else source["do"]
    return clause(rng, subject, plural, rng.choice(doing), rng.choice(words["things"]["rest"]))


def speech(rng: random.Random) -> Piece:
    """Somebody who speaks."""
    words = table()["speakers"]
    if rng.random() < 0.35:
        return clause(rng, "a person", False, "speak", kind="speech")
    if rng.random() < 0.08:
        return passive(
            rng.choice(("speech is heard", "a voice is heard", "voices are heard")), "speech"
        )
    subject, plural = _subject(rng, words)
    return clause(
        rng, subject, plural, rng.choice(words["do"]), rng.choice(words["rest"]), "speech"
    )


def seen(rng: random.Random) -> Piece:
    """A made-up sight: mostly a noun phrase, sometimes a clause."""
    words = table()["sights"]
    if rng.random() < 0.16:
        subject, plural = _sight(rng, words)
        return clause(rng, subject, plural, rng.choice(words["do"]), kind="caption")
    if rng.random() < 0.05:
        return noun(rng.choice(words["mass"]), False)
    subject, plural = _sight(rng, words)
    if rng.random() < 0.3:
        subject += f" {rng.choice(words['after'])}"
    return noun(subject, plural)


def noun(text: str, plural: bool, kind: Kind = "object") -> Piece:
    """A piece of a noun phrase."""
    return Piece(text, kind, (), (text,), without_article(text), plural)


_HEAD_ENDS = re.compile(
    r" (?:in|on|at|of|with|under|over|by|near|from|for|behind|beside|through|across|against|being|who"
    r"|that|covered|full|made|\w+ing)\b"
)


def is_plural(text: str) -> bool:
    """Whether a noun phrase without structure tells of several: "railway tracks", "cups and plates"."""
    head = _HEAD_ENDS.split(text, maxsplit=1)[0]
    if re.match(r"(?:an?|one|the) ", head):
        return False
    last = head.split()[-1]
    return (
        " and " in head
        or (last.endswith("s") and not last.endswith("ss"))
        or last in ("people", "children", "men", "women")
    )


def _subject(rng: random.Random, words: dict[str, list[str]]) -> tuple[str, bool]:
    draw = rng.random()
    if "mass" in words and draw < 0.15:
        return rng.choice(words["mass"]), False
    if draw < 0.65:
        return with_article(rng.choice(words["one"])), False
    return rng.choice(words["many"]), True


def _sight(rng: random.Random, words: dict[str, list[str]]) -> tuple[str, bool]:
    adjective = f"{rng.choice(words['adjectives'])} " if rng.random() < 0.35 else ""
    if rng.random() < 0.7:
        return with_article(adjective + rng.choice(words["one"])), False
    count = rng.choice(words["counts"])
    return f"{count} {adjective}{rng.choice(words['many'])}".strip(), True


def whole(text: str, kind: Kind) -> Piece:
    """A piece of a clause whose grammar nobody looks into."""
    if re.fullmatch(r"(?!there )[^,]* (?:is|are) (?:\w+ing\b.*|heard)", text):
        return passive(text, kind)
    if re.fullmatch(r"an? (?:[\w'-]*[^s\W] )?[\w'-]*[^s\W] \w+[^s\W]s", text):  # "a car door slams"
        subject, _, verb = text.rpartition(" ")
        return _simple(text, kind, subject, False, base(verb))
    return Piece(text, kind, (text,), (), without_article(text))


def parsed(
    text: str, kind: Kind, plurals: Sequence[str] = ("people", "hands", "fingers", "children")
) -> Piece:
    """A piece of a clause that was written by hand: "a dog barks", "footsteps are heard"."""
    if re.search(r" (?:is|are) ", text):
        return passive(text, kind)
    found = _verb(text.split(), plurals)
    if found is None:
        sound = re.sub(r"^it sounds like ", "the sound of ", text)
        nouns = () if sound == text else (sound,)
        return Piece(text, kind, (text,), nouns, without_article(sound))
    subject, verb, rest, plural = found
    return _simple(text, kind, subject, plural, verb if plural else base(verb), rest)


def _simple(text: str, kind: Kind, subject: str, plural: bool, verb: str, rest: str = "") -> Piece:
    be = "are" if plural else "is"
    going = f"{gerund(verb)}{' ' + rest if rest else ''}"
    nouns = [f"{subject} {going}"] * 3
    if not rest:
        nouns.append(f"the {gerund(verb)} of {subject}")
    told = (text, text, text, *(f"{subject} {be} {going}",) * 4, f"{subject} can be heard {going}")
    return Piece(text, kind, told, tuple(nouns), without_article(f"{subject} {going}"), plural)


def _verb(parts: list[str], plurals: Sequence[str]) -> tuple[str, str, str, bool] | None:
    """Subject, verb, what follows, and whether they are many; None where that is not plain to see."""
    if parts[0] == "it" or "or" in parts:
        return None
    if "plays" in parts:
        at, plural = parts.index("plays"), False
    elif parts[0] in plurals or parts[0].endswith("s"):
        at, plural = 1, True
    elif (
        parts[-2] not in ("goes", parts[0])
        and parts[-2].endswith(("s", "feet"))
        and not parts[-1].endswith("s")
    ) or parts[-1] in ("hiss", "fire"):
        at, plural = len(parts) - 1, True
    else:
        ends = [n for n, word in enumerate(parts) if re.search(r"[^s]s$", word)]
        start = 2 if parts[0] in ("a", "an", "the") else 1
        at, plural = next((n for n in ends if n >= start), 0), False
    if not at:
        return None
    return " ".join(parts[:at]), parts[at], " ".join(parts[at + 1 :]), plural


def base(verb: str) -> str:
    """Infinitive, "bark" for "barks"."""
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if verb.endswith(("goes", "shes", "ches", "sses", "xes", "zzes")):
        return verb[:-2]
    return verb[:-1]
