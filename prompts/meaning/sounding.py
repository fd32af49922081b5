"""Across the senses: what is only seen told as heard, and what is only heard as seen."""

from typing import Literal

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import Relation, is_light
from prompts.meaning.reporting import reported
from prompts.meaning.support import is_plain, supported
from prompts.meaning.vocabulary import GENERAL_VERBS, HEARING, PLAIN

# What a thing is that a caption of sounds makes sound, not one that it only mentions.
_SOUNDING = ("nsubj", "nsubjpass", "ROOT", "conj", "poss", "agent")


def across(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A thing of the other side: refused as a sound, a doubt as a sight."""
    if caption.name == "audio_visual_caption":
        return _sounding(like, caption, sides)
    audio = caption.name == "audio_caption"
    here, there = (sides.heard, sides.seen) if audio else (sides.seen, sides.heard)
    for word in caption.parsed.words:
        if word.pos != "NOUN" or word.dep == "compound" or is_plain(word) or like.is_person(word):
            continue
        if not like.wordnet.physical(word.lemma) or supported(like, word, here.content):
            continue
        if any(like.says(word, other) and other.pos == word.pos for other in there.content):
            sounds = word.dep in _SOUNDING and word.at not in reported(like, caption.parsed)
            return Finding("cross-modal", "refused" if audio and sounds else "doubt", word.text)
    return None


def _sounding(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A thing that is only seen made to sound, where it cannot be the source of what is heard."""
    for mine in caption.pairs:
        verb, doer = mine.head, mine.dependent
        if mine.kind != "agent" or not _is_loud(like, caption.parsed, verb):
            continue
        if not _is_only_seen(like, doer, sides):
            continue
        sights = [pair.dependent for pair in sides.seen.pairs if _is_agent(like, pair, verb)]
        sources = [pair.dependent for pair in sides.heard.pairs if _is_agent(like, pair, verb)]
        if any(like.one_thing(doer, sight) for sight in sights):
            continue
        if not any(_may_be_source(like, doer, source) for source in sources):
            # Where the caption names the source too, the parser may have taken the wrong one.
            outcome: Literal["doubt", "refused"] = "refused"
            if _is_named(like, caption.parsed, mine, sides):
                outcome = "doubt"
            return Finding("cross-modal", outcome, f"{doer.text} {verb.text}")
    return None


def _is_named(like: Likeness, parsed: Parsed, mine: Relation, sides: Sides) -> bool:
    """Whether a caption names another thing that makes this very sound."""
    verb, doer = mine.head, mine.dependent
    sources = [
        pair.dependent
        for pair in sides.heard.pairs
        if _is_agent(like, pair, verb)
        and (pair.head.lemma not in GENERAL_VERBS or verb.lemma in GENERAL_VERBS)
    ]
    return any(
        word.pos == "NOUN" and word.at != doer.at and like.one_thing(word, source)
        for word in parsed.words
        for source in sources
    )


def _is_only_seen(like: Likeness, doer: Word, sides: Sides) -> bool:
    if doer.pos != "NOUN" or doer.lemma in PLAIN:
        return False
    heard = sides.heard.content
    if supported(like, doer, heard) or not supported(like, doer, sides.seen.content):
        return False
    return not (like.is_person(doer) and any(like.is_person(word) for word in heard))


def _is_loud(like: Likeness, parsed: Parsed, verb: Word) -> bool:
    """Whether a verb tells of a sound."""
    if verb.pos != "VERB" or is_light(verb):
        return False
    return like.wordnet.sounds(verb.lemma) or any(
        word.text in HEARING for word in parsed.below(verb.at)
    )


def _is_agent(like: Likeness, pair: Relation, verb: Word) -> bool:
    return pair.kind == "agent" and like.either(verb, pair.head)


def _may_be_source(like: Likeness, doer: Word, heard: Word) -> bool:
    """Whether a seen thing can be what was heard."""
    return like.one_thing(doer, heard) or heard.pos == "PRON" or heard.lemma in PLAIN
