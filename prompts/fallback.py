"""Template captions: plain English from facts alone, for what the writer could not write.

Tags make one sentence ("A dog barks and a bell rings."). What captioners say in sentences stays as it is,
one after another, the surest first; a tag that a sentence tells is not said beside it. A caption ends
before it would pass its bound.
"""

from collections.abc import Sequence
from dataclasses import replace

from manifests.captions import CaptionName, CaptionSet
from manifests.evidence import Modality
from manifests.sentences import finished, joined
from prompts.merging import Alike
from prompts.quotes import excerpt, is_spoken, without_quotations
from prompts.schema import CAPTION_CHARS
from prompts.selection import Fact, Facts
from prompts.singing import sings
from prompts.statements import cut, is_phrase, is_sentence, whole
from prompts.words import tokens, words

_SMALL = frozenset(
    {"A", "An", "The", "This", "There", "It", "Some", "Someone", "Something", "People", "Two"}
)
_REFERRING = frozenset({"he", "she", "they", "his", "her", "their", "its", "then"})
_FRAME: dict[Modality, str] = {"audio": "can be heard", "video": "can be seen"}

LYRICS_AT_MOST = 60
"""Characters of sung words in a template caption."""
_SPOKEN_RUN = 4
"""So many words in a row, outside a quotation, are the transcript's."""


def template(
    facts: Facts,
    at_most: int = CAPTION_CHARS,
    alike: Alike | None = None,
    tells: Alike | None = None,
) -> CaptionSet:
    """The captions of these facts, each of at most so many characters; None where one can't exist.
    alike, tells: as in `prompts.selection.select`. Deterministic."""
    if alike is not None:
        heard_once = _once(facts.heard, alike, tells or alike)
        seen_once = _once(facts.seen, alike, tells or alike)
        facts = replace(facts, heard=heard_once, seen=seen_once)
    absent = facts.absent
    texts: dict[CaptionName, str] = {}
    heard, seen = _heard(facts, at_most), _seen(facts, at_most)
    if "audio_caption" not in absent:
        texts["audio_caption"] = _fitted(heard, at_most, "audio")
    if "visual_caption" not in absent:
        texts["visual_caption"] = _fitted(seen, at_most, "video")
    if not absent and (_told(facts.heard) or _told(facts.seen)):
        texts["audio_visual_caption"] = _together(seen, heard, at_most)
    elif not absent:
        texts["audio_visual_caption"] = _both_tags(facts, at_most)
    return CaptionSet(**texts)


def _once(facts: Sequence[Fact], alike: Alike, tells: Alike) -> tuple[Fact, ...]:
    """Without tags that a sentence tells, and sentences that one before them tells in other words."""
    sentences: list[Fact] = []
    for fact in _told(facts):
        if not any(alike(fact.text, other.text) for other in sentences):
            sentences.append(fact)
    return tuple(
        fact
        for fact in facts
        if fact in sentences
        or (fact.kind != "caption" and not any(tells(s.text, fact.text) for s in sentences))
    )


def both(facts: Facts, lyrics: str | None = None) -> str:
    """What is heard and what is seen as one sentence, as in "A dog barks, with two cars in view".
    lyrics: sung words to quote."""
    heard = clauses(facts.heard, lyrics)
    if _told(facts.seen):
        return f"{sentence(phrases(facts.seen))} {sentence(heard)}"
    return sentence(f"{heard}, with {phrases(facts.seen)} in view")


def clauses(facts: Sequence[Fact], lyrics: str | None = None) -> str:
    """Clauses as in "a dog barks, a bell rings and music plays". lyrics: sung words, quoted with the
    first clause of singing: a person sings “row, row, row your boat”."""
    texts = [_clean(fact) for fact in facts]
    sung = excerpt(lyrics, LYRICS_AT_MOST) if lyrics else ""
    at = next((at for at, fact in enumerate(facts) if sings(fact.text)), None)
    if sung and at is not None:
        verb = texts[at].endswith(("sing", "sings", "singing", "sung"))
        texts[at] += f" “{sung}”" if verb else f", with the words “{sung}”"
    return joined(texts)


def phrases(facts: Sequence[Fact]) -> str:
    """Noun phrases as in "a person, a dog and two cars"."""
    return joined([_clean(fact) for fact in facts])


def sentence(text: str) -> str:
    """The text with a capital at its start and a stop at its end.

    A stop inside a quotation does not end it.
    """
    return finished(text, quoted_stop=False)


def _told(facts: Sequence[Fact]) -> list[Fact]:
    """Those that a captioner told in free text."""
    return [fact for fact in facts if fact.kind == "caption"]


def _heard(facts: Facts, at_most: int) -> list[str]:
    """The sentences of what is heard, the one that comes first first."""
    tags = [fact for fact in facts.heard if fact.kind != "caption"]
    said = clauses(tags, facts.lyrics)
    while len(tags) > 1 and len(said) >= at_most:
        tags = tags[:-1]
        said = clauses(tags, facts.lyrics)
    return _in_order(facts.heard, sentence(said), _statements(facts, "audio"), "audio")


