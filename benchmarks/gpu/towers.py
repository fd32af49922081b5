"""Models for captioners that run in an actor, at the shapes of released ones, with random weights (the
same every time): whole checkpoints, as those captioners load them.

tiny: a layer or two of a few numbers, see `benchmarks.gpu.shapes`.
"""

import json
import string
from pathlib import Path
from typing import Any

import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTForAudioClassification,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapProcessor,
    GemmaTokenizer,
    PretrainedConfig,
    RobertaTokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)
from transformers.models.whisper.tokenization_whisper import LANGUAGES

from benchmarks.gpu.shapes import WORDS
from captioners.audio.audioset import classes
from captioners.weights.models import Models

SAID = 64
"""Tokens that Whisper writes of a clip: random weights never end by themselves."""

_SEED = 20251219

_TINY: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
_BASE: dict[str, Any] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
}


def ast(folder: Path, tiny: bool = False) -> Path:
    """MIT/ast-finetuned-audioset-10-10-0.4593."""
    names = dict(enumerate(classes()))
    config = ASTConfig(
        **(_TINY if tiny else _BASE),
        id2label=names,
        label2id={name: i for i, name in names.items()},
    )
    return _written(_made(ASTForAudioClassification, config), ASTFeatureExtractor(), folder)


def clap(folder: Path, tiny: bool = False) -> Path:
    """laion/larger_clap_general."""
    sound: dict[str, Any] = {
        "hidden_size": 1024,
        "patch_embeds_hidden_size": 128,
        "depths": [2, 2, 12, 2],
        "num_attention_heads": [4, 8, 16, 32],
    }
    tiny_sound: dict[str, Any] = {
        "hidden_size": 32,
        "patch_embeds_hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "num_hidden_layers": 2,
    }
    merges: Any  # which transformers takes for a list of texts
    vocab, merges = _byte_pairs("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    config = ClapConfig(
        text_config={
            **(_TINY if tiny else _BASE),
            "vocab_size": 50_265,
            "pad_token_id": vocab["<pad>"],
            "bos_token_id": vocab["<s>"],
            "eos_token_id": vocab["</s>"],
        },
        audio_config=tiny_sound if tiny else sound,
    )
    words = RobertaTokenizer(vocab=vocab, merges=merges, model_max_length=512)
    front = ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad")
    return _written(_made(ClapModel, config), ClapProcessor(front, words), folder)


def whisper(folder: Path, tiny: bool = False) -> Path:
    """openai/whisper-large-v3-turbo; it writes `SAID` tokens of a clip."""
    width, layers, heads, inner = (32, 1, 2, 32) if tiny else (1280, 32, 20, 5120)
    vocab, merges = _byte_pairs("<|endoftext|>")
    words = WhisperTokenizer(vocab=vocab, merges=merges)
    languages = [f"<|{code}|>" for code in LANGUAGES]
    tasks = ["<|translate|>", "<|transcribe|>"]
    further = ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    special = ["<|startoftranscript|>", *languages, *tasks, *further]
    words.add_special_tokens({"additional_special_tokens": special})
    words.add_tokens([f"<|{n * 0.02:.2f}|>" for n in range(1501)])
    ids: Any = words.convert_tokens_to_ids
    end = ids("<|endoftext|>")
    model = _made(
        WhisperForConditionalGeneration,
        WhisperConfig(
            vocab_size=51_866,
            num_mel_bins=128,
            d_model=width,
            encoder_layers=layers,
            decoder_layers=min(layers, 4),
            encoder_attention_heads=heads,
            decoder_attention_heads=heads,
            encoder_ffn_dim=inner,
            decoder_ffn_dim=inner,
            decoder_start_token_id=ids("<|startoftranscript|>"),
            eos_token_id=end,
            bos_token_id=end,
            pad_token_id=end,
            begin_suppress_tokens=None,
            suppress_tokens=[end],
        ),
    )
    generation: Any = model.generation_config
    generation.lang_to_id = {code: ids(code) for code in languages}
    generation.task_to_id = {task.strip("<|>"): ids(task) for task in tasks}
    generation.no_timestamps_token_id = ids("<|notimestamps|>")
    generation._from_model_config = False  # else it is made anew at loading
    generation.is_multilingual = True
    generation.max_length = SAID
    generation.return_timestamps = True
    front = WhisperFeatureExtractor(feature_size=128)
    return _written(model, WhisperProcessor(front, words), folder)


def siglip(folder: Path, tiny: bool = False) -> Path:
    """google/siglip2-base-patch16-384, with a token a letter: texts are padded to 64 tokens anyway."""
    letters = [*string.ascii_letters, *string.digits, *".,'-"]
    special = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *letters]
    words = GemmaTokenizer(
        vocab={token: i for i, token in enumerate(tokens)},
        merges=[],
        add_bos_token=False,
        add_eos_token=True,
        padding_side="right",
        model_input_names=["input_ids"],
    )
    size, pixels = (_TINY, 32) if tiny else (_BASE, 384)
    config = SiglipConfig(
        text_config={**size, **special, "vocab_size": 256_000},
        vision_config={**size, "image_size": pixels, "patch_size": 16},
    )
    images = SiglipImageProcessor(size={"height": pixels, "width": pixels})
    return _written(_made(SiglipModel, config), SiglipProcessor(images, words), folder)


def _byte_pairs(*special: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of the SmolLM2 pack, special tokens before them."""
    table = json.loads((Models().fetch(WORDS) / "tokenizer.json").read_text("utf-8"))["model"]
    tokens = dict.fromkeys([*special, *table["vocab"]])
    merges = [(first, second) for first, second in table["merges"]]
    return {token: number for number, token in enumerate(tokens)}, merges


def _made(kind: Any, config: PretrainedConfig) -> Any:
    """A model with weights that are the same every time."""
    torch.manual_seed(_SEED)
    return kind(config)


def _written(model: Any, processor: Any, folder: Path) -> Path:
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
