"""Sound events of 527 AudioSet classes by the Audio Spectrogram Transformer.

Weights: any checkpoint of transformers' `audio-spectrogram-transformer` whose labels are AudioSet's, by
default `hub:MIT/ast-finetuned-audioset-10-10-0.4593` (BSD-3-Clause). Gong et al., arXiv 2104.01778. It
sees 10.24 s at a time: a longer clip is cut into whole windows, a shorter one padded as in training.
Of its 527 classes those without a clause in `audioset.toml` are left out; broader ones say them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from captioners._transformers import TransformersCaptioner
from captioners.audio._level import raised
from captioners.audio._sound import HZ, merged, windows
from captioners.audio.audioset import claims, classes, sound_class, telling
from captioners.sentences import sentence
from manifests.evidence import WeakCaption
from manifests.media import Audio, Media, Needs

# The front end's frames are 25 ms long, 10 ms apart; it fails where there is none.
_FRAME, _FRAME_HOP = HZ // 40, HZ // 100

_Floats = npt.NDArray[np.float64]


class AstTags(TransformersCaptioner):
    """Claims of kind "sound", "speech", "music", "scene" or "signal", by class, the surest first
    (`captioners.audio.audioset.claims`).

    Options: `model`. score: the class's probability in the window where it is highest; of signals,
    which are of the whole recording, the mean over windows. spans: windows with at least half of it.
    """

    modality = "audio"
    version = 2
    needs = Needs(audio_hz=HZ)
    packs = ("hub:MIT/ast-finetuned-audioset-10-10-0.4593",)
    _class = "ASTForAudioClassification"

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`, ValueError for another
        model."""
        super().load()
        named = self._model.config.id2label
        self._labels = [named[i] for i in range(len(named))]
        if not set(self._labels) & set(classes()):
            raise ValueError(f"{self.packs_of(self.options)[0]} names none of AudioSet's classes")

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is heard, clip by clip: no clip depends on its neighbours."""
        return [self._weak(media) for media in batch]

    def probabilities(self, samples: Audio) -> _Floats:
        """Probability of each class in each window of 16 kHz sound: (windows, classes)."""
        import torch

        samples = np.pad(samples, (0, max(0, _FRAME - len(samples))))
        cut = [part for _, part in windows(samples, self._window)]
        inputs = self._processor(cut, sampling_rate=HZ, return_tensors="pt")
        inputs = inputs.to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            logits = self._model(**inputs).logits
        probabilities: _Floats = logits.double().sigmoid().cpu().numpy()
        return probabilities

    @property
    def _window(self) -> int:
        """Samples of one window."""
        return int(self._processor.max_length) * _FRAME_HOP

    def _weak(self, media: Media) -> WeakCaption:
        samples = raised(media.audio[HZ])
        if not len(samples):
            raise ValueError(f"clip {media.clip_id} has no sound")
        each = self.probabilities(samples)
        with_clause = set(classes())
        column = {label: i for i, label in enumerate(self._labels) if label in with_clause}
        scores = {label: self._score(label, each[:, i]) for label, i in column.items()}
        starts = [start for start, _ in windows(samples, self._window)]

        def spans(label: str) -> tuple[tuple[int, int], ...]:
            frames = np.nonzero(each[:, column[label]] >= scores[label] / 2)[0]
            times = ((starts[i], starts[i] + self._window) for i in frames)
            in_ms = ((a * 1000 / HZ, b * 1000 / HZ) for a, b in times)
            return merged(in_ms, media.duration_ms)

        claimed = claims(scores, spans)
        return self.weak(media, text=sentence(telling(claimed), "audio"), claims=claimed)

    def _score(self, label: str, column: _Floats) -> float:
        signal = sound_class(label).kind == "signal"
        return float(column.mean() if signal else column.max())
