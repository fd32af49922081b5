"""How much captioners are worth together: a stack of logistic regressions over their confidences.

Two captioners that agree are worth more than one, but those trained on the same data make the same
mistakes. So the log-odds of a claim are

    z = logit(p of the surest) + sum of a(surest, k) * e(k) + sum of b(j) * e(j) + sum of v(m)

over every further captioner k whose claims imply it, with e(k) = logit(p of k) - logit(BASE), what its
word adds to a claim that nobody made before (never below 0), over every captioner j that names only what
it implies ("a bird", of an owl), and over every captioner m that ran, could have named it, and did not.
a is learned for each pair: 0 for a captioner that only repeats the other, 1 for independent ones. b is
learned for each captioner, at least 0, v too, at most 0. The fused probability is a line over z
(`captioners.confidence._logistic`), fitted on media of origins that the weights were not learned from.

The priors are our choices: a ~ N(0.5, 0.25), agreement counts half until data say otherwise; b ~ N(0,
0.25) and v ~ N(0, 0.5), a broader name or silence says nothing until data say otherwise; the line is z
itself, within N(1, 0.25) and N(0, 0.5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from captioners.confidence.cooccurrence import Cooccurrence
from captioners.confidence.tiers import FEW

BASE = 0.05
"""How often a thing that can be named is there, before any captioner ran; our choice."""

_PAIR, _SILENT = Prior(0.5, 0.25, sign=1), Prior(0.0, 0.5, sign=-1)
_BROADER = Prior(0.0, 0.25, sign=1)
_LINE = (Prior(1.0, 0.25, sign=1), Prior(0.0, 0.5))
RULES = [BASE, _PAIR.mean]
"""What of this module a digest has to cover."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Which captioners speak for a claim, and which could have.

    named: the log-odds of each captioner that made it, the surest first; empty where none of them is
    calibrated. silent: captioners that ran and
    could have made it, in order. broader: what each further one adds that names only what the claim
    implies.
    """

    named: dict[str, float]
    silent: tuple[str, ...] = ()
    broader: dict[str, float] = field(default_factory=dict)

    @property
    def surest(self) -> str:
        """The captioner that is surest of it."""
        return next(iter(self.named))

    @property
    def further(self) -> dict[str, float]:
        """What each further captioner adds, by its pair with the surest."""
        begin = logit(BASE)
        return {
            pair(self.surest, name): max(0.0, odds - begin)
            for name, odds in self.named.items()
            if name != self.surest
        }


class Stack(BaseModel):
    """What was learned of the captioners of one modality.

    n: media files behind it, of so many origins; claims, true: how many were judged, and were true.
    pairs: a of two captioners, "silero+yamnet" in the order of their names. silent: v of a captioner,
    broader: its b. words: stems of all that a captioner ever named. cooccurrence: what the rest of a clip
    says of a claim.
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
        """Without an empty cooccurrence, so that its digest is that of the time before there was any."""
        fields: dict[str, Any] = every(self)
        if not self.cooccurrence:
            fields.pop("cooccurrence", None)
        return fields

    @field_serializer("words")
    def _in_order(self, words: dict[str, frozenset[str]]) -> dict[str, list[str]]:
        return {name: sorted(stems) for name, stems in words.items()}

    def log_odds(self, votes: Votes) -> float:
        """z of a claim (see the head of this module)."""
        added = sum(self.pairs.get(p, _PAIR.mean) * e for p, e in votes.further.items())
        added += sum(self.broader.get(n, _BROADER.mean) * e for n, e in votes.broader.items())
        missed = sum(self.silent.get(name, _SILENT.mean) for name in votes.silent)
        return votes.named[votes.surest] + added + missed

    def probability(self, votes: Votes) -> float:
        """The fused probability of a claim."""
        return self.line.probability(self.log_odds(votes))

    @property
    def behind(self) -> int:
        """The number of origins behind it. Where none are named, each file is an origin."""
        return self.origins or self.n

    def knows(self, votes: Votes) -> bool:
        """Whether it was learned from enough origins, and from every captioner that made the claim."""
        return self.behind >= FEW and self.words.keys() >= votes.named.keys()


@dataclass(frozen=True, slots=True)
class LabelledVotes:
    """A claim whose truth is known, to learn from. fold: the share of origins with its media."""

    votes: Votes
    true: bool
    fold: int


def pair(first: str, second: str) -> str:
    """The name of a pair of captioners."""
    return "+".join(sorted((first, second)))


def stacks_without_fold(labelled: Sequence[LabelledVotes]) -> dict[int, Stack]:
    """By fold, the stack that the claims of the other folds give; its line is not fitted."""
    return {
        fold: _fit_weights([example for example in labelled if example.fold != fold])
        for fold in sorted({example.fold for example in labelled})
    }


def fit_stack(
    labelled: Sequence[LabelledVotes],
    words: Mapping[str, frozenset[str]],
    n: int,
    origins: int,
    others: Mapping[int, Stack] | None = None,
) -> Stack:
    """The stack that claims of known truth give.

    Their probabilities come from calibrations that did not see their media. n, origins: of their media
    files. others: `stacks_without_fold` of these, where the caller has them.
    """
    by_fold = stacks_without_fold(labelled) if others is None else others
    odds = np.array([by_fold[example.fold].log_odds(example.votes) for example in labelled])
    truths = [example.true for example in labelled]
    line = learn(np.stack([odds, np.ones(len(labelled))], axis=1), truths, _LINE)
    return _fit_weights(labelled).model_copy(
        update={
            "n": n,
            "origins": origins,
            "claims": len(labelled),
            "true": sum(truths),
            "words": dict(words),
            "line": line,
        }
    )


def _fit_weights(labelled: Sequence[LabelledVotes]) -> Stack:
    """a of every pair, v and b of every captioner that these claims speak of."""
    pairs = sorted({p for example in labelled for p in example.votes.further})
    silent = sorted({name for example in labelled for name in example.votes.silent})
    broader = sorted({name for example in labelled for name in example.votes.broader})
    features = np.array(
        [
            [example.votes.further.get(p, 0.0) for p in pairs]
            + [float(name in example.votes.silent) for name in silent]
            + [example.votes.broader.get(name, 0.0) for name in broader]
            for example in labelled
        ]
    )
    line = learn(
        features,
        [example.true for example in labelled],
        [_PAIR] * len(pairs) + [_SILENT] * len(silent) + [_BROADER] * len(broader),
        offset=[example.votes.named[example.votes.surest] for example in labelled],
    )
    weights = iter(line.weights)
    return Stack(
        pairs={p: next(weights) for p in pairs},
        silent={name: next(weights) for name in silent},
        broader={name: next(weights) for name in broader},
    )
