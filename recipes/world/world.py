"""The truth bench's own world: what can be heard and seen, how captioners put it, what goes together.

Read from heard.toml and seen.toml, whose wordings were written for this bench alone. A
table is a topic: what is confused with each other, and what sounds with what is seen, stands in one.
Keys of an entry:

| | |
|---|---|
| `say` | phrasings: clauses when heard, noun phrases when seen |
| `names` | how the matcher knows it besides: words in any order and form, "a\\|b" for either |
| `often` | how often, against the others of its topic; 0 for what is never there by itself |
| `up` | broader concepts that are true wherever it is (else its topic's) |
| `from` | of what is heard: seen things that would sound like this |
| `kind` | `manifests.evidence.Kind` (else its topic's, else "sound" or "object") |
| `many` | of what is seen: how several of it are put |
| `group` | only a broader word for others |
| `signal` | of a whole clip: silence, black |

Two phrasings of each are for training a writer and the rest for the bench, and half of the concepts
are the bench's alone; both by hashes of the words, so that additions move nothing else.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from recipes.world.concepts import Concept, Side

Part = Literal["all", "train", "bench", "unseen"]

_HERE = Path(__file__).parent
_FILES: dict[Side, str] = {"heard": "heard.toml", "seen": "seen.toml"}
_KINDS: dict[Side, str] = {"heard": "sound", "seen": "object"}
_TRAINED_WITH = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A concept with what the simulation knows of it. sources: of what is heard, keys of what is seen
    and sounds like this. train, bench: its phrasings, split. bench_only: never used for training."""

    concept: Concept
    topic: str
    often: float
    sources: tuple[str, ...]
    train: tuple[str, ...]
    bench: tuple[str, ...]
    many: str
    group: bool
    signal: bool
    bench_only: bool

    @property
    def key(self) -> str:
        """Its concept's key."""
        return self.concept.key

    @property
    def leaf(self) -> bool:
        """Whether it can be in a clip by itself."""
        return not self.group and not self.signal


@dataclass(frozen=True)
class World:
    """All entries by key. Keys are unique over both sides."""

    entries: Mapping[str, Entry]

    def concepts(self, side: Side | None = None) -> list[Concept]:
        """The concepts of one side or of both, in the files' order."""
        every = [entry.concept for entry in self.entries.values()]
        return [concept for concept in every if side in (None, concept.side)]

    def leaves(self, side: Side) -> list[Entry]:
        """What can be there by itself."""
        return [e for e in self.entries.values() if e.leaf and e.concept.side == side]

    def upward(self, key: str) -> frozenset[str]:
        """This concept and all that are true wherever it is."""
        found = {key}
        todo = [key]
        while todo:
            broader = self.entries[todo.pop()].concept.broader
            todo += [other for other in broader if other not in found]
            found.update(broader)
        return frozenset(found)

    def all_true(self, keys: Iterable[str]) -> frozenset[str]:
        """All that is true where these are."""
        return frozenset[str]().union(*(self.upward(key) for key in keys))

    def sounds_of(self, key: str) -> frozenset[str]:
        """What a seen thing would sound like. What its broader concepts do, it may do too."""
        return frozenset[str]().union(*(self._sounds.get(k, frozenset()) for k in self.upward(key)))

    @cached_property
    def _sounds(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for entry in self.entries.values():
            for source in entry.sources:
                found.setdefault(source, set()).add(entry.key)
        return {key: frozenset(sounds) for key, sounds in found.items()}


@lru_cache(maxsize=4)
def load(part: Part = "all") -> World:
    """The world, or a part of it.

    all: every concept with every phrasing. train: concepts that are not the bench's alone, with their
    phrasings for training. bench: every concept with its phrasings for the bench. unseen: of these the
    concepts that no training sees. Broader words for others ("an animal") are in every part. `train`
    and `bench` of an entry are the same in every part.
    """
    entries = {entry.key: entry for entry in _entries()}
    if part == "all":
        return World(entries)
    kept = {key: _phrased(e, part) for key, e in entries.items() if _in_part(e, part)}
    return World({key: _within(entry, kept) for key, entry in kept.items()})


def _in_part(entry: Entry, part: Part) -> bool:
    if part == "bench" or not entry.leaf:
        return True
    return entry.bench_only == (part == "unseen")


def _phrased(entry: Entry, part: Part) -> Entry:
    phrasings = entry.train if part == "train" else entry.bench
    return replace(entry, concept=replace(entry.concept, phrasings=phrasings))


def _within(entry: Entry, kept: Mapping[str, Entry]) -> Entry:
    broader = tuple(key for key in entry.concept.broader if key in kept)
    sources = tuple(key for key in entry.sources if key in kept)
    return replace(entry, concept=replace(entry.concept, broader=broader), sources=sources)


def _entries() -> Iterator[Entry]:
    for side, name in _FILES.items():
        table = tomllib.loads((_HERE / name).read_text("utf-8"))
        for topic, told in table.items():
            shared = {key: value for key, value in told.items() if not isinstance(value, dict)}
            for key, own in told.items():
                if isinstance(own, dict):
                    yield _entry(side, topic, key, shared | own)


def _entry(side: Side, topic: str, key: str, told: dict[str, Any]) -> Entry:
    phrasings = tuple(told["say"])
    by_hash = sorted(phrasings, key=_hash)
    train = frozenset(by_hash[:_TRAINED_WITH])
    leaf = not told.get("group") and not told.get("signal")
    return Entry(
        concept=Concept(
            key=key,
            side=side,
            kind=told.get("kind", _KINDS[side]),
            phrasings=phrasings,
            names=tuple(told.get("names", ())),
            broader=tuple(broader for broader in told.get("up", ()) if broader != key),
        ),
        topic=topic,
        often=float(told["often"]),
        sources=tuple(told.get("from", ())),
        train=tuple(p for p in phrasings if p in train),
        bench=tuple(p for p in phrasings if p not in train),
        many=told.get("many", ""),
        group=bool(told.get("group")),
        signal=bool(told.get("signal")),
        bench_only=leaf and _hash(key)[0] % 2 == 0,
    )


def _hash(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()
