"""Whether two statements can be of one event: nothing that one tells contradicts what the other does."""

from collections.abc import Iterator
from itertools import product

from prompts.meaning.attributes import same_attribute
from prompts.meaning.directions import ways
from prompts.meaning.likeness import Likeness
from prompts.meaning.numbers import MANY, number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.propositions import Statement
from prompts.meaning.relations import Relation, relations
from prompts.meaning.vocabulary import ANYTHING, CLASSES, GROUPS, LANGUAGES, MORE, VAGUE, WAYS
from prompts.words import tokens

_NOUNS = ("NOUN", "PROPN")
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_WORDS_SHARED = 0.5
_ONE = MORE | {"a", "an"}
_SUBJECTS = {"nsubj", "nsubjpass", "ROOT", "attr"}


def agree(like: Likeness, a: Statement, b: Statement) -> bool:
    """Whether nothing tells them apart: languages, quotations, counts, colours and other attributes of
    one thing, opposites, directions."""
    return (
        _languages(a.parsed, b.parsed)
        and _quotations(a, b)
        and _times(a.parsed, b.parsed)
        and _attributes(like, a.parsed, b.parsed)
        and _counts(like, a.parsed, b.parsed)
        and _ways(like, a.parsed, b.parsed)
    )


def _languages(a: Parsed, b: Parsed) -> bool:
    mine, theirs = ({w.text for w in p.words} & LANGUAGES for p in (a, b))
    return not mine or not theirs or bool(mine & theirs)


def _quotations(a: Statement, b: Statement) -> bool:
    mine, theirs = (frozenset(tokens(" ".join(s.quoted))) for s in (a, b))
    if not mine or not theirs:
        return True
    return len(mine & theirs) >= _WORDS_SHARED * min(len(mine), len(theirs))


def _times(a: Parsed, b: Parsed) -> bool:
    mine, theirs = (set(_how_often(p)) for p in (a, b))
    return not mine or not theirs or bool(mine & theirs)


def _how_often(parsed: Parsed) -> Iterator[int]:
    for word in parsed.words:
        if word.text in _TIMES:
            yield _TIMES[word.text]
        elif word.text == "times":
            yield from (n for w in parsed.below(word.at) if (n := number(w)))


def _attributes(like: Likeness, a: Parsed, b: Parsed) -> bool:
    mine, theirs = (_attributed(p) for p in (a, b))
    for x, y in product(mine, theirs):
        if not like.either(x.head, y.head):
            continue
        if like.opposite(x.dependent, y.dependent):
            return False
        if _classed(like, x.dependent, y.dependent):
            return False
    return True


def _attributed(parsed: Parsed) -> list[Relation]:
    return [
        r
        for r in relations(parsed)
        if r.kind == "attribute" and r.dependent.pos in ("ADJ", "ADV", "NOUN", "VERB")
    ]


def _classed(like: Likeness, x: Word, y: Word) -> bool:
    """Whether they are two colours, materials or ages that no thing has at once."""
    return any(x.text in c and y.text in c for c in CLASSES) and not same_attribute(like, x, y)


def _counts(like: Likeness, a: Parsed, b: Parsed) -> bool:
    for x in a.words:
        for y in b.words:
            if x.pos not in _NOUNS or y.pos not in _NOUNS or x.lemma in ANYTHING:
                continue
            if x.dep not in ("nsubj", "nsubjpass", "dobj", "ROOT", "attr", "conj"):
                continue
            same_place = x.dep == y.dep or {x.dep, y.dep} <= _SUBJECTS
            if same_place and like.one_thing(x, y) and not same_number(a, x, b, y):
                return False
    return True


def same_number(a: Parsed, x: Word, b: Parsed, y: Word) -> bool:
    """Whether two nouns may count the same things: "two dogs" and "dogs", not "a dog" and "dogs"."""
    low, high = sorted((how_many(a, x), how_many(b, y)))
    if low is _UNKNOWN or low == high:
        return True
    if high == MANY:
        return low > 1 and low != 2
    if high == _SEVERAL or low == _SEVERAL:
        return low != 1
    return False


_UNKNOWN = 0
_SEVERAL = MANY - 1


def how_many(parsed: Parsed, noun: Word) -> int:
    """What a noun counts: 0 where it does not tell, `_SEVERAL` for a plural without a number."""
    before = parsed.below(noun.at, "nummod", "det", "amod", "predet")
    verb = parsed.head(noun)
    if verb is not None and verb.pos == "VERB":  # where the parser hangs them by mistake
        before += [w for w in parsed.below(verb.at, "nummod", "det", "amod") if w.at < noun.at]
    counts = [value for child in before if child.text not in VAGUE and (value := number(child))]
    if counts:
        return max(counts)
    if noun.lemma in GROUPS or parsed.below(noun.at, "conj") or noun.dep == "conj":
        return _UNKNOWN
    if noun.tag in ("NNS", "NNPS"):
        return _SEVERAL
    if any(child.text in _ONE for child in before):
        return 1
    return _UNKNOWN


def _ways(like: Likeness, a: Parsed, b: Parsed) -> bool:
    """Whether no way of one is the opposite of one of the other, told of the same."""
    return not any(
        like.either(x, y)
        for mine in ways(a)
        for theirs in ways(b)
        if WAYS.get(mine.name) == theirs.name
        for x in mine.anchors
        for y in theirs.anchors
    )
