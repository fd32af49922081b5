"""The frozen features of the small encoder: YAMNet, log-mel statistics, EfficientNet-Lite2, MiniLM.

Sound at 16 kHz, each patch of 0.96 s (one every 0.48 s): the 1,024 numbers that YAMNet's classifier sees,
then mean and standard deviation of each of its 64 log-mel bands over the patch. The latter are a view of
the sound that no captioner's training shaped. Patches that are silent for the most part are left out
where others hold more: YAMNet's numbers of zeros lie so far from those of any sound that all clips with
a pause would be alike. Picture: the 1,280 numbers that EfficientNet's classifier sees, of each of eight
frames. Text: the sentence vector of all-MiniLM-L6-v2, 384 numbers of unit length.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from captioners.audio import yamnet
from captioners.audio._level import raised
from captioners.audio._sound import HZ
from captioners.contract import Packs
from captioners.minilm import MiniLM
from captioners.silence import WINDOW_MS, silent_windows
from captioners.video import efficientnet
from manifests.media import Audio, Frames, Needs

PACKS = ("yamnet", "efficientnet-lite2", "all-minilm-l6-v2")
NEEDS = Needs(audio_hz=HZ, frames=8, frame_px=520)
AUDIO_WIDTH = 1024 + 2 * 64
VIDEO_WIDTH = 1280
TEXT_WIDTH = 384
# As the profile `cpu` gates its captioners.
_SILENT = 0.98
# Texts of one run of MiniLM.
_TEXTS = 64

_Floats = npt.NDArray[np.float32]


class Frozen:
    """The networks, loaded from their packs. Raises `captioners.weights.packs.PackMissing`."""

    def __init__(self, packs: Packs) -> None:
        self._yamnet = yamnet.Network(packs.path("yamnet"))
        self._efficientnet = efficientnet.Network(packs.path("efficientnet-lite2"))
        self._texts = MiniLM(packs.path("all-minilm-l6-v2"))

    def audio(self, samples: Audio) -> _Floats:
        """Sound at 16 kHz as (patches, 1152); without silent ones, unless all of it is silent."""
        silent = silent_windows(samples)
        # Hiss alone would be made as loud as a sound.
        if silent.size and silent.mean() <= _SILENT:
            patches = yamnet.prepare(raised(samples))
            patches = patches[_heard(silent, len(patches))]
        else:
            patches = yamnet.prepare(samples)
        _, embedding = self._yamnet.run(patches)
        bands = patches[:, 0]
        return np.concatenate([embedding, bands.mean(axis=1), bands.std(axis=1)], axis=1)

    def video(self, frames: Frames) -> _Floats:
        """RGB frames (n, height, width, 3) as (n, 1280)."""
        _, features = self._efficientnet.run(frames)
        return features

    def texts(self, texts: Sequence[str]) -> _Floats:
        """Texts as (n, 384), rows of unit length."""
        runs = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]
        rows = [self._texts(run) for run in runs]
        return np.concatenate(rows) if rows else np.zeros((0, TEXT_WIDTH), np.float32)


def _heard(silent: npt.NDArray[np.bool_], patches: int) -> npt.NDArray[np.bool_]:
    """Which patches hold at least half as much sound as the fullest one."""
    window = HZ * WINDOW_MS // 1000
    starts = np.arange(patches) * yamnet.PATCH_STEP_SAMPLES
    ends = -(-(starts + yamnet.PATCH_SAMPLES) // window)
    counts = np.array(
        [
            np.count_nonzero(~silent[first:last])
            for first, last in zip(starts // window, ends, strict=True)
        ]
    )
    fullest: int = counts.max()
    return 2 * counts >= fullest
