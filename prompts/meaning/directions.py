"""Which way things go and where they are: "zooms in", "to the right", "on the left side"."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import agents, patients
from prompts.meaning.vocabulary import EQUAL_WAYS, GENERAL_VERBS, PLAIN, SIDES, WAYS


@dataclass(frozen=True, slots=True)
class Way:
    """A direction. anchors: the verb or the things that it is told of. objects: what moves so, where the
    verb says little or a place is named. place: where to or from: "basket" in "out of a basket"."""

    name: str
    anchors: tuple[Word, ...]
    objects: tuple[Word, ...] = ()
    place: Word | None = None


# Words that tell a place, not a way, where a thing follows: "in a car".
_PREPOSITIONS = frozenset(["in", "over", "under", "above", "below", "off"])
# Words that are ways only as names of parts.
_PARTS = frozenset(["front", "top", "bottom"])
# Levels between a direction and what it is told of.
_DEEP = 7
# Words between "from" and the "to" that belongs to it.
_FAR = 8


def turned(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A direction that the evidence lacks, and whose opposite it tells of the same thing or verb."""
    mine, theirs = ways(caption.parsed), sides.both.all(ways)
    for way in mine:
        known = {other.name for other in theirs if _is_of_one(like, way, other)}
        if way.name not in known and WAYS.get(way.name) in known:
            return Finding("direction", "refused", way.name)
    if (course := _reversed(like, courses(caption.parsed), sides.both.all(courses))) is not None:
        return Finding("direction", "refused", course)
    return _turned_at_place(like, mine, theirs)


def _turned_at_place(like: Likeness, mine: Sequence[Way], theirs: Sequence[Way]) -> Finding | None:
    """A way to or from a place of which the evidence tells only the opposite: a doubt, for another thing
    may move so."""
    for way in mine:
        if way.place is not None and way.place.pos == "NOUN":
            at = {w.name for w in theirs if w.place and like.either(way.place, w.place)}
            if way.name not in at and WAYS.get(way.name) in at:
                return Finding("direction", "doubt", way.name)
    return None


Course = tuple[tuple[Word, ...], tuple[Word, ...]]
"""What a change or movement goes from, and what it goes to: the noun and its adjectives."""


def courses(parsed: Parsed) -> list[Course]:
    """All of a text: "from grey morning to golden evening"."""
    found: list[Course] = []
    for origin in parsed.words:
        if origin.text != "from":
            continue
        goals = [
            w for w in parsed.words[origin.at + 1 : origin.at + _FAR] if w.text in ("to", "into")
        ]
        ends = [_phrase(parsed, preposition) for preposition in (origin, *goals[:1])]
        if len(ends) == 2 and all(ends):
            found.append((ends[0], ends[1]))
    return found


def _phrase(parsed: Parsed, preposition: Word) -> tuple[Word, ...]:
    """The words after a preposition up to the next one: the parser takes "to grey" for a verb."""
    behind = parsed.words[preposition.at + 1 : preposition.at + _FAR]
    phrase = takewhile(lambda word: word.pos not in ("ADP", "PART", "PUNCT", "CCONJ"), behind)
    return tuple(word for word in phrase if word.is_content)


def _reversed(like: Likeness, mine: Sequence[Course], theirs: Sequence[Course]) -> str | None:
    """A course that the evidence tells the other way round, and nowhere as it stands."""

    def is_one(a: Sequence[Word], b: Sequence[Word]) -> bool:
        return any(like.either(word, other) for word in a for other in b)

    for origin, goal in mine:
        if is_one(origin, goal) or any(
            is_one(origin, start) and is_one(goal, end) for start, end in theirs
        ):
            continue
        if any(is_one(origin, end) and is_one(goal, start) for start, end in theirs):
            return f"from {origin[0].text} to {goal[0].text}"
    return None


