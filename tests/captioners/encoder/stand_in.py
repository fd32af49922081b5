"""The smallest encoder that has all parts of one, for tests."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from captioners.encoder.encoder import Batch, Encoder, Medium, Steps, Texts, Vectors
from captioners.encoder.pairs import Embedding
from manifests.media import Media, Needs

WIDTH, AUDIO, VIDEO, LETTERS = 16, 4, 3, 64


class StandIn(Encoder):
    """Means over time, linear towers, texts as bags of letters' pairs."""

    needs = Needs(audio_hz=16_000, frames=2, frame_px=32)
    width = WIDTH
    widths = MappingProxyType({"audio": AUDIO, "video": VIDEO})
    normalised = True

    def __init__(self, seed: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.ModuleDict(
                {"audio": nn.Linear(AUDIO, 16), "video": nn.Linear(VIDEO, 16)}
            )
            self.both = nn.ModuleList([nn.Linear(32, 32)])
            names = ("audio", "video", "audio_video")
            sizes = (16, 16, 32)
            self.heads = nn.ModuleDict(
                {name: nn.Linear(size, WIDTH) for name, size in zip(names, sizes, strict=True)}
                | {f"text_{name}": nn.Linear(LETTERS, WIDTH) for name in names}
                | {f"{name}_plus": nn.Linear(16 + LETTERS, WIDTH) for name in ("audio", "video")}
            )
        self.dropout = nn.Dropout(dropout)
        self.logits: dict[str, tuple[float, float]] = {}

    def features(self, media: Media) -> dict[Medium, npt.NDArray[np.float32]]:
        found: dict[Medium, npt.NDArray[np.float32]] = {}
        if media.audio:
            samples = media.audio[16_000]
            parts = np.array_split(samples, max(1, len(samples) // 8_000))
            found["audio"] = np.array(
                [[p.mean(), p.std(), np.abs(p).max(), (p > 0).mean()] for p in parts], np.float32
            )
        if media.frames is not None:
            found["video"] = (media.frames.mean(axis=(1, 2)) / 255).astype(np.float32)
        if not found:
            raise ValueError("neither sound nor picture")
        return found

    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        bags = torch.zeros(len(texts), LETTERS)
        for row, text in enumerate(texts):
            for pair in pairwise(text):
                bags[row, (31 * ord(pair[0]) + ord(pair[1])) % LETTERS] += 1
        return {"bags": bags}

    def states(self, texts: Texts) -> Tensor:
        return texts["bags"].to(self.heads["text_audio"].weight.dtype)  # type: ignore[arg-type]

    def text(self, states: Tensor, head: Embedding) -> Tensor:
        return F.normalize(self.heads[head](states), dim=1)

    def media(self, batch: Batch) -> Vectors:
        audio, video = (
            self.dropout(torch.tanh(self.layers[medium](_mean(batch[medium]))))
            for medium in ("audio", "video")
        )
        both = torch.tanh(self.both[0](torch.cat([audio, video], dim=1)))
        embeddings = {
            "audio": self.heads["audio"](audio),
            "video": self.heads["video"](video),
            "audio_video": self.heads["audio_video"](both),
        }
        return Vectors(
            {name: F.normalize(vector, dim=1) for name, vector in embeddings.items()},  # type: ignore[misc]
            {"audio": audio, "video": video},
        )

    def plus(self, medium: Medium, pooled: Tensor, states: Tensor) -> Tensor:
        return F.normalize(self.heads[f"{medium}_plus"](torch.cat([pooled, states], 1)), dim=1)

    def logit(self, name: str) -> tuple[float, float]:
        return self.logits.get(name, (10.0, -6.0))

    def set_logit(self, name: str, scale: float, bias: float) -> None:
        self.logits[name] = scale, bias

    def save(self, folder: Path, card: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps({"model_type": "stand-in"}))
        (folder / "README.md").write_text(card)
        torch.save(self.state_dict() | {"logits": self.logits}, folder / "weights.pt")


def _mean(steps: Steps) -> Tensor:
    mask = steps.mask[..., None]
    return (steps.values * mask).sum(1) / mask.sum(1).clamp(min=1)
