"""Which clips a step compares: a function of seed and step alone, so that a training can go on anywhere.

An epoch takes each clip as often as it is weighted, in random order. Within a batch clips are sorted by
length and divided into parts: those of one part are about equally long, so little is filled up, and what
is compared with what stays as random as without.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

EMPTY = -1
"""In a batch: no clip. Stands where a clip would come twice, and where a part has to be filled up."""

Indices = npt.NDArray[np.int64]


class Order:
    """The clips of every step.

    weights: how often each clip comes in an epoch, in the mean. batch: clips of a step. Raises ValueError
    where an epoch is smaller than a batch.
    """

    def __init__(self, weights: npt.NDArray[np.floating], batch: int, seed: int) -> None:
        self._whole = np.floor(weights).astype(np.int64)
        self._rest = weights - self._whole
        self._extra = round(float(self._rest.sum()))
        self._batch, self._seed = batch, seed
        self.steps_per_epoch = (int(self._whole.sum()) + self._extra) // batch
        if self.steps_per_epoch == 0:
            raise ValueError(f"{len(weights)} clips are less than a batch of {batch}")
        self._epoch = lru_cache(1)(self._made)

    def batch(self, step: int) -> Indices:
        """The clips of a step, (batch,); EMPTY where one would come twice."""
        epoch, place = divmod(step, self.steps_per_epoch)
        chosen = self._epoch(epoch)[place * self._batch : (place + 1) * self._batch].copy()
        first = np.zeros(len(chosen), bool)
        first[np.unique(chosen, return_index=True)[1]] = True
        chosen[~first] = EMPTY
        return chosen

    def _made(self, epoch: int) -> Indices:
        random = np.random.default_rng([self._seed, epoch])
        # Without replacement by weight: the largest of u^(1/w) (Efraimidis and Spirakis 2006).
        with np.errstate(divide="ignore"):
            draws = np.log(random.random(len(self._rest))) / self._rest
        more = np.argsort(-draws, kind="stable")[: self._extra]
        every = np.repeat(np.arange(len(self._whole)), self._whole)
        return random.permutation(np.concatenate([every, more]))


def parts(chosen: Indices, lengths: Indices, rank: int, ranks: int, part: int) -> list[Indices]:
    """What a rank embeds of a batch, part by part; every rank has as many parts of equal sizes.

    lengths: of all clips. part: the most clips in one.
    """
    kept = chosen[chosen != EMPTY]
    ordered = kept[np.lexsort((kept, -lengths[kept]))]
    rounds = -(-len(chosen) // (ranks * part))
    size = -(-len(chosen) // (ranks * rounds))
    filled = np.full(rounds * ranks * size, EMPTY, np.int64)
    filled[: len(ordered)] = ordered
    # Dealt out in turn, so that parts of equal rounds are equally long on all ranks.
    dealt = filled.reshape(rounds, size, ranks)
    return [dealt[number, :, rank] for number in range(rounds)]
