"""A deterministic stand-in of a localizer, for tests and for measuring the engine itself.

Its answers depend on the clip's id and the text alone. `batch_ms`: wall time of a batch, 5 by default.
"""

import hashlib
import time
from collections.abc import Sequence

import numpy as np

from captioners.localizers.localizer import Heard, Localized, Localizer, Texts, heard_at
from captioners.weights.terms import Terms
from manifests.media import Media, Needs

_STEP_MS = 40


class DummyLocalizer(Localizer):
    """Hears every text now and then; wants 16 kHz audio."""

    by = "dummy"
    needs = Needs(audio_hz=16_000)
    terms = Terms(licence="CC0-1.0", outputs_train=True)

    def load(self) -> None:
        """Nothing to load."""

    def answer(self, batch: Sequence[Media]) -> Sequence[Localized]:
        """Takes its time, and answers."""
        time.sleep(float(self.options.get("batch_ms", 5)) / 1000)
        return super().answer(batch)

    def heard(self, media: Media, texts: Texts) -> dict[str, Heard]:
        """Probabilities out of a hash, one every 40 ms."""
        steps = max(1, -(-media.duration_ms // _STEP_MS))
        heard = {}
        for text in texts:
            digest = hashlib.sha256(f"{media.clip_id}:{text}".encode()).digest()
            probabilities = np.resize(np.frombuffer(digest, np.uint8), steps) / 255
            heard[text] = heard_at(probabilities, _STEP_MS, _STEP_MS, media.duration_ms)
        return heard
