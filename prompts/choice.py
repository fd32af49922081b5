"""Best of N: which of several captions of a clip, all without fault, is kept.

The one that tells most of what is known, each fact counted with the probability that it is true, or where
nobody measured one with the least that its tier stands for. Where a scorer compared what captioners said
with the media, its similarity is in that: as a feature of a calibration, or its rank in the tier
(`captioners.confidence.calibration`). Similarity alone never
decides: in SonicCaps it hardly correlates with what people prefer. Pure.
"""

from collections.abc import Sequence

from manifests.captions import CaptionName
from prompts.grounding import facts_of, is_said
from prompts.quotes import quotations, without_quotations
from prompts.selection import Facts
from prompts.topics import is_speech
from prompts.words import tokens


def best(name: CaptionName, candidates: Sequence[str], facts: Facts) -> str:
    """The caption to keep; of equals the first. Raises ValueError for no candidates."""
    return max(candidates, key=lambda caption: expected_facts(name, caption, facts))


def expected_facts(name: CaptionName, caption: str, facts: Facts) -> float:
    """How much of what is known a caption tells: the expected number of true facts in it, and one more
    for speech or lyrics that it quotes."""
    spoken = tokens(without_quotations(caption))
    relevant = facts_of(name, facts)
    speech = any(is_speech(fact.kind, fact.text) for fact in relevant if fact.modality == "audio")
    quoted = (speech or facts.lyrics is not None) and bool(quotations(caption))
    return sum(f.confidence.weight for f in relevant if is_said(f, spoken)) + quoted
