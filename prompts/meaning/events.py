"""Whether two texts tell one event in other words, and whether a caption tells the event of a statement.

"A motorbike revs" and "a motorcycle is revving its engine" are one event, and so are "dough is kneaded by
a man" and "a man kneads dough on a board": the same is done by and to the same, details aside. Other
people, counts, colours, opposites, directions, languages or words said, and roles exchanged make
another event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prompts.meaning.agreement import agree
from prompts.meaning.likeness import Likeness, differ, tells_who
from prompts.meaning.parsing import Word
from prompts.meaning.propositions import Proposition, Statement, statements
from prompts.meaning.relations import doers
from prompts.meaning.support import needs_support, supported
from prompts.meaning.vocabulary import (
    ANYBODY,
    ANYTHING,
    GENERAL_VERBS,
    KINDRED,
    POSTURES,
    SINGING,
    SOMEBODY,
    SPEAKING,
    VOICES,
)
from prompts.words import stem

_REMEMBERED = 1 << 12
"""Statements that are kept parsed (some 20 KB each)."""

_KINDRED = tuple(frozenset(stem(verb) for verb in verbs) for verbs in KINDRED)

_PLAYING = {"play", "perform"}

_FRACTION = 0.5
"""Of what a statement is about, what a caption tells at least."""


def same_event(like: Likeness, a: Statement, b: Statement) -> bool:
    """Whether two statements tell one event, each in its own words; either may tell more of it. One that
    tells of somebody else besides is about more than one event."""
    if not a.main or not b.main:
        return False
    mine = [x for x in a.main if any(same_act(like, x, y) for y in b.main)]
    theirs = [y for y in b.main if any(same_act(like, x, y) for x in a.main)]
    if not mine or not theirs or (len(mine) < len(a.main) and len(theirs) < len(b.main)):
        return False
    return _of_one(a.main, mine) and _of_one(b.main, theirs) and agree(like, a, b)


def covers(like: Likeness, a: Statement, b: Statement) -> bool:
    """Whether one statement tells all that the other is about, and maybe of other events besides."""
    shared = [any(same_act(like, x, y) for x in a.main) for y in b.main]
    return bool(shared) and all(shared) and agree(like, a, b)


def _of_one(main: Sequence[Proposition], shared: Sequence[Proposition]) -> bool:
    """Whether what is not shared is done by who does what is: "roars and cheers" beside "cheers"."""
    known = {word.at for each in shared for word in each.agents}
    return all(each in shared or known & {w.at for w in each.agents} for each in main)


def told(like: Likeness, caption: Statement, statement: Statement) -> bool:
    """Whether a caption tells the event of a statement, details aside. Of one that is about nothing known
    half of the words are asked for."""
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

    def tells(self, first: str, second: str) -> bool:
        """Whether the first text tells the event of the second one, and maybe others."""
        return covers(self.like, *self.read([first, second]))

    def told(self, caption: str, text: str) -> bool:
        """Whether a caption tells the event of a text."""
        return told(self.like, *self.read([caption, text]))


def same_act(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether two propositions are of one thing done, or of one thing that is there."""
    if a.denied != b.denied:
        return False
    if a.is_thing or b.is_thing:
        return _same_thing(like, a, b)
    if _same_head(like, a, b):
        return _same_roles(like, a, b)
    return _is_subject(like, a, b) or _is_subject(like, b, a)


