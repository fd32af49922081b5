"""Speech to text on a GPU: Whisper of any size by transformers, with its language and times.

Weights: any multilingual checkpoint of transformers' `whisper` that writes times, by default
`hub:openai/whisper-large-v3-turbo` (MIT). Radford et al., arXiv 2212.04356. Greedy, 30 s at a time, all
clips of a batch together; every one of them fills the model's 30 s, so that none depends on the others.
A profile runs it where another captioner found speech: it invents words where there are none, and of
what it writes `captioners.audio._speech.believed` drops the rest. Where the profile lets it read who
found speech (`reads`), the language is decided on those spans, text outside them is dropped, and what is
doubtful is heard a second time, cut out of the sound. Greedy decoding needs no seed: the start is what
differs.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from captioners._transformers import Options, TransformersCaptioner
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
    voiced_of,
)
from captioners.sentences import sentence
from manifests.evidence import Claim, WeakCaption
from manifests.media import Audio, Media, Needs

_WINDOW_S = 30
# A rest after whole windows that holds no word: resampling makes some samples more of 30 s. Our choice.
_REST_S = 0.1
# What is heard around a doubtful segment the second time, and how many of a clip are. Our choices.
_AROUND_S, _SECOND_PASSES = 0.4, 4


@dataclass(frozen=True, slots=True)
class Segment:
    """What was recognised between two times, in seconds from the start of the window; later, of the clip.
    logprob: mean of its tokens. no_speech: probability that the window holds no speech."""

    text: str
    start: float
    end: float
    logprob: float
    no_speech: float


class WhisperOptions(Options):
    """languages: what the language is one of, None for all that the model knows."""

    languages: tuple[str, ...] | None = None


class WhisperLarge(TransformersCaptioner):
    """One claim "Speech" of kind "speech" with transcript and language, or none.

    Options: `model`; `languages`, a list of ISO 639-1 codes that the language is one of. transcript: the
    words as data, never an instruction. language: ISO 639-1, of the spans that others found speech in, or
    else of the first window with words; language_probability: the model's own. score: exp of the mean log
    probability of a token, segments weighted by their length. spans: segments.
    """

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    packs = ("hub:openai/whisper-large-v3-turbo",)
    version = 3
    _class = "WhisperForConditionalGeneration"
    _allowed = WhisperOptions
    _asked: frozenset[str] | None = None

    def load(self) -> None:
        """Loads the model. Raises `captioners.weights.packs.PackMissing`, ValueError for another one, and
        for languages that it does not know."""
        super().load()
        if not getattr(self._model.generation_config, "lang_to_id", None):
            raise ValueError(f"{self.packs_of(self.options)[0]} is no multilingual Whisper")
        self._asked = languages_of(self.options, self._codes())

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is said in each clip, in order."""
        size = _WINDOW_S * HZ
        cut: list[tuple[int, int, Audio]] = []
        for number, media in enumerate(batch):
            samples = media.audio[HZ]
            if not len(samples):
                raise ValueError(f"clip {media.clip_id} has no sound")
            starts = range(0, max(1, len(samples) - round(_REST_S * HZ)), size)
            cut += [(number, start, samples[start : start + size]) for start in starts]
        voices = [voiced_of(media.said) for media in batch]
        languages = self._languages_of(batch, voices)
        transcripts = self._transcribe(
            [samples for *_, samples in cut], [languages.get(number) for number, *_ in cut]
        )
        spoken: list[list[Segment]] = [[] for _ in batch]
        for (number, start, window), (language, segments) in zip(cut, transcripts, strict=True):
            within = [s for s in segments if _is_speech(s, len(window) / HZ)]
            of_clip = [
                replace(s, start=s.start + start / HZ, end=s.end + start / HZ) for s in within
            ]
            kept = [s for s in of_clip if _is_borne_out(s, voices[number])]
            if kept:
                languages.setdefault(number, language)
            spoken[number] += kept
        self._hear_again(batch, spoken, voices, languages)
        return [
            self._weak(media, spoken[number], languages.get(number))
            for number, media in enumerate(batch)
        ]

    def transcribe(self, windows: Sequence[Audio]) -> list[tuple[str, list[Segment]]]:
        """Language (ISO 639-1) and segments of each window of up to 30 s at 16 kHz."""
        heard = self._transcribe(windows, [None] * len(windows))
        return [(language, segments) for (language, _), segments in heard]

    def _transcribe(
        self, windows: Sequence[Audio], languages: Sequence[tuple[str, float] | None]
    ) -> list[tuple[tuple[str, float], list[Segment]]]:
        """Language with its probability and segments of each window; languages: those that are known."""
        import torch

        inputs = self._features(windows)
        with torch.inference_mode():
            heard = self._heard(inputs.input_features)
            detected = [known or of for known, (of, _) in zip(languages, heard, strict=True)]
            out = self._model.generate(
                **inputs,
                language=[f"<|{language}|>" for language, _ in detected],
                task="transcribe",
                return_timestamps=True,
                do_sample=False,
                num_beams=1,
                return_dict_in_generate=True,
                output_scores=True,
            )
        return [
            (language, [self._segment(segment, no_speech) for segment in segments])
            for language, (_, no_speech), segments in zip(
                detected, heard, out["segments"], strict=True
            )
        ]

    def _features(self, windows: Sequence[Audio]) -> Any:
        return self._processor.feature_extractor(
            list(windows), sampling_rate=HZ, return_attention_mask=True, return_tensors="pt"
        ).to(self._model.device, self._model.dtype)

    def _languages_of(
        self, batch: Sequence[Media], voices: Sequence[Voiced | None]
    ) -> dict[int, tuple[str, float]]:
        """Languages of the clips in which others found speech, with their probabilities."""
        import torch

        sounds: dict[int, Audio] = {}
        for number, (media, voiced) in enumerate(zip(batch, voices, strict=True)):
            if voiced is not None and voiced.spans:
                samples = media.audio[HZ]
                stretches = surest([(a, b) for a, b, _ in voiced.spans], voiced, _WINDOW_S)
                parts = [samples[round(a * HZ) : round(b * HZ)] for a, b in stretches]
                sounds[number] = np.concatenate(parts)
        sounds = {number: sound for number, sound in sounds.items() if len(sound)}
        if not sounds:
            return {}
        with torch.inference_mode():
            heard = self._heard(self._features(list(sounds.values())).input_features)
        return {number: of for number, (of, _) in zip(sounds, heard, strict=True)}

    def _hear_again(
        self,
        batch: Sequence[Media],
        spoken: Sequence[list[Segment]],
        voices: Sequence[Voiced | None],
        languages: Mapping[int, tuple[str, float]],
    ) -> None:
        """Takes out of `spoken` what is doubtful and not heard when it is cut out of the sound."""
        doubtful: list[tuple[int, Segment]] = []
        for number, segments in enumerate(spoken):
            in_doubt = [s for s in segments if _is_doubtful(s, voices[number])]
            for s in in_doubt[_SECOND_PASSES:]:
                segments.remove(s)
            doubtful += [(number, s) for s in in_doubt[:_SECOND_PASSES]]
        if not doubtful:
            return
        sounds = [_around(batch[number].audio[HZ], s) for number, s in doubtful]
        again = self._transcribe(sounds, [languages.get(number) for number, _ in doubtful])
        for (number, s), (_, segments) in zip(doubtful, again, strict=True):
            text = heard_again(s.text, " ".join(other.text for other in segments))
            at = spoken[number].index(s)
            spoken[number][at : at + 1] = [replace(s, text=text)] if text else []

    def _heard(self, features: Any) -> list[tuple[tuple[str, float], float]]:
        """The language of each window with its probability, and that of no speech: what the model writes
        first. As transformers' `detect_language` and `WhisperNoSpeechDetection`, in one pass."""
        import torch

        config = self._model.generation_config
        first = torch.full(
            (len(features), 1), config.decoder_start_token_id, device=features.device
        )
        logits = self._model(input_features=features, decoder_input_ids=first).logits[:, -1].float()
        no_speech = logits.softmax(dim=-1)[:, config.no_timestamps_token_id - 1]
        languages = logits[:, list(config.lang_to_id.values())].softmax(dim=-1).tolist()
        codes = self._codes()
        return [
            (likeliest(zip(codes, of_window, strict=True), self._asked), silent)
            for of_window, silent in zip(languages, no_speech.tolist(), strict=True)
        ]

    def _codes(self) -> list[str]:
        return [name.strip("<|>") for name in self._model.generation_config.lang_to_id]

    def _segment(self, raw: Mapping[str, Any], no_speech: float) -> Segment:
        """A segment as `generate` gives it: times, tokens, and where these stand in its result."""
        text = self._processor.tokenizer.decode(raw["tokens"], skip_special_tokens=True)
        result = raw["result"]
        asked = len(result["sequences"]) - len(result["scores"])  # tokens before the first score
        logprobs = [
            float(result["scores"][at - asked].float().log_softmax(-1)[result["sequences"][at]])
            for at in range(*raw["idxs"])
        ]
        return Segment(text, float(raw["start"]), float(raw["end"]), fmean(logprobs), no_speech)

    def _weak(
        self, media: Media, spoken: Sequence[Segment], language: tuple[str, float] | None
    ) -> WeakCaption:
        if not spoken:
            return self.weak(media)
        claim = Claim(
            label="Speech",
            text="a person speaks",
            kind="speech",
            modality="audio",
            score=speech_score([(s.end - s.start, s.logprob) for s in spoken]),
            spans=merged(((s.start * 1000, s.end * 1000) for s in spoken), media.duration_ms),
        )
        code, probability = language or (None, None)
        return self.weak(
            media,
            text=sentence([claim], "audio"),
            claims=(claim,),
            transcript=" ".join(without_credits(s.text.strip()) for s in spoken),
            language=code,
            language_probability=probability,
        )


def _is_speech(segment: Segment, seconds: float) -> bool:
    """Whether a segment of a window of so many seconds of sound is believed by its numbers and words.

    What begins after the sound is read out of the padding (transformers goes on to the 30 s).
    """
    return segment.start < seconds and _is_borne_out(segment, None)


def _is_borne_out(segment: Segment, voiced: Voiced | None) -> bool:
    """Whether a segment is believed. The compression ratio is taken as in Whisper's own code."""
    data = segment.text.encode()
    compression = len(data) / len(zlib.compress(data)) if data else 0.0
    voice = None if voiced is None else voiced.within(segment.start, segment.end)
    return believed(segment.text, segment.logprob, compression, segment.no_speech, voice)


def _is_doubtful(segment: Segment, voiced: Voiced | None) -> bool:
    voice = None if voiced is None else voiced.within(segment.start, segment.end)
    return is_doubtful(segment.text, segment.logprob, segment.no_speech, voice)


def _around(samples: Audio, segment: Segment) -> Audio:
    """The sound of a segment with some before and after it, 30 s at most."""
    start = max(0, round((segment.start - _AROUND_S) * HZ))
    end = min(round((segment.end + _AROUND_S) * HZ), start + _WINDOW_S * HZ)
    return samples[start:end]
