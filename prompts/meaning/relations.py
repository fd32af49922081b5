"""Relations between the words of a text: who does what, what belongs to what, how many, which way, when."""

from collections.abc import Iterator
from dataclasses import dataclass

from prompts.meaning.parsing import Parsed, Word

_LIGHT = frozenset(
    [
        "be",
        "have",
        "do",
        "go",
        "get",
        "make",
        "take",
        "begin",
        "start",
        "continue",
        "keep",
        "can",
        "may",
        "will",
        "appear",
        "seem",
        "let",
        "come",
    ]
)


@dataclass(frozen=True, slots=True)
class Relation:
    """`head` and what hangs on it. kind: "agent", "patient", "attribute" (of a thing or a verb), "count",
    "place" (with its preposition in `word`), "way" (a particle or direction)."""

    kind: str
    head: Word
    dependent: Word
    word: str = ""


def relations(parsed: Parsed) -> Iterator[Relation]:
    """All relations of a text, those of coordinated and participial verbs to their subjects too."""
    for word in parsed.words:
        if word.pos in ("VERB", "AUX") or (word.pos == "NOUN" and word.dep in ("ROOT",)):
            for agent in agents(parsed, word):
                yield Relation("agent", word, agent)
        if word.pos == "VERB":
            for patient in patients(parsed, word):
                yield Relation("patient", word, patient)
        elif word.pos == "NOUN":
            for doer in _doers(parsed, word):
                yield Relation("agent", word, doer)
        yield from _of_word(parsed, word)


def _doers(parsed: Parsed, noun: Word) -> list[Word]:
    """Who does what a noun names: "the barking of a dog", "a dog's bark", "dog barks"."""
    owners = parsed.below(noun.at, "poss", "compound")
    for prep in parsed.below(noun.at, "prep"):
        if prep.text in ("of", "from", "by"):
            owners += parsed.below(prep.at, "pobj")
    return _all(parsed, owners)


def agents(parsed: Parsed, verb: Word, deep: int = 3) -> list[Word]:
    """Who does it, with all of a coordination."""
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
        return [] if passive else _all(parsed, [head])
    if verb.dep == "amod" and head.pos == "NOUN" and verb.tag == "VBG":
        return [head]
    if verb.dep in ("conj", "xcomp", "advcl", "pcomp", "ccomp") and head.pos in ("VERB", "AUX"):
        return agents(parsed, head, deep - 1)
    if verb.dep == "pcomp" and head.dep == "prep":
        above = parsed.head(head)
        return agents(parsed, above, deep - 1) if above and above.pos == "VERB" else []
    return []


def patients(parsed: Parsed, verb: Word) -> list[Word]:
    """What it is done to, with all of a coordination."""
    own = parsed.below(verb.at, "dobj", "nsubjpass", "obj")
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
                yield Relation("attribute", word, each)
                for owner in _described(parsed, word, child):
                    yield Relation("attribute", owner, each)
        if child.dep in ("nummod", "det", "amod", "advmod", "npadvmod", "predet"):
            yield Relation("count", word, child)
        if child.dep in ("prt", "advmod"):
            yield Relation("way", word, child, child.text)
        if child.dep in ("prep", "agent", "dative"):
            for place in _all(parsed, parsed.below(child.at, "pobj")):
                yield Relation("place", word, place, child.text)


def _described(parsed: Parsed, verb: Word, child: Word) -> list[Word]:
    """The subject of "the apron is striped"."""
    return agents(parsed, verb) if child.dep in ("acomp", "attr") else []


def is_light(word: Word) -> bool:
    """Whether a verb says nothing by itself."""
    return word.lemma in _LIGHT
