"""What a claim is worth when every captioner is heard: the fused confidence.

The probability comes from the stack of its modality (`captioners.confidence.stack`). Under FEW origins,
and where a captioner makes the claim that the stack knows nothing of, the **rule** holds: agreement
counts half, silence and broader names nothing, so that a claim of one captioner keeps its own
confidence. The rule, and a stack of under ENOUGH origins, makes no claim "high" that none of its
captioners is sure of.

Only calibrated claims have a vote. How often the others are true is not known, so they neither add to a
probability nor take from it: five of them would else make a certainty out of nothing. A claim without a
vote has the confidence that those with one give it, or its own where that is surer or nobody has one.

Where it was learned what a claim is worth beside the other claims of its clip
(`captioners.confidence.cooccurrence`), that replaces the probability that a stack gave.

A claim is never less sure than one that implies it: a dog is an animal. Only a claim with a vote makes
another one with a vote surer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from captioners.confidence._logistic import logit
from captioners.confidence.cooccurrence import ClaimIndex, statements
from captioners.confidence.stack import BASE, Stack, Votes
from captioners.confidence.tiers import ENOUGH, FEW, ORDER, tier_of
from manifests.evidence import Claim, Confidence, Modality, Support, WeakCaption

_RULE = Stack()
_RULED, _LEARNED, _COOCCURRENCE = "rule ", "stack ", "cooccurrence "


class Fusion(BaseModel):
    """The stacks of a profile. source: where the labels came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    audio: Stack = Stack()
    video: Stack = Stack()

    def fuse(
        self,
        captions: Sequence[WeakCaption],
        supports: Sequence[Support],
        behind: Mapping[ClaimIndex, int],
    ) -> tuple[WeakCaption, ...]:
        """The weak captions of a clip with the fused confidence of every claim that has a support.

        supports: as `prompts.support` finds them. behind: origins behind each claim's confidence.
        """
        fused = {s.claim: self._fused(captions, s, behind) for s in supports}
        moved_by_claim = self._in_cooccurrence(captions, supports, fused)
        for support in supports:
            if support.claim in moved_by_claim:
                moved = moved_by_claim[support.claim]
                fused[support.claim] = self._fused(captions, support, behind, moved)
        # A dog is an animal: the surest of all that imply it counts.
        best = {
            s.claim: max((fused[index] for index in _lifting(captions, s, behind)), key=_order)
            for s in supports
        }
        return tuple(
            replace(
                weak,
                claims=tuple(
                    replace(claim, fused=best.get((at, number)))
                    for number, claim in enumerate(weak.claims)
                ),
            )
            for at, weak in enumerate(captions)
        )

    def of(self, modality: Modality) -> Stack:
        """The stack of one modality."""
        return self.audio if modality == "audio" else self.video

    def _in_cooccurrence(
        self,
        captions: Sequence[WeakCaption],
        supports: Sequence[Support],
        fused: Mapping[ClaimIndex, Confidence],
    ) -> dict[ClaimIndex, float]:
        """The probabilities of claims beside the others of the clip; none where nothing was learned."""
        if not (self.audio.cooccurrence or self.video.cooccurrence):
            return {}
        alone = {
            index: own.probability
            for index, own in fused.items()
            if own.by != "fact" and own.probability is not None
        }
        clip = statements(captions, supports, alone)
        moved: dict[ClaimIndex, float] = {}
        for statement in clip:
            cooccurrence = self.of(statement.modality).cooccurrence
            if cooccurrence and fused[statement.claims[0]].by.startswith(_LEARNED):
                moved |= dict.fromkeys(statement.claims, cooccurrence.probability(statement, clip))
        return moved

    def _fused(
        self,
        captions: Sequence[WeakCaption],
        support: Support,
        behind: Mapping[ClaimIndex, int],
        moved: float | None = None,
    ) -> Confidence:
        """moved: its probability beside the other claims of the clip, where it was learned."""
        own = _own_confidence(captions, support.claim)
        if own.by == "fact":
            return own
        by = [index for index in support.by if _votes(captions, index, behind)]
        alone = max((_own_confidence(captions, index) for index in by or support.by), key=_order)
        if not by:
            return alone
        together = self._by_votes(captions, support, behind, alone, moved)
        if support.claim not in by and ORDER[own.tier] > ORDER[together.tier]:
            return own
        return together

    def _by_votes(
        self,
        captions: Sequence[WeakCaption],
        support: Support,
        behind: Mapping[ClaimIndex, int],
        alone: Confidence,
        moved: float | None,
    ) -> Confidence:
        """What those who have a vote give a claim. alone: the surest of them."""
        stack = self.of(_claim(captions, support.claim).modality)
        votes = votes_for(captions, support, stack.words, behind)
        learned = stack.knows(votes)
        if not learned:
            stack, votes = _RULE, replace(votes, silent=(), broader={})
        if len(votes.named) == 1 and not learned:
            return alone
        probability = stack.probability(votes) if moved is None else moved
        tier = tier_of(probability, max(behind[index] for index in support.by))
        if tier == "high" and stack.behind < ENOUGH and alone.tier != "high":
            tier = "medium"
        how = _RULED if not learned else _LEARNED if moved is None else _COOCCURRENCE
        return Confidence(probability, tier, f"{how}{'+'.join(votes.named)}")


