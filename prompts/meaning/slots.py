"""Who fills which role: fillers of two slots that a caption exchanges.

A slot is a word and what hangs on it how: "black _", "_ bites", "bites _", "two _", "_ with a red cap".
If a caption fills two slots crosswise, with what the evidence has in the other one, the meaning has
changed though each word is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from prompts.meaning.likeness import Likeness, differ
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation, is_light, relations
from prompts.meaning.vocabulary import CLASSED, PLAIN, VAGUE

# Likenesses of two fillers: one word may be said for the other; both are people who do not differ.
WORD = 0.9
_PERSON = 0.4

_HAVING = ("wear", "dress", "hold", "carry", "have")


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a text, filled.

    kind: of the relation, with the preposition of a place. key: the word that says what is told of the
    filler. traits: what tells the filler from others of its kind, as lemmas.
    """

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
        elif child.dep in ("acl", "relcl") and child.lemma in _HAVING:
            words |= _things(parsed, parsed.below(child.at, "dobj"))
            for prep in parsed.below(child.at, "prep"):
                words |= _things(parsed, parsed.below(prep.at, "pobj"))
    return frozenset(words)


def _things(parsed: Parsed, nouns: Iterable[Word]) -> set[str]:
    words: set[str] = set()
    for noun in nouns:
        words |= {noun.lemma, *(c.lemma for c in parsed.below(noun.at, "amod", "compound"))}
    return words


def alike(like: Likeness, mine: Slot, theirs: Slot) -> float:
    """How well two fillers can be one thing: 0 if not, 1 for the same word, more with shared traits."""
    a, b = mine.filler, theirs.filler
    if b.pos == "PRON" or a.pos == "PRON":
        return 0.0 if differ(a, b) else 0.5
    return closeness(like, a, mine.traits, b, theirs.traits)


def closeness(
    like: Likeness, word: Word, own: frozenset[str], other: Word, others: frozenset[str]
) -> float:
    """The same of two things by their words and their traits."""
    if word.lemma == other.lemma:
        base = 1.0
    elif like.either(word, other):
        base = WORD
    elif like.is_person(word) and like.is_person(other) and not differ(word, other):
        base = _PERSON
    else:
        return 0.0
    return base + 0.5 * min(2, len(own & others))


def exchanged(
    like: Likeness, mine: Sequence[Slot], theirs: Sequence[Sequence[Slot]]
) -> tuple[Slot, Slot] | None:
    """Two slots of a caption whose fillers some statement of the evidence has crosswise, and none
    straight. theirs: slots of each statement."""
    same = {id(slot): [_of(like, slot, statement) for statement in theirs] for slot in mine}
    for first, second in combinations(mine, 2):
        if first.filler.at == second.filler.at:
            continue
        if first.filler.lemma == second.filler.lemma and not (first.traits or second.traits):
            continue
        if first.kind == second.kind and first.key.at == second.key.at:
            continue
        firsts, seconds = same[id(first)], same[id(second)]
        if _is_crossed(like, first, second, firsts, seconds) and _matters(
            like, ((first, firsts), (second, seconds))
        ):
            return first, second
    return None


def _is_crossed(
    like: Likeness,
    first: Slot,
    second: Slot,
    firsts: Sequence[Sequence[Slot]],
    seconds: Sequence[Sequence[Slot]],
) -> bool:
    """firsts, seconds: the same slots in each statement of the evidence."""
    crossed = False
    for of_first, of_second in zip(firsts, seconds, strict=True):
        for a, b in product(of_first, of_second):
            if a.filler.at == b.filler.at:
                continue
            straight = alike(like, first, a) + alike(like, second, b)
            across = alike(like, first, b), alike(like, second, a)
            if straight >= sum(across):
                return False
            crossed = crossed or (min(across) >= WORD and sum(across) >= straight + 0.5)
    return crossed


def _matters(like: Likeness, pair: Sequence[tuple[Slot, Sequence[Sequence[Slot]]]]) -> bool:
    """Whether an exchange changes the meaning: always of who acts, else unless some statement fills one
    of the slots as the caption does. pair: the slots, each with the same slots of each statement."""
    if {slot.kind for slot, _ in pair} & {"agent", "patient"}:
        return True
    return not any(
        alike(like, slot, other) >= WORD
        for slot, same in pair
        if not slot.traits or slot.kind in ("attribute", "count", "manner")
        for statement in same
        for other in statement
    )


def mistaken(like: Likeness, mine: Sequence[Slot], theirs: Sequence[Sequence[Slot]]) -> Slot | None:
    """A slot that one of several of a kind fills, told apart by what it has, where the evidence says that
    another one does: "the rider in red falls" of a rider in blue."""
    for slot in mine:
        if slot.kind not in ("agent", "patient") or not slot.traits:
            continue
        if any(_is_mistaken(like, slot, statement) for statement in theirs):
            return slot
    return None


def _is_mistaken(like: Likeness, slot: Slot, statement: Sequence[Slot]) -> bool:
    fillers = [other for other in statement if is_same(like, slot, other)]
    if not fillers or any(not other.traits or slot.traits & other.traits for other in fillers):
        return False
    if any(alike(like, slot, other) < _PERSON for other in fillers):
        return False
    places = {other.filler.at for other in fillers}
    return any(
        slot.traits & other.traits
        and alike(like, slot, other) >= WORD
        and other.filler.at not in places
        for other in statement
    )


def _of(like: Likeness, mine: Slot, statement: Sequence[Slot]) -> list[Slot]:
    """The same slot in a statement: by its very word, where there is one, else by a synonym."""
    same = [slot for slot in statement if is_same(like, mine, slot)]
    return [slot for slot in same if slot.key.lemma == mine.key.lemma] or same


def is_same(like: Likeness, mine: Slot, theirs: Slot) -> bool:
    """Whether two slots are one, whatever fills them."""
    if mine.kind != theirs.kind:
        return False
    a, b = mine.key, theirs.key
    if mine.kind == "count":
        return number(a) == number(b)
    if a.lemma == b.lemma:
        return True
    synonyms = like.wordnet.synonyms(b.lemma, "v" if a.pos == "VERB" else "a")
    return a.pos == b.pos and a.lemma in synonyms
