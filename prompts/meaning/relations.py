"""Relations between the words of a text: who does what to whom, what is told of what, how many, where."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.vocabulary import CAUSING, LIGHT

# Words between a thing and the verb it hangs on.
_NEAR = 5

# Prepositions between somebody and what he wears or has.
_WEARING = ("in", "with")

Kind = Literal["agent", "patient", "attribute", "count", "place"]
"""Of a relation; an attribute is one of a thing or of a verb."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A word of a text and what hangs on it. preposition: of a place."""

    text: Parsed = field(repr=False, compare=False)
    kind: Kind
    head: Word
    dependent: Word
    preposition: str = ""


def relations(parsed: Parsed) -> Iterator[Relation]:
    """All relations of a text, those of coordinated and participial verbs to their subjects too."""
    for word in parsed.words:
        if word.pos in ("VERB", "AUX") or (word.pos == "NOUN" and word.dep == "ROOT"):
            for agent in agents(parsed, word):
                yield Relation(parsed, "agent", word, agent)
        if word.pos == "VERB":
            for patient in patients(parsed, word):
                yield Relation(parsed, "patient", word, patient)
        elif word.pos == "NOUN":
            for doer in doers(parsed, word):
                yield Relation(parsed, "agent", word, doer)
        yield from _of_word(parsed, word)


def doers(parsed: Parsed, noun: Word) -> list[Word]:
    """Who does what a noun names: "the barking of a dog", "a dog's bark", "dog barks"."""
    owners = parsed.below(noun.at, "poss", "compound")
    for prep in parsed.below(noun.at, "prep"):
        if prep.text in ("of", "from", "by"):
            owners += parsed.below(prep.at, "pobj")
    return _all(parsed, owners)


def agents(parsed: Parsed, verb: Word, deep: int = 3) -> list[Word]:
    """Who does it, with all of a coordination; without a subject of its own that of a verb above, at most
    `deep` levels."""
    own = [
        a
        for a in parsed.below(verb.at, "nsubj")
        if a.tag != "WDT" and a.text not in ("that", "who")
    ]
    by = [p for b in parsed.below(verb.at, "agent") for p in parsed.below(b.at, "pobj")]
    if by or own:
        return _all(parsed, [*by, *own])
    if parsed.below(verb.at, "nsubjpass"):
        return []
    head = parsed.head(verb)
    if head is None or not deep:
        return []
    if verb.dep in ("relcl", "acl") and head.pos in ("NOUN", "PROPN", "PRON"):
        passive = verb.dep == "acl" and verb.tag == "VBN"
        if any(subject.text == "who" for subject in parsed.below(verb.at, "nsubj")):
            head = _wearer(parsed, head)
        return [] if passive else _all(parsed, [head])
    if verb.dep == "amod" and head.pos == "NOUN" and verb.tag == "VBG":
        return [head]
    objects = parsed.below(head.at, "dobj")
    bare = verb.dep == "advcl" and verb.tag in ("VB", "VBP")
    if objects and head.lemma in CAUSING and (bare or verb.dep in ("xcomp", "ccomp")):
        return _all(parsed, objects)
    if verb.dep in ("conj", "xcomp", "advcl", "pcomp", "ccomp") and head.pos in ("VERB", "AUX"):
        return agents(parsed, head, deep - 1)
    if verb.dep == "pcomp" and head.dep == "prep":
        above = parsed.head(head)
        return agents(parsed, above, deep - 1) if above and above.pos == "VERB" else []
    return []


def _wearer(parsed: Parsed, noun: Word) -> Word:
    """Whom "who" means behind what somebody wears or has: the woman of "a woman in a turban, who"."""
    for _ in range(_NEAR):
        above = parsed.head(noun)
        if above is None:
            return noun
        carrier = parsed.head(above)
        worn = noun.dep == "pobj" and above.text in _WEARING
        worn = worn or (noun.dep == "dobj" and above.dep == "acl" and above.tag == "VBG")
        if not worn or carrier is None or carrier.pos not in ("NOUN", "PROPN"):
            return noun
        noun = carrier
    return noun


def patients(parsed: Parsed, verb: Word) -> list[Word]:
    """What it is done to, with all of a coordination."""
    own = parsed.below(verb.at, "dobj", "nsubjpass", "obj")
    own += [w for w in parsed.below(verb.at, "dative") if w.pos in ("NOUN", "PROPN", "PRON")]
    head = parsed.head(verb)
    if not own and verb.dep == "acl" and verb.tag == "VBN" and head is not None:
        own = [head]
    if not own and verb.dep == "amod" and verb.tag == "VBN" and head is not None:
        own = [head]
    return _all(parsed, own)


def _all(parsed: Parsed, words: list[Word]) -> list[Word]:
    every = []
    for word in words:
        every.append(word)
        every += _all(parsed, parsed.below(word.at, "conj", "appos"))
    return every


def _of_word(parsed: Parsed, word: Word) -> Iterator[Relation]:
    for child in parsed.below(word.at):
        if child.dep in ("amod", "compound", "acomp", "advmod", "poss", "npadvmod", "nmod", "attr"):
            for each in _all(parsed, [child]):
                yield Relation(parsed, "attribute", word, each)
                for owner in _described(parsed, word, child):
                    yield Relation(parsed, "attribute", owner, each)
        if child.dep in ("nummod", "det", "amod", "advmod", "npadvmod", "predet"):
            yield Relation(parsed, "count", word, child)
        if child.dep in ("prep", "agent", "dative"):
            for place in _all(parsed, parsed.below(child.at, "pobj")):
                yield Relation(parsed, "place", word, place, child.text)


def _described(parsed: Parsed, verb: Word, child: Word) -> list[Word]:
    """What an attribute told by a verb is of: "apron" in "the apron is striped"."""
    return agents(parsed, verb) if child.dep in ("acomp", "attr") else []


def around(relation: Relation) -> list[Word]:
    """What the head of a relation hangs on, up to its verb and that verb's subjects, and what hangs
    on the head."""
    parsed, word, chain = relation.text, relation.head, list[Word]()
    for _ in range(_NEAR):
        above = parsed.head(word)
        if above is None:
            break
        chain.append(above)
        word = above
        if word.pos == "VERB":
            chain += parsed.below(word.at, "nsubj")
            break
    return [*chain, *(child for child in parsed.below(relation.head.at) if child.is_content)]


def is_light(word: Word) -> bool:
    """Whether a verb says nothing by itself."""
    return word.lemma in LIGHT
