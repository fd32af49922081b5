"""What PE-AV's model reads: sound, frames and tokens, as its processor makes them, clip by clip.

Sound is 48 kHz mono, a picture is 16 evenly spaced frames at 336 px, texts have at most 512 tokens.
Clips are prepared one by one: a neighbour's padding would get into the end of a sound, as the DAC-VAE's
convolutions have no mask.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captioners.video._vision import chosen
from manifests.media import Media

if TYPE_CHECKING:
    from torch import Tensor

HZ = 48_000
FRAMES = 16
# A frame of 16:9 then has the 336 lines that PE-L sees.
FRAME_PX = 598
# Bounds the memory of ModernBERT. Captions and claims are far shorter.
MOST_TOKENS = 512


class Inputs:
    """The processor of a checkpoint. All tensors are float32 or int64, on the CPU."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    @classmethod
    def of(cls, folder: Path) -> "Inputs":
        """That of a checkpoint's folder."""
        from transformers import AutoProcessor

        processor: Any = AutoProcessor
        return cls(
            processor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        )

    def sound(self, media: Media) -> "Tensor":
        """Samples, (1, 1, samples), filled up to a whole step. Raises ValueError without sound."""
        samples = media.audio.get(HZ)
        if samples is None or len(samples) == 0:
            raise ValueError(f"clip {media.clip_id} has no sound")
        values: Tensor = self._processor.feature_extractor(
            [samples], sampling_rate=HZ, return_tensors="pt"
        )["input_values"]
        return values

    def picture(self, media: Media) -> "Tensor":
        """Frames, (1, frames, 3, height, width). Raises ValueError without a picture."""
        frames, _ = chosen(media, FRAMES)
        pixels: Tensor = self._processor.video_processor(
            videos=[frames],
            do_sample_frames=False,
            input_data_format="channels_last",
            return_tensors="pt",
        )["pixel_values_videos"]
        return pixels

    def tokens(self, texts: Sequence[str]) -> dict[str, "Tensor"]:
        """input_ids and attention_mask, (texts, tokens of the longest) each."""
        tokens = self._processor.tokenizer(
            list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
        )
        return {name: tokens[name] for name in ("input_ids", "attention_mask")}

    def save(self, folder: Path) -> None:
        """Writes the processor's files."""
        self._processor.save_pretrained(folder)


def has_sound(media: Media) -> bool:
    """Whether a clip has samples at 48 kHz."""
    samples = media.audio.get(HZ)
    return samples is not None and len(samples) > 0


def has_picture(media: Media) -> bool:
    """Whether a clip has frames."""
    return media.frames is not None and len(media.frames) > 0


def model_class() -> Any:
    """PeAudioVideoModel, made to load beside timm 1.0.31.

    Its two video encoders share weights by patterns of names that leave out the buffers. timm 1.0.31
    keeps a buffer more in its rotary embedding (`bands`), at which transformers up to 5.19 stops.
    """
    from transformers import PeAudioVideoModel

    def wider(pattern: str) -> str:
        return pattern.replace(r"rope\.pos_embed", r"rope\.")

    shared: dict[str, str] = PeAudioVideoModel._tied_weights_keys
    wide = {wider(name): wider(source) for name, source in shared.items()}
    return type("PeAudioVideoModel", (PeAudioVideoModel,), {"_tied_weights_keys": wide})
