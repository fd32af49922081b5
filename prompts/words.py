"""Words as the guards compare them: stemmed, phrases joined, with what each may stand for.

A token is the stem of a word, or the stems of a known phrase joined by "_" ("hot_dog"), so that a
hot dog is no dog. The table is `lexicon.toml`; a word that it lacks is matched by its stem alone.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import snowballstemmer

from manifests.ids import digest

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

_DOUBLED = re.compile(r"([b-df-hj-np-tv-z])\1$")

NUMBERS = frozenset(
    {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "dozen"}
    | {"several", "many", "few", "multiple", "various"}
)


@dataclass(frozen=True)
class Lexicon:
    """The word table, every key and value a token.

    upward: all tokens that may be said instead of this one, itself included: synonyms and broader
    words, transitively. plain: tokens that need no evidence, by what a caption speaks of. light:
    tokens that need evidence, and whose absence loses nothing. breaks: tokens between the parts of a
    sentence. views, views_heard: what may follow "in" without being a place, the second in captions of
    what is heard. harmless: wordings that add nothing.
    confusable: groups of sounds taken for each other, each with the sights that speak for it.
    one_thing: groups of names that captioners give to one sound; each name, as a set of tokens, with its
    place in the group, 0 for those that tell most. kinds_seen: things of which several kinds that are
    seen are one.
    """

    upward: dict[str, frozenset[str]]
    plain: dict[str, frozenset[str]]
    light: frozenset[str]
    breaks: frozenset[str]
    views: frozenset[str]
    views_heard: frozenset[str]
    harmless: tuple[str, ...]
    label_noise: frozenset[str]
    confusable: dict[str, dict[str, frozenset[str]]]
    one_thing: dict[str, dict[frozenset[str], int]]
    kinds_seen: frozenset[str]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(files("prompts").joinpath("lexicon.toml").read_text("utf-8"))


def lexicon_digest() -> str:
    """Digest of the word table: with another one, other captions are kept."""
    return digest(_table())


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of one word, in lower case; irregular forms by the table. A doubled last consonant is
    one: "purrs" and "purring"."""
    word = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    stemmed = str(_stemmer().stemWord(_table()["irregular"].get(word, word)))
    return stemmed[:-1] if _DOUBLED.search(stemmed) else stemmed


@lru_cache(maxsize=1)
def _phrases() -> dict[tuple[str, ...], str]:
    listed = _table()["phrases"] + _table()["kinds"]
    stems = [tuple(stem(w) for w in phrase.split()) for phrase in listed]
    return {phrase: "_".join(phrase) for phrase in stems}


def words(text: str) -> list[str]:
    """The words of a text in lower case, as they stand."""
    return [word.lower() for word in _WORD.findall(text)]


def replaced(text: str, others: Mapping[str, str]) -> str:
    """The text with words, in lower case keys of `others`, replaced."""
    return _WORD.sub(lambda match: others.get(match[0].lower(), match[0]), text)


def tokens(text: str) -> list[str]:
    """Every token of a text in order, plain words included."""
    return list(_tokens_of(text))


@lru_cache(maxsize=65536)
def _tokens_of(text: str) -> tuple[str, ...]:
    stems = [stem(word) for word in words(text)]
    result: list[str] = []
    place = 0
    while place < len(stems):
        for size in (4, 3, 2):
            joined = _phrases().get(tuple(stems[place : place + size]))
            if joined is not None and len(stems) - place >= size:
                result.append(joined)
                place += size
                break
        else:
            result.append(stems[place])
            place += 1
    return tuple(result)


def _token(phrase: str) -> str:
    return "_".join(stem(word) for word in re.split(r"[ _-]", phrase))


def _tokens(phrases: list[str]) -> frozenset[str]:
    return frozenset(_token(phrase) for phrase in phrases)


def _closures(table: dict[str, Any]) -> dict[str, frozenset[str]]:
    step: dict[str, set[str]] = {}
    for group in table["synonyms"]:
        for word in _tokens(group):
            step.setdefault(word, set()).update(_tokens(group))
    for broader, narrower in table["narrower"].items():
        for word in _tokens(narrower):
            step.setdefault(word, set()).add(_token(broader))
    for phrase in table["kinds"]:
        step.setdefault(_token(phrase), set()).add(_token(phrase.split()[-1]))
    return {word: _reach(word, step) for word in step}


def _reach(word: str, step: dict[str, set[str]]) -> frozenset[str]:
    reached, pending = {word}, [word]
    while pending:
        for other in step.get(pending.pop(), ()):
            if other not in reached:
                reached.add(other)
                pending.append(other)
    return frozenset(reached)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The word table of this version, read once."""
    table = _table()
    lists = table["words"]
    return Lexicon(
        upward=_closures(table),
        plain={
            "audio": _tokens(lists["plain"] + lists["plain_heard"]),
            "video": _tokens(lists["plain"] + lists["plain_seen"]),
            "both": _tokens(lists["plain"] + lists["plain_heard"] + lists["plain_seen"]),
        },
        light=_tokens(lists["light"]),
        breaks=_tokens(lists["breaks"]),
        views=_tokens(lists["views"]),
        views_heard=_tokens(lists["views_heard"]),
        harmless=tuple(lists["harmless"]),
        label_noise=_tokens(lists["label_noise"]),
        confusable={
            name: {_token(sound): _tokens(sights) for sound, sights in group.items()}
            for name, group in table["confusable"].items()
        },
        one_thing={
            name: {
                frozenset(tokens(each)) - _tokens(lists["label_noise"]): place
                for place, names in enumerate(group)
                for each in names
            }
            for name, group in table["one_thing"].items()
        },
        kinds_seen=_tokens(table["kinds_seen"]),
    )


def upward(given: frozenset[str]) -> frozenset[str]:
    """All that may be said instead of these tokens, themselves included."""
    table = lexicon().upward
    return given.union(*(table.get(token, frozenset()) for token in given))


def sentence_words(name: str) -> frozenset[str]:
    """A list of words, as they stand, by which sentences are told from other texts
    (`prompts.statements`)."""
    return frozenset(_table()["sentences"][name].split())
