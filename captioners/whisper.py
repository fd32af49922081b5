"""Speech to text, 99 languages: Whisper base through faster-whisper, int8, on the CPU.

Weights: pack `whisper-base` (MIT). About 2 s a clip on one thread, so the profile runs it only where
another captioner found speech. Greedy temperature 0 with 5 beams: the same sound gives the same text.

Whisper invents words where there are none. Four guards, of which the first is Silero's detector inside
faster-whisper (only what it holds for speech is read), and the others drop a segment:
- a compression ratio above 2.4 (loops) or a mean log probability below -1, Whisper's own bounds;
- a no-speech probability above 0.6, whatever the log probability is (Whisper lets a sure text pass:
  «Hmm» over a cartoon's music had 0.66);
- no letter or digit in it, or a letter five times in a row («Mmmmm»).
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from captioners._sound import HZ, merged
from captioners.contract import Captioner, Media, Needs, Packs
from captioners.sentences import sentence
from manifests.evidence import Claim, WeakCaption

_MOST_COMPRESSED, _LEAST_LOGPROB, _MOST_NO_SPEECH = 2.4, -1.0, 0.6
# Loops are cut here: the fastest speech has some 8 tokens a second (our bound: twice that).
_TOKENS_A_SECOND = 16
_LEAST_TOKENS, _WINDOW_S = 32, 30
_DETECTOR = {"min_speech_duration_ms": 250, "speech_pad_ms": 200}
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{4}")


class Whisper(Captioner):
    """One claim «Speech» of kind «speech» with transcript and language, or none.

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
        """Loads the network. Raises `captioners.packs.PackMissing`."""
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
        seconds = min(_WINDOW_S, len(samples) / HZ)
        segments, found = self._model.transcribe(
            samples,
            temperature=0.0,
            beam_size=5,
            condition_on_previous_text=False,
            vad_filter=True,
            vad_parameters=_DETECTOR,
            max_new_tokens=max(_LEAST_TOKENS, math.ceil(_TOKENS_A_SECOND * seconds)),
        )
        spoken = [segment for segment in segments if _believed(segment)]
        if not spoken:
            return self.weak(media)
        claim = Claim(
            label="Speech",
            text="a person speaks",
            kind="speech",
            modality="audio",
            score=_score([(s.end - s.start, s.avg_logprob) for s in spoken]),
            spans=merged(((s.start * 1000, s.end * 1000) for s in spoken), media.duration_ms),
        )
        return self.weak(
            media,
            text=sentence([claim], "audio"),
            claims=(claim,),
            transcript=" ".join(segment.text.strip() for segment in spoken),
            language=found.language,
        )


def _believed(segment: Any) -> bool:
    """Whether a segment of faster-whisper is speech as far as its own numbers tell."""
    return (
        segment.compression_ratio <= _MOST_COMPRESSED
        and segment.avg_logprob >= _LEAST_LOGPROB
        and segment.no_speech_prob <= _MOST_NO_SPEECH
        and any(letter.isalnum() for letter in segment.text)
        and not _DRAWN_OUT.search(segment.text.casefold())
    )


def _score(segments: Sequence[tuple[float, float]]) -> float:
    """exp of the mean of log probabilities, of (seconds, log probability) pairs."""
    lengths = [max(seconds, 0.01) for seconds, _ in segments]
    total = sum(n * logprob for n, (_, logprob) in zip(lengths, segments, strict=True))
    return math.exp(total / sum(lengths))
