"""Opposite attributes and manners: "closed gates" for open ones, "talks gloomily" for "in a jolly mood"."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Side
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, tells_who
from prompts.meaning.parsing import Word
from prompts.meaning.relations import Relation, agents
from prompts.meaning.vocabulary import ANYBODY, OPPOSITES, PLAIN, VOICES, WAYS
from prompts.words import stem

# Levels between a word for a voice and the verb of speech.
_DEEP = 4


def opposite_attribute(like: Likeness, caption: Caption, side: Side) -> Finding | None:
    """An attribute of a thing, or a manner, whose opposite the evidence tells of the same, and not itself."""
    theirs = [r for r in side.pairs if r.kind == "attribute"]
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
                return Finding("opposite", "refused", detail)
    return None


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
    if mine.head.lemma in ANYBODY or theirs.head.lemma in ANYBODY:
        return False
    return like.says(mine.head, theirs.head) and like.says(theirs.head, mine.head)


def _is_voice(like: Likeness, relation: Relation) -> bool:
    return relation.head.lemma in VOICES or like.is_speech(relation.head)


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
