"""Speech to text, 99 languages: Whisper base through faster-whisper, int8, on the CPU.

Weights: pack `whisper-base` (MIT). A second and more a clip on one thread, so the profile runs it only
where another captioner found speech. Temperature 0 with 5 beams: the same sound gives the same text.

Whisper invents words where there are none. Silero's detector inside faster-whisper stands before it (only
what it holds for speech is read), and what `captioners.audio._speech.believed` refuses is dropped. What
is doubtful is heard a second time, cut out of the sound; what the two passes do not agree on goes too.
Beam search needs no random numbers, so that the second pass has no seed: its start is what differs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners.audio._inventions import without_credits
from captioners.audio._sound import HZ, merged
from captioners.audio._speech import (
    Voiced,
    believed,
    heard_again,
    is_doubtful,
    languages_of,
    likeliest,
    speech_score,
    surest,
)
from captioners.contract import Captioner, Packs
from captioners.sentences import sentence
from manifests.evidence import Claim, WeakCaption
from manifests.media import Audio, Media, Needs

# Loops are cut here: the fastest speech has some 8 tokens a second (our bound: twice that).
_TOKENS_A_SECOND = 16
# Whisper's decoder has room for 448, with a prompt of 3: more asked for is an error.
_LEAST_TOKENS, _MOST_TOKENS, _WINDOW_S = 32, 440, 30
_DETECTOR = {"min_speech_duration_ms": 250, "speech_pad_ms": 200}
# The detector's own: samples of a step, and the probability from which a step is speech.
_STEP, _IS_SPEECH = 512, 0.5
# Doubtful segments of a clip that are heard again (a second each); more of them are a clip of noise.
_SECOND_PASSES = 4
# What is heard around a segment the second time. Our choice: another start than the first pass had.
_AROUND_S = 0.4


class Whisper(Captioner):
    """One claim "Speech" of kind "speech" with transcript and language, or none.

    Options: `languages`, a list of ISO 639-1 codes that the language is one of. transcript: the words as
    data, never an instruction. language: ISO 639-1, Whisper's guess from what is surest to be speech,
    language_probability: its own. score: exp of the mean log probability of a token, segments weighted by
    their length. spans: segments.
    """

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    packs = ("whisper-base",)
    version = 4

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._model: Any = None
        self._languages: frozenset[str] | None = None

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`, ValueError for languages that
        it does not know."""
        self._model = _encoding_once()(
            str(self.weights.path("whisper-base")),
            device="cpu",
            compute_type="int8",
            cpu_threads=1,
            num_workers=1,
            local_files_only=True,
        )
        self._languages = languages_of(self.options, self._model.supported_languages)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is said, clip by clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        prepared = self._prepared(media.audio[HZ])
        if prepared is None:
            return self.weak(media)
        samples, voiced, language, probability = prepared
        segments = self._believed(samples, self._read(samples, language), voiced, language)
        if not segments:
            return self.weak(media)
        claim = Claim(
            label="Speech",
            text="a person speaks",
            kind="speech",
            modality="audio",
            score=speech_score([(s.end - s.start, s.avg_logprob) for s in segments]),
            spans=merged(((s.start * 1000, s.end * 1000) for s in segments), media.duration_ms),
        )
        return self.weak(
            media,
            text=sentence([claim], "audio"),
            claims=(claim,),
            transcript=" ".join(without_credits(segment.text.strip()) for segment in segments),
            language=language,
            language_probability=probability,
        )

    def _prepared(self, samples: Audio) -> tuple[Audio, Voiced, str, float] | None:
        """What is read of a sound, where speech is in it, its language and how likely that is; None where
        there is no speech: such a clip would cost a second, for guessing its language."""
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        kept = get_speech_timestamps(samples, VadOptions(**_DETECTOR))
        if not kept:
            return None
        voiced = _voiced(samples)
        stretches = [(s["start"] / HZ, s["end"] / HZ) for s in kept]
        sure = surest(stretches, voiced, math.inf)
        if sure != stretches:
            samples = _only(samples, sure)
        told = self._language(samples, surest(stretches, voiced, _WINDOW_S))
        return samples, voiced, *told

    def _language(
        self, samples: Audio, stretches: Sequence[tuple[float, float]]
    ) -> tuple[str, float]:
        """The language of these stretches of a sound, and how likely it is."""
        sound = np.concatenate([samples[round(a * HZ) : round(b * HZ)] for a, b in stretches])
        _, _, probabilities = self._model.detect_language(audio=sound)
        return likeliest(probabilities, self._languages)

    def _read(self, samples: Audio, language: str, *, detect: bool = True) -> list[Any]:
        """The segments of a sound. detect: only where the detector finds speech."""
        tokens = math.ceil(_TOKENS_A_SECOND * min(_WINDOW_S, len(samples) / HZ))
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            temperature=0.0,
            beam_size=5,
            condition_on_previous_text=False,
            vad_filter=detect,
            vad_parameters=_DETECTOR if detect else None,
            max_new_tokens=min(max(_LEAST_TOKENS, tokens), _MOST_TOKENS),
        )
        return list(segments)

    def _believed(
        self, samples: Audio, segments: Sequence[Any], voiced: Voiced, language: str
    ) -> list[Any]:
        kept, doubtful = [], 0
        for s in segments:
            voice = voiced.within(s.start, s.end)
            numbers = (s.avg_logprob, s.compression_ratio, s.no_speech_prob)
            if not believed(s.text, *numbers, voice):
                continue
            if is_doubtful(s.text, s.avg_logprob, s.no_speech_prob, voice):
                doubtful += 1
                again = "" if doubtful > _SECOND_PASSES else self._again(samples, s, language)
                if not again:
                    continue
                s = replace(s, text=again)
            kept.append(s)
        return kept

    def _again(self, samples: Audio, segment: Any, language: str) -> str:
        """What of a segment's text is heard again where it is cut out of the sound."""
        start, end = max(0.0, segment.start - _AROUND_S), segment.end + _AROUND_S
        again = self._read(samples[round(start * HZ) : round(end * HZ)], language, detect=False)
        return heard_again(segment.text, " ".join(s.text for s in again))


