"""Moments of a clip in which its mix to mono loses what its channels carry.

The channels of a clip are chosen once (`engine.media.mixing`). Their relation may turn within it: in
phase first, then opposite; one speaker on the left, then one on the right. So the clip is measured in
cells of 100 ms by its own clock, and where the mix loses by the same rules, in a second around a cell,
other channels are mixed there. Clips of one relation keep their mix in each sample.
"""

import numpy as np
import numpy.typing as npt

from engine.media.levels import CELLS_A_SECOND, Block, Floats, Levels, cells, first_of
from engine.media.mixing import LOST, SOUNDING, Mix, mean_power, mono

Channels = tuple[int, ...]

# A mean cancels below this share of what unrelated channels would leave: in a second, and in a cell.
# Unrelated noise varies by less; what is low or short varies by more.
_CANCELS, _CANCELS_SHORT = 0.75, 0.25
# Taken instead is what loses less than 1 dB against the mix in each cell.
_KEEPS = 10 ** (-1 / 10)
# Of equals the first is taken, by this margin: powers are sums that depend on how blocks are cut.
_EQUAL = 0.99
# Quieter seconds, -80 dBFS or 50 dB below the clip's loudest channel, keep the mix: noise of pauses.
_LEAST, _LEAST_SHARE = 10 ** (-80 / 10), 10 ** (-50 / 10)
# Mixes are cross-faded at the start of a cell, in the lowest two periods of 100 Hz.
_FADE_S = 0.02
# What follows a cell for so long has a say in it.
LOOKS_AHEAD_S = 1.2
# So many cells before and after a cell have a say in it.
_REACH = CELLS_A_SECOND + 1


class Turning:
    """How one clip's blocks of the same channels are mixed. mix: the choice for the clip. levels: of
    these channels; they are added to while the clip is read."""

    def __init__(self, mix: Mix, levels: Levels) -> None:
        self.mix = mix
        self._levels = levels
        self._choices: dict[int, Channels] = {}
        self._done = -(1 << 62)

    def decide(self) -> None:
        """Chooses the channels of each cell that is measured and not mixed."""
        known = self._levels.cells
        if len(self.mix.sounding) < 2 or not known:
            return
        first = max(known.start, self._done) - _REACH
        wanted = range(first, max(first, known.stop + _REACH))
        grams = self._levels.covariances(wanted)
        grams = grams[:, self.mix.sounding][:, :, self.mix.sounding]
        self._choices = {c: own for c, own in self._choices.items() if c == self._done - 1}
        for at, offers in self._offers(grams).items():
            if first + at >= self._done and (choice := self._best(grams[at], offers)):
                self._choices[first + at] = choice

    def mixed(self, block: Block, first: int, rate: int) -> npt.NDArray[np.float32]:
        """The mono sound of a block, (n,). What follows it within LOOKS_AHEAD_S is measured."""
        mixed, usual = mono(block, self.mix.taken), self.mix.taken
        self._done = (first + block.shape[1]) * CELLS_A_SECOND // rate
        if not self._choices:
            return mixed
        mixed = mixed.copy()
        fade = round(_FADE_S * rate)
        for cell, start, end in cells(first, block.shape[1], rate):
            own, before = (self._choices.get(c, usual) for c in (cell, cell - 1))
            if own != usual:
                mixed[start:end] = mono(block[:, start:end], own)
            begins = first_of(cell, rate) - first
            last = min(end, begins + fade)
            if own != before and start < last:
                share = (np.arange(start, last) - begins).astype(np.float32) / np.float32(fade)
                mixed[start:last] *= share
                mixed[start:last] += (1 - share) * mono(block[:, start:last], before)
        return mixed

    def _offers(self, grams: Floats) -> dict[int, list[Channels]]:
        """Channels to take in cells instead of those of the clip, by number in `grams`."""
        offers: dict[int, list[Channels]] = {}
        sums = np.cumsum(np.concatenate([np.zeros_like(grams[:1]), grams]), axis=0)
        for length, cancels in ((CELLS_A_SECOND, _CANCELS), (1, _CANCELS_SHORT)):
            windows = (sums[length:] - sums[:-length]) / length if length > 1 else grams
            for at in np.flatnonzero(self._loses(windows)):
                if offer := self._instead(windows[at], cancels, whole=length > 1):
                    for cell in range(max(0, at - 1), min(len(grams), at + length + 1)):
                        offers.setdefault(cell, []).append(offer)
        return offers

    def _loses(self, windows: Floats) -> npt.NDArray[np.bool_]:
        loudest = np.diagonal(windows, axis1=1, axis2=2).max(axis=1)
        least = max(_LEAST, _LEAST_SHARE * self.mix.loudest)
        lost = self._power(windows, self.mix.taken) < LOST * loudest
        loses: npt.NDArray[np.bool_] = lost & (loudest > least)
        return loses

    def _instead(self, window: Floats, cancels: float, whole: bool) -> Channels | None:
        """What is offered for a window that the mix loses in, of its covariances."""
        powers = np.diagonal(window)
        loudest = int(powers.argmax())
        equals = np.flatnonzero(powers >= _EQUAL * powers[loudest])
        single = (self.mix.sounding[equals[0]],)
        if whole:
            near = np.flatnonzero(powers >= SOUNDING * powers[loudest])
            own = tuple(self.mix.sounding[i] for i in near)
            if own != self.mix.taken and self._power(window, own) >= LOST * powers[loudest]:
                return own
            if len(self.mix.taken) == 1:
                return single
        unrelated = powers.sum() / len(powers) ** 2
        lost = self._power(window, self.mix.taken) < cancels * unrelated
        return single if len(self.mix.taken) > 1 and lost else None

    def _best(self, cell: Floats, offers: list[Channels]) -> Channels | None:
        """Of the channels offered for a cell those that keep the most, if they keep what the mix does."""
        kept = {offer: float(self._power(cell, offer)) for offer in offers}
        most = max(kept.values())
        best = min(offer for offer in kept if kept[offer] >= _EQUAL * most)
        return best if kept[best] >= _KEEPS * self._power(cell, self.mix.taken) else None

    def _power(self, grams: Floats, taken: Channels) -> Floats:
        return mean_power(grams, self.mix.sounding, taken)
