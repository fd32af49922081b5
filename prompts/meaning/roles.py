"""Who does what: roles that a caption gives to others than the evidence."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.slots import WORD, Slot, alike, exchanged, is_same, mistaken, slots
from prompts.meaning.vocabulary import GENERAL_VERBS, PLAIN

# Slots of a verb that no other wording exchanges.
_ROLES = ("agent", "patient", "place with", "place into", "place onto")
# Places that a thing has by what another one does.
_ACTED_ON = ("patient", "place past", "place into", "place onto", "place over", "place at")
_OBJECTS = ("dobj", "pobj", "poss", "attr")

# What may be anything that sounds or acts.
_ANYTHING = frozenset(["something", "someone", "sound", "noise", "voice"])


def another_role(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """Fillers of two slots exchanged, or one put for another that its attributes tell apart."""
    statements = sides.of(caption.name).each(slots)
    mine = slots(caption.parsed)
    pair = exchanged(like, mine, statements)
    if pair is not None:
        kinds = {slot.kind for slot in pair}
        of_role = kinds & {"agent", "patient"} or pair[0].kind.startswith("place")
        detail = ", ".join(f"{slot.key.text} {slot.filler.text}" for slot in pair)
        return Finding("role" if of_role else "attribute", "refused", detail)
    slot = (
        mistaken(like, mine, statements)
        or _displaced(like, mine, statements)
        or _acting(like, mine, statements)
    )
    if slot is None:
        return None
    return Finding("role", "refused", f"{slot.filler.text} {slot.key.text}")


def _displaced(
    like: Likeness, mine: Sequence[Slot], statements: Sequence[Sequence[Slot]]
) -> Slot | None:
    """A slot that the evidence fills with what the caption puts in another slot of that verb, and whose
    filler the evidence has in another one: "drives a plank into the nail"."""
    for slot in mine:
        if _is_role(slot) and slot.filler.pos == "NOUN" and slot.key.lemma not in GENERAL_VERBS:
            others = [
                s for s in mine if s.key.at == slot.key.at and s.kind != slot.kind and _is_role(s)
            ]
            if others and _is_displaced(like, slot, others, statements):
                return slot
    return None


def _is_role(slot: Slot) -> bool:
    return slot.kind in _ROLES


def _is_displaced(
    like: Likeness, slot: Slot, others: Sequence[Slot], statements: Sequence[Sequence[Slot]]
) -> bool:
    displaced = False
    for theirs in statements:
        fillers = [s for s in theirs if is_same(like, slot, s)]
        if any(s.filler.pos == "PRON" or alike(like, slot, s) >= WORD for s in fillers):
            return False
        taken = [s for s in fillers if any(alike(like, other, s) >= WORD for other in others)]
        elsewhere = any(
            _is_role(s)
            and s.kind != slot.kind
            and s.key.lemma == slot.key.lemma
            and alike(like, slot, s) > 0
            for s in theirs
        )
        displaced = displaced or bool(taken and elsewhere)
    return displaced


def _acting(
    like: Likeness, mine: Sequence[Slot], statements: Sequence[Sequence[Slot]]
) -> Slot | None:
    """Who does what the evidence has another do to them, or past or into them: "a goalkeeper shoots" of
    one past whom somebody shoots."""
    for slot in mine:
        if slot.kind != "agent" or slot.filler.pos != "NOUN" or slot.key.pos != "VERB":
            continue
        if not any(s.key.at == slot.key.at and s.kind in _ACTED_ON for s in mine):
            continue  # "a hymn, sung slowly": the parser takes what is sung for who sings
        if slot.key.lemma not in GENERAL_VERBS and _is_acted_on(like, slot, statements):
            return slot
    return None


def _is_acted_on(like: Likeness, mine: Slot, statements: Sequence[Sequence[Slot]]) -> bool:
    acted_on = False
    for theirs in statements:
        of_verb = [s for s in theirs if s.key.lemma == mine.key.lemma and s.key.pos == "VERB"]
        doers = [s for s in of_verb if s.kind == "agent"]
        if any(s.filler.pos == "PRON" or alike(like, mine, s) >= WORD for s in doers):
            return False
        acted_on = acted_on or any(
            doer.key.at == other.key.at
            and other.kind in _ACTED_ON
            and alike(like, mine, other) >= WORD
            for doer in doers
            for other in of_verb
        )
    return acted_on


def another_doer(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """Somebody who does what only another does, who is named too: a doubt, for one may be the other."""
    pairs = [pair for pair in sides.of(caption.name).pairs if pair.kind == "agent"]
    known = {word.lemma for word in sides.both.words}
    readings = sides.of(caption.name).readings
    for mine in caption.pairs:
        verb, doer = mine.head, mine.dependent
        if mine.kind != "agent" or verb.pos != "VERB" or doer.pos != "NOUN":
            continue
        if verb.lemma in GENERAL_VERBS or doer.lemma in PLAIN or doer.lemma not in known:
            continue
        theirs = [pair.dependent for pair in pairs if like.either(verb, pair.head)]
        if not theirs or any(_may_be_one(like, doer, other) for other in theirs):
            continue
        if any(_stands_before(like, doer, verb, parsed) for parsed in readings):
            continue
        if any(
            word.pos == "NOUN"
            and word.at != doer.at
            and any(like.says(word, other) for other in theirs)
            for word in caption.parsed.words
        ):
            return Finding("role", "doubt", f"{doer.text} {verb.text}")
    return None


def _stands_before(like: Likeness, doer: Word, verb: Word, parsed: Parsed) -> bool:
    """Whether a sentence has the doer before the verb with no other subject between: it may say so though
    the parser missed it ("a boy drags a boat" with "drags" as a noun)."""
    for word in parsed.words:
        if word.tag == "VBN" or not like.either(verb, word):
            continue
        for before in reversed(parsed.words[: word.at]):
            if before.sentence != word.sentence:
                break
            if before.pos not in ("NOUN", "PROPN") or before.dep in _OBJECTS:
                continue
            if like.one_thing(doer, before):
                return True
            if before.dep in ("nsubj", "nsubjpass"):
                break
    return False


def _may_be_one(like: Likeness, word: Word, other: Word) -> bool:
    if like.either(word, other) or other.pos == "PRON" or other.lemma in _ANYTHING:
        return True
    return like.is_person(word) and like.is_person(other) and not differ(word, other)