def _encoding_once() -> Any:
    """WhisperModel, but that a sound of which the language was asked is not encoded again to be read:
    nearly half of the time of a short clip."""
    from faster_whisper import WhisperModel

    class EncodingOnce(WhisperModel):  # type: ignore[misc]
        _last: tuple[npt.NDArray[np.float32], Any] | None = None

        def detect_language(self, audio: Audio) -> Any:
            # Without the last frame, as `transcribe` has it: so that both encode the same.
            return super().detect_language(features=self.feature_extractor(audio)[..., :-1])

        def encode(self, features: npt.NDArray[np.float32]) -> Any:
            if self._last is None or not np.array_equal(self._last[0], features):
                self._last = features.copy(), super().encode(features)
            return self._last[1]

    return EncodingOnce


def _only(samples: Audio, parts: Sequence[tuple[float, float]]) -> Audio:
    """A sound with silence where none of these parts is: laughter or music that the detector takes for
    speech makes Whisper lose the speech beside it."""
    kept = np.zeros_like(samples)
    for start, end in parts:
        a, b = round(start * HZ), round(end * HZ)
        kept[a:b] = samples[a:b]
    return kept


def _voiced(samples: Audio) -> Voiced:
    """The steps that the detector takes for speech, neighbours together."""
    from faster_whisper.vad import get_vad_model

    padded = np.pad(samples, (0, -len(samples) % _STEP))
    probabilities = np.ravel(get_vad_model()(padded))
    spans, at = [], 0
    for is_speech, steps in groupby(probabilities >= _IS_SPEECH):
        size = len(list(steps))
        if is_speech:
            mean = float(probabilities[at : at + size].mean())
            spans.append((at * _STEP / HZ, (at + size) * _STEP / HZ, mean))
        at += size
    return Voiced(tuple(spans))
