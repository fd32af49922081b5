"""A small encoder of PE-AV's form for the CPU: two towers, fusion and heads over frozen features.

The towers pool the features of `captioners.encoder.frozen` over time, their mean beside their greatest,
so that a bark of a second counts as much as rain of a minute. Features are standardised by the statistics
of the training clips, which are stored with the weights. Embeddings have unit length.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from captioners.audio._sound import HZ
from captioners.contract import Packs
from captioners.encoder import frozen
from captioners.encoder.encoder import (
    Batch,
    Encoder,
    Features,
    Medium,
    Steps,
    Texts,
    Vectors,
)
from captioners.encoder.frozen import Frozen
from captioners.encoder.pairs import Embedding
from captioners.video._vision import chosen
from manifests.media import Media

_LEAST_STD = 1e-3
"""Of a feature that hardly changes in training: more than that is what another clip has of it."""


_SCALE, _BIAS = 10.0, -6.0
"""What pairs begin with: chance pairs of a batch of some hundred then have about the loss that they keep,
and training learns from its first step."""

_CARD = """---
library_name: captionmill
pipeline_tag: feature-extraction
---
# A small encoder of captionmill

Sound, picture, both together and text as vectors of unit length, over frozen features of YAMNet,
EfficientNet-Lite2 and all-MiniLM-L6-v2. `captionmill embed`, `search`, `evaluate` and `train` take this
folder by its path; `captioners.encoder.load.load(FOLDER, Models())` loads it.

{card}
"""


class SmallEncoderConfig(PreTrainedConfig):
    """Widths of the frozen features, of the towers and of the embeddings. logits: scale and bias that
    training made, by `Pair.scale`."""

    model_type = "captionmill-small-encoder"

    def __init__(
        self,
        audio_width: int = frozen.AUDIO_WIDTH,
        video_width: int = frozen.VIDEO_WIDTH,
        text_width: int = frozen.TEXT_WIDTH,
        hidden_size: int = 256,
        embedding_size: int = 256,
        logits: dict[str, list[float]] | None = None,
        **others: Any,
    ) -> None:
        self.audio_width = audio_width
        self.video_width = video_width
        self.text_width = text_width
        self.hidden_size = hidden_size
        self.embedding_size = embedding_size
        self.logits = logits or {}
        super().__init__(**others)


class SmallEncoderModel(PreTrainedModel):
    """The trained part: what a checkpoint holds."""

    config_class = SmallEncoderConfig
    config: SmallEncoderConfig

    def __init__(self, config: SmallEncoderConfig) -> None:
        super().__init__(config)
        hidden, width, text = config.hidden_size, config.embedding_size, config.text_width
        self.audio_tower = _Tower(config.audio_width, hidden)
        self.video_tower = _Tower(config.video_width, hidden)
        self.fusion = _mlp(2 * hidden, hidden, hidden)
        self.audio_head = _head(hidden, width)
        self.video_head = _head(hidden, width)
        self.audio_video_head = _head(hidden, width)
        self.text_audio_head = _mlp(text, text, width)
        self.text_video_head = _mlp(text, text, width)
        self.text_audio_video_head = _mlp(text, text, width)
        self.audio_plus_text_head = _head(hidden + text, width)
        self.video_plus_text_head = _head(hidden + text, width)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        """PyTorch's own, which they have already."""


