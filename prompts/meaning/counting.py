"""How many: numbers of a caption against those of the evidence."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Side, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.numbers import MANY, number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation
from prompts.meaning.reporting import reported
from prompts.meaning.vocabulary import MORE, PLAIN, VAGUE

_PLACES = ("nsubj", "dobj", "pobj", "nsubjpass")
_TIMES = frozenset(["once", "twice", "thrice"])
_UP_TO_THREE = frozenset(["one", "two", "three"])


def miscounted(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A word whose number the evidence contradicts; a doubt where that is not sure."""
    side = sides.of(caption.name)
    for noun in caption.parsed.words:
        if noun.pos == "NOUN" and noun.lemma not in PLAIN and like.wordnet.physical(noun.lemma):
            sure = _of_noun(like, noun, caption, side)
            if sure is not None:
                return _finding(noun, sure and noun.at not in reported(like, caption.parsed))
    return _bare(caption.parsed.words, (*side.words, *side.spoken))


def _finding(word: Word, sure: bool) -> Finding:
    return Finding("count", "refused" if sure else "doubt", word.text)


def _of_noun(like: Likeness, noun: Word, caption: Caption, side: Side) -> bool | None:
    """Whether it is sure that a noun's number is wrong; None where it is not wrong."""
    theirs = [w for w in side.words if w.pos in ("NOUN", "PROPN") and like.says(noun, w)]
    if not theirs:
        return None
    mine = _counts(caption.pairs, noun) + collected(caption.parsed, noun)
    if mine == [1] and any(word.text in MORE for word in caption.parsed.words):
        return None
    counts = {
        value
        for pair in side.pairs
        if pair.kind == "count" and like.says(noun, pair.head)
        if (value := number(pair.dependent))
    }
    counts |= {value for word, value in side.all(_collections) if like.says(noun, word)}
    kinds = {w.lemma for w in theirs if w.lemma != noun.lemma and not like.says(w, noun)}
    more = any(pair.dependent.text in MORE and like.says(noun, pair.head) for pair in side.pairs)
    several = more or len(kinds) > 1
    if not mine:
        # Of one that is told others may be left out: a plural alone contradicts nothing for sure.
        return False if not several and _made_many(noun, theirs, counts) else None
    return _of_number(max(mine), noun, theirs, counts, several)


def _counts(pairs: Sequence[Relation], noun: Word) -> list[int]:
    return [
        value
        for pair in pairs
        if pair.kind == "count" and pair.head.at == noun.at and pair.dependent.text not in VAGUE
        if (value := number(pair.dependent))
    ]


def collected(parsed: Parsed, noun: Word) -> list[int]:
    """How many a word for a collection says that there are: "pair of gloves"."""
    preposition = parsed.head(noun)
    if noun.dep != "pobj" or preposition is None or preposition.text != "of":
        return []
    above = parsed.head(preposition)
    value = number(above) if above is not None else None
    return [value] if value is not None and 1 < value < MANY else []


def _collections(parsed: Parsed) -> list[tuple[Word, int]]:
    return [(word, value) for word in parsed.words for value in collected(parsed, word)]


def _made_many(noun: Word, theirs: Sequence[Word], counts: set[int]) -> bool:
    """Whether a noun is plural of which the evidence has one only."""
    if noun.tag != "NNS" or _are_many(theirs) or any(count > 1 for count in counts):
        return False
    same = [word for word in theirs if word.lemma == noun.lemma]
    return bool(same) and all(word.dep in _PLACES and word.text != noun.text for word in same)


def _are_many(words: Sequence[Word]) -> bool:
    return any(word.tag in ("NNS", "NNPS") for word in words)


def _of_number(
    mine: int, noun: Word, theirs: Sequence[Word], counts: set[int], several: bool
) -> bool | None:
    """The same for a noun with a number. several: the evidence has things that add up."""
    firm = {count for count in counts if count > 1}
    if mine in counts or (mine == MANY and any(count > 2 for count in firm)):
        return None
    if mine == 1:
        return False if firm and 1 not in counts else None
    if (mine <= 3 and several) or (firm == {MANY} and mine > 2):
        return None
    return bool(firm) or (not _are_many(theirs) and any(w.lemma == noun.lemma for w in theirs))


def _bare(mine: Sequence[Word], theirs: Sequence[Word]) -> Finding | None:
    """A number that counts nothing, or "twice", which the evidence lacks: what it is of is not known."""
    known = {number(word) for word in theirs}
    times = {number(word) for word in theirs if word.text in _TIMES | _UP_TO_THREE}
    for word in mine:
        value = number(word)
        if word.text in _TIMES - {"once"} and times and value not in times:
            return _finding(word, any(w.text in _TIMES for w in theirs))
        if word.pos == "NUM" and value is not None and value > 1 and not {value, MANY} & known:
            return _finding(word, False)
    return None
