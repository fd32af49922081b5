"""What is trained: an encoder, the pairs that it learns from, and a scale and a bias for each pair.

`Task` gives embeddings; `Task.losses` makes the losses of them. These are apart because a large batch is
embedded in several parts (`captioners.encoder.accumulation`) and compared as one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn

from captioners.encoder.encoder import MEDIA, Asked, Batch, Encoder, Steps, Texts
from captioners.encoder.loss import NO_CAPTION, sigmoid_loss
from captioners.encoder.pairs import CaptionKind, Embedding, Pair

CAPTION_KINDS: tuple[CaptionKind, ...] = get_args(CaptionKind)

_MEDIA_OF = {
    "audio": ("audio",),
    "video": ("video",),
    "audio_video": ("audio", "video"),
    "audio_plus_text": ("audio",),
    "video_plus_text": ("video",),
}


def caption_key(caption: str | None) -> int:
    """A number that equal captions share, of 63 bits of their sha256; NO_CAPTION for none."""
    if caption is None:
        return NO_CAPTION
    return int.from_bytes(hashlib.sha256(caption.encode("utf-8", "replace")).digest()[:8]) >> 1


@dataclass(frozen=True, slots=True)
class Examples:
    """Clips with captions.

    media: their features. texts: by kind of caption, prepared; one for each clip, any text where it has
    none. keys: by kind of caption, (clips,), int64: `caption_key` of each.
    """

    media: Batch
    texts: Mapping[CaptionKind, Texts]
    keys: Mapping[CaptionKind, Tensor]

    def __len__(self) -> int:
        return len(self.media["audio"].mask)

    def to(self, device: torch.device) -> "Examples":
        """The same on a device."""
        return Examples(
            {m: Steps(s.values.to(device), s.mask.to(device)) for m, s in self.media.items()},
            {k: {n: t.to(device) for n, t in texts.items()} for k, texts in self.texts.items()},
            {kind: keys.to(device) for kind, keys in self.keys.items()},
        )

    def marks(self) -> "Marks":
        """What the losses need to know beside the embeddings."""
        return Marks({medium: self.media[medium].present for medium in MEDIA}, self.keys)


@dataclass(frozen=True, slots=True)
class Marks:
    """Of clips: present, which have a medium, (clips,), bool. keys: as in `Examples`."""

    present: Mapping[str, Tensor]
    keys: Mapping[CaptionKind, Tensor]

    def valid(self, pair: Pair) -> Tensor:
        """Which clips have both sides of a pair, (clips,), bool."""
        valid = torch.ones_like(self.present["audio"])
        for embedding in (pair.left, pair.right):
            for medium in _MEDIA_OF.get(embedding, ()):
                valid = valid & self.present[medium]
        return valid if pair.caption is None else valid & (self.keys[pair.caption] != NO_CAPTION)

    def keys_of(self, pair: Pair) -> Tensor:
        """The key of each clip in a pair, (clips,), int64."""
        if pair.caption is None:
            return torch.full_like(self.keys[CAPTION_KINDS[0]], NO_CAPTION)
        return self.keys[pair.caption]

    def first(self, count: int) -> "Marks":
        """Those of the first clips."""
        return Marks(
            {medium: each[:count] for medium, each in self.present.items()},
            {kind: each[:count] for kind, each in self.keys.items()},
        )

    @classmethod
    def joined(cls, parts: "Sequence[Marks]") -> "Marks":
        """Those of several parts of a batch."""
        return cls(
            {m: torch.cat([part.present[m] for part in parts]) for m in MEDIA},
            {kind: torch.cat([part.keys[kind] for part in parts]) for kind in parts[0].keys},
        )


class Task(nn.Module):
    """An encoder in training.

    pairs: whose losses are summed. asked: the embeddings that they need, in the order in which `forward`
    gives them. scales, biases: (pairs,); a vector each, since FSDP can't divide single numbers.
    """

    def __init__(self, encoder: Encoder, pairs: Sequence[Pair]) -> None:
        super().__init__()
        self.encoder = encoder
        self.pairs = tuple(pairs)
        self.asked: tuple[Asked, ...] = tuple(
            dict.fromkeys(side for pair in self.pairs for side in self.sides(pair))
        )
        logits = [encoder.logit(pair.scale) for pair in self.pairs]
        self.scales = nn.Parameter(torch.tensor([scale for scale, _ in logits]))
        self.biases = nn.Parameter(torch.tensor([bias for _, bias in logits]))

    def forward(self, media: Batch, texts: Mapping[CaptionKind, Texts]) -> tuple[Tensor, ...]:
        """The embeddings that are `asked`, (clips, width) each, then scales and biases: whatever takes
        part in the loss comes from one call, as DDP and FSDP want it."""
        made = self.encoder(media, texts, self.asked)
        return (*(made[asked] for asked in self.asked), self.scales.clone(), self.biases.clone())

    def losses(self, outputs: Sequence[Tensor], marks: Marks) -> dict[str, Tensor]:
        """The loss of each pair by its name, over the clips of all ranks (`captioners.encoder.loss`).

        outputs: what `forward` gave.
        """
        *embeddings, scales, biases = outputs
        of = dict(zip(self.asked, embeddings, strict=True))
        losses = {}
        for pair, scale, bias in zip(self.pairs, scales, biases, strict=True):
            left, right = (of[side] for side in self.sides(pair))
            valid, keys = marks.valid(pair), marks.keys_of(pair)
            losses[pair.name] = sigmoid_loss(left, right, valid, keys, scale, bias)
        return losses

    @staticmethod
    def sides(pair: Pair) -> tuple[Asked, Asked]:
        """The two embeddings of a pair."""
        return _side(pair.left, pair), _side(pair.right, pair)


def _side(embedding: Embedding, pair: Pair) -> Asked:
    reads = embedding.startswith("text_") or embedding.endswith("_plus_text")
    return embedding, pair.caption if reads else None
