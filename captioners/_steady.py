"""Whether steady noise is the noise of a recorder or a sound that never pauses, by its spectrum.

Dither, rounding and preamplifiers are flat or tilt one way; mains hum stands on 50 or 60 Hz. A sound is
shaped by what makes it:

- Crickets, organs and sirens stand out of the bands beside them: by the prominence ratio of ECMA-418-1
  (12.7), the power of the critical band about a tone against the mean of its two neighbours, which makes
  a tone prominent from 9 dB on, more below 1 kHz. Chords, whose tones lie in the bands beside each other
  where that ratio fails, by the same ratio of octaves.
- Rain, streams and choruses of insects have a hump: they fall off to both sides. Walls do not count:
  codecs, telephones and resamplers cut noise off so.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_BIN_HZ = 20
# Of the median spectrum, in bins: between offsets and wind, and what resamplers leave.
_LOW, _HIGH = 6, 375
# Hum: its first harmonics, and as far as it reaches.
_HUM = slice(2, 8)
_HUM_TO = 1_000 // _BIN_HZ
_PROMINENT_DB = 9.0
# A hump rises 6 dB above what is on either side: tilted noise does on one, and estimates of bands of
# one second of noise are within 1 dB.
_HUMP_DB = 6.0
# More than this from band to band is a wall: 60 dB an octave of a filter, where rain has 12.
_WALL_DB = 10.0


def steady_sound(spectrum: Floats, edges: npt.NDArray[np.int_], least: float) -> slice | None:
    """The bins in which a steady sound is; None of noise.

    spectrum: power of each bin of 20 Hz, usual for the windows. edges: of bands, in bins. least: power
    that a sound has.
    """
    return _tone(spectrum, least) or _hump(spectrum, edges, least)


def _tone(spectrum: Floats, least: float) -> slice | None:
    bins = np.arange(_LOW, _HIGH)
    hertz = bins * _BIN_HZ / 1000
    half = np.maximum(2, (25 + 75 * (1 + 1.4 * hertz**2) ** 0.69) / _BIN_HZ / 2).astype(int)
    critical = np.stack([bins - 3 * half - 1, bins - half, bins + half + 1, bins + 3 * half + 2])
    octave = np.round(np.outer(2.0 ** np.array([-1.5, -0.5, 0.5, 1.5]), bins)).astype(int)
    return _prominent(spectrum, critical, least) or _prominent(spectrum, octave, least)


def _prominent(spectrum: Floats, edges: npt.NDArray[np.int_], least: float) -> slice | None:
    """The strongest band that is prominent. edges: of a band below, the band, and one above, in bins."""
    total = np.concatenate([[0.0], np.cumsum(spectrum)])
    widths = np.diff(edges, axis=0)
    inside = np.clip(edges, 3, _HIGH)
    held = np.diff(inside, axis=0)
    below, tone, above = np.diff(total[inside], axis=0) * widths / np.maximum(1, held)
    above = np.where(held[2] > 0, above, below)
    tone, beside = tone * held[1] / widths[1], (below + above) / 2
    bins = np.arange(_LOW, _HIGH)
    hertz = bins * _BIN_HZ / 1000
    needed = _PROMINENT_DB + 10 * np.log10(np.maximum(1, 1 / hertz))
    prominent = (tone > least) & (tone > beside * 10 ** (needed / 10))
    hum = spectrum[_HUM].sum()
    prominent &= (bins >= _HUM_TO) | (tone > 2 * hum)
    if not prominent.any():
        return None
    at = int(np.argmax(np.where(prominent, tone, 0)))
    return slice(int(inside[1, at]), int(inside[2, at]))


def _hump(spectrum: Floats, edges: npt.NDArray[np.int_], least: float) -> slice | None:
    widths = np.diff(edges)
    powers = np.add.reduceat(spectrum[: edges[-1]], edges[:-1])
    level = 10 * np.log10(powers / widths + 1e-20)
    steps = np.diff(level)
    top = int(np.argmax(level))
    up, down = np.flatnonzero(steps > _WALL_DB), np.flatnonzero(steps < -_WALL_DB)
    first = max((int(i) + 1 for i in up if i < top), default=0)
    last = min((int(i) + 1 for i in down if i >= top), default=len(level))
    sides = [level[first : top + 1].min(), level[top:last].min()]
    if level[top] - max(sides) < _HUMP_DB:
        return None
    near = [i for i in range(first, last) if level[i] > level[top] - _HUMP_DB]
    if powers[near].sum() < least:
        return None
    return slice(int(edges[near[0]]), int(edges[near[-1] + 1]))