def _is_subject(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether what the subject of one names is done in the other: "the hum of a motor runs on"."""
    for event in a.agents:
        if event.pos == "NOUN" and not like.wordnet.physical(event.lemma):
            who = tuple(doers(a.parsed, event))
            if like.either(event, b.head) and (
                not b.agents or _same_group(like, who or (event,), b.agents)
            ):
                return True
    return False


def says(like: Likeness, mine: Proposition, theirs: Proposition) -> bool:
    """Whether one proposition tells another: a thing that is only named does not tell what it does."""
    if mine.is_thing and not theirs.is_thing and not _same_head(like, mine, theirs):
        return False
    return same_act(like, mine, theirs)


def _same_head(like: Likeness, a: Proposition, b: Proposition) -> bool:
    x, y = a.head, b.head
    if like.opposite(x, y):
        return False
    if x.lemma in SPEAKING and y.lemma in SPEAKING:
        return True
    if {x.lemma, y.lemma} & SPEAKING and {x.lemma, y.lemma} & SINGING:
        return False
    return like.either(x, y) or (_kindred(x, y) and _of_one_thing(like, a, b))


def _kindred(x: Word, y: Word) -> bool:
    one, other = stem(x.lemma), stem(y.lemma)
    return any(one in verbs and other in verbs for verbs in _KINDRED)


def _of_one_thing(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether both are told of the same thing, each by a name of it."""
    return any(like.either(x, y) for x in a.agents for y in b.agents)


def _same_thing(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """A thing beside another, or beside what it does: "thunder" and "thunder rumbles"."""
    if a.is_thing and b.is_thing:
        return _same_head(like, a, b)
    thing, act = (a, b) if a.is_thing else (b, a)
    if _same_head(like, thing, act):
        return True
    doers = act.agents or act.patients
    return bool(doers) and all(like.either(thing.head, each) for each in doers)


def _same_roles(like: Likeness, a: Proposition, b: Proposition) -> bool:
    who_a, who_b = _who(like, a), _who(like, b)
    what_a, what_b = a.patients, b.patients
    if who_a and who_b and not _same_group(like, who_a, who_b):
        # "The door opens" of one who opens the door, "music plays" of a band that plays music.
        crossed = (not what_a and what_b and _same_group(like, who_a, what_b)) or (
            not what_b and what_a and _same_group(like, what_a, who_b)
        )
        if (
            not crossed
            and not _on_instrument(like, a, b)
            and not (_mentioned(like, a, b) or _mentioned(like, b, a))
        ):
            return False
    elif what_a and what_b and not _same_group(like, what_a, what_b):
        return False
    if a.head.lemma in GENERAL_VERBS - POSTURES and not like.is_speech(a.head):
        return _shared(like, a, b)
    return True


def _on_instrument(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether one tells who plays a piece and the other on what: "a piano plays a waltz"."""
    people = [any(_is_somebody(like, w) for w in each.agents) for each in (a, b)]
    played = {a.head.lemma, b.head.lemma} <= _PLAYING
    return played and people[0] != people[1] and _same_group(like, a.patients, b.patients)


def _mentioned(like: Likeness, noun: Proposition, act: Proposition) -> bool:
    """Whether what a noun is of stands anywhere beside the act: "keyboard typing" of who types on a
    keyboard."""
    return noun.head.pos == "NOUN" and all(
        any(w.at != act.head.at and like.either(each, w) for w in act.parsed.words if w.is_content)
        for each in noun.agents
    )


def _shared(like: Likeness, a: Proposition, b: Proposition) -> bool:
    """Whether verbs of many things have the same thing told with them: who holds is told by what."""
    mine, theirs = (*a.agents, *a.patients), (*b.agents, *b.patients)
    things = [w for w in mine if not like.is_person(w)]
    others = [w for w in theirs if not like.is_person(w)]
    if things and others:
        return any(same_filler(like, x, y) for x in things for y in others)
    return not things and not others


def _who(like: Likeness, p: Proposition) -> tuple[Word, ...]:
    """Who does it. The parser takes what somebody wears or something has for another that does: "a man
    with glasses and a hoodie"."""
    if len(p.agents) < 2 or not any(
        prep.text in ("with", "in") for prep in p.parsed.below(p.agents[0].at, "prep")
    ):
        return p.agents
    first, *others = p.agents
    return (first, *(w for w in others if like.is_person(w)))


def _same_group(like: Likeness, some: Sequence[Word], others: Sequence[Word]) -> bool:
    """Whether each of some may be one of the others, and the other way round."""
    return all(any(same_filler(like, w, o) for o in others) for w in some) and all(
        any(same_filler(like, w, o) for w in some) for o in others
    )


def same_filler(like: Likeness, a: Word, b: Word) -> bool:
    """Whether two words may be of one thing: people who do not differ and of whom one is told by gender,
    age or nothing only, or words of which one is broader than the other."""
    if "NUM" in (a.pos, b.pos):  # "one of them" is not both
        return a.lemma == b.lemma
    people = [_is_somebody(like, word) for word in (a, b)]
    if any(people):
        if "VERB" in (a.pos, b.pos) or not all(
            somebody or word.lemma in VOICES for somebody, word in zip(people, (a, b), strict=True)
        ):
            return False
        plain = any(tells_who(w) or w.lemma in ANYBODY | VOICES or w.pos == "PRON" for w in (a, b))
        return not differ(a, b) and (plain or like.either(a, b))
    if a.lemma in ANYTHING or b.lemma in ANYTHING:
        return True
    return "PRON" not in (a.pos, b.pos) and like.either(a, b)


def _is_somebody(like: Likeness, word: Word) -> bool:
    return like.is_person(word) or (word.pos == "PRON" and word.lemma in SOMEBODY)


def _is_told(like: Likeness, mine: Proposition, caption: Statement) -> bool:
    """Whether a caption tells a proposition: as one of its own, or all of its words in one sentence."""
    if any(says(like, theirs, mine) for theirs in caption.every):
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
        others = [w for w in content if w.pos != "VERB" and w.lemma not in ANYTHING]
        return any(same_filler(like, word, other) for other in others)
    return supported(like, word, content)
