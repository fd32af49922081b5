"""Simulated captioners: what drives a claim.

A captioner has for every concept it knows a hidden reading x of a clip:

    x = m + sqrt(r) z + sqrt(1 - r) e,    z, e ~ N(0, 1)

m is the captioner's own strength for the concept (1.2 to 6) where the concept is there, a share of that
where something of its topic is there that this captioner takes for it (the strongest such), else 0. z
is drawn once per clip and concept for all captioners of a side, e once per captioner: r is the
correlation of their errors, hits and false alarms alike (a Gaussian copula). It claims the concept where
its own posterior reaches its floor; an honest score is that posterior,

    P(concept is there | x of this captioner alone),

shifted by what the captioner is wrong about this concept (fixed, of the logit, mean 0). All parameters
are drawn once, by hashes of names, so they are the same for every seed of clips.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import NormalDist

import numpy as np

from benchmarks.quality.simulation.scenes import Floats, Places, Topic
from recipes.world.concepts import Side
from recipes.world.world import World

STRENGTH, STRENGTH_SPREAD, HARDNESS_SPREAD = (1.2, 6.0), 0.7, 0.6
"""Bounds of a captioner's strength for a concept, its spread, and that of what is hard for everybody."""
SHIFT_SPREAD = 0.35
"""How wrong captioners are about a concept, of the logit."""
CONFUSED = (0.25, 1.5, 0.85)
"""A pair of one topic is confused at all with this chance; how much is the most times u to this power."""
OWN_CONFUSION = 0.35
"""The part of a confusion that is the captioner's own and not everybody's."""


FITTED = "sim-tagger"
"""The captioner with the confusions that YAMNet really has (yamnet_errors.toml), as far as the sounds
reach: a rate of c in n files counts as (c + 0.1) / (n + 2)."""
_ERRORS = Path(__file__).parent / "yamnet_errors.toml"
_FITS, _MOST_CONFUSED = 2, 0.95
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Captioner:
    """One simulated captioner. strength: mean of its strengths; floor: the least own posterior that it
    claims; known: share of concepts it knows; coarse: share that it knows by a broader word alone;
    sentences: whether it says whole clauses, worded anew each time. topic: where it knows no other."""

    name: str
    side: Side
    strength: float
    floor: float
    known: float = 0.85
    coarse: float = 0.1
    sentences: bool = False
    times: bool = False
    counts: bool = False
    topic: str = ""


CAPTIONERS = (
    Captioner("sim-tagger", "heard", 3.7, 0.15, known=0.9, times=True),
    Captioner("sim-listener", "heard", 3.3, 0.3, known=0.95, coarse=0.05, sentences=True),
    Captioner("sim-events", "heard", 3.1, 0.2, known=0.7, coarse=0.2, times=True),
    Captioner("sim-hearer", "heard", 2.9, 0.3, known=0.8, coarse=0.15, sentences=True),
    Captioner("sim-detector", "seen", 3.8, 0.15, known=0.8, coarse=0.15, counts=True),
    Captioner("sim-viewer", "seen", 3.4, 0.3, known=0.95, coarse=0.05, sentences=True, counts=True),
    Captioner("sim-classifier", "seen", 3.1, 0.2, known=0.7, coarse=0.1),
    Captioner("sim-onlooker", "seen", 2.9, 0.3, known=0.8, coarse=0.15, sentences=True),
)
RECOGNISER = Captioner("sim-words", "heard", 4.2, 0.3, 1.0, 1.0, times=True, topic="speech")
"""The speech recogniser: the only one with a transcript."""


def cast(each_side: int) -> tuple[Captioner, ...]:
    """The first so many captioners of each side, and the speech recogniser."""
    sides = ([c for c in CAPTIONERS if c.side == side] for side in ("heard", "seen"))
    heard, seen = sides
    if not 1 <= each_side <= len(heard):
        raise ValueError(f"there are 1 to {len(heard)} captioners of a side")
    return (*heard[:each_side], RECOGNISER, *seen[:each_side])


