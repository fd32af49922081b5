"""Template captions: plain English from facts alone, for what the writer could not write."""

import re
from collections.abc import Sequence

from manifests.captions import CaptionName, CaptionSet
from manifests.sentences import finished, joined
from prompts.quotes import excerpt
from prompts.selection import Fact, Facts
from prompts.singing import sings

_SMALL = frozenset(
    {"A", "An", "The", "This", "There", "It", "Some", "Someone", "Something", "People", "Two"}
)


LYRICS_AT_MOST = 60
"""Characters of sung words in a template caption."""


def template(facts: Facts) -> CaptionSet:
    """The captions of these facts; None where one can't exist. Deterministic."""
    absent = facts.absent
    heard, seen = clauses(facts.heard, facts.lyrics), phrases(facts.seen)
    texts: dict[CaptionName, str] = {}
    if "audio_caption" not in absent:
        texts["audio_caption"] = sentence(heard)
    if "visual_caption" not in absent:
        texts["visual_caption"] = sentence(seen)
    if not absent:
        texts["audio_visual_caption"] = both(facts, facts.lyrics)
    return CaptionSet(**texts)


def both(facts: Facts, lyrics: str | None = None) -> str:
    """What is heard and what is seen as one sentence, as in "A dog barks, with two cars in view".
    lyrics: sung words to quote."""
    heard = clauses(facts.heard, lyrics)
    if any(fact.kind == "caption" for fact in facts.seen):
        return f"{sentence(phrases(facts.seen))} {sentence(heard)}"
    if any(fact.kind == "signal" for fact in facts.seen):
        return sentence(f"{heard}, with {phrases(facts.seen)}")
    return sentence(f"{heard}, with {phrases(facts.seen)} in view")


def clauses(facts: Sequence[Fact], lyrics: str | None = None) -> str:
    """Clauses as in "a dog barks, a bell rings and music plays". lyrics: sung words, quoted with the
    first clause of singing: a person sings “row, row, row your boat”."""
    texts = [_clean(fact) for fact in facts]
    words = excerpt(lyrics, LYRICS_AT_MOST) if lyrics else ""
    at = next((at for at, fact in enumerate(facts) if sings(fact.text)), None)
    if words and at is not None:
        verb = texts[at].endswith(("sing", "sings", "singing", "sung"))
        texts[at] += f" “{words}”" if verb else f", with the words “{words}”"
    return joined(texts)


def phrases(facts: Sequence[Fact]) -> str:
    """Noun phrases as in "a person, a dog and two cars"."""
    return joined([_clean(fact) for fact in facts])


def sentence(text: str) -> str:
    """The text with a capital at its start and a stop at its end.

    A stop inside a quotation does not end it.
    """
    return finished(text, quoted_stop=False)


def _clean(fact: Fact) -> str:
    """A fact's text without the marks that ended it as a sentence. Its capital goes too where the
    first word is a small one; "Christian music plays" and "TV sets" keep theirs."""
    text = re.sub(r"[.!?\s]+$", "", fact.text)
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if first in _SMALL and rest else text
