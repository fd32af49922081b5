"""How many: numbers of a caption against those of the evidence."""

from collections.abc import Sequence

from prompts.meaning.likeness import Likeness
from prompts.meaning.numbers import MANY, VAGUE, number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation
from prompts.meaning.vocabulary import PLAIN

_MORE = frozenset(["another", "other", "second", "third"])


def miscounted(
    like: Likeness,
    parsed: Parsed,
    own: Sequence[Relation],
    pairs: Sequence[Relation],
    words: Sequence[Word],
) -> tuple[Word, bool] | None:
    """A word whose number the evidence contradicts, and whether that is sure. None where there is none."""
    for noun in parsed.words:
        if noun.pos == "NOUN" and noun.lemma not in PLAIN and like.wordnet.physical(noun.lemma):
            wrong = _of_noun(like, noun, own, pairs, words)
            if wrong is not None:
                return noun, wrong
    return _bare(parsed, own, words)


def _of_noun(
    like: Likeness,
    noun: Word,
    own: Sequence[Relation],
    pairs: Sequence[Relation],
    words: Sequence[Word],
) -> bool | None:
    mine = [
        n
        for r in own
        if r.kind == "count"
        and r.head.at == noun.at
        and (n := number(r.dependent))
        and r.dependent.text not in VAGUE
    ]
    theirs = [
        w
        for w in words
        if w.pos in ("NOUN", "PROPN") and (w.lemma == noun.lemma or like.says(noun, w))
    ]
    same = [w for w in theirs if w.lemma == noun.lemma]
    if not theirs:
        return None
    counts = {
        n
        for r in pairs
        if r.kind == "count"
        and (r.head.lemma == noun.lemma or like.says(noun, r.head))
        and (n := number(r.dependent))
    }
    many = any(w.tag in ("NNS", "NNPS") for w in theirs)
    kinds = {w.lemma for w in theirs if w.lemma != noun.lemma and not like.says(w, noun)}
    more = any(r.dependent.text in _MORE and like.says(noun, r.head) for r in pairs)
    if not mine:
        plural = noun.tag == "NNS" and not many and len(kinds) < 2 and not more
        exact = [w for w in same if w.dep in ("nsubj", "dobj", "pobj", "nsubjpass")]
        if plural and same and len(exact) == len(same) and noun.text not in {w.text for w in same}:
            return None if any(n > 1 for n in counts) else True
        return None
    want = max(mine)
    firm = {n for n in counts if n > 1}
    if want in counts or (want == MANY and any(n > 2 for n in firm)):
        return None
    if want == 1:
        return True if firm and not counts & {1} else None
    if want <= 3 and (more or len(kinds) > 1):
        return None
    if MANY in firm and len(firm) == 1 and want > 2:
        return None
    return bool(firm) or (bool(same) and not many)


def _bare(
    parsed: Parsed, own: Sequence[Relation], words: Sequence[Word]
) -> tuple[Word, bool] | None:
    """Numbers that count nothing, and "once" and "twice": they must stand in the evidence."""
    known = {n for w in words if (n := number(w)) is not None}
    times = {number(w) for w in words if w.text in ("once", "twice", "thrice")} | {
        number(w) for w in words if w.text in ("two", "three", "one")
    }
    for word in parsed.words:
        value = number(word)
        if word.text in ("twice", "thrice") and times and value not in times:
            return word, any(w.text in ("once", "twice", "thrice") for w in words)
        if (
            word.pos == "NUM"
            and value is not None
            and value > 1
            and value not in known
            and MANY not in known
        ):
            return word, any(w.text.isdecimal() or w.pos == "NUM" for w in words)
    return None
