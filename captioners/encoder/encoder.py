"""The contract of an encoder: media and texts to vectors of one space.

An encoder has a frozen part and a trained one. The frozen part turns decoded media into features, one
row a step of time, which can be computed once, stored as float16 and used again; for text it prepares
what the trained part reads. The trained part is a module: towers, fusion and heads (`Embedding` names
them).
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from captioners.encoder.pairs import CaptionKind, Embedding
from manifests.media import Media, Needs

Medium = Literal["audio", "video"]
MEDIA: tuple[Medium, ...] = get_args(Medium)

Features = Mapping[Medium, npt.NDArray[np.floating]]
"""The frozen features of a clip: of each medium that it has (steps, width), at least one step."""

Texts = Mapping[str, Tensor]
"""Prepared texts: tensors whose first dimension is the texts."""

Asked = tuple[Embedding, CaptionKind | None]
"""One embedding of clips: None for media alone, else with or of which caption."""

TEXT_OF: Mapping[Embedding, Embedding] = {
    "audio": "text_audio",
    "video": "text_video",
    "audio_video": "text_audio_video",
}
"""The head of texts that are compared with a medium's embedding."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Features of one medium of several clips.

    values: (clips, steps, width), float32, zeros behind the end of a clip. mask: (clips, steps), bool,
    which steps are a clip's; none of a clip that lacks the medium.
    """

    values: Tensor
    mask: Tensor

    @property
    def present(self) -> Tensor:
        """(clips,), bool: which clips have the medium."""
        return self.mask.any(dim=1)

    def of(self, clips: Tensor) -> "Steps":
        """Those of some clips (bool or indices), without steps that none of them has."""
        mask = self.mask[clips]
        longest = int(mask.sum(dim=1).max()) if len(mask) else 0
        return Steps(self.values[clips, :longest], mask[:, :longest])


Batch = Mapping[Medium, Steps]
"""Features of clips, by medium; both media are there, of the same clips."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """What the towers make of clips.

    embeddings: "audio", "video", "audio_video", (clips, width) each; zeros where a clip lacks the media.
    pooled: by medium, what enters its head, (clips, tower's width).
    """

    embeddings: Mapping[Embedding, Tensor]
    pooled: Mapping[Medium, Tensor]


class Encoder(nn.Module, ABC):
    """Embeds media, texts, and media with texts.

    needs: what `features` wants decoded. width: of every embedding. widths: of the features by medium.
    normalised: embeddings have unit length.
    """

    needs: ClassVar[Needs]
    width: int
    widths: Mapping[Medium, int]
    normalised: bool

    @abstractmethod
    def features(self, media: Media) -> dict[Medium, npt.NDArray[np.float32]]:
        """The frozen features of a clip; of the media that it has.

        They depend on nothing but the clip. Raises ValueError for a clip with neither medium.
        """

    @abstractmethod
    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """The frozen part of reading texts, on the CPU.

        What fills up a text to the length of the longest is zeros at its end: rows of several calls can
        be joined.
        """

    @abstractmethod
    def states(self, texts: Texts) -> Tensor:
        """What enters the text heads: (texts, width of the text tower)."""

    @abstractmethod
    def text(self, states: Tensor, head: Embedding) -> Tensor:
        """Texts by one of their heads: (texts, width)."""

    @abstractmethod
    def media(self, batch: Batch) -> Vectors:
        """Clips by towers, fusion and heads."""

    @abstractmethod
    def plus(self, medium: Medium, pooled: Tensor, states: Tensor) -> Tensor:
        """A medium together with a text of the same clip: (clips, width)."""

    @abstractmethod
    def save(self, folder: Path, card: str = "") -> None:
        """Writes a folder in the format of transformers that `captioners.encoder.load` reads, and its
        model card, README.md. card: what it was trained from, Markdown."""

    @abstractmethod
    def logit(self, name: str) -> tuple[float, float]:
        """The scale and the bias with which the training of a pair begins. name: `Pair.scale`."""

    @abstractmethod
    def set_logit(self, name: str, scale: float, bias: float) -> None:
        """What training made of them, for `save`."""

    def forward(
        self, batch: Batch, texts: Mapping[CaptionKind, Texts], asked: Collection[Asked]
    ) -> dict[Asked, Tensor]:
        """The embeddings that are asked for, (clips, width) each: one call, as DDP and FSDP want it.

        texts: captions by kind, one for each clip; what a clip lacks may be any text.
        """
        vectors = self.media(batch)
        states = {kind: self.states(prepared) for kind, prepared in texts.items()}
        made: dict[Asked, Tensor] = {}
        for embedding, kind in asked:
            if kind is None:
                made[embedding, kind] = vectors.embeddings[embedding]
            elif embedding in ("audio_plus_text", "video_plus_text"):
                medium: Medium = "audio" if embedding == "audio_plus_text" else "video"
                made[embedding, kind] = self.plus(medium, vectors.pooled[medium], states[kind])
            else:
                made[embedding, kind] = self.text(states[kind], embedding)
        return made


def batched(clips: Sequence[Features], widths: Mapping[Medium, int]) -> dict[Medium, Steps]:
    """Features of clips as one batch, in float32."""
    return {
        medium: _steps([clip.get(medium) for clip in clips], widths[medium]) for medium in MEDIA
    }


def _steps(clips: Sequence[npt.NDArray[np.floating] | None], width: int) -> Steps:
    longest = max((len(clip) for clip in clips if clip is not None), default=0)
    values = torch.zeros(len(clips), longest, width)
    mask = torch.zeros(len(clips), longest, dtype=torch.bool)
    for index, clip in enumerate(clips):
        if clip is not None:
            values[index, : len(clip)] = torch.from_numpy(np.asarray(clip, np.float32))
            mask[index, : len(clip)] = True
    return Steps(values, mask)
