"""What a claim is worth beside the other claims of its clip: its cooccurrence.

`captioners.confidence.fusion` weighs what everybody says of one thing. What else a clip is said to
hold tells more:
who takes growling for purring names both; a bark that is heard makes a dog in view likelier, a kitchen in
view makes an engine less likely; and of some things captioners are surer than they are right. So, with
P(c) the fused probability of a claim c by itself,

    logit P'(c) = line(logit P(c) + s(c) + sum of w(c, u) * P(u))

over everything else u that is said of the clip and that neither implies c nor follows from it. s is
learned for each thing that is claimed, w for each two of one modality ("beside") and of both ("across"),
things being told apart by the stems of what claims are about. The line is fitted on media of origins that
s and w were not learned from.

The priors are our choices: s ~ N(0, 0.5), w ~ N(0, 1.5), so that cooccurrence says nothing until data say
otherwise. Both signs mean something: what goes together and what is taken for each other stand in one
table. But what is seen never makes a sound likelier, w(heard, seen) <= 0: things in view are often
silent, and with both signs more sounds were invented from them (docs/quality.md). w is learned where both
were claimed in media of at least `LEAST` origins.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from pydantic import BaseModel, ConfigDict

from captioners.confidence._logistic import SAME, Line, Prior, Sparse, learn, learn_many, logit
from manifests.evidence import Modality, Support, WeakCaption

LEAST = 3
"""Origins in which two things were claimed together, from which on that pair is learned; our choice."""

_THING_SD, _PAIR_SD = 0.5, 1.5
_LINE = (Prior(1.0, 0.25, sign=1), Prior(0.0, 0.5))
_FAINT = 0.02
"""Weights nearer to 0 than this are not kept."""

ClaimIndex = tuple[int, int]
Name = tuple[str, ...]
"""Of a weight: ("things", thing), ("beside" or "across", thing, the other one)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is said of a clip. about: its stems, in order. claims: that say just this; kin: that
    imply it or that it implies. probability: the fused one, by itself."""

    modality: Modality
    about: str
    claims: tuple[ClaimIndex, ...]
    kin: frozenset[ClaimIndex]
    probability: float


def statements(
    captions: Sequence[WeakCaption],
    supports: Sequence[Support],
    probabilities: Mapping[ClaimIndex, float],
) -> list[Statement]:
    """What is said of a clip, in the order of its first claims; only claims with a probability."""
    same: dict[tuple[Modality, frozenset[str]], list[Support]] = defaultdict(list)
    for support in supports:
        if support.claim in probabilities:
            at, number = support.claim
            same[captions[at].claims[number].modality, support.about].append(support)
    return [
        Statement(
            modality,
            " ".join(sorted(about)),
            tuple(support.claim for support in supports_of_it),
            frozenset(supports_of_it[0].by + supports_of_it[0].broader),
            probabilities[supports_of_it[0].claim],
        )
        for (modality, about), supports_of_it in same.items()
    ]


class Cooccurrence(BaseModel):
    """What was learned of one modality's claims: s by thing, w by thing and the other one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    things: dict[str, float] = {}
    beside: dict[str, dict[str, float]] = {}
    across: dict[str, dict[str, float]] = {}
    line: Line = SAME

    def __bool__(self) -> bool:
        """Whether anything was learned."""
        return bool(self.things or self.beside or self.across)

    def probability(self, statement: Statement, clip: Sequence[Statement]) -> float:
        """The probability of one thing that is said of a clip, beside all that is said of it."""
        return self.line.probability(self.log_odds(statement, clip))

    def log_odds(self, statement: Statement, clip: Sequence[Statement]) -> float:
        """What goes into the line."""
        added = (value * self._weight(name) for name, value in _features(statement, clip))
        return logit(statement.probability) + fsum(added)

    def _weight(self, name: Name) -> float:
        if name[0] == "things":
            return self.things.get(name[1], 0.0)
        table = self.beside if name[0] == "beside" else self.across
        return table.get(name[1], {}).get(name[2], 0.0)


def _features(statement: Statement, clip: Sequence[Statement]) -> Iterator[tuple[Name, float]]:
    """What speaks of a claim: the name of its weight and what that is multiplied with."""
    yield ("things", statement.about), 1.0
    for other in clip:
        if statement.modality != other.modality:
            yield ("across", statement.about, other.about), other.probability
        elif statement.kin.isdisjoint(other.claims):
            yield ("beside", statement.about, other.about), other.probability


@dataclass(frozen=True, slots=True)
class LabelledStatement:
    """A judged claim to learn from, in its clip. Probabilities are by what other origins taught. fold:
    which share of the origins its media belong to."""

    statement: Statement
    clip: Sequence[Statement]
    true: bool
    origin: str
    fold: int


def fit_cooccurrence(labelled: Sequence[LabelledStatement]) -> Cooccurrence:
    """What judged claims of one modality teach."""
    if not labelled:
        return Cooccurrence()
    names, design = _design(labelled)
    spread = np.array([_THING_SD if name[0] == "things" else _PAIR_SD for name in names])
    sign = np.array([_sign(name, labelled[0].statement.modality) for name in names])
    truths = np.array([row.true for row in labelled], np.float64)
    begin = np.array([logit(row.statement.probability) for row in labelled])
    folds = np.array([row.fold for row in labelled])
    odds = begin.copy()
    for fold in np.unique(folds):
        others, mine = design.of(folds != fold), design.of(folds == fold)
        weights = learn_many(others, truths[folds != fold], spread, begin[folds != fold], sign)
        odds[folds == fold] += mine.times(weights)
    line = learn(np.stack([odds, np.ones(len(odds))], axis=1), truths.astype(bool).tolist(), _LINE)
    return _cooccurrence(names, learn_many(design, truths, spread, begin, sign).tolist(), line)


def _design(labelled: Sequence[LabelledStatement]) -> tuple[list[Name], Sparse]:
    """The weights there are to learn, and their features of each claim."""
    rows = [list(_features(statement.statement, statement.clip)) for statement in labelled]
    origins: dict[Name, set[str]] = defaultdict(set)
    for statement, features in zip(labelled, rows, strict=True):
        for name, _ in features:
            if len(origins[name]) < LEAST:
                origins[name].add(statement.origin)
    names = sorted(n for n, seen in origins.items() if len(n) == 2 or len(seen) >= LEAST)
    column = {name: at for at, name in enumerate(names)}
    entries = [
        (row, column[name], value)
        for row, features in enumerate(rows)
        for name, value in features
        if name in column
    ]
    at, of, values = zip(*entries, strict=True)
    shape = len(labelled), len(names)
    return names, Sparse(np.array(at), np.array(of), np.array(values, np.float64), shape)


def _sign(name: Name, modality: Modality) -> float:
    """-1 where a weight may only speak against: of what is seen, for what is heard."""
    return -1.0 if name[0] == "across" and modality == "audio" else 0.0


def _cooccurrence(names: Sequence[Name], weights: Sequence[float], line: Line) -> Cooccurrence:
    things: dict[str, float] = {}
    pairs: dict[str, dict[str, dict[str, float]]] = {"beside": {}, "across": {}}
    for (table, thing, *other), exact in zip(names, weights, strict=True):
        weight = round(exact, 4)
        if abs(weight) < _FAINT:
            continue
        if other:
            pairs[table].setdefault(thing, {})[other[0]] = weight
        else:
            things[thing] = weight
    return Cooccurrence(things=things, **pairs, line=line)
