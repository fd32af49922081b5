"""Which claims of a caption row are looked for in its sound, and under which labels. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from captioners.localizers.localizer import Texts
from manifests.evidence import Evidence, evidence_from_row
from prompts.support import meaning


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim that is looked for. caption: whose it is. labels: those under which captioners made a claim
    that says the same or implies it."""

    caption: str
    text: str
    labels: tuple[str, ...]


def asked(row: Mapping[str, Any]) -> list[Asked]:
    """The claims of a caption row that are about its sound: all of its audio caption, and of the
    audio-visual one those that somebody who hears supports. Each once, in order; none without sound."""
    if not row["has_audio"]:
        return []
    evidence = evidence_from_row(row)
    hearing = _hearing(evidence)
    found: dict[tuple[str, str], Asked] = {}
    for claim in row["claims"]:
        caption, text = claim["caption"], claim["text"]
        heard = caption == "audio_caption" or (
            caption == "audio_visual_caption" and hearing.intersection(claim["captioners"])
        )
        if heard and text.strip():
            of = Asked(caption, text, _labels(text, claim["captioners"], evidence))
            found.setdefault((caption, text), of)
    return list(found.values())


def texts(claims: Sequence[Asked]) -> Texts:
    """What a localizer is shown: each text once, with all its labels."""
    labels: dict[str, tuple[str, ...]] = {}
    for claim in claims:
        known = labels.get(claim.text, ())
        labels[claim.text] = tuple(dict.fromkeys((*known, *claim.labels)))
    return labels


def _hearing(evidence: Evidence) -> set[str]:
    """Captioners that say something of the sound."""
    return {
        weak.captioner
        for weak in evidence.captions
        if weak.transcript or any(claim.modality == "audio" for claim in weak.claims)
    }


def _labels(text: str, captioners: Sequence[str], evidence: Evidence) -> tuple[str, ...]:
    """Labels of what these captioners hear, as far as it says the text or implies it."""
    stated = [meaning(claim) for claim in evidence.claims("audio") if claim.text == text]
    labels = (
        claim.label
        for weak in evidence.captions
        if weak.captioner in captioners
        for claim in weak.claims
        if claim.modality == "audio" and claim.text.strip() and claim.kind not in _WITHOUT_CLASS
        if any(meaning(claim).implies(said) for said in stated)
    )
    return tuple(dict.fromkeys(labels))


_WITHOUT_CLASS = ("caption", "score")
"""Kinds of claims whose label names no class."""
