"""Grounding: does every claim of a caption stand in the evidence, and is nothing confident lost?

An audio caption is held against what was heard, a visual one against what was seen, an audio-visual
one against both. Words decide: a content word needs a fact that says it, a synonym or something
narrower. The check is strict by choice: a true caption refused costs a retry, a false one accepted
costs a training example. Pure.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from manifests.captions import CaptionName
from manifests.evidence import Modality
from manifests.faults import Fault
from prompts.quotes import is_spoken, quotations, quoted_pieces, without_quotations
from prompts.selection import Fact, Facts
from prompts.singing import sings
from prompts.topics import is_speech
from prompts.violations import Violation
from prompts.words import NUMBERS, lexicon, stem, tokens, upward, words

FAULTS: tuple[Fault, ...] = (
    "misquoted",
    "unsupported",
    "mixed",
    "wrong_sense",
    "torn",
    "garbled",
    "count",
    "lost",
)
"""What `ground` finds, in its order."""
_SPEAKS_OF = {"audio_caption": "audio", "visual_caption": "video", "audio_visual_caption": "both"}


def facts_of(name: CaptionName, facts: Facts) -> tuple[Fact, ...]:
    """What a caption of this name may speak of."""
    if name == "audio_caption":
        return facts.heard
    if name == "visual_caption":
        return facts.seen
    return facts.heard + facts.seen


def ground(name: CaptionName, caption: str, facts: Facts) -> list[Violation]:
    """Faults of one caption, of `FAULTS`, each at most once but for "misquoted"."""
    relevant = facts_of(name, facts)
    violations = []
    misquoted = [q for q in quotations(caption) if is_quoted(q, name, facts) is None]
    if misquoted:
        violations.append(Violation("misquoted", name, misquoted[0][:60]))
    violations += said_that_is_sung(name, caption, facts)
    caption_tokens = tokens(_without_harmless(without_quotations(caption)))
    caption_parts = parts(without_quotations(caption), name)
    violations += _unsupported(name, caption_parts, relevant)
    violations += _mixed(name, caption_parts, relevant)
    violations += _wrong_sense(name, without_quotations(caption), relevant)
    violations += _torn(name, without_quotations(caption), relevant)
    violations += _garbled(name, without_quotations(caption), relevant)
    violations += _recounted(name, without_quotations(caption), relevant)
    lost = [fact.text for fact in relevant if fact.must and not is_said(fact, caption_tokens)]
    if lost:
        violations.append(Violation("lost", name, "; ".join(lost)))
    return violations


def is_quoted(quotation: str, name: CaptionName, facts: Facts) -> Fact | None:
    """The speech that a quotation in this caption is of, or what shows these words ("a sign reads
    "exit""); None where nobody said and nothing shows them."""
    relevant, text = facts_of(name, facts), quotation.rstrip(". ")
    for fact in relevant:
        if any(is_spoken(text, shown) for shown in quotations(fact.text)):
            return fact
    if name == "visual_caption":
        return None
    if facts.lyrics and is_spoken(text, facts.all_words or facts.lyrics):
        return next((fact for fact in relevant if sings(fact.text)), facts.speaker)
    if facts.transcript and is_spoken(text, facts.all_words or facts.transcript):
        return next((fact for fact in relevant if is_speech(fact.kind, fact.text)), facts.speaker)
    return None


_SAYING = re.compile(
    r"\b(?:sa(?:y|ys|ying|id)|speak(?:s|ing)?|spoken?|talk(?:s|ed|ing)?|tell(?:s|ing)?|told|ask(?:s|ed|ing)?"
    r"|shout(?:s|ed|ing)?|repl(?:y|ies|ied|ying)|whisper(?:s|ed|ing)?|announc(?:es?|ed|ing)"
    r"|read(?:s|ing)?|utter(?:s|ed|ing)?)\W*(?:that\W*)?$"
)


def said_that_is_sung(name: CaptionName, caption: str, facts: Facts) -> list[Violation]:
    """Lyrics that a caption says are said: quoted right after a word of saying; at most one."""
    if facts.lyrics is None:
        return []
    for before, quotation in quoted_pieces(caption):
        if is_spoken(quotation.rstrip(". "), facts.lyrics) and _SAYING.search(before.lower()):
            return [Violation("misquoted", name, f"sung, not said: {quotation}"[:60])]
    return []


def is_said(fact: Fact, caption_tokens: Iterable[str]) -> bool:
    """Whether a caption with these tokens tells this fact.

    Of one or two content words all must be there, of more two thirds (of a free sentence half);
    a narrower word stands for a broader one ("barking" tells of a dog).
    """
    reach = upward(frozenset(caption_tokens))
    content = fact.words - lexicon().plain["both"] - NUMBERS
    content = (content - lexicon().light) or content
    matched = sum(word in reach for word in content)
    if fact.kind == "caption":
        return 2 * matched >= len(content)
    return matched == len(content) if len(content) <= 2 else 3 * matched >= 2 * len(content)


def _without_harmless(text: str) -> str:
    text = text.lower()
    for phrase in lexicon().harmless:
        text = text.replace(phrase, " , ")
    return text


def parts(text: str, name: CaptionName) -> list[list[str]]:
    """Content tokens of a caption without its quotations, one list for each part of its sentences."""
    table = lexicon()
    plain = table.plain[_SPEAKS_OF[name]]
    result: list[list[str]] = []
    for piece in _pieces(_without_harmless(text)):
        part: list[str] = []
        for token in _without_views(tokens(piece), name):
            if token in table.breaks:
                result.append(part)
                part = []
            elif token not in plain:
                part.append(token)
        result.append(part)
    return [part for part in result if part]


def _pieces(text: str) -> list[str]:
    for mark in ".;:!?":
        text = text.replace(mark, ",")
    return text.split(",")


def _without_views(part: list[str], name: CaptionName) -> list[str]:
    """Drops "in the picture" and its like: the one place that needs no evidence."""
    views = lexicon().views_heard if name == "audio_caption" else lexicon().views
    rest: list[str] = []
    at = 0
    while at < len(part):
        after = at + 2 if part[at + 1 : at + 2] in (["the"], ["this"], ["a"]) else at + 1
        if part[at] in ("in", "on") and after < len(part) and part[after] in views:
            at = after + 1
        else:
            rest.append(part[at])
            at += 1
    return rest


def allowed(fact: Fact) -> frozenset[str]:
    """The tokens that a caption may say for this fact."""
    extra = {"play"} if fact.kind == "music" else set()
    language = tokens(f"in {fact.language}") if fact.language else ()
    return upward(fact.words).union(extra, language)


def _unsupported(
    name: CaptionName, caption_parts: Sequence[Sequence[str]], relevant: Sequence[Fact]
) -> list[Violation]:
    supported = frozenset[str]().union(*(allowed(fact) for fact in relevant))
    unsupported = [token for part in caption_parts for token in part if token not in supported]
    return (
        [Violation("unsupported", name, " ".join(dict.fromkeys(unsupported)))]
        if unsupported
        else []
    )


def _mixed(
    name: CaptionName, caption_parts: Sequence[Sequence[str]], relevant: Sequence[Fact]
) -> list[Violation]:
    """Who does what: neighbours in one part of a sentence must come from one and the same fact."""
    for part in caption_parts:
        supporters = [
            {at for at, fact in enumerate(relevant) if token in allowed(fact)} for token in part
        ]
        for at, facts in enumerate(supporters[:-1]):
            if facts and supporters[at + 1] and not facts & supporters[at + 1]:
                return [Violation("mixed", name, f"{part[at]} {part[at + 1]}")]
    return []


_BREAK = re.compile(r"[.,;:!?]|\b(?:and|while|as|with|alongside)\b")
_SENSES: dict[Modality, re.Pattern[str]] = {
    "video": re.compile(r"\b(?:in view|visible|seen|in the (?:picture|scene|frame|image|shot))\b"),
    "audio": re.compile(r"\b(?:heard|audible|(?:sounds?|noises?) of)\b"),
}


def _wrong_sense(name: CaptionName, text: str, relevant: Sequence[Fact]) -> list[Violation]:
    """What is only heard said to be in view, or what is only seen to be heard: a part of an audio-visual
    caption that says so must name something of a fact of that sense."""
    if name != "audio_visual_caption":
        return []
    plain = lexicon().plain["both"]
    for piece in _BREAK.split(text.lower()):
        content = [token for token in _without_views(tokens(piece), name) if token not in plain]
        for sense, says in _SENSES.items():
            supported = frozenset[str]().union(
                *(allowed(f) for f in relevant if f.modality == sense)
            )
            if says.search(piece) and content and supported.isdisjoint(content):
                return [Violation("wrong_sense", name, piece.strip())]
    return []


_CLAUSE = re.compile(r"[.;:!?]|\b(?:while|as|with|alongside)\b")
_LISTED = re.compile(r",? and |, ")
_ANOTHER = re.compile(r"\s*(?:an?|another|one|two|three|four|five|six|several|many)\b")


def _torn(name: CaptionName, text: str, relevant: Sequence[Fact]) -> list[Violation]:
    """One thing told as two: "a music box and a ballerina" of a music box with a ballerina, "a dog and an
    animal" of a dog. Of two neighbours in a list both can only be one and the same thing in view."""
    plain = lexicon().plain[_SPEAKS_OF[name]]
    reach = [allowed(fact) for fact in relevant]
    for clause in _CLAUSE.split(text.lower()):
        before: int | None = None
        for piece in _LISTED.split(clause):
            content = [t for t in _without_views(tokens(piece), name) if t not in plain]
            fitting = [
                place
                for place, tokens_of_fact in enumerate(reach)
                if tokens_of_fact.issuperset(content)
            ]
            thing = fitting[0] if content and len(fitting) == 1 else None
            if thing is not None and thing == before and _ANOTHER.match(piece):
                fact = relevant[thing]
                if fact.kind in ("object", "scene") and not _LISTED.search(fact.text):
                    return [Violation("torn", name, piece.strip())]
            before = thing
    return []


def _garbled(name: CaptionName, text: str, relevant: Sequence[Fact]) -> list[Violation]:
    """A clause's verb in two forms at once: "a brass band is parades by"."""
    verbs = {
        word
        for fact in relevant
        if fact.modality == "audio"
        for word in words(fact.text)[1:]
        if word.endswith("s") and not word.endswith("ss")
    }
    caption_words = words(text)
    for before, word in pairwise(caption_words):
        if before in ("is", "was") and word in verbs:
            return [Violation("garbled", name, f"{before} {word}")]
    return []


def _recounted(name: CaptionName, text: str, relevant: Sequence[Fact]) -> list[Violation]:
    """One made of many or many of one: a noun of what is seen in another form than the evidence's.

    Numbers are words of the evidence like others; here it is about "a car" for "two cars".
    """
    exact = {word for fact in relevant for word in words(fact.text)}
    forms = {
        token: word
        for fact in relevant
        if fact.modality == "video" and fact.kind in ("object", "scene")
        for word in words(fact.text)
        for token in tokens(word)
    }
    for word in words(text):
        expected = forms.get(stem(word))
        if expected is not None and word not in exact:
            return [Violation("count", name, f"{word} for {expected}")]
    return []