class Small(Encoder):
    """The encoder. packs: where the frozen networks lie; they are loaded when they are first asked."""

    needs = frozen.NEEDS
    normalised = True

    def __init__(self, model: SmallEncoderModel, packs: Packs) -> None:
        super().__init__()
        self.model = model
        self.width = model.config.embedding_size
        self.widths = {"audio": model.config.audio_width, "video": model.config.video_width}
        self._packs = packs
        self._loaded: Frozen | None = None

    @classmethod
    def new(cls, packs: Packs, features: Iterable[Features], **config: Any) -> "Small":
        """An encoder with random weights that standardises by these training clips."""
        model = SmallEncoderModel(SmallEncoderConfig(**config))
        statistics = {"audio": _Statistics(), "video": _Statistics()}
        for clip in features:
            for medium, steps in clip.items():
                statistics[medium].add(steps)
        model.audio_tower.standardise(statistics["audio"])
        model.video_tower.standardise(statistics["video"])
        return cls(model, packs)

    @classmethod
    def from_folder(cls, folder: Path, packs: Packs) -> "Small":
        """A trained one. Raises ValueError where the folder lacks weights."""
        disable_progress_bar()  # it would stand between what a command prints
        loaded: Any = SmallEncoderModel.from_pretrained(
            folder, output_loading_info=True, dtype=torch.float32, local_files_only=True
        )
        model, report = loaded
        if report["missing_keys"]:
            raise ValueError(
                f"{folder} lacks weights of a small encoder: {sorted(report['missing_keys'])}"
            )
        return cls(model.eval(), packs)

    @property
    def _frozen(self) -> Frozen:
        if self._loaded is None:
            self._loaded = Frozen(self._packs)
        return self._loaded

    def features(self, media: Media) -> dict[Medium, npt.NDArray[np.float32]]:
        """See `Encoder`."""
        features: dict[Medium, npt.NDArray[np.float32]] = {}
        samples = media.audio.get(HZ)
        if samples is not None and len(samples):
            features["audio"] = self._frozen.audio(samples)
        if media.frames is not None and len(media.frames):
            features["video"] = self._frozen.video(chosen(media, frozen.NEEDS.frames)[0])
        if not features:
            raise ValueError(f"clip {media.clip_id} has neither sound nor picture")
        return features

    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """See `Encoder`."""
        return {"sentence": torch.from_numpy(self._frozen.texts(texts))}

    def states(self, texts: Texts) -> Tensor:
        """See `Encoder`."""
        # Unit vectors of 384 numbers: so each number is about 1, as the heads' weights expect.
        return texts["sentence"] * math.sqrt(self.model.config.text_width)

    def text(self, states: Tensor, head: Embedding) -> Tensor:
        """See `Encoder`."""
        return F.normalize(getattr(self.model, f"{head}_head")(states), dim=-1)

    def media(self, batch: Batch) -> Vectors:
        """See `Encoder`."""
        model, heard, seen = self.model, batch["audio"], batch["video"]
        pooled: dict[Medium, Tensor] = {
            "audio": model.audio_tower(heard),
            "video": model.video_tower(seen),
        }
        both = model.fusion(torch.cat([pooled["audio"], pooled["video"]], dim=-1))
        embeddings: dict[Embedding, Tensor] = {
            "audio": _unit(model.audio_head(pooled["audio"]), heard.present),
            "video": _unit(model.video_head(pooled["video"]), seen.present),
            "audio_video": _unit(model.audio_video_head(both), heard.present & seen.present),
        }
        return Vectors(embeddings, pooled)

    def plus(self, medium: Medium, pooled: Tensor, states: Tensor) -> Tensor:
        """See `Encoder`."""
        head: nn.Module = getattr(self.model, f"{medium}_plus_text_head")
        return F.normalize(head(torch.cat([pooled, states], dim=-1)), dim=-1)

    def logit(self, name: str) -> tuple[float, float]:
        """See `Encoder`."""
        scale, bias = self.model.config.logits.get(name, (_SCALE, _BIAS))
        return scale, bias

    def set_logit(self, name: str, scale: float, bias: float) -> None:
        """See `Encoder`."""
        self.model.config.logits = self.model.config.logits | {name: [scale, bias]}

    def save(self, folder: Path, card: str = "") -> None:
        """See `Encoder`."""
        self.model.save_pretrained(folder)
        (folder / "README.md").write_text(_CARD.format(card=card.strip()), encoding="utf-8")


class _Statistics:
    """Mean and variance of features over the steps of all clips, by Welford's method for blocks."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0.0
        self.squares: Any = 0.0

    def add(self, steps: npt.NDArray[np.floating]) -> None:
        """The steps of one clip, (steps, width)."""
        block = steps.astype(np.float64)
        mean, count = block.mean(axis=0), len(block)
        squares, away = ((block - mean) ** 2).sum(axis=0), mean - self.mean
        total = self.count + count
        self.squares = self.squares + squares + away**2 * (self.count * count / total)
        self.mean = self.mean + away * (count / total)
        self.count = total


class _Tower(nn.Module):
    """Standardised features, pooled over time, through two layers: (clips, hidden)."""

    mean: Tensor
    std: Tensor

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        self.layers = nn.Sequential(_mlp(2 * width, hidden, hidden), nn.GELU())

    def standardise(self, statistics: _Statistics) -> None:
        """Takes mean and deviation of these; leaves them at 0 and 1 where there were no steps."""
        if statistics.count:
            deviation = np.sqrt(statistics.squares / statistics.count)
            self.mean.copy_(torch.from_numpy(statistics.mean))
            self.std.copy_(torch.from_numpy(np.maximum(deviation, _LEAST_STD)))

    def forward(self, steps: Steps) -> Tensor:
        values = (steps.values - self.mean) / self.std
        mask = steps.mask[..., None]
        count = mask.sum(dim=1).clamp(min=1)
        mean = (values * mask).sum(dim=1) / count
        if values.shape[1] == 0:
            greatest = mean
        else:
            greatest = values.masked_fill(~mask, float("-inf")).amax(dim=1)
            greatest = torch.where(steps.present[:, None], greatest, 0.0)
        pooled: Tensor = self.layers(torch.cat([mean, greatest], dim=-1))
        return pooled


def _mlp(width: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, out))


def _head(width: int, out: int) -> nn.Sequential:
    """As PE-AV's heads are."""
    return nn.Sequential(nn.LayerNorm(width, eps=1e-6), nn.Linear(width, out, bias=False))


def _unit(x: Tensor, present: Tensor) -> Tensor:
    return torch.where(present[:, None], F.normalize(x, dim=-1), 0.0)
