"""What the real part of the truth bench is made of: recordings and pictures of known content.

sounds.toml and pictures.toml say what is in each, packages.toml which packages bring them and what
the concepts are called.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from captioners.weights.cache import Cache
from recipes import media
from recipes.world.concepts import Concept

_HERE = Path(__file__).parent
PROMPTS = "asterisk-core-sounds-en-wav"
"""The package of recorded sentences; `real_sound.SENTENCES` says which are used."""
SOUNDFONT = "timgm6mb-soundfont"
_BY_NAME_ELSEWHERE = {SOUNDFONT: ("TimGM6mb.sf2",)}


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording. once: how often what is heard happens in it; steady: it has no beginning and end."""

    name: str
    package: str
    file: str
    heard: tuple[str, ...]
    unsure: frozenset[str] = frozenset()
    once: int | None = None
    steady: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, or a film of one shot. makes: keys of what it would be heard to do. cut: a photograph
    without background. film: seconds of the shot."""

    name: str
    package: str
    file: str
    seen: tuple[str, ...]
    unsure: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    cut: bool = False
    film: tuple[float, float] | None = None
    count: tuple[tuple[str, int], ...] = ()


@cache
def packages() -> Mapping[str, media.Package]:
    """The packages by name."""
    return media.packages(_table("packages.toml")["packages"])


@cache
def sounds() -> Mapping[str, Sound]:
    """The recordings by name."""
    table = _table("sounds.toml")
    return {sound.name: sound for sound in _sounds(table, table["lists"])}


@cache
def pictures() -> Mapping[str, Picture]:
    """The pictures by name."""
    found = {}
    for package, entries in _table("pictures.toml").items():
        for name, told in entries.items():
            film = told.get("film")
            found[name] = Picture(
                name=name,
                package=package,
                file=told["file"],
                seen=tuple(told["seen"]),
                unsure=frozenset(told.get("unsure", ())),
                makes=frozenset(told.get("makes", ())),
                cut=told.get("cut", False),
                film=(film[0], film[1]) if film else None,
                count=tuple(told.get("count", {}).items()),
            )
    return found


def concepts() -> list[Concept]:
    """The concepts that the bench's world lacks."""
    return [
        Concept(
            key=key,
            side=told["side"],
            kind=told["kind"],
            phrasings=(),
            names=tuple(told["names"]),
            broader=tuple(told.get("up", ())),
        )
        for key, told in _table("packages.toml")["concepts"].items()
    ]


def extended(world: Iterable[Concept]) -> list[Concept]:
    """The concepts of the bench's world with more names, and those that it lacks."""
    more = _table("packages.toml")["names"]
    theirs = [
        replace(one, names=(*one.names, *more[one.key])) if one.key in more else one
        for one in world
    ]
    return [*theirs, *concepts()]


def unsure_list(name: str) -> frozenset[str]:
    """One of the lists of sounds.toml."""
    return frozenset(_table("sounds.toml")["lists"][name])


def fetch(cache_of: Cache, prompts: Iterable[str]) -> dict[str, Path]:
    """Brings what the bench uses of each package; the folders that their files are named from.

    prompts: names of the recorded sentences.
    """
    wanted: dict[str, list[str]] = {name: list(files) for name, files in _BY_NAME_ELSEWHERE.items()}
    wanted[PROMPTS] = [f"{name}.wav" for name in prompts]
    sources: list[Sound | Picture] = [*sounds().values(), *pictures().values()]
    for source in sources:
        wanted.setdefault(source.package, []).append(source.file)
    folders = {}
    for name, files in wanted.items():
        package = packages()[name]
        folders[name] = package.unpacked(cache_of.root, files) / package.root
    return folders


def _sounds(table: Mapping[str, Any], lists: Mapping[str, list[str]]) -> Iterable[Sound]:
    for package in (name for name in table if name != "lists"):
        for name, told in table[package].items():
            yield Sound(
                name=name,
                package=package,
                file=told["file"],
                heard=tuple(told["heard"]),
                unsure=_named(told.get("unsure", ()), lists) - frozenset(told["heard"]),
                once=told.get("once"),
                steady=told.get("steady", False),
            )


def _named(keys: Iterable[str], lists: Mapping[str, list[str]]) -> frozenset[str]:
    """Keys, with those of lists in place of the lists' names."""
    found: set[str] = set()
    for key in keys:
        found.update(lists[key[1:]] if key.startswith("@") else [key])
    return frozenset(found)


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text("utf-8"))
