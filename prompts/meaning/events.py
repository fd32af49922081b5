"""Whether two texts tell one event in other words, and whether a caption tells the event of a statement.

"A motorbike revs" and "a motorcycle is revving its engine" are one event, and so are "dough is kneaded by
a man" and "a man kneads dough on a board": the same is done by and to the same, details aside. Other
people, counts, colours, opposites, directions, languages or words said, and roles exchanged make
another event.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from prompts.meaning.agreement import agree, same_number
from prompts.meaning.likeness import Likeness, differ
from prompts.meaning.parsing import Word
from prompts.meaning.propositions import Proposition, Statement, statements
from prompts.meaning.support import needs_support, supported
from prompts.meaning.vocabulary import ANYBODY, ANYTHING, GENERAL_VERBS, POSTURES

_REMEMBERED = 1 << 12
"""Statements that are kept parsed (some 20 KB each)."""

_FRACTION = 0.5
"""Of what a statement is about, what a caption tells at least."""


def same_event(like: Likeness, a: Statement, b: Statement) -> bool:
    """Whether two statements tell one event, each in its own words; either may tell more of it."""
    if not a.main or not b.main or not agree(like, a, b):
        return False
    return all(
        any(same_act(like, mine, theirs) for theirs in other.main)
        for one, other in ((a, b), (b, a))
        for mine in one.main
    )


def told(like: Likeness, caption: Statement, statement: Statement) -> bool:
    """Whether a caption tells the event of a statement, details aside. Nothing is told of a statement that
    nothing is known of."""
    main = statement.main
    if not main:
        words = [w for w in statement.parsed.words if needs_support(w)]
        content = [w for w in caption.parsed.words if w.is_content]
        known = sum(supported(like, w, content) for w in words)
        return bool(words) and known >= _FRACTION * len(words)
    known = sum(_is_told(like, each, caption) for each in main)
    return known >= max(1, _FRACTION * len(main))


@dataclass
class Events:
    """Compares texts by what happens in them; parses each once, up to a limit."""

    like: Likeness
    _read: dict[str, Statement] = field(default_factory=dict, repr=False)

    def read(self, texts: Sequence[str]) -> list[Statement]:
        """The texts as statements. New ones are parsed together, which is faster than one by one."""
        new = list(dict.fromkeys(text for text in texts if text not in self._read))
        if len(self._read) + len(new) > _REMEMBERED:
            self._read.clear()
            new = list(dict.fromkeys(texts))
        if new:
            self._read.update(zip(new, statements(new, self.like.wordnet), strict=True))
        return [self._read[text] for text in texts]

    def alike(self, first: str, second: str) -> bool:
        """Whether two texts tell one event, for `prompts.selection` and `prompts.fallback`."""
        return same_event(self.like, *self.read([first, second]))

    def told(self, caption: str, text: str) -> bool:
        """Whether a caption tells the event of a text."""
        return told(self.like, *self.read([caption, text]))


def same_act(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether two propositions are of one thing done, or of one thing that is there."""
    if a.denied != b.denied:
        return False
    if a.is_thing or b.is_thing:
        return _same_thing(like, a, b)
    if not _same_head(like, a, b):
        return False
    return _same_roles(like, a, b)


def _same_head(like: Likeness, a: Proposition, b: Proposition) -> bool:
    x, y = a.head, b.head
    if like.opposite(x, y):
        return False
    if like.is_speech(x) and like.is_speech(y):
        return _sings(x) == _sings(y)
    return like.either(x, y)


def _sings(word: Word) -> bool:
    return word.lemma in ("sing", "chant", "hum", "rap")


