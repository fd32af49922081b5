"""An encoder of no weights: it knows a tone by its pitch and a picture by its colour, as a vector of one
1 among zeros, and texts that name them."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from captioners.encoder.encoder import Batch, Medium, Texts, Vectors
from captioners.encoder.pairs import Embedding
from manifests.media import Media, Needs
from tests.captioners.encoder.untrained import Untrained

HZ = 8_000
TONES = {"low": 200, "middle": 800, "high": 2_000}
COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255)}
WORDS = (*TONES, *COLOURS)


class FakeEncoder(Untrained):
    """Width 6: the three tones, then the three colours; both are one thing by their place."""

    needs: ClassVar[Needs] = Needs(audio_hz=HZ, frames=4, frame_px=64)

    def __init__(self) -> None:
        super().__init__()
        self.width = len(WORDS)
        self.widths = {"audio": 3, "video": 3}
        self.normalised = False
        self.read: list[str] = []

    def features(self, media: Media) -> dict[Medium, npt.NDArray[np.float32]]:
        made: dict[Medium, npt.NDArray[np.float32]] = {}
        samples = media.audio.get(HZ, np.zeros(0, np.float32))
        if len(samples):
            if len(samples) < 160:
                raise RuntimeError("kernel size can't be greater than actual input size")
            power = np.abs(np.fft.rfft(samples))
            bins = np.fft.rfftfreq(len(samples), 1 / HZ)
            near = [power[np.abs(bins - hz) < 50].sum() for hz in TONES.values()]
            made["audio"] = np.array([near], np.float32) / (power.sum() or 1)
        if media.frames is not None:
            mean = media.frames.mean(axis=(1, 2))
            far = [np.abs(mean - colour).sum(axis=1) for colour in COLOURS.values()]
            made["video"] = 1 - np.stack(far, axis=1).astype(np.float32) / 765
        if not made:
            raise ValueError("neither sound nor picture")
        return made

    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        self.read += texts
        return {"words": torch.tensor([[float(w in t.split()) for w in WORDS] for t in texts])}

    def states(self, texts: Texts) -> Tensor:
        return texts["words"]

    def text(self, states: Tensor, head: Embedding) -> Tensor:
        return states

    def media(self, batch: Batch) -> Vectors:
        sound, picture = (
            (batch[m].values * batch[m].mask[..., None]).sum(1)
            / batch[m].mask.sum(1, True).clamp(1)
            for m in ("audio", "video")
        )
        zeros = torch.zeros_like(sound)
        both = torch.cat([sound, picture], dim=1)
        return Vectors(
            {
                # A tone and the colour of its place lie together.
                "audio": torch.cat([sound, sound], dim=1),
                "video": torch.cat([zeros, picture], dim=1),
                "audio_video": both,
            },
            {"audio": sound, "video": picture},
        )
