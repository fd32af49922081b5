"""Quiet recordings, made as loud as what the models were trained on."""

import numpy as np

from manifests.media import Audio

# Below a peak of -30 dBFS YAMNet says "Silence" of birdsong, dogs and cows: of six of seven clips at an
# RMS of -62 dBFS. They are raised to a peak of -10 dBFS, by 40 dB at most: 16 bits hold no more.
_QUIET_PEAK, _RAISED_PEAK, _MOST_GAIN = 10 ** (-30 / 20), 10 ** (-10 / 20), 100.0


def raised(samples: Audio) -> Audio:
    """The samples, amplified where all of them are quiet; as they are elsewhere.

    For clips that are not silent (`captioners.silence`): hiss alone would be made loud too.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if not 0 < peak < _QUIET_PEAK:
        return samples
    return samples * np.float32(min(_RAISED_PEAK / peak, _MOST_GAIN))
