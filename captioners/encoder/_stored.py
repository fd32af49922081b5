"""Embedders of PE-AV that begin where the frozen part ends, in place of transformers' own.

They have the same weights under the same names. Masks have one entry a step: transformers' own audio
embedder wants one a sample.
"""

from typing import Any

import torch
from torch import Tensor
from transformers.models.pe_audio.modeling_pe_audio import PeAudioEncoderEmbedder
from transformers.models.pe_audio_video.modeling_pe_audio_video import PeAudioVideoEncoderEmbedder
from transformers.models.pe_video.modeling_pe_video import PeVideoEncoderEmbedder


class StoredSound(PeAudioEncoderEmbedder):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """Codec features, (clips, steps, 128), and their mask."""

    def forward(self, input_values: Tensor, padding_mask: Tensor) -> Any:  # type: ignore[override]
        """To what enters the audio tower, (clips, steps, its width), and the mask."""
        codes = input_values.to(self.data_proj.weight.dtype)
        return self.data_proj(codes), _needed(padding_mask)


class StoredPicture(PeVideoEncoderEmbedder):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """Logits of frames, of unit length, (clips, frames, 1024), and their mask."""

    def forward(  # type: ignore[override]
        self, pixel_values_videos: Tensor, padding_mask: Tensor
    ) -> Any:
        """To what enters the video tower, (clips, frames, its width), and the mask."""
        logits = pixel_values_videos.to(self.proj.weight.dtype)
        return self.data_proj(self.proj(logits)), _needed(padding_mask)


class TowerOutputs(PeAudioVideoEncoderEmbedder):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """What the two towers gave, (clips, steps, width) each, and the masks of both."""

    def forward(  # type: ignore[override]
        self,
        input_values: Tensor,
        pixel_values_videos: Tensor,
        padding_mask: Tensor,
        padding_mask_videos: Tensor,
    ) -> Any:
        """To what enters the fusion, one step for each of the sound's, and the sound's mask.

        Frames are aligned clip by clip. Transformers' own way stretches the frames of all clips alike
        where the frames of each are as many as the steps of the longest sound.
        """
        at = nearest(padding_mask.sum(1), padding_mask_videos.sum(1), padding_mask.shape[1])
        seen = self.video_proj(pixel_values_videos.transpose(1, 2)).transpose(1, 2)
        seen = self.video_norm(seen.gather(1, at[..., None].expand(-1, -1, seen.shape[-1])))
        joined = self.concat_modality_proj(torch.cat([input_values, seen], dim=-1))
        return self.data_proj(joined), _needed(padding_mask), None, None


def nearest(steps: Tensor, frames: Tensor, longest: int) -> Tensor:
    """Which frame belongs to each step: (clips, longest), as `F.interpolate(mode="nearest")` takes them.

    steps, frames: (clips,), how many a clip has, at least one. Behind a clip's end it is the last one.
    """
    # In float32, as interpolate does it: other roundings would take another frame here and there.
    scale = frames.float() / steps.float()
    at = torch.arange(longest, device=steps.device, dtype=torch.float32) * scale[:, None]
    return torch.minimum(at.floor().long(), frames[:, None] - 1)


def _needed(mask: Tensor) -> Tensor | None:
    """The mask, None where it hides nothing: norms and attention are faster without."""
    return None if bool(mask.all()) else mask
