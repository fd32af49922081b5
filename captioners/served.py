"""Captions by chat models that vLLM serves: those that hear (Qwen2-Audio, Qwen2.5-Omni) and those that
see (Qwen2.5-VL, Qwen3-VL, SmolVLM).

One request a clip, with its sound or frames in it, to the server that the profile names; all requests
of a batch are sent together, and each answer belongs to the clip of its own request. Greedy and seeded
by the clip. What a model reads on a screen or hears somebody say is data like everything else it writes:
text that the writer's guards judge. Qwen2-Audio hears the first 30 s of a clip.
"""

import base64
import io
import re
import tomllib
import wave
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import exp
from statistics import fmean
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from captioners._transformers import Options, checked
from captioners.contract import Captioner, Packs
from captioners.sentences import clauses
from captioners.video._vision import chosen
from manifests.evidence import Claim, Modality, WeakCaption
from manifests.media import Audio, Frames, Media, Needs
from manifests.sentences import finished

_HZ = 16_000
_JPEG_QUALITY = 90
_SEED = 8
"""Hex digits of a clip id that are its seed."""

# Less than this much sound is followed by silence: vLLM refuses what is no token of Qwen2-Audio (40 ms).
_LEAST_SAMPLES = _HZ // 10

_MARKUP = re.compile(r"\*+|`+|(?<!\w)_+|_+(?!\w)")
_LISTED = re.compile(r"(?:[-*•]|\d{1,2}[.)])\s+")
_QUOTES = {'"': '"', "“": "”", "«": "»", "'": "'"}
_SENTENCE_END = re.compile(r"[.!?][\"”’)]*(?=\s|$)")
_MEDIUM = (
    r"(?:the|this|these|an?) (?:(?:short|given|provided|audio|video|sound) )*"
    r"(?:audio|video|sound|clip|recording|track|footage|images?|pictures?|scene|frames|"
    r"(?:series|sequence) of (?:images|frames))"
)
_OPENER = re.compile(
    rf"(?:{_MEDIUM}(?:,? (?:then|also|mainly|primarily))? "
    r"(?:shows?|features?|depicts?|captures?|contains?|consists? of|"
    r"(?:begins?|starts?|opens?) with|(?:is|are|seems? to be) of)(?: that)?:? |"
    rf"in {_MEDIUM}, |(?:we|you|i) (?:can )?(?:see|hear) |(?:caption|description|answer): |"
    r"(?:sure|certainly|of course)[,!.](?: |$)|here(?: is|'s|’s) [^.:]*: )",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"(?:i(?:['’]m| am) (?:sorry|unable|not able)|sorry(?=[,.])|i apologi[sz]e|"
    r"i (?:cannot|can['’]t|do not have|don['’]t have)|as an? (?:ai|language model)|unfortunately, i)\b",
    re.IGNORECASE,
)


class _ChatOptions(Options):
    """prompt: a name of questions.toml, or the question itself. max_tokens: of an answer; an unfinished
    last sentence is left out. model: the profile gives it to the server."""

    model: None = None
    prompt: str = "general"
    max_tokens: int = Field(default=96, ge=8, le=1024)


class _VideoChatOptions(_ChatOptions):
    """frames: evenly spaced ones of the clip. frame_px: their longest side."""

    frames: int = Field(default=8, ge=1, le=64)
    frame_px: int = Field(default=512, ge=32, le=2048)


class _Chat(Captioner):
    """What both have in common."""

    packs = ()
    _allowed: ClassVar[type[_ChatOptions]] = _ChatOptions

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._chosen = checked(self._allowed, name, self.options)
        self._question = _question(self.modality, self._chosen.prompt)

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """The question: another one gives other answers."""
        return _question(cls.modality, checked(cls._allowed, cls.__name__, options).prompt)

    def load(self) -> None:
        """Nothing but a look whether there is a server. Raises ValueError."""
        if self.server is None:
            raise ValueError(f"captioner {self.name} asks a model server: name one in its `server`")

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What the model says of each clip, in order. Raises what the server's client raises."""
        assert self.server is not None
        bodies = [self.request(media) for media in batch]
        replies = self.server.post("/chat/completions", bodies)
        return [self._weak(m, reply) for m, reply in zip(batch, replies, strict=True)]

    def request(self, media: Media) -> dict[str, Any]:
        """What is asked of one clip: the body of a chat request."""
        question = {"type": "text", "text": self._question}
        return {
            "messages": [{"role": "user", "content": [*self._parts(media), question]}],
            "temperature": 0.0,
            "seed": int(media.clip_id[:_SEED], 16),
            "max_tokens": self._chosen.max_tokens,
            "logprobs": True,
        }

    @abstractmethod
    def _parts(self, media: Media) -> list[dict[str, Any]]:
        """The clip as parts of a message. Raises ValueError where its side is missing."""

    def _weak(self, media: Media, reply: Mapping[str, Any]) -> WeakCaption:
        (choice,) = reply["choices"]
        text = cleaned(choice["message"]["content"] or "", choice["finish_reason"] == "length")
        logprobs = [
            token["logprob"] for token in (choice.get("logprobs") or {}).get("content") or ()
        ]
        score = exp(min(0.0, fmean(logprobs))) if logprobs else 0.0
        claims = tuple(Claim(c, c, "caption", self.modality, score) for c in clauses(text))
        if not claims:
            return self.weak(media, skipped="the model said nothing")
        return self.weak(media, text=text, claims=claims)