@lru_cache(maxsize=1)
def confusion_rates() -> tuple[tuple[str, str, float], ...]:
    """What is there, what YAMNet claims instead, in which share of clips."""
    pairs = tomllib.loads(_ERRORS.read_text("utf-8"))["pairs"]
    return tuple((p["true"], p["said"], (p["claimed"] + 0.1) / (p["files"] + 2)) for p in pairs)


def rng_of(*names: str) -> np.random.Generator:
    """A generator of its own for what has these names."""
    return np.random.default_rng(int.from_bytes(_digest(*names)[:8], "big"))


def chance_of(*names: str) -> tuple[float, float]:
    """Two numbers above 0 and below 1 for what has these names."""
    digest = _digest(*names)
    first, second = (int.from_bytes(digest[at : at + 6], "big") for at in (0, 6))
    return (first + 0.5) / 2**48, (second + 0.5) / 2**48


def normal_of(*names: str) -> float:
    """A standard normal value for what has these names."""
    return _NORMAL.inv_cdf(chance_of(*names)[0])


def _digest(*names: str) -> bytes:
    return hashlib.sha256("/".join(names).encode()).digest()


def sigmoid(logit: Floats) -> Floats:
    """The probability of a logit."""
    return 1 / (1 + np.exp(-logit))


class Field:
    """One side of one topic: what each captioner's readings depend on.

    sets[a]: leaves that may be there together, the empty set first. mean[a, c, j]: m of captioner c for
    leaf j; NaN where it does not know it. prior[a]: how probable a set is. at[c, j]: the x from which
    on it claims. of[i]: the set of the topic's configuration i.
    """

    def __init__(
        self, world: World, topic: Topic, side: Side, active: float, cast: tuple[Captioner, ...]
    ) -> None:
        self.world, self.topic, self.side = world, topic, side
        self.captioners = [c for c in cast if c.side == side]
        self.keys = topic.leaves(side)
        sets = dict.fromkeys([frozenset[str](), *(c.of(side) for c in topic.configs)])
        self.sets = tuple(sets)
        number = {keys: at for at, keys in enumerate(self.sets)}
        self.of = np.array([number[c.of(side)] for c in topic.configs])
        self.prior = np.bincount(self.of, topic.probability * active, len(self.sets))
        self.prior[0] += 1 - active
        self.strength = self._strengths()
        self.shift = self._shifts()
        self._share = self._confusions()
        self.mean = self._means()
        self.at = self._thresholds()
        for _ in range(_FITS if self._measured() else 0):
            self._fit()
            self.mean = self._means()
            self.at = self._thresholds()

    @cached_property
    def true(self) -> dict[str, Floats]:
        """By concept, broader ones as well: in which sets it is true."""
        reach = [self.world.all_true(keys) for keys in self.sets]
        keys = sorted(frozenset[str]().union(*reach))
        return {key: np.array([key in one for one in reach], float) for key in keys}

    def said(self, captioner: Captioner, key: str) -> str:
        """The concept that this captioner says where it means a leaf."""
        if captioner.topic:
            return captioner.topic
        broader = [
            up for up in self.world.entries[key].concept.broader if not self.world.entries[up].leaf
        ]
        coarse = chance_of(captioner.name, "coarse", key)[0] < captioner.coarse
        return broader[0] if broader and coarse else key

    def own(self, captioner: int, leaf: int, x: float, key: str) -> float:
        """P(key is true here | this x alone), by all that the captioner could know."""
        density = self.prior * np.exp(-0.5 * (x - self.mean[:, captioner, leaf]) ** 2)
        return float(density @ self.true[key] / density.sum())

    def score(self, captioner: int, leaf: int, x: float, key: str) -> float:
        """The honest score: `own` with the captioner's error about this leaf."""
        p = min(max(self.own(captioner, leaf, x, key), 1e-6), 1 - 1e-6)
        return float(sigmoid(np.log(p / (1 - p)) + self.shift[captioner, leaf]))

    def _strengths(self) -> Floats:
        found = np.full((len(self.captioners), len(self.keys)), np.nan)
        for j, key in enumerate(self.keys):
            hardness = HARDNESS_SPREAD * normal_of("hard", key)
            for c, captioner in enumerate(self.captioners):
                knows = chance_of(captioner.name, "knows", key)[0] < captioner.known
                if knows and captioner.topic in ("", self.topic.name):
                    spread = STRENGTH_SPREAD * normal_of(captioner.name, "strength", key)
                    own = captioner.strength + hardness + spread
                    found[c, j] = np.clip(own, *STRENGTH)
        return found

    def _confusions(self) -> Floats:
        """[c, k, j]: which share of its strength for j captioner c reads where k is there."""
        found = np.zeros((len(self.captioners), len(self.keys), len(self.keys)))
        chance, power, most = CONFUSED
        for k, true in enumerate(self.keys):
            for j, said in enumerate(self.keys):
                if k == j:
                    continue
                for c, captioner in enumerate(self.captioners):
                    both = 0.0
                    for who, part in (("all", 1 - OWN_CONFUSION), (captioner.name, OWN_CONFUSION)):
                        u, v = chance_of("confused", who, true, said)
                        both += part * most * v**power * (u < chance)
                    found[c, k, j] = both
        return found

    def _measured(self) -> list[tuple[int, int, int, float]]:
        """Captioner, leaf that is there, leaf that is said, and in which share of clips it is claimed."""
        place = {key: at for at, key in enumerate(self.keys)}
        names = [captioner.name for captioner in self.captioners]
        if self.side != "heard" or FITTED not in names:
            return []
        c = names.index(FITTED)
        return [
            (c, place[true], place[said], rate)
            for true, said, rate in confusion_rates()
            if true in place and said in place and not np.isnan(self.strength[c, place[said]])
        ]

    def _fit(self) -> None:
        """Sets confusions that were measured so that they are claimed as often as they were."""
        for c, k, j, rate in self._measured():
            needed = (self.at[c, j] + _NORMAL.inv_cdf(rate)) / self.strength[c, j]
            self._share[c, k, j] = np.clip(needed, 0, _MOST_CONFUSED)

    def _means(self) -> Floats:
        share = self._share * self.strength[:, None, :]
        found = np.zeros((len(self.sets), *self.strength.shape))
        place = {key: at for at, key in enumerate(self.keys)}
        for a, keys in enumerate(self.sets):
            for key in keys:
                found[a] = np.maximum(found[a], share[:, place[key], :])
            for key in self.world.all_true(keys) & place.keys():
                found[a][:, place[key]] = self.strength[:, place[key]]
        found[:, np.isnan(self.strength)] = np.nan
        return found

    def _shifts(self) -> Floats:
        found = np.zeros(self.strength.shape)
        for c, captioner in enumerate(self.captioners):
            for j, key in enumerate(self.keys):
                found[c, j] = SHIFT_SPREAD * normal_of(captioner.name, "shift", key)
        return found

    def _thresholds(self) -> Floats:
        """By bisection: own posteriors grow with x."""
        found = np.full(self.strength.shape, np.inf)
        for c, captioner in enumerate(self.captioners):
            for j, key in enumerate(self.keys):
                if np.isnan(self.strength[c, j]):
                    continue
                low, high = -6.0, 14.0
                for _ in range(30):
                    middle = (low + high) / 2
                    claims = self.own(c, j, middle, key) >= captioner.floor
                    low, high = (low, middle) if claims else (middle, high)
                found[c, j] = high
        return found


class Model:
    """All topics' fields for a cast of captioners."""

    def __init__(self, world: World, places: Places, captioners: tuple[Captioner, ...]) -> None:
        self.world, self.places, self.captioners = world, places, captioners
        active = places.probability @ places.active
        self.fields: list[dict[Side, Field]] = [
            {
                side: Field(world, topic, side, share, captioners)
                for side in ("heard", "seen")
                if topic.leaves(side)
            }
            for topic, share in zip(places.topics, active, strict=True)
        ]
