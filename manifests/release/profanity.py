"""Swear words, slurs and crude words in a text, by the word lists of glin-profanity (MIT).

Its lists name much that captions of ordinary sounds and pictures hold: animals ("cock"), things, and
whatever somebody once meant something else by ("regina"). What is harmless as a rule is taken out
(`harmless.toml`), as are words of bodies, sex and crime that are no abuse. Whole words count, of English
also with an ending ("-ing"). Phrases don't: they hold such a word, or are harmless ("tied up").
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from glin_profanity.data.dictionary import DictionaryLoader

LANGUAGES = {
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
}
"""Languages, ISO 639-1, with the lists that count. Others are left out: their scripts need no spaces, or
nobody here can tell which of their entries are harmless."""

_SHORTEST = 3
_ENDINGS = ("s", "es", "ed", "er", "ers", "ing", "in", "y")
"""Of an English word of four letters or more."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@cache
def _harmless() -> dict[str, frozenset[str]]:
    text = (files("manifests.release") / "harmless.toml").read_text("utf-8")
    return {language: frozenset(listed.split()) for language, listed in tomllib.loads(text).items()}


@cache
def _stems(language: str) -> frozenset[str]:
    name: Any = LANGUAGES[language]
    listed = {word.lower() for word in DictionaryLoader().get_words(name)}
    kept = {word for word in listed if len(word) >= _SHORTEST and _WORD.fullmatch(word)}
    return frozenset(kept - _harmless().get(language, frozenset()))


@cache
def words(language: str) -> frozenset[str]:
    """The words that count in a language, in lower case; none where it has no list."""
    if language not in LANGUAGES:
        return frozenset()
    stems = _stems(language)
    if language != "en":
        return stems
    long = [stem for stem in stems if len(stem) > _SHORTEST]
    ended = {stem + end for stem in long for end in _ENDINGS}
    ended |= {stem + stem[-1] + end for stem in long for end in _ENDINGS[2:]}  # "shitting"
    return stems | ended - _harmless()["en"]


def is_profane(text: str, language: str) -> bool:
    """Whether a text in a language holds such a word."""
    known = words(language)
    if not known:
        return False
    for word in _WORD.findall(text.lower()):
        if word in known or ("-" in word and not known.isdisjoint(word.split("-"))):
            return True
    return False


def english_pattern() -> str:
    """What RE2 finds English ones by, and little else: for many texts at once."""
    stems = "|".join(map(re.escape, sorted(_stems("en"))))
    return rf"(?i)\b(?:{stems})(?:[a-z]?(?:{'|'.join(_ENDINGS)}))?\b"
