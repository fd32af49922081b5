"""Models for vLLM at the shapes of released ones: a configuration and a tokenizer, no weights.

The server makes the weights up (`ARGS`), so nothing has to come over a network; what it writes means
nothing, and takes as long. Words are those of the SmolLM2 pack, and made-up ones for the rest of a
vocabulary, so that every token that random weights choose is a word. tiny: two layers of a few numbers,
for a look on a CPU at whether all of it still runs.

Shapes are those in the config.json of the models that docstrings name, as far as we remember them.
"""

import json
from pathlib import Path
from typing import Any

import torch  # noqa: F401 - before transformers, which looks for what torch has hidden
from tokenizers import Tokenizer
from transformers import (
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLProcessor,
    Qwen2AudioConfig,
    Qwen2AudioProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    WhisperFeatureExtractor,
)

from captioners.weights.models import Models

WORDS = "smollm2-135m-instruct"
ARGS = ("--load-format", "dummy")
"""What a server of such a folder is started with."""
TINY_ARGS = (*ARGS, "--enforce-eager", "--skip-mm-profiling")
TINY_ENV = {"VLLM_CPU_KVCACHE_SPACE": "1", "TORCHDYNAMO_DISABLE": "1"}
"""For a look on a CPU: nothing is compiled (for log-probabilities vLLM would, eager or not), no memory is
measured."""

_MELS = 128
_TINY: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
_TINY_WORDS = 50_000
_CHAT = (
    "{%% for message in messages %%}<|im_start|>{{ message['role'] }}\n"
    "{%% for part in message['content'] %%}"
    "{%% if part['type'] == 'text' %%}{{ part['text'] }}{%% else %%}%s{%% endif %%}"
    "{%% endfor %%}<|im_end|>\n{%% endfor %%}"
    "{%% if add_generation_prompt %%}<|im_start|>assistant\n{%% endif %%}"
)


def writer(folder: Path, tiny: bool = False) -> Path:
    """Llama-3.1-8B."""
    size: dict[str, Any] = {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    }
    vocabulary = _TINY_WORDS if tiny else 128_256
    words = _words(vocabulary)
    config = LlamaConfig(
        **(_TINY if tiny else size),
        **_ends(words),
        vocab_size=vocabulary,
        max_position_embeddings=131_072,
        rope_parameters={"rope_type": "default", "rope_theta": 500_000.0},
    )
    return _written(config, "LlamaForCausalLM", words, folder)


def ears(folder: Path, tiny: bool = False) -> Path:
    """Qwen2-Audio-7B: 30 s of sound are 750 tokens."""
    size: dict[str, Any] = {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
    }
    sound: dict[str, Any] = {
        "d_model": 1280,
        "encoder_layers": 32,
        "encoder_attention_heads": 20,
        "encoder_ffn_dim": 5120,
    }
    tiny_sound: dict[str, Any] = {
        "d_model": 64,
        "encoder_layers": 2,
        "encoder_attention_heads": 2,
        "encoder_ffn_dim": 96,
    }
    vocabulary = _TINY_WORDS if tiny else 156_032
    words = _words(
        vocabulary,
        audio_token="<|AUDIO|>",
        audio_bos_token="<|audio_bos|>",
        audio_eos_token="<|audio_eos|>",
    )
    words.chat_template = _CHAT % "<|audio_bos|><|AUDIO|><|audio_eos|>\n"
    config = Qwen2AudioConfig(
        audio_token_index=_id(words, "<|AUDIO|>"),
        audio_config={**(tiny_sound if tiny else sound), "num_mel_bins": _MELS},
        text_config={
            **(_TINY if tiny else size),
            **_ends(words),
            "model_type": "qwen2",
            "vocab_size": vocabulary,
            "max_position_embeddings": 8192,
        },
    )
    processor = Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=_MELS), words)
    return _written(config, "Qwen2AudioForConditionalGeneration", processor, folder)


def eyes(folder: Path, tiny: bool = False) -> Path:
    """Qwen2.5-VL-7B: 28 x 28 pixels are a token."""
    size: dict[str, Any] = {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
    }
    picture: dict[str, Any] = {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "fullatt_block_indexes": [7, 15, 23, 31],
    }
    tiny_picture: dict[str, Any] = {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_heads": 2,
        "fullatt_block_indexes": [1],
    }
    vocabulary = _TINY_WORDS if tiny else 152_064
    special = {
        "vision_start": "<|vision_start|>",
        "vision_end": "<|vision_end|>",
        "image": "<|image_pad|>",
        "video": "<|video_pad|>",
    }
    words = _words(vocabulary, **{f"{role}_token": token for role, token in special.items()})
    numbers: dict[str, Any] = {f"{role}_token_id": _id(words, t) for role, t in special.items()}
    text = _TINY if tiny else size
    config = Qwen2_5_VLConfig(
        **numbers,
        vision_config={
            **(tiny_picture if tiny else picture),
            "out_hidden_size": text["hidden_size"],
        },
        text_config={
            **text,
            **_ends(words),
            "vocab_size": vocabulary,
            "max_position_embeddings": 32_768,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1_000_000.0,
                # Of half a head's numbers, those that carry time, height and width.
                "mrope_section": [4, 6, 6] if tiny else [16, 24, 24],
            },
        },
    )
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(patch_size=14),
        words,
        Qwen2VLVideoProcessor(patch_size=14),
        chat_template=_CHAT % "<|vision_start|><|image_pad|><|vision_end|>",
    )
    return _written(config, "Qwen2_5_VLForConditionalGeneration", processor, folder)


def _words(size: int, **special: str) -> PreTrainedTokenizerFast:
    """SmolLM2's tokenizer, grown to `size` tokens. special: tokens by their roles ("audio_token")."""
    small: Any = PreTrainedTokenizerFast.from_pretrained(Models().fetch(WORDS))
    backend = json.loads(small.backend_tokenizer.to_str())
    vocab = backend["model"]["vocab"]
    vocab |= {f"Ġw{number}": number for number in range(len(vocab), size - len(special))}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(backend)),
        bos_token=small.bos_token,
        eos_token=small.eos_token,
        pad_token=small.pad_token,
        chat_template=small.chat_template,
        extra_special_tokens=special,
    )


def _id(words: PreTrainedTokenizerFast, token: str) -> int:
    number: Any = words.convert_tokens_to_ids(token)
    return int(number)


def _ends(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}


def _written(config: PretrainedConfig, architecture: str, processor: Any, folder: Path) -> Path:
    config.architectures = [architecture]
    config.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
