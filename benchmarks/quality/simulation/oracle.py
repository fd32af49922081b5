"""The oracle: what follows from the captioners' readings for who knows how clips are made.

Exact, up to a sum over a grid in place of the integral over the shared error z. A claimed concept gives
its reading x, a concept that a captioner knows and does not claim gives "below its threshold". Given z,
readings are independent; given the place, topics are. So for each topic

    P(readings of one concept | set of leaves) = sum_z phi(z) prod_c (density of x_c, or P(x_c < t_c))

is multiplied over concepts, weighed with the prior of each configuration, and places are weighed by the
product over topics. It knows more than any fusion can: x without rounding, which leaf a broader word
stood for, the place's priors. It takes no account of times and counts. So it bounds fusion from above.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erfc, log, pi, sqrt

import numpy as np

from benchmarks.quality.simulation.model import Field, Model
from benchmarks.quality.simulation.scenes import Floats
from recipes.world.concepts import Side

_GRID = np.linspace(-6, 6, 193)
_LOG_WEIGHT = -0.5 * _GRID**2 - np.log(np.exp(-0.5 * _GRID**2).sum())
Readings = Mapping[tuple[int, Side], Floats]
"""By topic and side, x[c, j] where the captioner claims, NaN where not."""


@lru_cache(maxsize=1)
def _log_cdf_table() -> tuple[Floats, Floats]:
    at = np.linspace(-37, 12, 9801)
    return at, np.array([log(0.5 * erfc(-x / sqrt(2))) for x in at])


def log_cdf(x: Floats) -> Floats:
    """log P(a standard normal value is below x)."""
    return np.asarray(np.interp(x, *_log_cdf_table()))


@dataclass(frozen=True)
class Inferred:
    """What follows of one clip. places: P(place | readings). configs[topic][place, configuration]: its
    probability; what is missing to one is that the topic is quiet."""

    places: Floats
    configs: Sequence[Floats]


class Oracle:
    """Inverts one model at one correlation."""

    def __init__(self, model: Model, correlation: float) -> None:
        self.model = model
        self.shared = sqrt(correlation)
        self.own = sqrt(1 - correlation)
        self._quiet: dict[tuple[int, Side], Floats] = {}

    def inferred(self, readings: Readings) -> Inferred:
        """Of the readings of a clip; sides that are not there (no audio, silence) are not among them."""
        places = self.model.places
        priors, ratios = [], np.zeros((len(places.topics), len(places.places)))
        for t, topic in enumerate(places.topics):
            active = places.active[:, t]
            relative = self._relative(t, readings)
            weighed = topic.probability * np.exp(np.minimum(relative, 500))
            there = active[:, None] * weighed[None, :]
            total = (1 - active) + there.sum(axis=1)
            priors.append(there / total[:, None])
            ratios[t] = np.log(total)
        of_places = np.log(places.probability) + ratios.sum(axis=0)
        of_places = np.exp(of_places - of_places.max())
        return Inferred(of_places / of_places.sum(), priors)

    def probability(self, inferred: Inferred, side: Side, key: str) -> float:
        """That this concept, a leaf or a broader one, is in the clip."""
        none = np.ones(len(inferred.places))
        for t, fields in enumerate(self.model.fields):
            field = fields.get(side)
            if field is not None and key in field.true:
                none *= 1 - inferred.configs[t] @ field.true[key][field.of]
        return float(inferred.places @ (1 - none))

    def by_concept(self, readings: Readings, side: Side, key: str) -> float:
        """The same for who looks at one concept alone: of the readings of it, or of the leaf below it
        that speaks most for it, without place, rivals and picture."""
        best = 0.0
        for t, fields in enumerate(self.model.fields):
            field, x = fields.get(side), readings.get((t, side))
            if field is None or x is None or key not in field.true:
                continue
            for j in np.flatnonzero(~np.isnan(x).all(axis=0)):
                likelihood = self._column(field, int(j), x[:, j])
                weight = field.prior * np.exp(likelihood - likelihood.max())
                best = max(best, float(weight @ field.true[key] / weight.sum()))
        return best

    def _relative(self, t: int, readings: Readings) -> Floats:
        """Log-likelihood of each configuration of a topic, less that of a quiet topic."""
        total = np.zeros(len(self.model.places.topics[t].configs))
        for side, field in self.model.fields[t].items():
            x = readings.get((t, side))
            if x is not None:
                of_sets = self._of_sets(t, side, field, x)
                total += (of_sets - of_sets[0])[field.of]
        return total

    def _of_sets(self, t: int, side: Side, field: Field, x: Floats) -> Floats:
        unclaimed = self._unclaimed(t, side, field)
        claimed = np.flatnonzero(~np.isnan(x).all(axis=0))
        total: Floats = unclaimed.sum(axis=1)
        for j in claimed:
            total = total - unclaimed[:, j] + self._column(field, int(j), x[:, j])
        return total

    def _unclaimed(self, t: int, side: Side, field: Field) -> Floats:
        """Log-likelihoods [set, leaf] of leaves that nobody claims."""
        found = self._quiet.get((t, side))
        if found is None:
            nothing = np.full(len(field.captioners), np.nan)
            columns = [self._column(field, j, nothing) for j in range(len(field.keys))]
            found = self._quiet[t, side] = np.stack(columns, axis=1)
        return found

    def _column(self, field: Field, j: int, x: Floats) -> Floats:
        """Log-likelihood of what captioners read for leaf j, for each set."""
        total = np.broadcast_to(_LOG_WEIGHT, (len(field.sets), len(_GRID))).copy()
        for c in range(len(field.captioners)):
            mean = field.mean[:, c, j]
            if np.isnan(mean[0]):
                continue
            shifted = mean[:, None] + self.shared * _GRID[None, :]
            if np.isnan(x[c]):
                total += log_cdf((field.at[c, j] - shifted) / self.own)
            else:
                error = (x[c] - shifted) / self.own
                total += -0.5 * error**2 - log(self.own * sqrt(2 * pi))
        most = total.max(axis=1)
        return np.asarray(most + np.log(np.exp(total - most[:, None]).sum(axis=1)))
