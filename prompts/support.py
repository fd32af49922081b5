"""Which claims speak for which: the lexicon's implications, for fusion and for judging claims.

"A dog" implies "an animal", never the other way round; what is heard never implies what is seen. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from manifests.evidence import Claim, Modality, Support, WeakCaption
from prompts.words import NUMBERS, lexicon, tokens, upward


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a claim says, as sets of tokens.

    core: of its label, what must be reached to imply it. text: of its text, what tells something.
    by_label, by_text: all that these may stand for.
    """

    label: str
    core: frozenset[str]
    text: frozenset[str]
    by_label: frozenset[str]
    by_text: frozenset[str]

    @property
    def reach(self) -> frozenset[str]:
        """All that the claim may stand for."""
        return self.by_label | self.by_text

    def implies(self, other: "Meaning") -> bool:
        """Whether the other holds where this one does.

        Labels tell that, but not of two that stand for each other without being the same ("Hum",
        "Humming"): then, and where a label tells less than its text ("Honk", "a goose honks"), the
        other's text has to be implied as well.
        """
        mutual = self.core <= other.by_label and self.label != other.label
        if other.core <= self.by_label and not mutual:
            return True
        return other.core <= self.reach and other.text <= self.by_text


def meaning(claim: Claim) -> Meaning:
    """What a claim says; that music is played tells nothing."""
    core, text = about(claim), _telling(claim.text, claim.modality)
    if claim.kind == "music":
        text -= {"play"}
    return Meaning(claim.label.casefold(), core, text, upward(core), upward(text))


def supports(captions: Sequence[WeakCaption]) -> list[Support]:
    """For every judged claim that can be said, the claims of its modality that imply it, and those that
    it implies.

    Claims without a text (bare measures, scores) or without confidence neither have nor give support.
    """
    meanings = [
        ((at, number), claim.modality, meaning(claim))
        for at, weak in enumerate(captions)
        for number, claim in enumerate(weak.claims)
        if claim.confidence is not None and claim.text.strip()
    ]
    return [
        Support(
            index,
            own.core,
            tuple(
                other_index
                for other_index, other_modality, other_meaning in meanings
                if other_modality == modality
                and (other_index == index or other_meaning.implies(own))
            ),
            tuple(
                other_index
                for other_index, other_modality, other_meaning in meanings
                if other_modality == modality
                and own.implies(other_meaning)
                and not other_meaning.implies(own)
            ),
        )
        for index, modality, own in meanings
    ]


def about(claim: Claim) -> frozenset[str]:
    """What a claim is about: its label's tokens, or its text's where the label tells nothing."""
    if claim.kind == "caption":
        return _telling(claim.text, claim.modality)
    return _label_tokens(claim.label) or _telling(claim.text, claim.modality)


def _label_tokens(label: str) -> frozenset[str]:
    """Tokens of a label's first name: "Chicken, rooster" is chicken, "Whimper (dog)" whimper."""
    first = re.split(r"[,;(/]", label, maxsplit=1)[0].replace("_", " ")
    return frozenset(tokens(first)) - lexicon().label_noise - NUMBERS


def _telling(text: str, modality: Modality) -> frozenset[str]:
    telling = frozenset(tokens(text)) - NUMBERS
    return (telling - lexicon().plain[modality]) or telling
