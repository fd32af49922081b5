"""Opposite attributes and manners: "closed gates" for open ones, "angrily" for "in a friendly mood"."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Side
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, tells_who
from prompts.meaning.parsing import Word
from prompts.meaning.relations import Relation, agents
from prompts.meaning.vocabulary import ANYBODY, DELIVERIES, OPPOSITES, PLAIN, WAYS
from prompts.words import stem

# Levels between a word for a voice and the verb of speech.
_DEEP = 4


def opposite_attribute(like: Likeness, caption: Caption, side: Side) -> Finding | None:
    """An attribute or a manner whose opposite the evidence tells of the same thing, and not itself; a
    doubt where it is told of anything at all: captioners who disagree have different verbs too. Of a
    voice, a doubt where it is opposed to any word of the evidence."""
    theirs = [r for r in side.pairs if r.kind == "attribute"]
    doubt: Finding | None = None
    for mine in caption.pairs:
        if mine.kind != "attribute" or mine.dependent.text in WAYS or mine.dependent.lemma in PLAIN:
            continue
        of_same = [r for r in theirs if _is_of_same(like, mine, r)]
        if any(
            _is_said(like, mine.dependent, r.dependent)
            for r in theirs
            if r in of_same or like.either(mine.head, r.head)
        ):
            continue
        for other in of_same:
            if _is_opposed(like, mine.dependent, other.dependent):
                detail = f"{mine.dependent.text} for {other.dependent.text}"
                if not any(_is_said(like, mine.dependent, r.dependent) for r in theirs):
                    return Finding("opposite", "refused", detail)
                doubt = doubt or Finding("opposite", "doubt", detail)
        if _is_voice(like, mine) and (other_word := _opposite_word(like, mine.dependent, side)):
            detail = f"{mine.dependent.text} for {other_word.text}"
            doubt = doubt or Finding("opposite", "doubt", detail)
    return doubt


def _opposite_word(like: Likeness, manner: Word, side: Side) -> Word | None:
    """A word of the evidence, whatever it hangs on, that is opposed to how somebody speaks, where none
    says it: "male presenter, calm and unhurried"."""
    words = [word for word in side.content if word.pos in ("ADJ", "ADV", "VERB", "NOUN")]
    if any(_is_said(like, manner, word) for word in words):
        return None
    return next((word for word in words if _is_opposed(like, manner, word)), None)


def _is_said(like: Likeness, mine: Word, theirs: Word) -> bool:
    if _is_opposed(like, mine, theirs):
        return False
    return like.says(mine, theirs) or bool(_opposites(like, mine) & _opposites(like, theirs))


def _opposites(like: Likeness, word: Word) -> frozenset[str]:
    """The stems of a word's opposites: of "faint" and of "soft" that of "loud"."""
    stems = {stem(adjective) for adjective in _adjectives(like, word)}
    return frozenset(other for pair in _STEMS if pair & stems for other in pair - stems)


def _is_of_same(like: Likeness, mine: Relation, theirs: Relation) -> bool:
    """Whether two attributes are told of one thing, one deed, or the voice of one speaker."""
    if _is_voice(like, mine) and (_is_voice(like, theirs) or like.is_person(theirs.head)):
        ours, others = _speakers(like, mine), _speakers(like, theirs)
        return not ours or not others or not all(differ(a, b) for a in ours for b in others)
    return any(
        like.says(a, b) and like.says(b, a) and not {a.lemma, b.lemma} & ANYBODY
        for a in _heads(mine)
        for b in _heads(theirs)
    )


def _heads(relation: Relation) -> list[Word]:
    """What an attribute may be of: the parser takes "loud" to the nearer noun of "loud city traffic"."""
    above = relation.text.head(relation.head)
    whole = relation.head.dep == "compound" and above is not None and above.pos == "NOUN"
    return [relation.head, above] if whole and above is not None else [relation.head]


def _is_voice(like: Likeness, relation: Relation) -> bool:
    return relation.head.lemma in DELIVERIES or like.is_speech(relation.head)


def _speakers(like: Likeness, relation: Relation) -> list[Word]:
    """Who an attribute of a voice is of, by words that tell gender or age."""
    parsed, word = relation.text, relation.head
    own = [word, *parsed.below(word.at, "amod", "compound", "poss")]
    for _ in range(_DEEP):
        above = parsed.head(word)
        if word.pos == "VERB" or above is None:
            break
        word = above
        own.append(word)
    if word.pos == "VERB":
        own += agents(parsed, word)
    return [each for each in own if tells_who(each)]


def _is_opposed(like: Likeness, word: Word, other: Word) -> bool:
    pairs = [(a, b) for a in _adjectives(like, word) for b in _adjectives(like, other)]
    if any(frozenset((stem(a), stem(b))) in _STEMS for a, b in pairs):
        return True
    if "VERB" in (word.pos, other.pos):
        return False
    return like.opposite(word, other) or any(
        b in _antonyms(like, a) or a in _antonyms(like, b) for a, b in pairs
    )


def _antonyms(like: Likeness, adjective: str) -> frozenset[str]:
    return like.wordnet.antonyms(adjective, "a")


def _adjectives(like: Likeness, word: Word) -> Sequence[str]:
    """A word as adjectives: "gloomily" as "gloomy"."""
    if word.pos == "ADV":
        return (*sorted(like.wordnet.derived(word.lemma, "r")), word.lemma)
    return (word.lemma, word.text)


_STEMS = frozenset(frozenset(stem(word) for word in pair) for pair in OPPOSITES)
