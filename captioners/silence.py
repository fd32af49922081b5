"""Which moments of sound are silent: those without level, and those with nothing but noise of a recorder.

Level alone does not tell. A bird far away may have -62 dBFS, and so may the hiss of a microphone that
nobody speaks into. So of what is quiet the steady part is found, band by band, as noise estimation by
minimum statistics does (R. Martin, "Noise power spectral density estimation based on optimal smoothing
and minimum statistics", IEEE Trans. Speech and Audio Processing 9(5), 2001): noise is what a band never
falls below for long. What rises above it is sound. So is the steady part itself where its spectrum is
not that of a recorder (`captioners._steady`): crickets, an organ, rain. Zeros, dither, hiss, a fan, mains
hum, an offset and what codecs leave of them stay silent at such levels.
"""

import numpy as np
import numpy.typing as npt

from captioners._steady import steady_sound
from manifests.media import Audio

HZ = 16_000
WINDOW_MS = 50

# A window is quiet below -60 dBFS of RMS: under the noise of a quiet room on a cheap microphone
# (about -55), above the dither of 16 bits (-96). Our choice.
_QUIET_DBFS = -60.0
# The steady part of a band is the power that it exceeds in four of five quiet windows: music and
# crowds leave so many gaps in each band, and noise is at most 2 dB above it on average.
_STEADY_QUANTILE = 0.2
# Sound rises 8 dB above it. Of bands of 12 bins of Gaussian noise one in 10^8 does.
_RISES = 10 ** (8 / 10)
# It also has -84 dBFS: two steps of 16 bits. Under that, rounding without dither makes patterns.
_LEAST = 10 ** (-84 / 10)
# And no more than 20 dB less than all steady noise together: encoders switch bands on and off there.
_MASKED = 10 ** (-20 / 10)

_SIZE = HZ * WINDOW_MS // 1000
# Where a steady sound is, a window has no more than 8 dB less of it.
_HAS = 10 ** (-8 / 10)
# The usual spectrum is the median of so many windows at most, evenly spaced: of an hour in 10 MB.
_MOST_WINDOWS = 1200
# Bands in bins of 20 Hz: from 120 Hz on, below which offsets, wind and hum wander, to 7.5 kHz.
_EDGES = np.array([*range(6, 78, 12), *range(78, 198, 24), *range(198, 376, 59)])

_Flags = npt.NDArray[np.bool_]
_Floats = npt.NDArray[np.float64]


def silent_windows(samples: Audio) -> _Flags:
    """Which windows of 50 ms of 16 kHz sound are silent; a tail counts as a window."""
    if not len(samples):
        return np.zeros(0, dtype=np.bool_)
    windows = np.pad(samples, (0, -len(samples) % _SIZE), "edge").reshape(-1, _SIZE)
    windows = windows - windows.mean(axis=1, keepdims=True)  # an offset is no sound
    power = np.mean(np.square(windows, dtype=np.float64), axis=1)
    silent: _Flags = power < 10 ** (_QUIET_DBFS / 10)
    quiet = np.flatnonzero(silent)
    silent[quiet[_sounds(windows[quiet])]] = False
    return silent


def silent_share(samples: Audio) -> float:
    """The share of 16 kHz sound that is silent, 0..1; 1 of no samples."""
    silent = silent_windows(samples)
    return float(silent.mean()) if len(silent) else 1.0


def _sounds(windows: npt.NDArray[np.float32]) -> _Flags:
    """Which of these quiet windows, (n, samples), hold more than their steady part."""
    if not len(windows):
        return np.zeros(0, dtype=np.bool_)
    bands = _bands(windows, _EDGES)
    steady = np.quantile(bands, _STEADY_QUANTILE, axis=0)
    least = max(_LEAST, _MASKED * steady.sum())
    sounds: _Flags = ((bands > _RISES * steady) & (bands > least)).any(axis=1)
    rest = windows[~sounds]
    if len(rest):
        few = rest[:: -(-len(rest) // _MOST_WINDOWS)]
        usual = np.median(_bands(few, np.arange(_EDGES[-1] + 1)), axis=0) / np.log(2)
        where = steady_sound(usual, _EDGES, least)
        if where is not None:
            part = _bands(windows, np.array([where.start, where.stop]))[:, 0]
            sounds |= part > max(_LEAST, _HAS * usual[where].sum())
    return sounds


def _bands(windows: npt.NDArray[np.float32], edges: npt.NDArray[np.int_]) -> _Floats:
    """Power of each band of each window, (windows, bands), in parts of full scale."""
    taper = np.hanning(_SIZE)
    bands = np.empty((len(windows), len(edges) - 1))
    for first in range(0, len(windows), 1024):  # hours of sound at once would take gigabytes
        power = np.abs(np.fft.rfft(windows[first : first + 1024] * taper)) ** 2
        bands[first : first + 1024] = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    scaled: _Floats = bands * (2 / (_SIZE * np.sum(taper**2)))
    return scaled
