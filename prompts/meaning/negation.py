"""What a text denies: "no", "not", "without"."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.vocabulary import NEGATIONS, PLAIN

# Levels between a word and the verb of saying that reports it.
_DEEP = 6


def denied(parsed: Parsed) -> list[Word]:
    """The words that a text denies: what its negations hang on."""
    return [
        word
        for negation in parsed.words
        if negation.text in NEGATIONS
        for word in _denied_by(parsed, negation)
    ]


def _denied_by(parsed: Parsed, negation: Word) -> list[Word]:
    head = parsed.head(negation)
    if negation.text == "without":
        objects = parsed.below(negation.at, "pobj", "pcomp")
        return [w for each in objects for w in (each, *parsed.below(each.at, "conj"))]
    if negation.dep == "nsubj":
        return [head or negation]
    if head is None:
        return []
    if negation.text == "no" and head.dep == "nsubj" and head.text in ("one", "body"):
        return [parsed.head(head) or head]
    return [head]


def contrary(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """What the caption denies and the evidence has, or the other way round. A doubt where the caption
    denies what the evidence does not speak of."""
    words = sides.of(caption.name).words
    theirs = sides.both.all(denied)
    mine = denied(caption.parsed)
    positive = [word for word in words if word.is_content and word not in theirs]
    for word in mine:
        if not word.is_content or (word.lemma in PLAIN and word.pos != "NOUN"):
            continue
        if _is_reported(like, caption.parsed, word) or _is_said(like, word, theirs):
            continue
        known = _is_said(like, word, positive)
        return Finding("negation", "refused" if known else "doubt", f"no {word.text}")
    names = {word.lemma for word in mine}
    told = {word.lemma for word in words if word not in theirs}
    only_denied = {word.lemma for word in theirs} - told - names
    for word in caption.parsed.words:
        if word.pos not in ("VERB", "NOUN") or word.lemma not in only_denied - PLAIN:
            continue
        if not (like.is_speech(word) and any(map(like.is_speech, positive))):
            return Finding("negation", "refused", word.text)
    return None


def _is_said(like: Likeness, word: Word, others: Sequence[Word]) -> bool:
    return any(like.says(word, other) for other in others)


def _is_reported(like: Likeness, parsed: Parsed, word: Word) -> bool:
    """Whether somebody says so: "a man says that there is no bread"."""
    above: Word | None = word
    for _ in range(_DEEP):
        above = parsed.head(above) if above is not None else None
        if above is not None and like.is_speech(above):
            return True
    return False
