"""What belongs to whom: things that somebody wears or holds, and deeds, given to another one.

A statement of the evidence names each new thing with an article or a number of its own ("a man ... a
vendor"), so two such things are not one. If what a caption tells of the first is told of the second,
the caption contradicts the evidence, even where both are people of one kind.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, tells_who
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import agents
from prompts.meaning.slots import WORD, closeness, traits
from prompts.meaning.vocabulary import PLAIN, SIDES

_HOLDING = ("wear", "hold", "carry", "dress", "have", "sport", "don")
_WITH = ("in", "with", "wearing")
# Marks a thing that is named for the first time, besides numbers.
_NEW = ("a", "an", "another", "other", "one")
# A likeness by which a thing is clearly one rather than another.
_CLEARLY = 0.5


@dataclass(frozen=True, slots=True)
class Held:
    """A thing, what it is like, and what is told to have it, with what else tells that one apart."""

    text: Parsed
    thing: Word
    looks: frozenset[str]
    holder: Word
    traits: frozenset[str]


@dataclass(frozen=True)
class Statement:
    """What a reading of a statement tells. things: nouns with their traits."""

    held: tuple[Held, ...]
    things: tuple[tuple[Word, frozenset[str]], ...]
    new: frozenset[int]


def statement(parsed: Parsed) -> Statement:
    """Things of a text with what each has."""
    things = [w for w in parsed.words if w.pos in ("NOUN", "PROPN") and w.dep != "compound"]
    return Statement(
        tuple(_held(parsed)),
        tuple((thing, traits(parsed, thing)) for thing in things),
        frozenset(thing.at for thing in things if _is_new(parsed, thing)),
    )


def _is_new(parsed: Parsed, thing: Word) -> bool:
    if thing.dep in ("appos", "attr", "oprd"):
        return False
    below = parsed.below(thing.at, "det", "nummod", "amod", "predet")
    return any(word.text in _NEW or (number(word) or 0) > 1 for word in below)


def _held(parsed: Parsed) -> Iterator[Held]:
    for word in parsed.words:
        if word.pos in ("NOUN", "PROPN"):
            for prep in parsed.below(word.at, "prep"):
                if prep.text in _WITH:
                    yield from _each(parsed, [word], parsed.below(prep.at, "pobj"))
        elif word.pos == "VERB" and word.lemma in _HOLDING:
            things = parsed.below(word.at, "dobj")
            for prep in parsed.below(word.at, "prep"):
                if prep.text == "in" and word.lemma in ("dress", "clothe"):
                    things += parsed.below(prep.at, "pobj")
            holders = agents(parsed, word)
            above = parsed.head(word)
            if not holders and word.dep == "acl" and above is not None:
                holders = [above]
            yield from _each(parsed, holders, things)


def _each(parsed: Parsed, holders: Iterable[Word], things: Iterable[Word]) -> Iterator[Held]:
    for thing in things:
        for each in (thing, *parsed.below(thing.at, "conj")):
            if each.pos not in ("NOUN", "ADJ", "PROPN") or each.lemma in PLAIN | SIDES:
                continue
            looks = frozenset(w.lemma for w in parsed.below(each.at, "amod", "compound"))
            for holder in holders:
                others = traits(parsed, holder) - looks - {each.lemma}
                yield Held(parsed, each, looks, holder, others)


def another_bearer(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A thing that the caption gives to one, and the evidence only to another."""
    statements = sides.of(caption.name).each(statement)
    for mine in _held(caption.parsed):
        if not is_animate(like, mine.text, mine.holder):
            continue
        if mine.thing.pos == "PROPN" or not like.wordnet.physical(mine.thing.lemma):
            continue
        if _is_with_another(like, mine, statements):
            return Finding("attribute", "refused", f"{mine.holder.text} {mine.thing.text}")
    return None


def _is_with_another(like: Likeness, mine: Held, statements: Sequence[Statement]) -> bool:
    other = False
    for each in statements:
        same = [held for held in each.held if _is_same(like, mine, held)]
        if not same:
            continue
        for held in same:
            if held.holder.pos != "PRON" and not is_animate(like, held.text, held.holder):
                return False
            theirs = held.holder, held.traits
            if not is_another(like, (mine.holder, mine.traits), theirs, each):
                return False
        other = True
    return other


def _is_same(like: Likeness, mine: Held, theirs: Held) -> bool:
    """Whether it is one thing by its name and its looks."""
    if mine.thing.lemma != theirs.thing.lemma and not like.says(mine.thing, theirs.thing):
        return False
    return not mine.looks or not theirs.looks or bool(mine.looks & theirs.looks)


def is_another(
    like: Likeness,
    mine: tuple[Word, frozenset[str]],
    theirs: tuple[Word, frozenset[str]],
    each: Statement,
) -> bool:
    """Whether a thing of a caption is clearly another one than a thing of a statement, for the statement
    has one that is more like it, and names both as new."""
    word, own = mine
    if theirs[0].pos == "PRON":
        return differ(word, theirs[0])
    score = closeness(like, word, own, *theirs)
    if score >= WORD and not theirs[1]:
        return False
    for thing, looks in each.things:
        if tells_who(word) and thing.lemma != word.lemma:
            continue
        if thing.at == theirs[0].at or closeness(like, word, own, thing, looks) < max(
            WORD, score + _CLEARLY
        ):
            continue
        if score == 0 or (
            theirs[0].at in each.new and (thing.at in each.new or thing.at < theirs[0].at)
        ):
            return True
        if theirs[1] and looks and not theirs[1] & looks and thing.lemma == theirs[0].lemma:
            return True
    return False


def is_animate(like: Likeness, parsed: Parsed, word: Word) -> bool:
    """Whether a word names somebody, an animal, or a figure of one ("wolf puppet")."""
    if like.is_person(word):
        return True
    names = [word.lemma, *(each.lemma for each in parsed.below(word.at, "compound"))]
    senses = [sense for name in names for sense in like.wordnet.senses(name, "n")[:1]]
    kinds = ("animal", "social_group")
    return any(like.wordnet.under(sense, kind) for sense in senses for kind in kinds)
