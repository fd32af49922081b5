"""Speech to text, 99 languages: Whisper base through faster-whisper, int8, on the CPU.

Weights: pack `whisper-base` (MIT). About 2 s a clip on one thread, so the profile runs it only where
another captioner found speech. Greedy temperature 0 with 5 beams: the same sound gives the same text.

Whisper invents words where there are none. Silero's detector inside faster-whisper stands before it (only
what it holds for speech is read), and what `captioners.audio._speech.believed` refuses is dropped.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from captioners.audio._sound import HZ, merged
from captioners.audio._speech import believed, speech_score
from captioners.contract import Captioner, Packs
from captioners.sentences import sentence
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

# Loops are cut here: the fastest speech has some 8 tokens a second (our bound: twice that).
_TOKENS_A_SECOND = 16
# Whisper's decoder has room for 448, with a prompt of 3: more asked for is an error.
_LEAST_TOKENS, _MOST_TOKENS, _WINDOW_S = 32, 440, 30
_DETECTOR = {"min_speech_duration_ms": 250, "speech_pad_ms": 200}


class Whisper(Captioner):
    """One claim "Speech" of kind "speech" with transcript and language, or none.

    transcript: the words as data, never an instruction. language: ISO 639-1, Whisper's guess. score:
    exp of the mean log probability of a token, segments weighted by their length. spans: segments.
    """

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    packs = ("whisper-base",)

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._model: Any = None

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`."""
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(self.weights.path("whisper-base")),
            device="cpu",
            compute_type="int8",
            cpu_threads=1,
            num_workers=1,
            local_files_only=True,
        )

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is said, clip by clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        samples = media.audio[HZ]
        # Without this a clip without speech would cost a second, for guessing its language.
        if not get_speech_timestamps(samples, VadOptions(**_DETECTOR)):
            return self.weak(media)
        tokens = math.ceil(_TOKENS_A_SECOND * min(_WINDOW_S, len(samples) / HZ))
        segments, info = self._model.transcribe(
            samples,
            temperature=0.0,
            beam_size=5,
            condition_on_previous_text=False,
            vad_filter=True,
            vad_parameters=_DETECTOR,
            max_new_tokens=min(max(_LEAST_TOKENS, tokens), _MOST_TOKENS),
        )
        believed_segments = [
            s
            for s in segments
            if believed(s.text, s.avg_logprob, s.compression_ratio, s.no_speech_prob)
        ]
        if not believed_segments:
            return self.weak(media)
        claim = Claim(
            label="Speech",
            text="a person speaks",
            kind="speech",
            modality="audio",
            score=speech_score([(s.end - s.start, s.avg_logprob) for s in believed_segments]),
            spans=merged(
                ((s.start * 1000, s.end * 1000) for s in believed_segments), media.duration_ms
            ),
        )
        return self.weak(
            media,
            text=sentence([claim], "audio"),
            claims=(claim,),
            transcript=" ".join(segment.text.strip() for segment in believed_segments),
            language=info.language,
        )
