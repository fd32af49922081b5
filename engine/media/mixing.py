"""Mono from sound of any channels, without losing what only some of them carry.

The mean of all channels cancels what is in opposite phase and weakens what is in one channel: a
voice in the centre of 5.1 loses 6 to 11 dB. So the channels of a clip are measured first:

- The mix is the mean of the channels that sound.
- Where that mean is more than 3 dB below the loudest channel, it is the loudest channel alone. What
  only the others carry is then lost.
- Where that does not hold for a part of the clip, `engine.media.turning` mixes the part by itself.
- The low-frequency channel counts only where the others are silent, as in other mixes to mono.

Every weight is at most 1 and they sum to 1, so no mix is louder than its channels.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.media.levels import Block, Floats, Levels

# A channel sounds when it is at most this far below the loudest: under -20 dB of its power it could
# only make the mean quieter.
SOUNDING = 10 ** (-20 / 10)
# 3 dB, and a little more: unrelated channels of the same level, such as a speaker on each, have a
# mean 3.01 dB down and shall both be heard.
LOST = 10 ** (-3.2 / 10)
# The low-frequency channel counts from this much above all others on.
_ALONE = 10 ** (40 / 10)
# Channels of equal power, the first of which is taken, differ by less: sums are rounded.
_EQUAL = 1 - 1e-5
_LOW_FREQUENCY = ("LFE", "LFE2")


def block_of(pieces: Sequence[npt.NDArray[Any]], channels: int) -> Block:
    """One block of what PyAV's `to_ndarray` gave of frames that follow each other.

    pieces: each (channels, n) of planar or (1, n * channels) of packed sound, in one format.
    """
    joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
    if joined.shape[0] != channels:
        joined = joined.reshape(-1, channels).T
    if joined.dtype.kind == "f":
        with np.errstate(over="ignore"):  # of doubles, which become infinite
            return np.ascontiguousarray(joined, dtype=np.float32)
    block: Block = np.ascontiguousarray(joined, dtype=np.float32)
    half = float(1 << (8 * joined.dtype.itemsize - 1))
    if joined.dtype.kind == "u":
        block -= half
    block /= half
    return block


class Mix(NamedTuple):
    """sounding: the channels that sound. taken: those of them whose mean is the mix. loudest: mean square
    of the loudest of them."""

    sounding: tuple[int, ...]
    taken: tuple[int, ...]
    loudest: float


def choose(names: Sequence[str], levels: Levels) -> Mix:
    """How sound of these levels is mixed; channels by number.

    names: of the channels, as FFmpeg calls them. Power is measured without the mean of each cell: a
    channel that only has an offset does not sound.
    """
    if len(names) == 1:
        return Mix((0,), (0,), 0.0)
    sizes = levels.sizes()
    covariances = np.tensordot(sizes, levels.covariances(levels.cells), 1) / max(1.0, sizes.sum())
    powers = np.diagonal(covariances)
    full = [i for i, name in enumerate(names) if name not in _LOW_FREQUENCY] or [0]
    if powers.max() > _ALONE * powers[full].max():
        full = list(range(len(names)))
    most = powers[full].max()
    loudest = next((i for i in full if powers[i] >= _EQUAL * most), full[0])
    sounding = tuple(i for i in full if powers[i] >= SOUNDING * powers[loudest])
    mean = mean_power(covariances, range(len(names)), sounding)
    taken = (loudest,) if mean < LOST * powers[loudest] else sounding
    return Mix(sounding, taken, float(powers[loudest]))


def mean_power(covariances: Floats, channels: Sequence[int], taken: tuple[int, ...]) -> Floats:
    """Power of the mean of the channels `taken`, of covariances (..., n, n) of these n channels."""
    weights = np.array([(channel in taken) / len(taken) for channel in channels])
    power: Floats = covariances @ weights @ weights
    return power


def mono(block: Block, taken: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The mean of the channels `taken` of a block, (n,)."""
    mixed: npt.NDArray[np.float32]
    if len(taken) == 1:
        mixed = block[taken[0]]
        return mixed
    rows = block if len(taken) == len(block) else block[list(taken)]
    mixed = np.add.reduce(rows, axis=0)
    mixed *= np.float32(1 / len(taken))
    return mixed
