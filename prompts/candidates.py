"""Claims of one clip on the way to its facts: who supports them, and which of rival sounds stay. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from manifests.evidence import ORDER, Claim, Confidence, Evidence, Modality, Tier
from prompts.emptiness import emptiness
from prompts.normalise import normalised
from prompts.support import Meaning, meaning
from prompts.words import lexicon

RIVALS_AT_LEAST = 0.5
"""Summed probability of rival sounds from which one of them is taken to be there: rivals are
explanations of one sound, of which at most one is true."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A claim that a caption may say. tier: after fusion. captioners: who said it or what implies it.
    stands_for: other words for it, which are not said beside it."""

    claim: Claim
    captioner: str
    meaning: Meaning
    tier: Tier
    captioners: tuple[str, ...] = ()
    stands_for: tuple["Candidate", ...] = ()

    @property
    def rank(self) -> tuple[int, float]:
        """Comparable: the surer the greater."""
        return ORDER[self.tier], _probability(self.claim)

    @property
    def empty(self) -> str | None:
        """Why there is nothing to say, where that is all it claims."""
        return emptiness(self.claim)

    @property
    def confidence(self) -> Confidence:
        """What it is believed, with the tier that fusion gave it."""
        sure = self.claim.believed
        assert sure is not None
        return replace(sure, tier=self.tier)

    def implies(self, other: "Candidate") -> bool:
        """Whether who says this says the other too."""
        return self.meaning.implies(other.meaning)

    def tells(self, other: "Candidate") -> bool:
        """Whether who says this leaves nothing of the other to say."""
        return self.implies(other) or any(each.claim is other.claim for each in self.stands_for)

    @property
    def claimed_by(self) -> frozenset[str]:
        """Who claims it in these words or in those that it stands for."""
        return frozenset(each.captioner for each in (self, *self.stands_for))

    @property
    def free(self) -> bool:
        """Whether it is in its captioner's own words."""
        return self.claim.kind == "caption"


def candidates_of(evidence: Evidence, modality: Modality, caption_chars: int) -> list[Candidate]:
    """Every claim of a modality that somebody judged and a caption may say. caption_chars: of free text
    at most."""
    candidates = []
    for weak in evidence.captions:
        for claim in weak.claims:
            confidence = claim.believed
            if claim.modality != modality or confidence is None:
                continue
            if (sayable := _sayable(claim, caption_chars)) is not None:
                candidates.append(
                    Candidate(sayable, weak.captioner, meaning(sayable), confidence.tier)
                )
    return candidates


def _sayable(claim: Claim, caption_chars: int) -> Claim | None:
    """The claim as a caption may say it: texts of tags are ours, captions are anybody's and are
    normalised."""
    text = normalised(claim.text, caption_chars) if claim.kind == "caption" else claim.text
    return replace(claim, text=text) if text.strip() else None


def supported(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Rule 1: every claim with its tier after fusion and its supporters."""
    fused = []
    for candidate in candidates:
        supporters = [other for other in candidates if other.implies(candidate)] or [candidate]
        tier = max((other.tier for other in supporters), key=ORDER.__getitem__)
        if tier != candidate.tier:  # another's word is another's number, or none
            surest = max(supporters, key=lambda other: other.rank)
            lifted = replace(candidate.claim, fused=surest.claim.believed)
            candidate = replace(candidate, claim=lifted)
        captioners = tuple(dict.fromkeys(other.captioner for other in supporters))
        fused.append(replace(candidate, tier=tier, captioners=captioners))
    return fused


def without_rivals(heard: list[Candidate], seen: Sequence[Candidate]) -> list[Candidate]:
    """Rule 2: of rival sounds the one that the picture speaks for, when it speaks for just one."""
    sights = frozenset[str]().union(
        *(
            candidate.meaning.reach
            for candidate in seen
            if candidate.tier != "low" and candidate.claim.kind != "signal"
        )
    )
    for group in lexicon().confusable.values():
        rivals = {
            sound: [
                candidate
                for candidate in heard
                if sound in candidate.meaning.by_label and candidate.claim.kind != "signal"
            ]
            for sound in group
        }
        rivals = {sound: candidates for sound, candidates in rivals.items() if candidates}
        best = [
            max(_probability(candidate.claim) for candidate in candidates)
            for candidates in rivals.values()
        ]
        if len(rivals) < 2 or sum(best) < RIVALS_AT_LEAST:
            continue
        if any(
            candidate.tier == "high" for candidates in rivals.values() for candidate in candidates
        ):
            continue
        chosen = [sound for sound in rivals if group[sound] & sights]
        if len(chosen) == 1:
            heard = _chosen(heard, chosen[0], rivals)
    return heard


def _chosen(
    heard: list[Candidate], sound: str, rivals: dict[str, list[Candidate]]
) -> list[Candidate]:
    winners = rivals[sound]
    beaten = [
        candidate
        for candidates in rivals.values()
        for candidate in candidates
        if candidate not in winners
    ]
    return [
        replace(candidate, tier="medium")
        if candidate in winners and candidate.tier == "low"
        else candidate
        for candidate in heard
        if candidate not in beaten
    ]


def _probability(claim: Claim) -> float:
    return claim.believed.weight if claim.believed is not None else 0.0
