"""What a caption tells of things: their opposite, or what belongs to another thing."""

from typing import Literal

from prompts.meaning.evidence import Caption, Side, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, tells_who
from prompts.meaning.manners import opposite_attribute
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation, agents, around, patients
from prompts.meaning.reporting import reported
from prompts.meaning.support import supported
from prompts.meaning.vocabulary import ANYBODY, CLASSED, CLASSES, PLAIN, SAME_COLOURS, WAYS

_ADJECTIVES = ("JJ", "JJR", "JJS")
_COLOURS = CLASSES[0]


def opposite(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A person of another gender or age than all of the evidence; a verb or an attribute whose opposite
    the evidence has of the same thing, and not itself."""
    side = sides.of(caption.name)
    unsure = reported(like, caption.parsed)
    for word in caption.parsed.words:
        told: Literal["doubt", "refused"] = "doubt" if word.at in unsure else "refused"
        if word.pos == "NOUN" and like.is_person(word) and not _may_be(like, word, side):
            other = next((o for o in side.content if o.pos == "NOUN" and differ(word, o)), None)
            if other is not None and not supported(like, word, side.content):
                outcome = "doubt" if any(_is_anybody(like, w) for w in side.content) else told
                return Finding("opposite", outcome, f"{word.text} for {other.text}")
        if word.pos == "VERB" and (other := _opposite_deed(like, word, caption.parsed, side)):
            return Finding("opposite", told, f"{word.text} for {other.text}")
    return opposite_attribute(like, caption, side)


def _is_anybody(like: Likeness, word: Word) -> bool:
    """Whether a noun names one person of any gender and age by what he does: "a judoka", "a reporter"."""
    single = word.pos == "NOUN" and word.tag == "NN" and word.lemma not in ANYBODY
    return single and like.is_person(word) and not tells_who(word)


def _may_be(like: Likeness, person: Word, side: Side) -> bool:
    """Whether the evidence has somebody of the same gender and age."""
    return any(
        (like.is_person(other) or other.lemma in ("male", "female"))
        and tells_who(other)
        and not differ(person, other)
        for other in side.content
    )


def _opposite_deed(like: Likeness, verb: Word, parsed: Parsed, side: Side) -> Word | None:
    """A verb of the evidence that is the opposite and has to do with the same things."""
    if any(like.says(verb, w) for w in side.content if w.pos == "VERB"):
        return None
    for text in side.readings:
        for other in text.words:
            if other.pos != "VERB" or not like.opposite(verb, other):
                continue
            ours, theirs = _involved(parsed, verb), _involved(text, other)
            if not ours or not theirs or any(like.one_thing(a, b) for a in ours for b in theirs):
                return other
    return None


def _involved(parsed: Parsed, verb: Word) -> list[Word]:
    """Who and what a verb has to do with."""
    places = [w for prep in parsed.below(verb.at, "prep") for w in parsed.below(prep.at, "pobj")]
    return [*agents(parsed, verb), *patients(parsed, verb), *places]


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
    pairs = [r for r in sides.of(caption.name).pairs if r.kind == "attribute"]
    for mine in caption.pairs:
        if mine.kind != "attribute":
            continue
        for names in CLASSES:
            if not _is_of_class(like, mine.dependent, names):
                continue
            theirs = [
                r.dependent
                for r in pairs
                if _is_of_class(like, r.dependent, names) and like.says(mine.head, r.head)
            ]
            if theirs and not any(same_attribute(like, mine.dependent, each) for each in theirs):
                detail = f"{mine.dependent.text} {mine.head.text}"
                return Finding("attribute", "refused", detail)
    return None


def _is_of_class(like: Likeness, word: Word, names: frozenset[str]) -> bool:
    """Whether a word is of a class of attributes; WordNet knows more colours than the table."""
    if word.text in names or names != _COLOURS:
        return word.text in names
    # Of adjectives only: neither a rose garden nor a chocolate cake tells a colour.
    return word.pos == "ADJ" and like.wordnet.colours(word.lemma)


def same_attribute(like: Likeness, mine: Word, theirs: Word) -> bool:
    """Whether two words of a class may be told of one thing: "grey" and "silver"."""
    both = {mine.text, theirs.text}
    return any(both <= names for names in SAME_COLOURS) or like.says(mine, theirs)
