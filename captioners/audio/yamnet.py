"""Sound events of 521 AudioSet classes, with times: YAMNet, on the CPU.

Weights: pack `yamnet` (Apache-2.0), a MobileNet v1 that sees patches of 0.96 s, one every 0.48 s. Its
front end is that of tensorflow/models, research/audioset/yamnet (features.py, params.py): 16 kHz,
periodic Hann window of 25 ms each 10 ms, magnitude spectrum, 64 HTK mel bands from 125 to 7500 Hz,
log(x + 0.001). About 10 ms a second of sound on one thread.

It knows barks, engines, rain and drums well, mixes up some animals, and is poor below a second: such
a clip is padded with silence to one patch, and its scores are scaled by the share that is sound.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners._onnx import OnnxNetwork
from captioners.audio._level import raised
from captioners.audio._sound import HZ, best_mean, merged
from captioners.audio.audioset import claims, sound_class, telling
from captioners.contract import Captioner, Packs
from captioners.sentences import sentence
from manifests.evidence import WeakCaption
from manifests.media import Audio, Media, Needs

_WINDOW, _HOP, _FFT = 400, 160, 512
_BANDS, _LOWEST_HZ, _HIGHEST_HZ, _LOG_OFFSET = 64, 125.0, 7500.0, 0.001
_PATCH_FRAMES, _PATCH_STEP = 96, 48
PATCH_SAMPLES = (_PATCH_FRAMES - 1) * _HOP + _WINDOW
PATCH_STEP_SAMPLES = _PATCH_STEP * _HOP
STEP_MS, PATCH_MS = 480, 960
# Patches of one run of the network: bounds its memory for long clips.
_RUN = 64
# Beyond these the sigmoid is 0 or 1 to float32, and exp overflows soon after.
_LOGIT_BOUND = 50.0

# The rest are our choices. Three patches overlap to 1.92 s, so a sound of one second fills the pool.
_POOL = 3

_Floats = npt.NDArray[np.float32]


class Network:
    """The network in a folder of the pack `yamnet`. classes: the names of its 521 classes, in order."""

    def __init__(self, folder: Path) -> None:
        self._network = OnnxNetwork(folder / "model.onnx")
        with (folder / "yamnet_class_map.csv").open(newline="") as file:
            self.classes = [row["display_name"] for row in csv.DictReader(file)]

    def run(self, patches: _Floats) -> tuple[_Floats, _Floats]:
        """Of each patch that `prepare` made: probability of each class (patches, 521), and embedding
        (patches, 1024), what the classifier sees."""
        outputs = [
            self._network.run(["logits", "embedding"], patches[start : start + _RUN])
            for start in range(0, len(patches), _RUN)
        ]
        logits, embedding = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        return 1 / (1 + np.exp(-np.clip(logits, -_LOGIT_BOUND, _LOGIT_BOUND))), embedding


class YamNet(Captioner):
    """Claims of kind "sound", "speech", "music", "scene" or "signal", by class, the surest first.

    score: mean of the class's probability over its best 3 patches (some 2 s); of signals, which are
    of the whole recording, over all; from 0.1 on, at most 8. spans: patches with at least half of the
    score. A class is left out where one that implies it scores at least 0.8 of it (not Speech and
    Music), and where a better one has the same clause. text: claims with at least 0.3 and half of the
    best.
    """

    modality = "audio"
    version = 2
    needs = Needs(audio_hz=HZ)
    packs = ("yamnet",)

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._network: Network | None = None

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`."""
        self._network = Network(self.weights.path("yamnet"))

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is heard. One clip at a time, so that it never depends on its neighbours."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        if self._network is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        classes = self._network.classes
        samples = raised(media.audio[HZ])
        each, _ = self._network.run(prepare(samples))
        scores = best_mean(each, _POOL)
        signals = [i for i, c in enumerate(classes) if sound_class(c).kind == "signal"]
        scores[signals] = each[:, signals].mean(axis=0)
        scores *= min(1.0, len(samples) / PATCH_SAMPLES)
        column = {label: i for i, label in enumerate(classes)}

        def spans(label: str) -> tuple[tuple[int, int], ...]:
            at = column[label]
            return _spans(each[:, at] >= scores[at] / 2, media.duration_ms)

        claimed = claims({label: float(scores[i]) for label, i in column.items()}, spans)
        return self.weak(media, text=sentence(telling(claimed), "audio"), claims=claimed)


def prepare(samples: Audio) -> _Floats:
    """Log-mel patches of 16 kHz sound: (patches, 1, 96, 64). Padded with zeros to whole patches."""
    steps = max(0, -(-(len(samples) - PATCH_SAMPLES) // PATCH_STEP_SAMPLES))
    padded = np.zeros(PATCH_SAMPLES + steps * PATCH_STEP_SAMPLES, np.float32)
    padded[: len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    spectrum = np.abs(np.fft.rfft(frames * _hann(), _FFT)).astype(np.float32)
    bands = np.log(spectrum @ _mel_bands() + np.float32(_LOG_OFFSET))
    windows = np.lib.stride_tricks.sliding_window_view(bands, (_PATCH_FRAMES, _BANDS))
    return np.ascontiguousarray(windows[::_PATCH_STEP], np.float32)


@cache
def _hann() -> _Floats:
    """Periodic, as tf.signal's; numpy's own is symmetric."""
    window: _Floats = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    return window


@cache
def _mel_bands() -> _Floats:
    """Triangles in HTK mels, (257, 64); the constant bin gives nothing (tf.signal does so)."""

    def mel(hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        result: npt.NDArray[np.float64] = 1127.0 * np.log1p(hz / 700.0)
        return result

    lowest, highest = mel(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    edges = np.linspace(lowest, highest, _BANDS + 2)
    bins = mel(np.linspace(0.0, HZ / 2, _FFT // 2 + 1))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bands: _Floats = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    bands[0] = 0.0
    return bands


def _spans(heard: npt.NDArray[np.bool_], duration_ms: int) -> tuple[tuple[int, int], ...]:
    starts = np.nonzero(heard)[0] * STEP_MS
    return merged(((start, start + PATCH_MS) for start in starts), duration_ms)
