"""Which word may be said instead of another, which two can be of one thing, and which are opposites."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from prompts.meaning.parsing import Word
from prompts.meaning.vocabulary import OPPOSITES
from prompts.meaning.wordnet import Pos, WordNet
from prompts.words import lexicon, stem

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_POS: dict[str, tuple[Pos, ...]] = {
    "NOUN": ("n", "v"), "PROPN": ("n",), "VERB": ("v", "n", "a"), "AUX": ("v",), "ADJ": ("a", "v", "n", "r"),
    "ADV": ("r", "a"), "NUM": ("n", "a"),
}  # fmt: skip
_FEMALE = frozenset(["woman", "women", "girl", "she", "her", "lady", "mother", "mom", "daughter", "sister", "wife", "grandmother", "actress", "female", "waitress", "queen", "bride", "aunt", "housewife"])  # fmt: skip
_MALE = frozenset(["man", "men", "boy", "he", "his", "him", "guy", "gentleman", "father", "dad", "son", "brother", "husband", "grandfather", "male", "waiter", "king", "groom", "uncle"])  # fmt: skip
_YOUNG = frozenset(
    ["child", "kid", "baby", "toddler", "boy", "girl", "infant", "children", "kids", "teenager"]
)
_GROWN = frozenset(
    ["man", "woman", "adult", "lady", "gentleman", "men", "women", "elderly", "senior"]
)
_ANYBODY = frozenset(
    ["person", "people", "someone", "somebody", "anyone", "individual", "everyone", "one", "they"]
)


@dataclass(eq=False)
class Likeness:
    """Relations of words, by WordNet, the word table and, where there is one, an embedder."""

    wordnet: WordNet
    embed: Embed | None = None
    _vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _says: dict[tuple[str, str, str, str], bool] = field(default_factory=dict)

    def says(self, word: Word, other: Word) -> bool:
        """Whether `word` may be said for `other`: the same, a synonym, made of it, or broader."""
        key = (word.lemma, word.pos, other.lemma, other.pos)
        if key not in self._says:
            self._says[key] = self._compare(word, other)
        return self._says[key]

    def _compare(self, word: Word, other: Word) -> bool:
        if (
            word.lemma == other.lemma
            or word.text == other.text
            or stem(word.lemma) == stem(other.lemma)
        ):
            return True
        table = lexicon().upward
        for w in {stem(word.lemma), stem(word.text)}:
            for o in {stem(other.lemma), stem(other.text)}:
                if w in table.get(o, ()) and w != o:
                    return True
        if word.lemma in _ANYBODY:
            return self.is_person(other)
        for pos in _POS.get(other.pos, ("n",)):
            if word.lemma in self.wordnet.synonyms(other.lemma, pos):
                return True
            if pos in "nv" and word.lemma in self.wordnet.broader(other.lemma, pos):
                return True
        for pos in _POS.get(word.pos, ("n",)):
            if other.lemma in self.wordnet.synonyms(word.lemma, pos):
                return True
        return bool(self._family(word.lemma) & self._family(other.lemma))

    @lru_cache(1 << 14)  # noqa: B019 - one a process
    def _family(self, lemma: str) -> frozenset[str]:
        words = {lemma}
        for pos in ("n", "v", "a", "r"):
            words |= self.wordnet.derived(lemma, pos)
        return frozenset(stem(w) for w in words)

    def strangeness(
        self, word: Word, others: Sequence[Word], strange: float, familiar: float
    ) -> float:
        """How far a word is from all others, by an embedder: 1 for a stranger, 0 for as good as the same.
        1 without an embedder."""
        if self.embed is None or not others:
            return 1.0
        names = [word.lemma, *sorted({o.lemma for o in others})]
        new = [n for n in names if n not in self._vectors]
        if new:
            self._vectors.update(zip(new, self.embed(new), strict=True))
        own = self._vectors[word.lemma]
        near = max(float(own @ self._vectors[n]) for n in names[1:])
        return min(1.0, max(0.0, (familiar - near) / (familiar - strange)))

    @lru_cache(1 << 14)  # noqa: B019 - one a process
    def _is_person(self, lemma: str) -> bool:
        if lemma in _ANYBODY | _FEMALE | _MALE | _YOUNG | _GROWN:
            return True
        senses = self.wordnet.senses(lemma, "n")[:1]
        return bool(senses) and self.wordnet.under(senses[0], "person")

    @lru_cache(1 << 14)  # noqa: B019 - one a process
    def _is_speech(self, lemma: str) -> bool:
        senses = self.wordnet.senses(lemma, "v")[:2]
        return any(
            self.wordnet.under(s, name)
            for s in senses
            for name in ("communicate", "utter", "verbalize")
        )

    def is_speech(self, word: Word) -> bool:
        """Whether a verb is to say something, in whatever manner."""
        return word.pos == "VERB" and self._is_speech(word.lemma)

    def is_person(self, word: Word) -> bool:
        return word.pos in ("NOUN", "PROPN", "PRON") and self._is_person(word.lemma)

    def one_thing(self, word: Word, other: Word) -> bool:
        """Whether two words can be of one thing: one may be said for the other, or both are people of whom
        nothing contradicts."""
        if self.says(word, other) or self.says(other, word):
            return True
        if word.pos == "PRON" or other.pos == "PRON":
            return self.is_person(word) and self.is_person(other) and not differ(word, other)
        return self.is_person(word) and self.is_person(other) and not differ(word, other)

    def opposite(self, word: Word, other: Word) -> bool:
        """Whether they are antonyms."""
        if frozenset((stem(word.lemma), stem(other.lemma))) in _STEMS:
            return True
        return word.pos != "VERB" and any(
            other.lemma in self.wordnet.antonyms(word.lemma, pos)
            or word.lemma in self.wordnet.antonyms(other.lemma, pos)
            for pos in ("a", "r")
        )


def is_child(word: Word) -> bool:
    """Whether a word is of a child."""
    return word.lemma in _YOUNG


def differ(word: Word, other: Word) -> bool:
    """Whether two words for people are of other people: by gender, or of children and adults."""
    a, b = (
        word.lemma if word.pos != "PRON" else word.text,
        other.lemma if other.pos != "PRON" else other.text,
    )
    return (
        (a in _FEMALE and b in _MALE)
        or (a in _MALE and b in _FEMALE)
        or (a in _YOUNG and b in _GROWN)
        or (a in _GROWN and b in _YOUNG)
    )


_STEMS = {frozenset(stem(word) for word in pair) for pair in OPPOSITES}
_STEMS = {pair for pair in _STEMS if len(pair) == 2}