class AudioChat(_Chat):
    """Claims of kind "caption", one for each statement of the caption.

    Options: `prompt`: "general", "music" (genre, instruments, tempo, mood; a gate of the profile takes it
    to clips with music), or a question of one's own; `max_tokens`, 96. score: exp of the mean
    log-probability of the answer's tokens, in (0, 1], of the whole caption; 0 where a server tells none.
    """

    modality = "audio"
    needs = Needs(audio_hz=_HZ)

    def _parts(self, media: Media) -> list[dict[str, Any]]:
        samples = media.audio[_HZ]
        if not len(samples):
            raise ValueError(f"clip {media.clip_id} has no sound")
        samples = np.pad(samples, (0, max(0, _LEAST_SAMPLES - len(samples))))
        data = base64.b64encode(_wave(samples)).decode()
        return [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]


class VideoChat(_Chat):
    """Claims of kind "caption", one for each statement of the caption.

    Options: `prompt`: "general" or a question of one's own; `max_tokens`, 96; `frames`, 8, and
    `frame_px`, 512: what of the clip it sees, as JPEG. score: as of `AudioChat`.
    """

    modality = "video"
    _allowed = _VideoChatOptions

    @classmethod
    def needs_of(cls, options: Mapping[str, Any]) -> Needs:
        """As many frames as the options say."""
        chosen_options = checked(_VideoChatOptions, cls.__name__, options)
        return Needs(frames=chosen_options.frames, frame_px=chosen_options.frame_px)

    needs = Needs(frames=8, frame_px=512)

    def _parts(self, media: Media) -> list[dict[str, Any]]:
        assert isinstance(self._chosen, _VideoChatOptions)
        frames, _ = chosen(media, self._chosen.frames)
        return [
            {"type": "image_url", "image_url": {"url": _data_url(frame, self._chosen.frame_px)}}
            for frame in frames
        ]


def cleaned(text: str, unfinished: bool = False) -> str:
    """A model's answer as whole sentences on one line, or "" for a refusal.

    Without markup, quotes around all of it, openers ("The video shows") and sentences in which the model
    speaks of what it can't do. unfinished: it was cut off; the last sentence is left out if it is not the
    only one.
    """
    text = _unquoted(" ".join(_lines(text)))
    if unfinished and (ends := [m.end() for m in _SENTENCE_END.finditer(text)]):
        text = text[: ends[-1]]
    sentences = [plain for part in re.split(r"(?<=[.!?])\s+", text) if (plain := _unopened(part))]
    if not sentences or _REFUSAL.match(sentences[0]):
        return ""
    return finished(" ".join(sentence for sentence in sentences if not _REFUSAL.match(sentence)))


def _lines(text: str) -> Iterator[str]:
    """The lines of an answer without markup; points of a list become sentences, headings nothing."""
    for line in text.splitlines():
        line = " ".join(line.split())
        if line.startswith(("#", "```")):
            continue
        plain = _MARKUP.sub("", _LISTED.sub("", line, count=1) if _LISTED.match(line) else line)
        if plain := plain.strip():
            yield finished(plain) if _LISTED.match(line) else plain


def _unquoted(text: str) -> str:
    """The text without quotes that stand around all of it."""
    closing = _QUOTES.get(text[:1])
    if closing is not None and text.endswith(closing) and closing not in text[1:-1]:
        return text[1:-1].strip()
    return text


def _unopened(sentence: str) -> str:
    """The sentence without openers."""
    while match := _OPENER.match(sentence):
        rest = sentence[match.end() :]
        sentence = rest[:1].upper() + rest[1:]
    return sentence


def _question(modality: Modality, prompt: str) -> str:
    """A question by its name in questions.toml, or itself. Raises ValueError for an unknown name."""
    questions = _questions()[modality]
    if prompt not in questions and " " not in prompt.strip():
        raise ValueError(f"prompt: {prompt!r} is no question and none of {', '.join(questions)}")
    return questions.get(prompt, prompt).strip()


@cache
def _questions() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("captioners") / "questions.toml").read_text("utf-8"))


def _wave(samples: Audio) -> bytes:
    """16 kHz mono sound as a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_HZ)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _data_url(frame: Frames, longest: int) -> str:
    """An RGB frame (height, width, 3) as a JPEG, no side longer than `longest` pixels."""
    from PIL import Image

    image = Image.fromarray(frame)
    image.thumbnail((longest, longest))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