def _same_thing(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """A thing beside another, or beside what it does: "thunder" and "thunder rumbles"."""
    if a.is_thing and b.is_thing:
        return same_filler(like, a.head, b.head)
    thing, act = (a, b) if a.is_thing else (b, a)
    if _same_head(like, thing, act):
        return True
    doers = act.agents or act.patients
    return bool(doers) and all(same_filler(like, thing.head, each) for each in doers)


def _same_roles(like: Likeness, a: Proposition, b: Proposition) -> bool:
    who_a, who_b = _who(like, a), _who(like, b)
    what_a, what_b = a.patients, b.patients
    if who_a and who_b and not _same_group(like, who_a, who_b):
        # "The door opens" of one who opens the door, "music plays" of a band that plays music.
        crossed = (not what_a and what_b and _same_group(like, who_a, what_b)) or (
            not what_b and what_a and _same_group(like, what_a, who_b)
        )
        if not crossed:
            return False
    elif what_a and what_b and not _same_group(like, what_a, what_b):
        return False
    if a.head.lemma in GENERAL_VERBS - POSTURES and not like.is_speech(a.head):
        return _shared(like, a, b)
    return True


def _shared(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether verbs of many things have the same thing told with them: who holds is told by what."""
    mine, theirs = (*a.agents, *a.patients), (*b.agents, *b.patients)
    things = [w for w in mine if not like.is_person(w)]
    others = [w for w in theirs if not like.is_person(w)]
    if things and others:
        return any(same_filler(like, x, y) for x in things for y in others)
    return not things and not others


def _who(like: Likeness, p: Proposition) -> tuple[Word, ...]:
    """Who does it. Of people the parser takes what they wear for another of them: "a man with glasses and
    a hoodie"."""
    people = tuple(w for w in p.agents if like.is_person(w))
    first = p.agents[0] if p.agents else None
    if first is not None and people and first == people[0]:
        preps = p.parsed.below(first.at, "prep")
        if any(prep.text in ("with", "in") for prep in preps):
            return people
    return p.agents


def _same_group(like: Likeness, some: Sequence[Word], others: Sequence[Word]) -> bool:
    """Whether each of some may be one of the others, and the other way round."""
    return all(any(same_filler(like, w, o) for o in others) for w in some) and all(
        any(same_filler(like, w, o) for w in some) for o in others
    )


def same_filler(like: Likeness, a: Word, b: Word) -> bool:
    """Whether two words may be of one thing: people who do not differ, one word broader than the other."""
    if a.lemma in ANYTHING or b.lemma in ANYTHING:
        return True
    if like.is_person(a) and like.is_person(b):
        return not differ(a, b) and (_anybody(a, b) or like.either(a, b) or _kinds(a, b))
    if {a.pos, b.pos} & {"PRON"}:
        return like.is_person(a) == like.is_person(b) or "PRON" in (a.pos, b.pos)
    return like.either(a, b)


def _anybody(a: Word, b: Word) -> bool:
    return bool({a.lemma, b.lemma} & ANYBODY) or "PRON" in (a.pos, b.pos)


def _kinds(a: Word, b: Word) -> bool:
    """Whether people are told by their kind only: a man may be a commentator, a guard no commentator."""
    from prompts.meaning.likeness import tells_who

    return tells_who(a) or tells_who(b)


def _is_told(like: Likeness, mine: Proposition, caption: Statement) -> bool:
    """Whether a caption tells a proposition: as one of its own, or all of its words in one sentence."""
    if any(same_act(like, mine, theirs) for theirs in caption.every):
        return True
    needed = [mine.head, *mine.agents[:1], *mine.patients[:1]]
    by_sentence: dict[int, list[Word]] = {}
    for word in caption.parsed.words:
        if word.is_content or word.pos == "PRON":
            by_sentence.setdefault(word.sentence, []).append(word)
    return any(
        all(_may_be(like, word, content) for word in needed) for content in by_sentence.values()
    )


def _may_be(like: Likeness, word: Word, content: Sequence[Word]) -> bool:
    if word.pos in ("NOUN", "PROPN", "PRON"):
        return any(same_filler(like, word, other) for other in content if other.pos != "VERB")
    return supported(like, word, content)


Same = Callable[[str, str], bool]
_ = same_number
