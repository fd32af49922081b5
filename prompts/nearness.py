"""Nearness: words that mean the same without standing in the word table, by an embedder.

A word of a caption that no fact holds may stand for a word of one when their embeddings are as near as
`CUT`. It is then read as that word by everything that follows (who does what, what is lost,
provenance); the caption keeps its own. Numbers, colours and words that the table knows are never read
so: there near words are often opposites ("two" and "three", "red" and "blue", "dog" and "cat"). Of what
is seen, one thing never stands for several.

Of whole clauses it tells whether two captioners say the same in other words (`prompts.selection`).

Both cuts are measured: `python -m benchmarks.quality.guards.nearness` (docs/quality.md). Pure; the
embedder is handed in.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from manifests.captions import CaptionName
from prompts.grounding import allowed, facts_of
from prompts.quotes import outside, without_quotations
from prompts.selection import Facts
from prompts.words import NUMBERS, lexicon, replaced, stem, words

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""From n texts to n rows of unit length."""

CUT = 0.8
"""Cosine from which on a word stands for another."""

ALIKE = 0.65
"""Cosine from which on two clauses of different captioners are as good as the same."""

# Vectors that are kept (0.1 GB): captioners that speak in sentences never repeat themselves.
_REMEMBERED = 1 << 16

_COLOURS = frozenset(
    {"black", "white", "red", "green", "blue", "yellow", "brown", "grey", "gray", "orange"}
    | {"pink", "purple", "silver", "golden"}
)


@dataclass
class Nearness:
    """Reads captions with an embedder; remembers what it embedded, up to a limit."""

    embed: Embed
    _cache: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def read(self, name: CaptionName, caption: str, facts: Facts) -> str:
        """The caption with each word that stands for a fact's in that one's place."""
        relevant = facts_of(name, facts)
        supported = frozenset[str]().union(*(allowed(fact) for fact in relevant))
        table = lexicon()
        plain = table.plain["both"] | table.breaks
        closed = supported | plain | NUMBERS | _COLOURS | table.upward.keys()
        # A digit stands for itself: "24" is near to "23".
        unknown = {
            word
            for word in words(without_quotations(caption))
            if stem(word) not in closed and not _has_digit(word)
        }
        if not unknown:
            return caption
        heard, seen = (
            sorted(
                {
                    w
                    for f in relevant
                    if f.modality == side
                    for w in words(f.text)
                    if stem(w) not in plain and not _has_digit(w)
                }
            )
            for side in ("audio", "video")
        )
        stands = {
            word: near
            for word in unknown
            if (near := self.nearest(word, [*heard, *(s for s in seen if _as_many(word, s))]))
        }
        return outside(caption, lambda part: replaced(part, stands))

    def alike(self, first: str, second: str) -> bool:
        """Whether two clauses are as good as the same. Other colours make another thing."""
        colours = [_COLOURS & set(words(text)) for text in (first, second)]
        near = self._vectors([first, second])
        return colours[0] == colours[1] and float(near[0] @ near[1]) >= ALIKE

    def nearest(self, word: str, others: Collection[str]) -> str | None:
        """The one of these words that `word` may stand for."""
        if not others:
            return None
        near = self._vectors(others) @ self._vectors([word])[0]
        at = int(near.argmax())
        return list(others)[at] if near[at] >= CUT else None

    def _vectors(self, texts: Collection[str]) -> NDArray[np.float32]:
        if len(self._cache) > _REMEMBERED:
            self._cache.clear()
        new = [word for word in texts if word not in self._cache]
        if new:
            self._cache.update(zip(new, self.embed(new), strict=True))
        return np.stack([self._cache[word] for word in texts])


def _has_digit(word: str) -> bool:
    return any(char.isdigit() for char in word)


def _as_many(first: str, second: str) -> bool:
    """Whether both nouns are singular or both plural, by their ending."""
    return first.endswith("s") == second.endswith("s")
