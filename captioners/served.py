"""Captions by chat models that vLLM serves: those that hear (Qwen2-Audio, Qwen2.5-Omni) and those that
see (Qwen2.5-VL, Qwen3-VL, SmolVLM).

One request a clip, with its sound or frames in it, to the server that the profile names; all requests
of a batch are sent together, and each answer belongs to the clip of its own request. Greedy and seeded
by the clip. What a model reads on a screen or hears somebody say is data like everything else it writes:
text that the writer's guards judge.
"""

import base64
import io
import re
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
from captioners._vision import chosen
from captioners.contract import Audio, Captioner, Frames, Media, Needs, Packs
from captioners.sentences import clauses
from manifests.evidence import Claim, Modality, WeakCaption

_HZ = 16_000
_JPEG_QUALITY = 90
_SEED = 8
"""Hex digits of a clip id that are its seed."""

_MARKUP = re.compile(r"[*_#`]+")
_OPENER = re.compile(
    r"^(?:in )?(?:the|this) (?:video|audio|clip|sound|recording|image|footage|scene|frame)s?(?: clip)?,? "
    r"(?:shows?|features?|depicts?|captures?|contains?|consists? of|begins? with|is of)(?: that)? ",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:i(?:'| a)m (?:sorry|unable|not able)|i can(?:no|')t|i do not have|as an ai)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?][\"”’)]*(?=\s|$)")


class _Chosen(Options):
    """prompt: a name of questions.toml, or the question itself. max_tokens: of an answer; an unfinished
    last sentence is left out."""

    prompt: str = "general"
    max_tokens: int = Field(default=96, ge=8, le=1024)


class _Seen(_Chosen):
    """frames: evenly spaced ones of the clip. frame_px: their longest side."""

    frames: int = Field(default=8, ge=1, le=64)
    frame_px: int = Field(default=512, ge=32, le=2048)


class _Chat(Captioner):
    """What both have in common."""

    packs = ()
    _side: ClassVar[Modality]
    _allowed: ClassVar[type[_Chosen]] = _Chosen

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._chosen = checked(self._allowed, name, self.options)
        self._question = _questions()[self._side].get(self._chosen.prompt, self._chosen.prompt)

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
        question = {"type": "text", "text": self._question.strip()}
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
        told = [token["logprob"] for token in (choice["logprobs"] or {}).get("content") or ()]
        score = exp(min(0.0, fmean(told))) if told else 0.0
        claims = tuple(Claim(c, c, "caption", self.modality, score) for c in clauses(text))
        return self.weak(media, text=text, claims=claims)


class AudioChat(_Chat):
    """Claims of kind «caption», one for each statement of the caption.

    Options: `prompt`: «general», «music» (genre, instruments, tempo, mood; a gate of the profile takes it
    to clips with music), or a question of one's own; `max_tokens`, 96. score: exp of the mean
    log-probability of the answer's tokens, in (0, 1], of the whole caption.
    """

    modality = "audio"
    _side = "audio"
    needs = Needs(audio_hz=_HZ)

    def _parts(self, media: Media) -> list[dict[str, Any]]:
        samples = media.audio[_HZ]
        if not len(samples):
            raise ValueError(f"clip {media.clip_id} has no sound")
        data = base64.b64encode(_wave(samples)).decode()
        return [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]


class VideoChat(_Chat):
    """Claims of kind «caption», one for each statement of the caption.

    Options: `prompt`: «general» or a question of one's own; `max_tokens`, 96; `frames`, 8, and
    `frame_px`, 512: what of the clip it sees, as JPEG. score: as of `AudioChat`.
    """

    modality = "video"
    _side = "video"
    _allowed = _Seen

    @classmethod
    def needs_of(cls, options: Mapping[str, Any]) -> Needs:
        """As many frames as the options say."""
        asked = checked(_Seen, cls.__name__, options)
        return Needs(frames=asked.frames, frame_px=asked.frame_px)

    needs = Needs(frames=8, frame_px=512)

    def _parts(self, media: Media) -> list[dict[str, Any]]:
        assert isinstance(self._chosen, _Seen)
        frames, _ = chosen(media, self._chosen.frames)
        return [
            {"type": "image_url", "image_url": {"url": _data_url(frame, self._chosen.frame_px)}}
            for frame in frames
        ]


def cleaned(text: str, unfinished: bool = False) -> str:
    """A model's answer as plain sentences: without markup, quotes around it and openers («The video
    shows»); "" for a refusal. unfinished: it was cut off; the last sentence is left out if it is not
    the only one."""
    text = " ".join(_MARKUP.sub(" ", text).split()).strip("\"“”' ")
    if _REFUSAL.search(text):
        return ""
    if unfinished and (ends := [m.end() for m in _SENTENCE_END.finditer(text)]):
        text = text[: ends[-1]]
    text = _OPENER.sub("", text)
    return text[:1].upper() + text[1:]


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
