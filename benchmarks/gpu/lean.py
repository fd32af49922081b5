"""PE-AV's joint embedding as the encoder computes it when it is lean, its parts compiled."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from captioners.encoder.encoder import Batch, Medium, Steps
from captioners.encoder.inputs import Inputs
from captioners.encoder.pe_av import PeAv


class Lean(nn.Module):
    """The joint embedding of a `PeAudioVideoModel`, which it takes over."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.encoder = PeAv(model, Inputs(None), normalised=False).lean()

    def forward(self, sound: Tensor, frames: Tensor) -> Tensor:
        """Sound (clips, 1, samples) and frames (clips, n, 3, height, width) to (clips, width)."""
        batch: Batch = {
            "audio": _steps(self.encoder.codes(sound)),
            "video": _steps(self.encoder.logits(frames)),
        }
        return self.encoder.media(batch).embeddings["audio_video"]

    def compiled(self, **how: Any) -> "Lean":
        """Itself, the parts compiled that take the time. how: of `torch.compile`."""
        heard, seen = self.encoder.tower("audio"), self.encoder.tower("video")
        for module in (
            heard.embedder.dac_encoder,
            seen.embedder.vision_model,
            *heard.layers,
            *seen.layers,
            *self.encoder.model.audio_video_encoder.layers,
        ):
            module.compile(**how)
        return self

    def parts(self, sound: Tensor, frames: Tensor) -> dict[str, Callable[[], object]]:
        """What it is made of; the rest is the fusion."""
        return {
            "dac": lambda: self.encoder.codes(sound),
            "audio_tower": lambda: self._tower("audio", self.encoder.codes(sound)),
            "vision": lambda: self.encoder.logits(frames),
            "video_tower": lambda: self._tower("video", self.encoder.logits(frames)),
        }

    def _tower(self, medium: Medium, features: Tensor) -> Tensor:
        steps = _steps(features)
        tower: Tensor = self.encoder.tower(medium)(steps.values, steps.mask).last_hidden_state
        return tower


def _steps(features: Tensor) -> Steps:
    """Features of clips of one length."""
    return Steps(features, features.new_ones(features.shape[:2]).bool())
