"""What a claim is worth when every captioner is heard: the fused confidence.

The probability comes from the stack of its modality (`captioners.confidence.stack`). Under FEW origins,
and where a captioner makes the claim that the stack knows nothing of, the **rule** holds: agreement
counts half, silence and broader names nothing, so that a claim of one captioner keeps its own
confidence. The rule, and a stack of under ENOUGH origins, makes no claim "high" that none of its
captioners is sure of.

Only claims with a number have a vote. How often the others are true is not known, so they neither add to
a probability nor take from it: five of them would else make a certainty out of nothing. The rule asks
more: a number with FEW origins behind it. A stack has learned what an anecdote is worth. A claim without
a vote takes the confidence that the voters give it, or keeps its own if that is surer or nobody votes.

Where it was learned what a claim is worth beside the other claims of its clip
(`captioners.confidence.cooccurrence`), that replaces the probability that a stack gave. There a claim
without a number counts as it did when that was learned, at even odds, if the stack knows its captioner.

A claim is never less sure than one that implies it: a dog is an animal. Only a claim with a vote makes
another one with a vote surer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from operator import attrgetter

from pydantic import BaseModel, ConfigDict

from captioners.confidence._logistic import logit
from captioners.confidence.cooccurrence import ClaimIndex, statements
from captioners.confidence.stack import BASE, Stack, Votes
from captioners.confidence.tiers import ENOUGH, FEW, tier_of
from manifests.evidence import ORDER, Claim, Confidence, Modality, Support, WeakCaption

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
            s.claim: max((fused[index] for index in _lifting(captions, s)), key=attrgetter("rank"))
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
            s.claim: probability
            for s in supports
            if _own_confidence(captions, s.claim).by != "fact"
            and (probability := self._beside_others(captions, s, fused[s.claim])) is not None
        }
        clip = statements(captions, supports, alone)
        moved: dict[ClaimIndex, float] = {}
        for statement in clip:
            cooccurrence = self.of(statement.modality).cooccurrence
            if cooccurrence and fused[statement.claims[0]].by.startswith(_LEARNED):
                moved |= dict.fromkeys(statement.claims, cooccurrence.probability(statement, clip))
        return moved

    def _beside_others(
        self, captions: Sequence[WeakCaption], support: Support, own: Confidence
    ) -> float | None:
        """The probability with which a claim counts for others of its clip; None for one of a captioner
        of which nothing was learned."""
        if own.probability is not None:
            return own.probability
        stack = self.of(_claim(captions, support.claim).modality)
        name = captions[support.claim[0]].captioner
        if name not in stack.words:
            return None
        return stack.probability(made(name, votes_for(captions, support, stack.words)))

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
        stack = self.of(_claim(captions, support.claim).modality)
        votes = votes_for(captions, support, stack.words)
        learned = stack.knows(votes)
        by = [i for i in _numbered(captions, support.by) if learned or behind[i] >= FEW]
        alone = max(
            (_own_confidence(captions, index) for index in by or support.by), key=attrgetter("rank")
        )
        if not by:
            return alone
        if not learned:
            stack, votes = _RULE, Votes(_named(captions, by))
        if len(votes.named) == 1 and not learned:
            together = alone
        else:
            probability = stack.probability(votes) if moved is None else moved
            tier = tier_of(probability, max(behind[index] for index in by))
            if tier == "high" and stack.behind < ENOUGH and alone.tier != "high":
                tier = "medium"
            how = _RULED if not learned else _LEARNED if moved is None else _COOCCURRENCE
            together = Confidence(probability, tier, f"{how}{'+'.join(votes.named)}")
        if support.claim not in by and ORDER[own.tier] > ORDER[together.tier]:
            return own
        return together


def votes_for(
    captions: Sequence[WeakCaption], support: Support, words: Mapping[str, frozenset[str]]
) -> Votes:
    """Who speaks for a claim of judged weak captions, and who knows the words and does not.

    words: stems that each captioner can name. Who says it without a number is neither: not counted, and
    not silent.
    """
    named = _named(captions, _numbered(captions, support.by))
    spoken = {captions[at].captioner for at, _ in support.by}
    silent = tuple(
        weak.captioner
        for weak in captions
        if weak.skipped is None
        and weak.captioner not in spoken
        and support.about <= words.get(weak.captioner, frozenset())
    )
    added = {
        name: max(0.0, odds - logit(BASE))
        for name, odds in _named(captions, _numbered(captions, support.broader)).items()
        if name not in named
    }
    return Votes(named, silent, added)


def made(captioner: str, votes: Votes) -> Votes:
    """The votes of a claim to learn from beside others: where nobody has one, at even odds. What such a
    claim tells of others was learned from its being made."""
    return votes if votes.named else replace(votes, named={captioner: 0.0})


def _named(captions: Sequence[WeakCaption], indices: Sequence[ClaimIndex]) -> dict[str, float]:
    """The log-odds of each captioner that made one of these claims, the surest first. All have a number.

    Stable: of equally sure ones the first of the profile comes first.
    """
    odds: dict[str, float] = {}
    for index in indices:
        name, probability = (
            captions[index[0]].captioner,
            _own_confidence(captions, index).probability,
        )
        assert probability is not None
        odds[name] = max(logit(probability), odds.get(name, -inf))
    return dict(sorted(odds.items(), key=lambda item: -item[1]))


def _numbered(captions: Sequence[WeakCaption], indices: Sequence[ClaimIndex]) -> list[ClaimIndex]:
    """Those of the claims that have a number."""
    return [i for i in indices if _own_confidence(captions, i).probability is not None]


def _claim(captions: Sequence[WeakCaption], index: ClaimIndex) -> Claim:
    return captions[index[0]].claims[index[1]]


def _own_confidence(captions: Sequence[WeakCaption], index: ClaimIndex) -> Confidence:
    confidence = _claim(captions, index).confidence
    assert confidence is not None, "an unjudged claim has no support"
    return confidence


def _lifting(captions: Sequence[WeakCaption], support: Support) -> Sequence[ClaimIndex]:
    """The claims that make one surer: of one with a number those that have one too, itself included."""
    numbered = _numbered(captions, support.by)
    return numbered if support.claim in numbered else support.by