def _seen(facts: Facts, at_most: int) -> list[str]:
    """The sentences of what is seen. Tags beside sentences are framed: "A person can be seen."."""
    told = _statements(facts, "video")
    tags = [_clean(fact) for fact in facts.seen if fact.kind != "caption"]
    frame = f" {_FRAME['video']}" if _told(facts.seen) else ""
    while len(tags) > 1 and len(joined(tags)) + len(frame) >= at_most:
        tags = tags[:-1]
    said = sentence(joined(tags) + frame) if tags else ""
    return _in_order(facts.seen, said, told, "video")


def _in_order(facts: Sequence[Fact], tags: str, told: list[str], side: Modality) -> list[str]:
    """The sentence of the tags among the others, by the surest of each; never none."""
    if facts and tags and facts[0].kind == "caption":
        return [*told[:1], tags, *told[1:]]
    return [text for text in (tags, *told) if text] or [f"Something {_FRAME[side]}."]


def _statements(facts: Facts, side: Modality) -> list[str]:
    """Free text as sentences, each once: whole ones, then phrases in a frame, then, where nothing else
    is told, what is neither for sure. One that speaks of "him" comes after another."""
    mine = facts.heard if side == "audio" else facts.seen
    texts = [whole(_clean(fact)) for fact in _told(mine)]
    spoken = facts.transcript or facts.lyrics
    unique = {tuple(tokens(text)): text for text in reversed(texts) if not _says(text, spoken)}
    texts = [text for text in reversed(unique.values()) if text]
    sentences = [sentence(text) for text in texts if is_sentence(text)]
    at = next((at for at, text in enumerate(sentences) if words(text)[0] not in _REFERRING), 0)
    sentences = [*sentences[at : at + 1], *sentences[:at], *sentences[at + 1 :]]
    framed = [text for text in texts if is_phrase(text)]
    if framed:
        sentences.append(sentence(f"{joined(framed)} {_FRAME[side]}"))
    tagged = len(_told(mine)) < len(mine)
    neither = [sentence(text) for text in texts if len(words(text)) > 3]
    return sentences or ([] if tagged else neither[:1])


def _says(text: str, spoken: str | None) -> bool:
    """Whether the text holds words of the transcript that it does not quote."""
    mine = words(without_quotations(text))
    runs = (mine[at : at + _SPOKEN_RUN] for at in range(len(mine) - _SPOKEN_RUN + 1))
    return bool(spoken) and any(is_spoken(" ".join(run), spoken) for run in runs)


def _fitted(sentences: Sequence[str], at_most: int, side: Modality) -> str:
    """The first sentence, cut where it is too long, and those after it that fit."""
    told = _cut(sentences[0], at_most, side)
    for text in sentences[1:]:
        if len(told) + 1 + len(text) <= at_most:
            told = f"{told} {text}"
    return told


def _cut(text: str, at_most: int, side: Modality) -> str:
    """The text, or a start of it that is a sentence; at least that something is there."""
    if len(text) <= at_most:
        return text
    shorter = cut(text.rstrip("."), at_most - 1)
    return sentence(shorter or f"something {_FRAME[side]}")


def _together(seen: Sequence[str], heard: Sequence[str], at_most: int) -> str:
    """What is seen, then what is heard: the first sentence of each, then of both what still fits."""
    half = (at_most - 1) // 2
    first = _cut(seen[0], max(half, at_most - 1 - len(heard[0])), "video")
    other = _cut(heard[0], at_most - 1 - len(first), "audio")
    sides = [first], [other]
    room = at_most - 1 - len(first) - len(other)
    for at in range(1, max(len(seen), len(heard))):
        for side, sentences in zip(sides, (seen, heard), strict=True):
            if at < len(sentences) and len(sentences[at]) < room:
                side.append(sentences[at])
                room -= len(sentences[at]) + 1
    return " ".join([*sides[0], *sides[1]])


def _both_tags(facts: Facts, at_most: int) -> str:
    """Tags of both sides as one sentence, without the least sure where it would be too long."""
    heard, seen = list(facts.heard), list(facts.seen)
    while True:
        some = Facts(True, True, tuple(heard), tuple(seen))
        text = both(some, facts.lyrics)
        if len(text) <= at_most or len(heard) == len(seen) == 1:
            return text
        (seen if len(seen) >= len(heard) else heard).pop()


def _clean(fact: Fact) -> str:
    """A fact's text without the marks that ended it as a sentence. Its capital goes too where the
    first word is a small one; "Christian music plays" and "TV sets" keep theirs."""
    text = fact.text.rstrip(".!? \t\r\n")
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if first in _SMALL and rest else text
