"""What a claim is worth with everybody's word: the fused confidence.

Two captioners that agree are more than one, but those trained on the same data make the same mistakes.
So the log-odds of a claim are

    z = logit(p of the surest) + sum of a(surest, k) * e(k) + sum of b(j) * e(j) + sum of v(m)

over every further captioner k whose claims imply it, with e(k) = logit(p of k) - logit(BASE), what its
word adds to a claim of which nobody spoke (never below 0), over every captioner j that names only what
it implies ("a bird", of an owl), and over every captioner m that ran, could have named it, and did not.
a is learned for each pair: 0 for a captioner that only repeats the other, 1 for independent ones. b is
learned for each captioner, at least 0, v too, at most 0. The fused probability is a line over z
(`captioners.confidence._logistic`), fitted on media of origins that the weights were not learned from.

The priors are our choices: a ~ N(0.5, 0.25), agreement counts half until data say otherwise; b ~ N(0,
0.25) and v ~ N(0, 0.5), who names something broader or is silent says nothing until data say otherwise;
the line is z itself, within N(1, 0.25) and N(0, 0.5). Under FEW media files, and where a captioner speaks
that nothing was learned of, the **rule** holds: a = 0.5, b = v = 0, the line is z, so that a claim of one
captioner keeps its own confidence. The rule, and a stack of under ENOUGH files, makes no claim "high"
that none of its captioners is sure of.

Where it was learned what a claim is worth beside the other claims of its clip
(`captioners.confidence.cooccurrence`), the
fused probability of a claim that a stack gave is moved by that; its word is found as before.

A claim is never less sure than one that implies it: a dog is an animal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    field_serializer,
    model_serializer,
)

from captioners.confidence._logistic import SAME, Line, Prior, learn, logit
from captioners.confidence.cooccurrence import Cooccurrence, told
from captioners.confidence.tiers import ENOUGH, FEW, ORDER, tier_of
from manifests.evidence import Claim, Confidence, Modality, Support, WeakCaption

BASE = 0.05
"""How often what can be named is there before anybody spoke of it; our choice."""

PAIR, SILENT = Prior(0.5, 0.25, sign=1), Prior(0.0, 0.5, sign=-1)
BROADER = Prior(0.0, 0.25, sign=1)
_LINE = (Prior(1.0, 0.25, sign=1), Prior(0.0, 0.5))
RULES = [BASE, PAIR.mean]
"""What of this module a digest has to cover."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks for a claim, and who could have. said: the log-odds of each captioner that did, the
    surest first; silent: captioners that ran and did not, in order; broader: what each further one adds
    that names only what the claim implies."""

    said: dict[str, float]
    silent: tuple[str, ...] = ()
    broader: dict[str, float] = field(default_factory=dict)

    @property
    def surest(self) -> str:
        """The captioner that is surest of it."""
        return next(iter(self.said))

    @property
    def further(self) -> dict[str, float]:
        """What each further captioner adds, by its pair with the surest."""
        begin = logit(BASE)
        return {
            pair(self.surest, name): max(0.0, odds - begin)
            for name, odds in self.said.items()
            if name != self.surest
        }


class Stack(BaseModel):
    """What was learned of the captioners of one modality.

    n: media files behind it, of so many origins; claims, true: how many were judged, and were true.
    pairs: a of two captioners, "yamnet+silero" in the order of their names. silent: v of a captioner,
    broader: its
    b.
    words: stems of all that a captioner ever named. cooccurrence: what the rest of a clip says
    of a claim.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    n: int = 0
    origins: int = 0
    claims: int = 0
    true: int = 0
    pairs: dict[str, float] = {}
    silent: dict[str, float] = {}
    broader: dict[str, float] = {}
    words: dict[str, frozenset[str]] = {}
    line: Line = SAME
    cooccurrence: Cooccurrence = Cooccurrence()

    @model_serializer(mode="wrap")
    def _without_nothing(self, every: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A stack that learned nothing of cooccurrence is told, and digested, as before there was any."""
        found: dict[str, Any] = every(self)
        if not self.cooccurrence:
            found.pop("cooccurrence", None)
        return found

    @field_serializer("words")
    def _in_order(self, words: dict[str, frozenset[str]]) -> dict[str, list[str]]:
        return {name: sorted(known) for name, known in words.items()}

    def log_odds(self, voices: Voices) -> float:
        """z of a claim."""
        added = sum(self.pairs.get(p, PAIR.mean) * e for p, e in voices.further.items())
        added += sum(self.broader.get(n, BROADER.mean) * e for n, e in voices.broader.items())
        missed = sum(self.silent.get(name, SILENT.mean) for name in voices.silent)
        return voices.said[voices.surest] + added + missed

    def probability(self, voices: Voices) -> float:
        """The fused probability of a claim."""
        return self.line.probability(self.log_odds(voices))

    def knows(self, voices: Voices) -> bool:
        """Whether it was learned from enough, and from everyone who speaks."""
        return self.n >= FEW and self.words.keys() >= voices.said.keys()


_RULE = Stack()
_RULED, _LEARNED, _COOCCURRENCE = "rule ", "stack ", "cooccurrence "


@dataclass(frozen=True, slots=True)
class Heard:
    """A judged claim to learn from. fold: which share of the origins its media belong to."""

    voices: Voices
    true: bool
    fold: int


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
        files: Mapping[Place, int],
    ) -> tuple[WeakCaption, ...]:
        """The weak captions of a clip with the fused confidence of every claim that has a support.

        supports: as `prompts.support` finds them. files: media files behind each claim's confidence.
        """
        fused = {s.claim: self._fused(captions, s, files) for s in supports}
        beside = self._in_cooccurrence(captions, supports, fused)
        for support in supports:
            if support.claim in beside:
                moved = beside[support.claim]
                fused[support.claim] = self._fused(captions, support, files, moved)
        # A dog is an animal: the surest of all that imply it counts.
        best = {s.claim: max((fused[place] for place in s.by), key=_rank) for s in supports}
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
        fused: Mapping[Place, Confidence],
    ) -> dict[Place, float]:
        """The probabilities of learned claims beside the others; none where nothing was learned."""
        if not (self.audio.cooccurrence or self.video.cooccurrence):
            return {}
        alone = {place: sure.probability for place, sure in fused.items() if sure.by != "fact"}
        clip = told(captions, supports, alone)
        found: dict[Place, float] = {}
        for one in clip:
            cooccurrence = self.of(one.modality).cooccurrence
            if cooccurrence and fused[one.claims[0]].by.startswith(_LEARNED):
                found |= dict.fromkeys(one.claims, cooccurrence.probability(one, clip))
        return found

    def _fused(
        self,
        captions: Sequence[WeakCaption],
        support: Support,
        files: Mapping[Place, int],
        moved: float | None = None,
    ) -> Confidence:
        """moved: its probability in cooccurrence, if that is known."""
        own = _sure(captions, support.claim)
        if own.by == "fact":
            return own
        stack = self.of(_claim(captions, support.claim).modality)
        heard = voices(captions, support, stack.words)
        learned = stack.knows(heard)
        if not learned:
            stack, heard = _RULE, replace(heard, silent=(), broader={})
        alone = max((_sure(captions, place) for place in support.by), key=_rank)
        if len(heard.said) == 1 and not learned:
            return alone
        probability = stack.probability(heard) if moved is None else moved
        n = max(files[place] for place in support.by)
        tier = tier_of(probability, max(n, FEW) if len(heard.said) > 1 else n)
        if tier == "high" and stack.n < ENOUGH and alone.tier != "high":
            tier = "medium"
        how = _RULED if not learned else _LEARNED if moved is None else _COOCCURRENCE
        by = f"{how}{'+'.join(heard.said)}"
        return Confidence(probability, tier, by)


def voices(
    captions: Sequence[WeakCaption], support: Support, words: Mapping[str, frozenset[str]]
) -> Voices:
    """Who speaks for a claim of judged weak captions, and who of those that know the words does not."""
    said: dict[str, float] = {}
    for place in support.by:
        name = captions[place[0]].captioner
        odds = logit(_sure(captions, place).probability)
        said[name] = max(odds, said.get(name, odds))
    silent = tuple(
        weak.captioner
        for weak in captions
        if weak.skipped is None
        and weak.captioner not in said
        and support.about <= words.get(weak.captioner, frozenset())
    )
    broader: dict[str, float] = {}
    for place in support.broader:
        name = captions[place[0]].captioner
        if name not in said:
            added = max(0.0, logit(_sure(captions, place).probability) - logit(BASE))
            broader[name] = max(added, broader.get(name, 0.0))
    # Stable: of equally sure ones the first of the profile comes first.
    return Voices(dict(sorted(said.items(), key=lambda item: -item[1])), silent, broader)


def pair(one: str, other: str) -> str:
    """The name of a pair of captioners."""
    return "+".join(sorted((one, other)))


def without(heard: Sequence[Heard]) -> dict[int, Stack]:
    """By fold, what the claims of the other folds teach; the line is not fitted."""
    return {
        fold: _learned([each for each in heard if each.fold != fold])
        for fold in sorted({each.fold for each in heard})
    }


def stacked(
    heard: Sequence[Heard],
    words: Mapping[str, frozenset[str]],
    n: int,
    origins: int,
    others: Mapping[int, Stack] | None = None,
) -> Stack:
    """What judged claims teach. Their probabilities come from calibrations that did not see their
    media. n, origins: of their media files. others: `without` of these, if that is known."""
    by_fold = without(heard) if others is None else others
    odds = np.array([by_fold[each.fold].log_odds(each.voices) for each in heard])
    truths = [each.true for each in heard]
    line = learn(np.stack([odds, np.ones(len(heard))], axis=1), truths, _LINE)
    return _learned(heard).model_copy(
        update={
            "n": n,
            "origins": origins,
            "claims": len(heard),
            "true": sum(truths),
            "words": dict(words),
            "line": line,
        }
    )


def _learned(heard: Sequence[Heard]) -> Stack:
    """a of every pair, v and b of every captioner that these claims speak of."""
    pairs = sorted({p for each in heard for p in each.voices.further})
    silent = sorted({name for each in heard for name in each.voices.silent})
    broader = sorted({name for each in heard for name in each.voices.broader})
    features = np.array(
        [
            [each.voices.further.get(p, 0.0) for p in pairs]
            + [float(name in each.voices.silent) for name in silent]
            + [each.voices.broader.get(name, 0.0) for name in broader]
            for each in heard
        ]
    )
    line = learn(
        features,
        [each.true for each in heard],
        [PAIR] * len(pairs) + [SILENT] * len(silent) + [BROADER] * len(broader),
        offset=[each.voices.said[each.voices.surest] for each in heard],
    )
    weights = iter(line.weights)
    return Stack(
        pairs={p: next(weights) for p in pairs},
        silent={name: next(weights) for name in silent},
        broader={name: next(weights) for name in broader},
    )


def _claim(captions: Sequence[WeakCaption], place: Place) -> Claim:
    return captions[place[0]].claims[place[1]]


def _sure(captions: Sequence[WeakCaption], place: Place) -> Confidence:
    sure = _claim(captions, place).confidence
    assert sure is not None, "an unjudged claim has no support"
    return sure


def _rank(sure: Confidence) -> tuple[int, float]:
    return ORDER[sure.tier], sure.probability
