"""Which way things go and where they are: "zooms in", "to the right", "on the left side"."""

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.vocabulary import EQUAL_WAYS, PLAIN, SIDES, WAYS

Way = tuple[str, list[Word]]
"""A direction with the verb or the things that it is told of."""

# Words that tell a place, not a way, where a thing follows: "in a car".
_PREPOSITIONS = frozenset(["in", "over", "under", "above", "below", "up", "down", "off", "out"])
# Words that are ways only as names of parts.
_PARTS = frozenset(["front", "top", "bottom"])
# Levels between a direction and what it is told of.
_DEEP = 7


def turned(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A direction that the evidence lacks, and whose opposite it tells of the same thing or verb."""
    theirs = sides.both.all(ways)
    for way, anchors in ways(caption.parsed):
        known = {
            other
            for other, others in theirs
            if any(like.either(anchor, word) for anchor in anchors for word in others)
        }
        if way not in known and WAYS.get(way) in known:
            return Finding("direction", "refused", way)
    return None


def ways(parsed: Parsed) -> list[Way]:
    """Directions of a text."""
    told = [(word.text, _anchors(parsed, word)) for word in parsed.words if _is_way(parsed, word)]
    return [(EQUAL_WAYS.get(text, text), anchors) for text, anchors in told if anchors]


def _is_way(parsed: Parsed, word: Word) -> bool:
    if word.text not in WAYS or word.dep == "mark":
        return False
    if word.text in _PREPOSITIONS and parsed.below(word.at, "pobj"):
        return False
    if word.text in _PARTS and word.pos not in ("NOUN", "ADJ"):
        return False
    return not (word.text in ("left", "right") and _is_origin(parsed, word))


def _is_origin(parsed: Parsed, word: Word) -> bool:
    """Whether it is where a movement comes from: "left" of "from left to right"."""
    head = parsed.head(word)
    return head is not None and head.text == "from"


def _anchors(parsed: Parsed, word: Word) -> list[Word]:
    """The nearest thing or verb above a word that tells something; of a light verb what hangs on it."""
    above = parsed.head(word)
    for _ in range(_DEEP):
        if above is None:
            return []
        if above.pos in ("NOUN", "PROPN") and above.lemma not in SIDES:
            return [above]
        if above.pos in ("VERB", "AUX"):
            return _of_verb(parsed, above)
        above = parsed.head(above)
    return []


def _of_verb(parsed: Parsed, verb: Word) -> list[Word]:
    if verb.pos == "VERB" and verb.lemma not in PLAIN:
        return [verb]
    around = parsed.below(verb.at, "nsubj", "nsubjpass", "attr", "dobj")
    return [word for word in around if word.pos == "NOUN" and word.lemma not in SIDES]
