"""An encoder as the engine asks it: embeddings of a clip's media, and of its captions."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from captioners.contract import Model, Packs
from captioners.encoder import load
from captioners.encoder.pairs import CaptionKind, Embedding
from manifests.media import Media, Needs

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder

Vector = npt.NDArray[np.float32]

MEDIA: tuple[Embedding, ...] = ("audio", "video", "audio_video")
READ_BY: Mapping[CaptionKind, Embedding] = {
    "audio_caption": "text_audio",
    "visual_caption": "text_video",
    "audio_visual_caption": "text_audio_video",
}
"""The head that reads each caption: that of the media which the caption is of."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One clip. media: of the media that it has and was shown; None of those that it lacks. captions: of
    those that were said of it. audio_ms, frames: how much of it was embedded."""

    clip_id: str
    content_hash: str
    media: Mapping[Embedding, Vector | None]
    captions: Mapping[CaptionKind, Vector]
    audio_ms: int = 0
    frames: int = 0


class EmbeddingModel(Model):
    """A model that answers with `Embedded`, as the stage `embed` asks it.

    A clip without media is one whose captions alone are asked for: `Media.said` has them under their
    names.
    """

    @classmethod
    @abstractmethod
    def width_of(cls, options: Mapping[str, Any], packs: Packs) -> int:
        """How long its vectors are under these options. Raises PackError where its weights, which say so,
        are not here."""


class Embedder(EmbeddingModel):
    """An encoder. Option: `model`, its name (`captioners.encoder.load`), "small" by default."""

    needs = Needs()
    version = 2

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._encoder: Encoder | None = None

    @classmethod
    def needs_of(cls, options: Mapping[str, Any]) -> Needs:
        """Those of its encoder."""
        return load.needs_of(_name(options))

    @classmethod
    def packs_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Those of its encoder."""
        return load.packs_of(_name(options))

    @classmethod
    def width_of(cls, options: Mapping[str, Any], packs: Packs) -> int:
        """That of its encoder."""
        return load.width_of(_name(options), packs)

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """The weights that captionmill ships."""
        return load.shipped_digest() if _name(options) == load.SMALL else ""

    def load(self) -> None:
        """Loads the encoder. Raises `captioners.weights.packs.PackError`."""
        import torch

        if not torch.cuda.is_available():
            torch.set_num_threads(1)
        self._encoder = load.load(_name(self.options), self.weights)

    def answer(self, batch: Sequence[Media]) -> list[Embedded]:
        """The embeddings of each clip, by itself: no clip depends on its neighbours."""
        import torch

        with torch.inference_mode():
            return [self._embedded(media) for media in batch]

    def _embedded(self, media: Media) -> Embedded:
        assert self._encoder is not None
        samples = next(iter(media.audio.values()), None)
        hz = next(iter(media.audio), 1)
        frames = 0 if media.frames is None else len(media.frames)
        seconds = 0.0 if samples is None else len(samples) / hz
        shown = frames or seconds
        return Embedded(
            media.clip_id,
            media.content_hash,
            self._media(media) if shown else {},
            self._captions(media),
            round(seconds * 1000),
            min(frames, self._encoder.needs.frames),
        )

    def _media(self, media: Media) -> dict[Embedding, Vector | None]:
        from captioners.encoder.encoder import batched

        assert self._encoder is not None
        features = self._encoder.features(media)
        embeddings = self._encoder.media(batched([features], self._encoder.widths)).embeddings
        has = {"audio": "audio" in features, "video": "video" in features}
        has["audio_video"] = all(has.values())
        return {name: _vector(embeddings[name]) if has[name] else None for name in MEDIA}

    def _captions(self, media: Media) -> dict[CaptionKind, Vector]:
        assert self._encoder is not None
        kinds = [kind for kind in READ_BY if kind in media.said]
        if not kinds:
            return {}
        states = self._encoder.states(self._encoder.prepare([media.said[k].text for k in kinds]))
        return {
            kind: _vector(self._encoder.text(states[index : index + 1], READ_BY[kind]))
            for index, kind in enumerate(kinds)
        }


def _name(options: Mapping[str, Any]) -> str:
    return str(options.get("model", load.SMALL))


def _vector(row: Any) -> Vector:
    vector: Vector = row[0].float().cpu().numpy()
    return vector