def votes_for(
    captions: Sequence[WeakCaption],
    support: Support,
    words: Mapping[str, frozenset[str]],
    behind: Mapping[ClaimIndex, int],
) -> Votes:
    """Who speaks for a claim of judged weak captions, and who knows the words and does not.

    words: stems that each captioner can name. behind: origins behind each claim's confidence. Who says it
    without a calibration is neither: not counted, and not silent.
    """
    named: dict[str, float] = {}
    for index in support.by:
        if _votes(captions, index, behind):
            name, odds = captions[index[0]].captioner, _odds(captions, index)
            named[name] = max(odds, named.get(name, odds))
    spoken = {captions[at].captioner for at, _ in support.by}
    silent = tuple(
        weak.captioner
        for weak in captions
        if weak.skipped is None
        and weak.captioner not in spoken
        and support.about <= words.get(weak.captioner, frozenset())
    )
    broader: dict[str, float] = {}
    for index in support.broader:
        name = captions[index[0]].captioner
        if name not in named and _votes(captions, index, behind):
            added = max(0.0, _odds(captions, index) - logit(BASE))
            broader[name] = max(added, broader.get(name, 0.0))
    # Stable: of equally sure ones the first of the profile comes first.
    return Votes(dict(sorted(named.items(), key=lambda item: -item[1])), silent, broader)


def _votes(
    captions: Sequence[WeakCaption], index: ClaimIndex, behind: Mapping[ClaimIndex, int]
) -> bool:
    """Whether a claim is calibrated: it has a number, and that is no anecdote."""
    return behind[index] >= FEW and _own_confidence(captions, index).probability is not None


def _lifting(
    captions: Sequence[WeakCaption], support: Support, behind: Mapping[ClaimIndex, int]
) -> list[ClaimIndex]:
    """The claims that make one surer: of one with a vote those that have one too, itself included."""
    if not _votes(captions, support.claim, behind):
        return list(support.by)
    return [index for index in support.by if _votes(captions, index, behind)]


def _odds(captions: Sequence[WeakCaption], index: ClaimIndex) -> float:
    """The log-odds of a claim with a vote."""
    probability = _own_confidence(captions, index).probability
    assert probability is not None
    return logit(probability)


def _claim(captions: Sequence[WeakCaption], index: ClaimIndex) -> Claim:
    return captions[index[0]].claims[index[1]]


def _own_confidence(captions: Sequence[WeakCaption], index: ClaimIndex) -> Confidence:
    confidence = _claim(captions, index).confidence
    assert confidence is not None, "an unjudged claim has no support"
    return confidence


def _order(confidence: Confidence) -> tuple[int, float]:
    return ORDER[confidence.tier], confidence.weight
