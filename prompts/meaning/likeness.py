"""Which word may be said instead of another, which two can be of one thing, and which are opposites."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from prompts.meaning.parsing import Word
from prompts.meaning.vocabulary import ANYBODY, FEMALE, GROWN, MALE, OPPOSITES, YOUNG
from prompts.meaning.wordnet import Pos, WordNet
from prompts.words import lexicon, stem

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

# Answers and vectors that are kept (0.1 GB of vectors): memory does not grow with the clips.
_REMEMBERED = 1 << 16
_POS: dict[str, tuple[Pos, ...]] = {
    "NOUN": ("n", "v"), "PROPN": ("n",), "VERB": ("v", "n", "a"), "AUX": ("v",),
    "ADJ": ("a", "v", "n", "r"), "ADV": ("r", "a"), "NUM": ("n", "a"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """What decides which words one may be said for.

    forms: the word itself. stems: of its lemma and text. table: stems that the word table has instead of
    it. synonyms: lemmas. stand_ins: those and broader ones. family: stems of words made of it.
    """

    forms: frozenset[str]
    stems: frozenset[str]
    table: frozenset[str]
    synonyms: frozenset[str]
    stand_ins: frozenset[str]
    family: frozenset[str]


@dataclass(eq=False)
class Likeness:
    """Relations of words, by WordNet, the word table and, where there is one, an embedder."""

    wordnet: WordNet
    embed: Embed | None = None
    _vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _says: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def says(self, word: Word, other: Word) -> bool:
        """Whether `word` may be said for `other`: the same, a synonym, made of it, or broader."""
        key = (word.text, word.lemma, word.pos, other.text, other.lemma, other.pos)
        if len(self._says) > _REMEMBERED:
            self._says.clear()
        if key not in self._says:
            self._says[key] = self._compare(word, other)
        return self._says[key]

    def either(self, word: Word, other: Word) -> bool:
        """Whether one of two words may be said for the other."""
        return self.says(word, other) or self.says(other, word)

    def _compare(self, word: Word, other: Word) -> bool:
        mine, theirs = self.names(word), self.names(other)
        if mine.forms & theirs.forms:
            return True
        if word.lemma in ANYBODY and not mine.stems & theirs.table:
            return self.is_person(other)
        return bool(
            mine.stems & theirs.table
            or word.lemma in theirs.stand_ins
            or other.lemma in mine.synonyms
            or mine.family & theirs.family
        )

    def names(self, word: Word) -> "Names":
        """What a word is compared by."""
        return self._names(word.text, word.lemma, word.pos)

    @lru_cache(1 << 14)  # noqa: B019 - one a process
    def _names(self, text: str, lemma: str, pos: str) -> "Names":
        table, stems = lexicon().upward, frozenset((stem(lemma), stem(text)))
        places = _POS.get(pos, ("n",))
        synonyms = frozenset[str]().union(*(self.wordnet.synonyms(lemma, p) for p in places))
        broader = (self.wordnet.broader(lemma, p) for p in places if p in "nv")
        return Names(
            # A lemma is no stand-in for another's text: "saw" is not the past of what "saw" is.
            frozenset((f"lemma {lemma}", f"text {text}", f"stem {stem(lemma)}")),
            stems,
            frozenset[str]().union(*(table.get(s, frozenset()) - {s} for s in stems)),
            synonyms,
            synonyms.union(*broader),
            self._family(lemma),
        )

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
        self.learn([word, *others])
        own = self._vectors[word.lemma]
        near = max(float(own @ self._vectors[name]) for name in {o.lemma for o in others})
        return min(1.0, max(0.0, (familiar - near) / (familiar - strange)))

    def learn(self, words: Sequence[Word]) -> None:
        """Embeds the words that are new in one call; nothing without an embedder."""
        names = sorted({word.lemma for word in words})
        if self.embed is None or all(name in self._vectors for name in names):
            return
        if len(self._vectors) > _REMEMBERED:
            self._vectors.clear()
        new = [name for name in names if name not in self._vectors]
        self._vectors.update(zip(new, self.embed(new), strict=True))

    @lru_cache(1 << 14)  # noqa: B019 - one a process
    def _is_person(self, lemma: str) -> bool:
        if lemma in ANYBODY | _KINDS:
            return True
        senses = self.wordnet.senses(lemma, "n")[:1]
        return any(self.wordnet.under(s, name) for s in senses for name in ("person", "operator"))

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
        """Whether a word names or stands for somebody."""
        return word.pos in ("NOUN", "PROPN", "PRON") and self._is_person(word.lemma)

    def one_thing(self, word: Word, other: Word) -> bool:
        """Whether two words can be of one thing: one may be said for the other, or they are people
        who do not differ."""
        if self.either(word, other):
            return True
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
    return word.lemma in YOUNG


def differ(word: Word, other: Word) -> bool:
    """Whether two words for people are of other people: by gender, or of children and adults."""
    a, b = _name(word), _name(other)
    classes = ((FEMALE, MALE), (MALE, FEMALE), (YOUNG, GROWN), (GROWN, YOUNG))
    return any(a in one and b in another for one, another in classes)


def tells_who(word: Word) -> bool:
    """Whether a word for people tells their gender or age."""
    return _name(word) in _KINDS


def _name(word: Word) -> str:
    return word.text if word.pos == "PRON" else word.lemma


_KINDS = FEMALE | MALE | YOUNG | GROWN
_STEMS = {stems for pair in OPPOSITES if len(stems := frozenset(stem(word) for word in pair)) == 2}
