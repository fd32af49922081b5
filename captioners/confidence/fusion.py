"""What a claim is worth when every captioner is heard: the fused confidence.

The probability comes from the stack of its modality (`captioners.confidence.stack`). Under FEW media
files, and where a captioner makes the claim that the stack knows nothing of, the **rule** holds:
agreement counts half, silence and broader names nothing, so that a claim of one captioner keeps its own
confidence. The rule, and a stack of under ENOUGH files, makes no claim "high" that none of its
captioners is sure of.

Where it was learned what a claim is worth beside the other claims of its clip
(`captioners.confidence.cooccurrence`), that replaces the probability that a stack gave.

A claim is never less sure than one that implies it: a dog is an animal.
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
        files: Mapping[ClaimIndex, int],
    ) -> tuple[WeakCaption, ...]:
        """The weak captions of a clip with the fused confidence of every claim that has a support.

        supports: as `prompts.support` finds them. files: media files behind each claim's confidence.
        """
        fused = {s.claim: self._fused(captions, s, files) for s in supports}
        moved_by_claim = self._in_cooccurrence(captions, supports, fused)
        for support in supports:
            if support.claim in moved_by_claim:
                moved = moved_by_claim[support.claim]
                fused[support.claim] = self._fused(captions, support, files, moved)
        # A dog is an animal: the surest of all that imply it counts.
        best = {s.claim: max((fused[index] for index in s.by), key=_rank) for s in supports}
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
        alone = {index: own.probability for index, own in fused.items() if own.by != "fact"}
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
        files: Mapping[ClaimIndex, int],
        moved: float | None = None,
    ) -> Confidence:
        """moved: its probability beside the other claims of the clip, where it was learned."""
        own = _own_confidence(captions, support.claim)
        if own.by == "fact":
            return own
        stack = self.of(_claim(captions, support.claim).modality)
        votes = votes_for(captions, support, stack.words)
        learned = stack.knows(votes)
        if not learned:
            stack, votes = _RULE, replace(votes, silent=(), broader={})
        alone = max((_own_confidence(captions, index) for index in support.by), key=_rank)
        if len(votes.named) == 1 and not learned:
            return alone
        probability = stack.probability(votes) if moved is None else moved
        n = max(files[index] for index in support.by)
        tier = tier_of(probability, max(n, FEW) if len(votes.named) > 1 else n)
        if tier == "high" and stack.n < ENOUGH and alone.tier != "high":
            tier = "medium"
        how = _RULED if not learned else _LEARNED if moved is None else _COOCCURRENCE
        by = f"{how}{'+'.join(votes.named)}"
        return Confidence(probability, tier, by)


def votes_for(
    captions: Sequence[WeakCaption], support: Support, words: Mapping[str, frozenset[str]]
) -> Votes:
    """Who speaks for a claim of judged weak captions, and who knows the words and does not.

    words: stems that each captioner can name.
    """
    named: dict[str, float] = {}
    for index in support.by:
        name = captions[index[0]].captioner
        odds = logit(_own_confidence(captions, index).probability)
        named[name] = max(odds, named.get(name, odds))
    silent = tuple(
        weak.captioner
        for weak in captions
        if weak.skipped is None
        and weak.captioner not in named
        and support.about <= words.get(weak.captioner, frozenset())
    )
    broader: dict[str, float] = {}
    for index in support.broader:
        name = captions[index[0]].captioner
        if name not in named:
            added = max(0.0, logit(_own_confidence(captions, index).probability) - logit(BASE))
            broader[name] = max(added, broader.get(name, 0.0))
    # Stable: of equally sure ones the first of the profile comes first.
    return Votes(dict(sorted(named.items(), key=lambda item: -item[1])), silent, broader)


def _claim(captions: Sequence[WeakCaption], index: ClaimIndex) -> Claim:
    return captions[index[0]].claims[index[1]]


def _own_confidence(captions: Sequence[WeakCaption], index: ClaimIndex) -> Confidence:
    confidence = _claim(captions, index).confidence
    assert confidence is not None, "an unjudged claim has no support"
    return confidence


def _rank(confidence: Confidence) -> tuple[int, float]:
    return ORDER[confidence.tier], confidence.probability
