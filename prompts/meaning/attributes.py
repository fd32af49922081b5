"""What a caption tells of things: their opposite, or what belongs to another thing."""

from typing import Literal

from prompts.meaning.evidence import Caption, Side, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, tells_who
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation, around
from prompts.meaning.reporting import reported
from prompts.meaning.support import supported
from prompts.meaning.vocabulary import ANYBODY, CLASSED, CLASSES, PLAIN, SAME_COLOURS, WAYS

_ROLES = ("agent", "patient")
_ADJECTIVES = ("JJ", "JJR", "JJS")


def opposite(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A word that no evidence has, and whose opposite it has of the same thing."""
    side = sides.of(caption.name)
    for word in caption.parsed.words:
        if word.pos not in ("ADJ", "ADV", "VERB", "NOUN") or word.text in WAYS:
            continue
        if supported(like, word, side.content):
            continue
        for other in side.content:
            if _is_opposed(like, word, other, caption, side):
                unsure = _is_unsure(like, word, other, caption, side)
                outcome: Literal["doubt", "refused"] = "doubt" if unsure else "refused"
                return Finding("opposite", outcome, f"{word.text} for {other.text}")
    return None


def _is_opposed(like: Likeness, word: Word, other: Word, caption: Caption, side: Side) -> bool:
    if other.pos != word.pos and {other.pos, word.pos} != {"ADJ", "ADV"}:
        return False
    if word.pos == "NOUN":
        return like.is_person(word) and differ(word, other) and not _may_be(like, word, side)
    if not like.opposite(word, other):
        return False
    return word.pos == "VERB" or _of_one_head(like, word, other, caption, side)


def _is_unsure(like: Likeness, word: Word, other: Word, caption: Caption, side: Side) -> bool:
    """Whether the evidence may mean something else: somebody of unknown gender, another doer, or what the
    caption only reports."""
    if word.at in reported(like, caption.parsed):
        return True
    if word.pos == "NOUN":
        return any(_is_anybody(like, w) for w in side.content)
    if word.pos != "VERB":
        return False
    mine = [r.dependent for r in caption.pairs if r.head.at == word.at and r.kind in _ROLES]
    theirs = [r.dependent for r in side.pairs if r.head.lemma == other.lemma and r.kind in _ROLES]
    return bool(mine and theirs) and not any(like.one_thing(a, b) for a in mine for b in theirs)


def _is_anybody(like: Likeness, word: Word) -> bool:
    """Whether a noun names one person of any gender and age by what he does: "a judoka", "a reporter"."""
    single = word.pos == "NOUN" and word.tag == "NN" and word.lemma not in ANYBODY
    return single and like.is_person(word) and not tells_who(word)


def _may_be(like: Likeness, person: Word, side: Side) -> bool:
    """Whether the evidence has somebody of the same gender and age."""
    return any(
        like.is_person(other) and tells_who(other) and not differ(person, other)
        for other in side.content
    )


def _of_one_head(like: Likeness, word: Word, other: Word, caption: Caption, side: Side) -> bool:
    heads = [r.head for r in caption.pairs if r.kind == "attribute" and r.dependent.at == word.at]
    theirs = [
        r.head for r in side.pairs if r.kind == "attribute" and r.dependent.lemma == other.lemma
    ]
    return any(like.either(head, their) for head in heads for their in theirs)


def moved(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """An attribute that belongs to another thing, which the caption names too."""
    side = sides.of(caption.name)
    for mine in caption.pairs:
        head, attribute = mine.head, mine.dependent
        if not _tells_apart(mine):
            continue
        theirs = [
            r for r in side.pairs if r.kind == "attribute" and like.says(attribute, r.dependent)
        ]
        if not theirs or any(_can_be_of(like, head, r) for r in theirs):
            continue
        owners = [r.head for r in theirs]
        known = any(like.says(head, word) for word in side.content)
        if known and _names_another(like, caption.parsed, mine, owners):
            sure = all(_is_thing(like, word) for word in (head, *owners))
            outcome: Literal["doubt", "refused"] = "refused" if sure else "doubt"
            return Finding("attribute", outcome, f"{attribute.text} {head.text}")
    return None


def _is_thing(like: Likeness, word: Word) -> bool:
    """Whether a word names a thing or somebody: a mood or a tempo of other words may be of both."""
    return word.pos != "VERB" and (like.is_person(word) or like.wordnet.physical(word.lemma))


def _tells_apart(mine: Relation) -> bool:
    """Whether a relation gives a thing an attribute that other things lack."""
    head, attribute = mine.head, mine.dependent
    if mine.kind != "attribute" or head.pos != "NOUN" or head.lemma in PLAIN:
        return False
    if attribute.lemma in PLAIN or attribute.text in WAYS or number(attribute) is not None:
        return False
    return attribute.tag in _ADJECTIVES or attribute.text in CLASSED


def _can_be_of(like: Likeness, thing: Word, theirs: Relation) -> bool:
    """Whether an attribute of the evidence may be told of a thing: its head, or what stands around it."""
    return any(like.one_thing(thing, word) for word in (theirs.head, *around(theirs)))


def _names_another(like: Likeness, parsed: Parsed, mine: Relation, owners: list[Word]) -> bool:
    return any(
        word.at not in (mine.head.at, mine.dependent.at)
        and word.pos in ("NOUN", "PROPN", "VERB")
        and any(like.says(word, owner) for owner in owners)
        for word in parsed.words
    )


def another_of_class(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """Another colour, material or age of a thing than the evidence has."""
    pairs = [r for r in sides.of(caption.name).pairs if r.dependent.text in CLASSED]
    for mine in caption.pairs:
        if mine.kind != "attribute":
            continue
        for names in CLASSES:
            if mine.dependent.text not in names:
                continue
            theirs = [
                r.dependent
                for r in pairs
                if r.kind == "attribute" and r.dependent.text in names
                if like.says(mine.head, r.head)
            ]
            if theirs and not any(_is_alike(like, mine.dependent, each) for each in theirs):
                detail = f"{mine.dependent.text} {mine.head.text}"
                return Finding("attribute", "refused", detail)
    return None


def _is_alike(like: Likeness, mine: Word, theirs: Word) -> bool:
    both = {mine.text, theirs.text}
    return any(both <= names for names in SAME_COLOURS) or like.says(mine, theirs)
