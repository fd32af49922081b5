"""What follows from what in the bench's world, and how well a set of concepts meets the truth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.quality.known import Reading, Truth
from benchmarks.quality.measures.intervals import Figure, Floats, bootstrap
from recipes.world.concepts import Concept, Side


class Reads(Protocol):
    """The matcher. side None: of a caption that tells what is heard and what is seen."""

    def read(self, caption: str, side: Side | None) -> Reading:
        """What it reads in a caption, or in one claim."""
        ...


class Concepts:
    """The concepts of a world, by key."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.by_key: Mapping[str, Concept] = {one.key: one for one in concepts}
        self._reach: dict[str, frozenset[str]] = {}

    def reach(self, key: str) -> frozenset[str]:
        """A concept and all that is true wherever it is."""
        if key not in self._reach:
            self._reach[key] = frozenset()  # a table that goes round in a circle ends here
            known = self.by_key.get(key)
            self._reach[key] = self.implied(known.broader if known else ()) | {key}
        return self._reach[key]

    def implied(self, keys: Iterable[str]) -> frozenset[str]:
        """These concepts and all that is true wherever they are."""
        return frozenset[str]().union(*map(self.reach, keys))

    def narrowest(self, keys: Iterable[str]) -> frozenset[str]:
        """Those of them that no other one implies."""
        found = frozenset(keys)
        beyond = frozenset[str]().union(*(self.reach(key) - {key} for key in found))
        return found - beyond

    def undecided(self, key: str, unsure: frozenset[str]) -> bool:
        """Whether nobody can decide it: it, or what it implies."""
        return bool(self.reach(key) & unsure)


def happened(truth: Truth, side: Side | None) -> frozenset[str]:
    """The keys of what is true of one side, or of both."""
    heard = () if side == "seen" else truth.heard
    seen = () if side == "heard" else truth.seen
    return frozenset(one.key for one in (*heard, *seen))


@dataclass(frozen=True, slots=True)
class Hits:
    """told of what happened, right of what was said; nobody's undecided things among them. undecided:
    said besides, and nobody can decide it."""

    told: int = 0
    happened: int = 0
    right: int = 0
    said: int = 0
    undecided: int = 0

    def __add__(self, other: "Hits") -> "Hits":
        return Hits(
            self.told + other.told,
            self.happened + other.happened,
            self.right + other.right,
            self.said + other.said,
            self.undecided + other.undecided,
        )

    @property
    def row(self) -> tuple[int, int, int, int]:
        """For `f1_figure` and its like."""
        return self.told, self.happened, self.right, self.said

    @property
    def strict(self) -> tuple[int, int]:
        """Right, of what was said, where what nobody can decide counts as false."""
        return self.right, self.said + self.undecided

    @property
    def f1(self) -> float:
        """Of one clip; 1 where nothing happened and nothing was said."""
        if not self.happened and not self.said:
            return 1.0
        return float(np.nan_to_num(f1(np.array(self.row, np.float64))))


@dataclass(frozen=True, slots=True)
class Met:
    """The concepts behind `Hits`. wanted: happened; undecided: said, and nobody can decide it."""

    told: frozenset[str]
    wanted: frozenset[str]
    right: frozenset[str]
    said: frozenset[str]
    undecided: frozenset[str]

    def within(self, keys: frozenset[str]) -> "Met":
        """What of it is of these concepts."""
        return Met(
            self.told & keys,
            self.wanted & keys,
            self.right & keys,
            self.said & keys,
            self.undecided & keys,
        )

    @property
    def hits(self) -> Hits:
        """How many of each."""
        return Hits(
            len(self.told),
            len(self.wanted),
            len(self.right),
            len(self.said),
            len(self.undecided),
        )


def met(said: Iterable[str], true: Iterable[str], unsure: frozenset[str], known: Concepts) -> Met:
    """How a set of concepts meets the truth.

    Something broader than what happened is true, and does not tell what happened. What is implied by
    something else that was said is not said again.
    """
    named, held = frozenset(said), known.implied(true)
    open_to = unsure - held
    wanted = known.narrowest(true) - unsure
    narrow = known.narrowest(named)
    undecided = frozenset(k for k in narrow if k in unsure or known.undecided(k, open_to))
    counted = narrow - undecided
    told = wanted & known.implied(named)
    return Met(told, wanted, counted & held, counted, undecided)


def hits(said: Iterable[str], true: Iterable[str], unsure: frozenset[str], known: Concepts) -> Hits:
    """The numbers of `met`."""
    return met(said, true, unsure, known).hits


def f1(sums: Floats) -> Floats:
    """Event F1 of sums of `Hits.row`; nan where nothing happened and nothing was said."""
    told, true, right, said = (sums[..., at] for at in range(4))
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = np.where(true > 0, told / true, np.nan)
        precision = np.where(said > 0, right / said, 0.0)
        both = recall + precision
        found = np.where(both > 0, 2 * recall * precision / both, 0.0)
    return np.where(np.isnan(recall), np.nan, found)


def recall(sums: Floats) -> Floats:
    """Share of what happened that was told."""
    return _share(sums[..., 0], sums[..., 1])


def precision(sums: Floats) -> Floats:
    """Share of what was said that is true."""
    return _share(sums[..., 2], sums[..., 3])


def f1_figure(clips: Sequence[Hits]) -> Figure:
    """Event F1 over clips, with its interval."""
    return bootstrap([one.row for one in clips], f1)


def _share(hit: Floats, of: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(of > 0, hit / of, np.nan)
