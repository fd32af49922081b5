"""Template captions: plain English from facts alone, for what the writer could not write."""

import re
from collections.abc import Sequence

from manifests.captions import CaptionName, CaptionSet
from manifests.sentences import finished, joined
from prompts.selection import Fact, Facts

_SMALL = frozenset(
    {"A", "An", "The", "This", "There", "It", "Some", "Someone", "Something", "People", "Two"}
)


def template(facts: Facts) -> CaptionSet:
    """The captions of these facts; None where one can't exist. Deterministic."""
    absent = facts.absent
    heard, seen = clauses(facts.heard), phrases(facts.seen)
    texts: dict[CaptionName, str] = {}
    if "audio_caption" not in absent:
        texts["audio_caption"] = sentence(heard)
    if "visual_caption" not in absent:
        texts["visual_caption"] = sentence(seen)
    if not absent:
        texts["audio_visual_caption"] = both(facts)
    return CaptionSet(**texts)


def both(facts: Facts) -> str:
    """What is heard and what is seen as one sentence, as in "A dog barks, with two cars in view"."""
    heard = clauses(facts.heard)
    if any(fact.kind == "caption" for fact in facts.seen):
        return f"{sentence(phrases(facts.seen))} {sentence(heard)}"
    if any(fact.kind == "signal" for fact in facts.seen):
        return sentence(f"{heard}, with {phrases(facts.seen)}")
    return sentence(f"{heard}, with {phrases(facts.seen)} in view")


def clauses(facts: Sequence[Fact]) -> str:
    """Clauses as in "a dog barks, a bell rings and music plays"."""
    return joined([_clean(fact) for fact in facts])


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
