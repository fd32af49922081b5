"""Which claims speak for which: the lexicon's implications, for fusion and for judging claims.

«A dog» implies «an animal», never the other way round; what is heard never implies what is seen. Pure.
"""

import re
from collections.abc import Sequence

from manifests.evidence import Claim, Modality, Support, WeakCaption
from prompts.words import NUMBERS, lexicon, tokens, upward


def supports(captions: Sequence[WeakCaption]) -> list[Support]:
    """For every judged claim that can be said, the claims of its modality that imply it, and those that
    it implies.

    Claims without a text (bare measures, scores) or without confidence neither have nor give support.
    """
    told = [
        ((at, number), claim.modality, about(claim))
        for at, weak in enumerate(captions)
        for number, claim in enumerate(weak.claims)
        if claim.confidence is not None and claim.text.strip()
    ]
    reach = {place: upward(core) for place, _, core in told}
    return [
        Support(
            place,
            core,
            tuple(
                other
                for other, side, _ in told
                if side == modality and (other == place or core <= reach[other])
            ),
            tuple(
                other
                for other, side, its in told
                if side == modality and its <= reach[place] and not core <= reach[other]
            ),
        )
        for place, modality, core in told
    ]


def about(claim: Claim) -> frozenset[str]:
    """What a claim is about: its label's tokens, or its text's where the label tells nothing."""
    if claim.kind == "caption":
        return _telling(claim.text, claim.modality)
    return _label_tokens(claim.label) or _telling(claim.text, claim.modality)


def _label_tokens(label: str) -> frozenset[str]:
    """Tokens of a label's first name: «Chicken, rooster» is chicken, «Whimper (dog)» whimper."""
    first = re.split(r"[,;(/]", label, maxsplit=1)[0].replace("_", " ")
    return frozenset(tokens(first)) - lexicon().label_noise - NUMBERS


def _telling(text: str, modality: Modality) -> frozenset[str]:
    found = frozenset(tokens(text)) - NUMBERS
    return (found - lexicon().plain[modality]) or found
