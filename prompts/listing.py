"""What captioners claimed, one captioner a line, as the lines of a prompt.

    qwen2-audio: (high) <<<A rooster crows twice>>> (medium) <<<Hens cluck nearby; The wind blows>>>

Claims stand in the order in which they were made, behind the word for how far they are believed; what
follows with the same word shares its fence. All that stands in a fence is data, and nothing in it can end
it. Pure, in linear time; what it gives is bounded for each captioner.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from manifests.evidence import ORDER, Evidence, Modality, Tier
from prompts.emptiness import emptiness
from prompts.inert import inert
from prompts.normalise import normalised
from prompts.quotes import in_turn

CLAIM_AT_MOST = 400
"""Characters of one claim that the writer is shown."""
CAPTIONER_AT_MOST = 1000
"""Characters of all claims of a captioner, the surest first. With the fixed text of a prompt, the words
spoken and the reply, eight captioners that use all of it in English stay below 8,192 tokens."""

_APART = re.compile(r"” (?=[.,;:!?])")


@dataclass(frozen=True, slots=True)
class WeakClaim:
    """One claim of one captioner. tier: with everybody's word, low included. free: in the captioner's own
    words, of which the text is what evidence keeps (`prompts.normalise`)."""

    captioner: str
    modality: Modality
    text: str
    tier: Tier
    free: bool


def claims_of(evidence: Evidence, caption_chars: int) -> tuple[WeakClaim, ...]:
    """All that captioners claimed of a clip, in the evidence's order; without bare measures, what
    nobody judged, that a stream has no content, and free text that is no description.
    caption_chars: of free text at most."""
    claims = []
    for weak in evidence.captions:
        for claim in weak.claims:
            if claim.believed is None or claim.kind == "score" or emptiness(claim):
                continue
            free = claim.kind == "caption"
            text = normalised(claim.text, caption_chars) if free else claim.text
            if text.strip():
                tier = claim.believed.tier
                claims.append(WeakClaim(weak.captioner, claim.modality, text, tier, free))
    return tuple(claims)


def by_captioner(claims: Sequence[WeakClaim]) -> str:
    """The claims as one line for each captioner, in their order; empty without claims."""
    by_name: dict[str, list[tuple[Tier, str]]] = {}
    for claim in claims:
        if text := shown(claim.text):
            by_name.setdefault(claim.captioner, []).append((claim.tier, text))
    return "\n".join(f"{inert(name)}: {_line(_fitting(each))}" for name, each in by_name.items())


def shown(text: str) -> str:
    """A captioner's words as the writer is shown them: inert, on one line, quotations between “ and ”,
    without the stop at their end. What is longer than `CLAIM_AT_MOST` ends in "..."."""
    return _shown(text[: 4 * CLAIM_AT_MOST])


@lru_cache(maxsize=1024)  # the examples of a prompt are shown with every clip
def _shown(text: str) -> str:
    pieces = [inert(piece) for piece in in_turn(text)]
    pieces[1::2] = [f"“{piece}”" for piece in pieces[1::2]]
    whole = _APART.sub("”", " ".join(piece for piece in pieces if piece not in ("", "“”")))
    if len(whole) <= CLAIM_AT_MOST:
        return whole.rstrip(" .!?,;:")
    start = whole[:CLAIM_AT_MOST].rsplit(" ", 1)[0].rstrip(" .!?,;:")
    return start + ("...”" if start.count("“") > start.count("”") else "...")


def _fitting(claimed: Sequence[tuple[Tier, str]]) -> list[tuple[Tier, str]]:
    """Of one captioner's claims the surest that fit, in the order in which they were made."""
    fitting, free = set(), CAPTIONER_AT_MOST
    for at in sorted(range(len(claimed)), key=lambda at: -ORDER[claimed[at][0]]):
        free -= len(claimed[at][1])
        if free < 0:
            break
        fitting.add(at)
    return [each for at, each in enumerate(claimed) if at in fitting]


def _line(claimed: Sequence[tuple[Tier, str]]) -> str:
    groups = groupby(claimed, key=lambda each: each[0])
    return " ".join(
        f"({tier}) <<<{'; '.join(text for _, text in each)}>>>" for tier, each in groups
    )
