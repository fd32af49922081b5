"""Speech activity: Silero VAD 6, on the CPU.

Weights: in the `silero-vad` package itself (MIT), the variant that takes many steps of 32 ms in one
call. 3 ms a second of sound on one thread.

It says where speech is and nothing else. A saxophone passes for speech now and then: its calibration
and a second captioner decide.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from captioners.audio._level import raised
from captioners.audio._sound import HZ, best_mean, merged
from captioners.contract import Captioner, Packs
from captioners.sentences import sentence
from captioners.weights.terms import Terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

# Steps of 512 samples, so 0.992 s: our choice.
_POOL = 31


class Silero(Captioner):
    """One claim "Speech" of kind "speech", or none.

    score: mean of the speech probability over the best 31 steps (1 s in all; of a shorter clip over
    all steps). spans: Silero's own rule with its defaults (in at 0.5, out at 0.35, at least 250 ms).
    No span, no claim, and no text.
    """

    modality = "audio"
    version = 2
    needs = Needs(audio_hz=HZ)
    terms = Terms(licence="MIT", outputs_train=True, source="licence of the package silero-vad")

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._model: Any = None

    def load(self) -> None:
        """Loads the network."""
        from silero_vad import load_silero_vad

        self._model = load_silero_vad(sequence=True)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """Where there is speech, clip by clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        from silero_vad.utils_vad import get_speech_timestamps_from_probs

        samples = raised(media.audio[HZ])
        probabilities = self._model.audio_forward(samples)
        stretches = get_speech_timestamps_from_probs(
            probabilities, audio_length_samples=len(samples)
        )
        if not stretches:
            return self.weak(media)
        to_ms = 1000 / HZ
        claim = Claim(
            label="Speech",
            text="a person speaks",
            kind="speech",
            modality="audio",
            score=float(best_mean(probabilities, _POOL)),
            spans=merged(
                ((s["start"] * to_ms, s["end"] * to_ms) for s in stretches), media.duration_ms
            ),
        )
        return self.weak(media, text=sentence([claim], "audio"), claims=(claim,))
