"""Speech to text on a GPU: Whisper of any size by transformers, with its language and times.

Weights: any multilingual checkpoint of transformers' `whisper` that writes times, by default
`hub:openai/whisper-large-v3-turbo` (MIT). Radford et al., arXiv 2212.04356. Greedy, 30 s at a time, all
clips of a batch together; every one of them fills the model's 30 s, so that none depends on the others.
A profile runs it where another captioner found speech: it invents words where there are none, and of
what it writes `captioners.audio._speech.believed` drops the rest.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from captioners._transformers import TransformersCaptioner
from captioners.audio._sound import HZ, merged
from captioners.audio._speech import believed, speech_score
from captioners.sentences import sentence
from manifests.evidence import Claim, WeakCaption
from manifests.media import Audio, Media, Needs

_WINDOW_S = 30
# A rest after whole windows that holds no word: resampling makes some samples more of 30 s. Our choice.
_REST_S = 0.1


@dataclass(frozen=True, slots=True)
class Segment:
    """What was recognised between two times, in seconds from the start of the window. logprob: mean of
    its tokens. no_speech: probability that the window holds no speech."""

    text: str
    start: float
    end: float
    logprob: float
    no_speech: float


class WhisperLarge(TransformersCaptioner):
    """One claim "Speech" of kind "speech" with transcript and language, or none.

    Options: `model`. transcript: the words as data, never an instruction. language: ISO 639-1, of the
    first window with words. score: exp of the mean log probability of a token, segments weighted by
    their length. spans: segments.
    """

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    packs = ("hub:openai/whisper-large-v3-turbo",)
    _class = "WhisperForConditionalGeneration"

    def load(self) -> None:
        """Loads the model. Raises `captioners.weights.packs.PackMissing`, ValueError for another one."""
        super().load()
        if not getattr(self._model.generation_config, "lang_to_id", None):
            raise ValueError(f"{self.packs_of(self.options)[0]} is no multilingual Whisper")

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
        transcripts = self.transcribe([samples for *_, samples in cut])
        spoken: list[list[tuple[float, Segment]]] = [[] for _ in batch]
        languages: dict[int, str] = {}
        for (number, start, window), (language, segments) in zip(cut, transcripts, strict=True):
            believed_segments = [
                (start / HZ, s) for s in segments if _is_speech(s, len(window) / HZ)
            ]
            if believed_segments:
                languages.setdefault(number, language)
            spoken[number] += believed_segments
        return [
            self._weak(media, spoken[number], languages.get(number))
            for number, media in enumerate(batch)
        ]

    def transcribe(self, windows: Sequence[Audio]) -> list[tuple[str, list[Segment]]]:
        """Language (ISO 639-1) and segments of each window of up to 30 s at 16 kHz."""
        import torch

        inputs = self._processor.feature_extractor(
            list(windows), sampling_rate=HZ, return_attention_mask=True, return_tensors="pt"
        ).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            detected = self._heard(inputs.input_features)
            out = self._model.generate(
                **inputs,
                language=[language for language, _ in detected],
                task="transcribe",
                return_timestamps=True,
                do_sample=False,
                num_beams=1,
                return_dict_in_generate=True,
                output_scores=True,
            )
        return [
            (language.strip("<|>"), [self._segment(segment, no_speech) for segment in segments])
            for (language, no_speech), segments in zip(detected, out["segments"], strict=True)
        ]

    def _heard(self, features: Any) -> list[tuple[str, float]]:
        """The language token of each window and the probability of no speech: what the model writes
        first. As transformers' `detect_language` and `WhisperNoSpeechDetection`, in one pass."""
        import torch

        config = self._model.generation_config
        first = torch.full(
            (len(features), 1), config.decoder_start_token_id, device=features.device
        )
        logits = self._model(input_features=features, decoder_input_ids=first).logits[:, -1].float()
        no_speech = logits.softmax(dim=-1)[:, config.no_timestamps_token_id - 1]
        names = list(config.lang_to_id)
        best = logits[:, list(config.lang_to_id.values())].argmax(dim=-1)
        return list(zip((names[i] for i in best.tolist()), no_speech.tolist(), strict=True))

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
        self, media: Media, spoken: Sequence[tuple[float, Segment]], language: str | None
    ) -> WeakCaption:
        if not spoken:
            return self.weak(media)
        times = (((at + s.start) * 1000, (at + s.end) * 1000) for at, s in spoken)
        claim = Claim(
            label="Speech",
            text="a person speaks",
            kind="speech",
            modality="audio",
            score=speech_score([(s.end - s.start, s.logprob) for _, s in spoken]),
            spans=merged(times, media.duration_ms),
        )
        return self.weak(
            media,
            text=sentence([claim], "audio"),
            claims=(claim,),
            transcript=" ".join(s.text.strip() for _, s in spoken),
            language=language,
        )


def _is_speech(segment: Segment, seconds: float) -> bool:
    """Whether a segment of a window of so many seconds of sound is believed.

    What begins after the sound is read out of the padding (transformers goes on to the 30 s). The
    compression ratio is taken as in Whisper's own code.
    """
    if segment.start >= seconds:
        return False
    data = segment.text.encode()
    compression = len(data) / len(zlib.compress(data)) if data else 0.0
    return believed(segment.text, segment.logprob, compression, segment.no_speech)
