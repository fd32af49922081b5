"""Closed classes of words that the comparison of sentences goes by, read once from `vocabulary.toml`."""

import tomllib
from importlib.resources import files
from typing import Any

from manifests.ids import digest
from manifests.languages import NAMES

_TABLE: dict[str, Any] = tomllib.loads(
    files("prompts.meaning").joinpath("vocabulary.toml").read_text("utf-8")
)


def vocabulary_digest() -> str:
    """Digest of the table: with another one, other captions are kept."""
    return digest([_TABLE, sorted(LANGUAGES)])


def _words(name: str) -> frozenset[str]:
    return frozenset(_TABLE[name])


def _pairs(name: str) -> dict[str, str]:
    return dict(pair.split("/") for pair in _TABLE[name])


LIGHT = _words("light")
PLAIN = _words("plain") | LIGHT
FRAMES = _words("frames")
GIVING = _words("giving")
UTTERING = _words("uttering")
ANYTHING = _words("anything")
SOMEBODY = _words("somebody")
VOICES = _words("voices")
SINGING = _words("singing")
SPEAKING = _words("speaking")
GROUPS = _words("groups")
POSTURES = _words("postures")
GENERAL_VERBS = _words("general_verbs")
NEGATIONS = _words("negations")
DENYING = _words("denying")
PARTLY = _words("partly")
CAUSING = _words("causing")
DELIVERIES = _words("deliveries")
HEARING = _words("hearing")
THEN = _words("then")
LANGUAGES = _words("languages") | {name.split()[-1].lower() for name in NAMES.values()}
SIDES = _words("sides")

WAYS = _pairs("ways")
"""Each way with its opposite."""
EQUAL_WAYS = _pairs("equal_ways")

CLASSES = tuple(frozenset(names) for names in _TABLE["classes"].values())
"""Attributes of which a thing has one of each class."""
CLASSED = frozenset[str]().union(*CLASSES)
SAME_COLOURS = tuple(frozenset(names) for names in _TABLE["same_colours"])
KINDRED = tuple(frozenset(names) for names in _TABLE["kindred"])
OPPOSITES = frozenset(frozenset(pair.split("/")) for pair in _TABLE["opposites"])

FEMALE, MALE, YOUNG, GROWN, ANYBODY = (
    frozenset(_TABLE["people"][name]) for name in ("female", "male", "young", "grown", "anybody")
)

VAGUE, MANY_WORDS, MORE = (
    frozenset(_TABLE["counting"][name]) for name in ("vague", "many", "more")
)
NUMBERS = {word: int(value) for value, names in _TABLE["numbers"].items() for word in names}
