"""How the bench's matcher knows concepts: patterns of words, in any order and form."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.quality.matcher.words import (
    ARTICLES,
    FUNCTION,
    IGNORED,
    NUMBERS,
    Token,
    forms,
    tokens,
)
from recipes.world.concepts import Concept, Side

Slot = frozenset[str]
_PEOPLE = frozenset({"man", "woman", "boy", "girl", "child", "kid", "person", "people", "baby"})
_WAYS_AT_MOST = 64
_STRETCH = 6
"""Words that may stand between those of a pattern, marks and plain words not counted."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words that name a concept where they stand near each other. wording: of a phrasing, no name."""

    key: str
    side: Side
    slots: tuple[Slot, ...]
    signal: bool
    wording: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern at places of a caption, in order. particular: how rare its words are."""

    pattern: Pattern
    places: tuple[int, ...]
    particular: float

    @property
    def reach(self) -> int:
        """From the first to the last of its words."""
        return self.places[-1] - self.places[0]


class Patterns:
    """All patterns of some concepts, found in tokens. Of concepts given twice, the first is taken, with
    the names of all."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.sides: dict[str, Side] = {}
        self.every: list[Pattern] = []
        for concept in concepts:
            if self.sides.setdefault(concept.key, concept.side) != concept.side:
                raise ValueError(f"{concept.key} is heard in one table and seen in another")
            self._add(concept)
        self.every = _once(self.every)
        self._by_word: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, pattern in enumerate(self.every):
            for at, slot in enumerate(pattern.slots):
                for word in slot:
                    self._by_word[word].append((number, at))
        self._common = Counter(w for p in self.every for w in frozenset().union(*p.slots))
        self.core = self._cores()
        self._close = self._in_company()

    def _add(self, concept: Concept) -> None:
        signal = concept.kind == "signal"
        rank = len(self.every)
        for name in concept.names:
            slots = tuple(_slot(part.split("|")) for part in name.lower().split())
            self._take(concept, tuple(s for s in slots if s), False, rank)
        for phrasing in concept.phrasings:
            words = [t for t in tokens(phrasing) if not t.mark and not _plain(t, signal)]
            slots = tuple(dict.fromkeys(t.forms - {f"={w}" for w in t.forms} for t in words))
            if len(slots) > 1 or not concept.names:
                self._take(concept, slots, True, rank)

    def _take(self, concept: Concept, slots: tuple[Slot, ...], wording: bool, rank: int) -> None:
        if slots:
            signal = concept.kind == "signal"
            self.every.append(Pattern(concept.key, concept.side, slots, signal, wording, rank))

    def _cores(self) -> Mapping[str, frozenset[str]]:
        """By concept, the words without which it has no name; the others of its wordings are details,
        ("a fox in the grass")."""
        shortest: dict[str, int] = {}
        for pattern in self.every:
            if not pattern.wording:
                size = len(pattern.slots)
                shortest[pattern.key] = min(size, shortest.get(pattern.key, size))
        found: dict[str, set[str]] = defaultdict(set)
        for pattern in self.every:
            most = 1 if pattern.side == "seen" else 2
            if len(pattern.slots) <= max(shortest.get(pattern.key, 9), most):
                found[pattern.key].update(*pattern.slots)
        return {key: frozenset(words) for key, words in found.items()}

    def _in_company(self) -> frozenset[tuple[str, tuple[Slot, ...]]]:
        """Patterns with a detail that names something else ("a bridge over a river"): so only where the
        words stand together."""
        alone: dict[str, set[str]] = defaultdict(set)
        for pattern in self.every:
            if len(pattern.slots) == 1:
                for word in pattern.slots[0] - _PEOPLE:
                    alone[word].add(pattern.key)
        return frozenset(
            (pattern.key, pattern.slots)
            for pattern in self.every
            if any(
                not slot & self.core[pattern.key]
                and any(alone[word] - {pattern.key} for word in slot - _PEOPLE)
                for slot in pattern.slots
            )
        )

    def find(self, words: Sequence[Token], places: Sequence[int]) -> list[Found]:
        """All patterns in these places of a caption, the most telling first: the longest, the most
        particular, the closest, the first."""
        at: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place in places:
            for form in words[place].forms:
                for number, slot in self._by_word.get(form, ()):
                    if place not in at[number][slot]:
                        at[number][slot].append(place)
        found = []
        for number, slots in at.items():
            pattern = self.every[number]
            if len(slots) == len(pattern.slots):
                found += self._placed(pattern, [slots[n] for n in range(len(slots))], words)
        return sorted(found, key=_order)

    def _placed(
        self, pattern: Pattern, slots: Sequence[Sequence[int]], words: Sequence[Token]
    ) -> list[Found]:
        if math.prod(map(len, slots)) > _WAYS_AT_MOST:
            slots = [slot[:3] for slot in slots]
        particular = sum(1 / self._common[min(s, key=self._count)] for s in pattern.slots)
        close = pattern.signal or (pattern.key, pattern.slots) in self._close
        stretch = 0 if close else _STRETCH
        found = {}
        for way in product(*slots):
            places = tuple(sorted(set(way)))
            if len(places) == len(way) and _near(places, words, stretch):
                found[places] = Found(pattern, places, particular)
        return list(found.values())

    def _count(self, word: str) -> int:
        return self._common[word]


def _order(found: Found) -> tuple[bool, int, int, float, int, int]:
    size = len(found.places)
    return (
        not found.pattern.signal,
        -size,
        found.reach,
        -found.particular,
        found.places[0],
        found.pattern.rank,
    )


def _near(places: Sequence[int], words: Sequence[Token], stretch: int) -> bool:
    between = (at for at in range(places[0], places[-1]) if at not in places)
    telling = sum(1 for at in between if not words[at].mark and words[at].word not in IGNORED)
    return telling <= stretch


def _slot(words: Iterable[str]) -> Slot:
    """Words of a name in any form; "=parking" is that very word or its plural."""
    known = [w for w in words if w and w not in FUNCTION]
    return frozenset[str]().union(*({w} if w[0] == "=" else forms(w) for w in known))


def _plain(token: Token, signal: bool) -> bool:
    if signal:
        return token.word in ARTICLES or token.word in ("there", "is", "can", "be")
    return token.word in NUMBERS or token.among(IGNORED)


def _once(patterns: Iterable[Pattern]) -> list[Pattern]:
    seen: dict[tuple[str, frozenset[Slot]], Pattern] = {}
    for pattern in patterns:
        seen.setdefault((pattern.key, frozenset(pattern.slots)), pattern)
    return list(seen.values())
