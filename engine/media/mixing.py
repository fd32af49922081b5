"""Mono from sound of any channels, without losing what only some of them carry.

The mean of all channels cancels what is in opposite phase and weakens what is in one channel: a
voice in the centre of 5.1 loses 6 to 11 dB. So the channels of a clip are measured first:

- The mix is the mean of the channels that sound.
- Where that mean is more than 3 dB below the loudest channel, it is the loudest channel alone. What
  only the others carry is then lost.
- The low-frequency channel counts only where the others are silent, as in other mixes to mono.

Every weight is at most 1 and they sum to 1, so no mix is louder than its channels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]
"""Samples as (channels, n), full scale is 1."""

# A channel sounds when it is at most this far below the loudest: under -20 dB of its power it could
# only make the mean quieter.
_SOUNDING = 10 ** (-20 / 10)
# 3 dB, and a little more: unrelated channels of the same level, such as a speaker on each, have a
# mean 3.01 dB down and shall both be heard.
_LOST = 10 ** (-3.2 / 10)
# The low-frequency channel counts from this much above all others on.
_ALONE = 10 ** (40 / 10)
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


def choose(names: Sequence[str], blocks: Sequence[Block]) -> tuple[int, ...]:
    """The channels whose mean is the mix of these blocks, by number.

    names: of the channels, as FFmpeg calls them. Power is measured without the mean of each block: a
    channel that only has an offset does not sound.
    """
    if len(names) == 1:
        return (0,)
    powers = _mean([_powers(block) for block in blocks], blocks)
    full = [i for i, name in enumerate(names) if name not in _LOW_FREQUENCY] or [0]
    if powers.max() > _ALONE * powers[full].max():
        full = list(range(len(names)))
    loudest = max(full, key=lambda i: powers[i])
    sounding = tuple(i for i in full if powers[i] >= _SOUNDING * powers[loudest])
    if len(sounding) == 1:
        return sounding
    mean = _mean([_powers(mono(block, sounding)[None]) for block in blocks], blocks)[0]
    return (loudest,) if mean < _LOST * powers[loudest] else sounding


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


def _powers(block: Block) -> npt.NDArray[np.float64]:
    """Mean square of each channel about its mean, (channels,)."""
    with np.errstate(all="ignore"):
        powers = np.array([_power(row) for row in block])
        if not np.isfinite(powers).all():  # broken float sound
            tame = np.clip(np.nan_to_num(block), -1, 1)
            powers = np.array([_power(row) for row in tame])
    return powers


def _power(row: npt.NDArray[np.float32]) -> float:
    centred = row - row.mean()
    return float(np.dot(centred, centred)) / max(1, len(row))


def _mean(
    powers: Sequence[npt.NDArray[np.float64]], blocks: Sequence[Block]
) -> npt.NDArray[np.float64]:
    """The mean power of blocks that differ in length."""
    sizes = np.array([block.shape[1] for block in blocks], dtype=np.float64)
    mean: npt.NDArray[np.float64] = sizes @ np.stack(powers) / max(1.0, sizes.sum())
    return mean
