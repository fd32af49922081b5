"""Captions by chat models that vLLM serves: those that hear (Qwen2-Audio, Qwen2.5-Omni) and those that
see (Qwen2.5-VL, Qwen3-VL, SmolVLM).

One request a clip, with its sound or frames in it, to the server that the profile names; all requests
of a batch are sent together, and each answer belongs to the clip of its own request. Greedy and seeded
by the clip. What a model reads on a screen or hears somebody say is data like everything else it writes:
text that the writer's guards judge. Qwen2-Audio hears the first 30 s of a clip.
"""

import base64
import io
import tomllib
import wave
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import exp
from statistics import fmean
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from captioners._transformers import Options, checked
from captioners.contract import Captioner, Packs
from captioners.replies import cleaned
from captioners.sentences import clauses
from captioners.video._vision import chosen
from manifests.evidence import Claim, Modality, WeakCaption
from manifests.media import Audio, Frames, Media, Needs

_HZ = 16_000
_JPEG_QUALITY = 90
_SEED = 8
"""Hex digits of a clip id that are its seed."""

# Less than this much sound is followed by silence: vLLM refuses what is no token of Qwen2-Audio (40 ms).
_LEAST_SAMPLES = _HZ // 10


class _ChatOptions(Options):
    """prompt: a name of questions.toml, or the question itself. max_tokens: of an answer; an unfinished
    last sentence is left out. model: the profile gives it to the server."""

    model: None = None
    prompt: str = "general"
    # About 120 tokens of sound and 170 of picture are expected for what the questions ask; half as many
    # again, since a sentence that is cut off is lost.
    max_tokens: int = Field(default=192, ge=8, le=1024)


class _VideoChatOptions(_ChatOptions):
    """frames: evenly spaced ones of the clip. frame_px: their longest side."""

    max_tokens: int = Field(default=256, ge=8, le=1024)
    frames: int = Field(default=8, ge=1, le=64)
    frame_px: int = Field(default=512, ge=32, le=2048)


class _Chat(Captioner):
    """What both have in common."""

    packs = ()
    version = 2
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
    to clips with music), or a question of one's own; `max_tokens`, 192. score: exp of the mean
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

    Options: `prompt`: "general" or a question of one's own; `max_tokens`, 256; `frames`, 8, and
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
