"""Who fills which role: fillers of two slots that a caption exchanges.

A slot is a word and what hangs on it how: "black _", "_ bites", "bites _", "two _", "_ with a red cap".
If a caption fills two slots crosswise, with what the evidence has in the other one, the meaning has
changed though each word is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prompts.meaning.likeness import Likeness, differ
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation, is_light, relations
from prompts.meaning.vocabulary import CLASSED, PLAIN, VAGUE


@dataclass(frozen=True, slots=True)
class Slot:
    """kind: of the relation; key: the word that says what is told of the filler."""

    kind: str
    key: Word
    filler: Word
    traits: frozenset[str]


def slots(parsed: Parsed) -> list[Slot]:
    """The slots of a text with their fillers."""
    found = []
    for relation in relations(parsed):
        if (pair := _slot(relation)) is not None:
            kind, key, filler = pair
            found.append(Slot(kind, key, filler, traits(parsed, filler)))
    return found


def _slot(relation: Relation) -> tuple[str, Word, Word] | None:
    kind, head, dependent = relation.kind, relation.head, relation.dependent
    if kind in ("agent", "patient"):
        if is_light(head) or head.lemma in PLAIN or dependent.pos not in ("NOUN", "PROPN", "PRON"):
            return None
        return kind, head, dependent
    if kind == "place" and head.pos == "VERB" and dependent.pos == "NOUN" and not is_light(head):
        return f"place {relation.preposition}", head, dependent
    if kind == "attribute" and dependent.lemma not in PLAIN and number(dependent) is None:
        if head.pos in ("NOUN", "PROPN") and (dependent.pos == "ADJ" or dependent.text in CLASSED):
            return kind, dependent, head
        if head.pos == "VERB" and dependent.pos == "ADV" and not is_light(head):
            return "manner", dependent, head
    if kind == "count" and head.pos == "NOUN" and number(dependent) and dependent.text not in VAGUE:
        return kind, dependent, head
    return None


def traits(parsed: Parsed, noun: Word) -> frozenset[str]:
    """What tells a thing from others of its kind: adjectives, and what it wears or has."""
    words: set[str] = set()
    for child in parsed.below(noun.at):
        if child.dep in ("amod", "compound", "nummod"):
            words.add(child.lemma)
        elif child.dep == "prep" and child.text in ("in", "with", "of"):
            words |= _things(parsed, parsed.below(child.at, "pobj"))
        elif child.dep in ("acl", "relcl") and child.lemma in (
            "wear",
            "dress",
            "hold",
            "carry",
            "have",
        ):
            words |= _things(parsed, parsed.below(child.at, "dobj"))
            for prep in parsed.below(child.at, "prep"):
                words |= _things(parsed, parsed.below(prep.at, "pobj"))
    return frozenset(words)


def _things(parsed: Parsed, nouns: Iterable[Word]) -> set[str]:
    words: set[str] = set()
    for noun in nouns:
        words |= {noun.lemma, *(c.lemma for c in parsed.below(noun.at, "amod", "compound"))}
    return words


def likely_one(like: Likeness, mine: Slot, theirs: Slot) -> float:
    """How well two fillers can be one thing: 0 if not, 1 for the same word, more with shared traits."""
    a, b = mine.filler, theirs.filler
    if b.pos == "PRON" or a.pos == "PRON":
        return 0.0 if differ(a, b) else 0.5
    if a.lemma == b.lemma:
        base = 1.0
    elif like.either(a, b):
        base = 0.9
    elif like.is_person(a) and like.is_person(b) and not differ(a, b):
        base = 0.4
    else:
        return 0.0
    return base + 0.5 * min(2, len(mine.traits & theirs.traits))


def exchanged(
    like: Likeness, mine: Sequence[Slot], theirs: Sequence[Sequence[Slot]]
) -> tuple[Slot, Slot] | None:
    """Two slots of a caption whose fillers some statement of the evidence has crosswise, and none
    straight. theirs: slots of each statement."""
    for at, first in enumerate(mine):
        for second in mine[at + 1 :]:
            if first.filler.at == second.filler.at or (
                first.filler.lemma == second.filler.lemma and not (first.traits or second.traits)
            ):
                continue
            if first.kind == second.kind and first.key.at == second.key.at:
                continue
            if _crossed(like, first, second, theirs):
                return first, second
    return None


def mistaken(like: Likeness, mine: Sequence[Slot], theirs: Sequence[Sequence[Slot]]) -> Slot | None:
    """A slot that one of several of a kind fills, told apart by what it has, where the evidence says that
    another one does: "the rider in red falls" of a rider in blue."""
    for slot in mine:
        if slot.kind not in ("agent", "patient") or not slot.traits:
            continue
        for statement in theirs:
            fillers = [s for s in statement if _same_slot(like, slot, s)]
            if not fillers or any(not f.traits or slot.traits & f.traits for f in fillers):
                continue
            if any(likely_one(like, slot, f) < 0.4 for f in fillers):
                continue
            if any(
                s.traits & slot.traits
                and likely_one(like, slot, s) >= 0.9
                and s.filler.at not in {f.filler.at for f in fillers}
                for s in statement
            ):
                return slot
    return None


def _crossed(like: Likeness, first: Slot, second: Slot, theirs: Sequence[Sequence[Slot]]) -> bool:
    crossed = False
    for statement in theirs:
        firsts = [s for s in statement if _same_slot(like, first, s)]
        seconds = [s for s in statement if _same_slot(like, second, s)]
        for a in firsts:
            for b in seconds:
                if a.filler.at == b.filler.at:
                    continue
                straight = likely_one(like, first, a), likely_one(like, second, b)
                cross = likely_one(like, first, b), likely_one(like, second, a)
                if sum(straight) >= sum(cross):
                    return False
                if min(cross) >= 0.9 and sum(cross) >= sum(straight) + 0.5:
                    crossed = True
    if not crossed:
        return False
    return (
        not any(
            _same_slot(like, slot, s) and likely_one(like, slot, s) >= 0.9
            for slot in (first, second)
            for statement in theirs
            for s in statement
            if len(slot.traits) == 0 or slot.kind in ("attribute", "count", "manner")
        )
        or first.kind in ("agent", "patient")
        or second.kind in ("agent", "patient")
    )


def _same_slot(like: Likeness, mine: Slot, theirs: Slot) -> bool:
    if mine.kind != theirs.kind:
        return False
    if mine.kind == "count":
        return number(mine.key) == number(theirs.key)
    if mine.key.lemma == theirs.key.lemma:
        return True
    pos = "v" if mine.key.pos == "VERB" else "a"
    return mine.key.pos == theirs.key.pos and mine.key.lemma in like.wordnet.synonyms(
        theirs.key.lemma, pos
    )