def _is_of_one(like: Likeness, mine: Way, theirs: Way) -> bool:
    """Whether two directions are told of one thing or verb."""

    def shared(some: Sequence[Word], others: Sequence[Word]) -> bool:
        return any(like.either(a, b) for a in some for b in others)

    if mine.place is not None and theirs.place is not None:
        if not like.either(mine.place, theirs.place):
            return False
        if shared(mine.objects, theirs.objects):
            return True
    elif _is_motion(mine) and _is_motion(theirs) and shared(mine.objects, theirs.objects):
        return True
    return shared(mine.anchors, theirs.anchors)


def _is_motion(way: Way) -> bool:
    return any(
        word.lemma in PLAIN | GENERAL_VERBS for word in way.anchors if word.pos == "VERB"
    ) or (not any(word.pos == "VERB" for word in way.anchors))


def ways(parsed: Parsed) -> list[Way]:
    """Directions of a text."""
    told = [_way(parsed, word) for word in parsed.words if _is_way(parsed, word)]
    return [way for way in told if way is not None and way.anchors]


def _way(parsed: Parsed, word: Word) -> Way | None:
    name = EQUAL_WAYS.get(word.text, word.text)
    if word.text in ("left", "right") and _is_origin(parsed, word):
        if _has_goal(parsed, word):
            return None
        name = f"from {name}"
    verb = _verb(parsed, word)
    objects: list[Word] = []
    if verb is not None:
        objects = [*patients(parsed, verb)] or agents(parsed, verb)
    place = next(iter(_places(parsed, word)), None)
    return Way(name, tuple(_anchors(parsed, word)), tuple(objects), place)


def _places(parsed: Parsed, word: Word) -> list[Word]:
    """What a preposition of direction is followed by: "into a basket", "out of a basket"."""
    if word.text in ("left", "right", "top", "bottom"):
        return []
    places = parsed.below(word.at, "pobj")
    for prep in parsed.below(word.at, "prep"):
        places += parsed.below(prep.at, "pobj")
    return [place for place in places if place.lemma not in SIDES]


def _verb(parsed: Parsed, word: Word) -> Word | None:
    above = parsed.head(word)
    for _ in range(_DEEP):
        if above is None or above.pos == "VERB":
            return above
        above = parsed.head(above)
    return None


def _is_way(parsed: Parsed, word: Word) -> bool:
    if word.text not in WAYS or word.dep == "mark":
        return False
    if word.text == "front" and word.dep in ("amod", "compound"):
        return False  # the front of something: "the front panel"
    if word.text in _PREPOSITIONS and parsed.below(word.at, "pobj"):
        return False
    return word.text not in _PARTS or word.pos in ("NOUN", "ADJ")


def _is_origin(parsed: Parsed, word: Word) -> bool:
    """Whether it is where a movement comes from: "left" of "from left to right"."""
    head = parsed.head(word)
    return head is not None and head.text == "from"


def _has_goal(parsed: Parsed, word: Word) -> bool:
    """Whether the origin is followed by where to: "to right" of "from left to right"."""
    return any(other.text == "to" for other in parsed.words[word.at + 1 : word.at + 3])


def _anchors(parsed: Parsed, word: Word) -> list[Word]:
    """The nearest thing or verb above a word that tells something; of a light verb what hangs on it."""
    above = parsed.head(word)
    for _ in range(_DEEP):
        if above is None:
            return []
        if above.pos in ("NOUN", "PROPN") and above.lemma not in SIDES:
            return [above]
        if above.pos in ("VERB", "AUX"):
            return _of_verb(parsed, above)
        above = parsed.head(above)
    return []


def _of_verb(parsed: Parsed, verb: Word) -> list[Word]:
    if verb.pos == "VERB" and verb.lemma not in PLAIN:
        return [verb]
    around = parsed.below(verb.at, "nsubj", "nsubjpass", "attr", "dobj")
    return [word for word in around if word.pos == "NOUN" and word.lemma not in SIDES]
