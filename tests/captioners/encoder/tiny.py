"""A tiny PE-AV with random weights: two layers everywhere, pictures of 28 pixels, one token a letter."""

import string
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    GemmaTokenizer,
    PeAudioFeatureExtractor,
    PeAudioVideoConfig,
    PeAudioVideoModel,
    PeAudioVideoProcessor,
    PeVideoVideoProcessor,
    PreTrainedConfig,
)

from captioners.encoder.inputs import HZ
from manifests.media import Audio, Frames

_SIDE = 28

# Whenever a config is made, huggingface_hub prints those in it, for errors that it then throws away. To
# print one, transformers compares it with its defaults: seconds each time that one is loaded.
PreTrainedConfig.__repr__ = object.__repr__  # type: ignore[method-assign]


def config() -> PeAudioVideoConfig:
    encoder: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "head_dim": 16,
        "initializer_range": 0.2,
    }
    dac = {"encoder_hidden_size": 4, "hidden_size": 32, "codebook_dim": 8}
    size = {"embed_dim": 32, "depth": 2, "num_heads": 2, "img_size": (_SIDE, _SIDE)}
    pe = {"architecture": "vit_pe_core_large_patch14_336", "num_classes": 24, "model_args": size}
    # Widths differ wherever the model allows it.
    text = {
        "vocab_size": 64,
        "hidden_size": 48,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
        "cls_token_id": 2,
        "sep_token_id": 1,
        "initializer_range": 0.2,
    }
    both = {
        **encoder,
        "hidden_size": 64,
        "audio_config": {**encoder, "dac_config": dac},
        "video_config": {**encoder, "vision_config": pe},
    }
    return PeAudioVideoConfig(text_config=text, audio_video_config=both)


def whole() -> Any:
    """Transformers' model, the same each time."""
    torch.manual_seed(0)
    return PeAudioVideoModel(config()).eval()


def processor() -> Any:
    """Its processor."""
    letters = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *string.ascii_lowercase, *".,'-"]
    tokenizer = GemmaTokenizer(
        vocab={token: i for i, token in enumerate(letters)},
        merges=[],
        add_bos_token=True,
        add_eos_token=True,
        padding_side="right",
    )
    # What facebook/pe-av-base-16-frame has in its video_preprocessor_config.json, but for the size.
    pictures = PeVideoVideoProcessor(
        size={"height": _SIDE, "width": _SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        do_resize=True,
        do_rescale=True,
        do_normalize=True,
        do_convert_rgb=True,
        do_sample_frames=True,
        num_frames=16,
    )
    sounds = PeAudioFeatureExtractor()
    return PeAudioVideoProcessor(sounds, pictures, tokenizer)


def written(folder: Path) -> Path:
    """Both in a folder, as a public checkpoint is."""
    whole().save_pretrained(folder)
    processor().save_pretrained(folder)
    return folder


def film(seed: int, count: int = 16) -> Frames:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return blocks.repeat(10, axis=1).repeat(16, axis=2)


def sound(seed: int, seconds: float) -> Audio:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(round(seconds * HZ)) * 0.1).astype(np.float32)
