"""Captions of sound by a real vLLM server on the CPU, with a tiny Qwen2-Audio of random weights: what
comes back is what transformers' own model writes of the same sound."""

import base64
import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from captioners.replies import cleaned
from captioners.served import AudioChat
from captioners.weights.models import Models
from engine.servers.client import Bridge
from manifests.media import Media
from tests.captioners.tiny_words import says_words, tokenizer
from tests.captioners.vllm_server import served

# What is asked is shown by `test_served.py`, and a real server by `test_perception_lm.py`.
pytestmark = [pytest.mark.models, pytest.mark.exhaustive, pytest.mark.xdist_group("vllm")]

_HZ = 16_000
_TOKENS = 24
_MELS = 16
_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>"]
_SPECIAL += ["<|audio_bos|>", "<|audio_eos|>"]
_ROLES = {
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "audio_token": "<|AUDIO|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Qwen2-Audio with an encoder and a decoder of two layers each."""
    folder = tmp_path_factory.mktemp("qwen2-audio")
    words = tokenizer(_SPECIAL, **_ROLES)
    config = Qwen2AudioConfig(
        audio_token_index=words.convert_tokens_to_ids("<|AUDIO|>"),
        audio_config={
            "num_mel_bins": _MELS,
            "d_model": 64,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 96,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(words),
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "initializer_range": 0.3,
            "max_position_embeddings": 2048,
            "eos_token_id": words.eos_token_id,
            "pad_token_id": words.pad_token_id,
        },
    )
    torch.manual_seed(0)
    model = Qwen2AudioForConditionalGeneration(config)
    says_words(model.get_output_embeddings(), words, "<|im_end|>", 0.6)
    model.generation_config.eos_token_id = words.eos_token_id
    model.save_pretrained(folder)
    _as_released(folder / "model.safetensors")
    Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=_MELS), words).save_pretrained(folder)
    return folder


def _as_released(file: Path) -> None:
    """Names weights as the released checkpoints do, which vLLM knows: transformers 5.19 loads those
    names, but saves "language_model.model.model."."""
    weights = load_file(file)
    doubled, single = "language_model.model.model.", "language_model.model."
    save_file({n.replace(doubled, single): w for n, w in weights.items()}, file, {"format": "pt"})


@pytest.fixture(scope="module")
def server(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    logs = tmp_path_factory.mktemp("logs")
    with served(checkpoint, logs, name="ears", max_model_len=2048, media={"audio": 1}) as asked:
        yield asked


@pytest.fixture
def ears(server: Bridge) -> AudioChat:
    captioner = AudioChat("ears", Models(), {"max_tokens": _TOKENS})
    captioner.server = server
    captioner.load()
    return captioner


def sound(seed: int, seconds: float = 1.0) -> Media:
    """Three tones, other ones for every seed."""
    pitches = np.random.default_rng(seed).uniform(100, 6000, 3)
    time = np.arange(int(seconds * _HZ)) / _HZ
    samples = sum(0.3 * np.sin(2 * np.pi * hz * time) for hz in pitches)
    audio = {_HZ: np.asarray(samples, np.float32)}
    return Media(f"{seed:032x}", "h" * 64, int(seconds * 1000), audio=audio)


def theirs(checkpoint: Path, body: dict[str, Any]) -> tuple[str, bool, float]:
    """Answer, whether it ended by itself, and mean probability, by transformers of the same message."""
    processor = Qwen2AudioProcessor.from_pretrained(checkpoint)
    model = Qwen2AudioForConditionalGeneration.from_pretrained(checkpoint).eval()
    part, question = body["messages"][0]["content"]
    with wave.open(io.BytesIO(base64.b64decode(part["input_audio"]["data"]))) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
    content = [{"type": "audio"}, question]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    asked = processor(text=prompt, audio=[heard], sampling_rate=_HZ, return_tensors="pt")
    with torch.inference_mode():
        out = model.generate(
            **asked,
            do_sample=False,
            max_new_tokens=_TOKENS,
            return_dict_in_generate=True,
            output_scores=True,
        )
        each = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
    written = out.sequences[0, asked["input_ids"].shape[1] :]
    ended = int(written[-1]) == processor.tokenizer.eos_token_id
    text = processor.tokenizer.decode(written, skip_special_tokens=True)
    return text, ended, float(each[0].mean().exp())


def test_a_served_model_writes_what_transformers_writes(ears: AudioChat, checkpoint: Path) -> None:
    ends = set()
    for media in [sound(seed, 0.5 + seed / 2) for seed in range(8)]:
        text, ended, score = theirs(checkpoint, ears.request(media))
        ends.add(ended)
        (weak,) = ears.caption([media])
        assert weak.text == cleaned(text, unfinished=not ended)
        assert [c.score for c in weak.claims] == pytest.approx([score] * len(weak.claims), abs=1e-4)
    assert ends == {True, False}, "of these clips some end by themselves, others at the last token"


def test_a_batch_of_eight_is_eight_batches_of_one(ears: AudioChat) -> None:
    batch = [sound(seed, 0.5 + seed) for seed in range(8)]
    together = ears.caption(batch)
    alone = [ears.caption([media])[0] for media in batch]
    assert [weak.text for weak in together] == [weak.text for weak in alone]
    assert len({weak.text for weak in together}) > 4
    for media, one, other in zip(batch, together, alone, strict=True):
        assert one.clip_id == media.clip_id
        assert [c.score for c in one.claims] == pytest.approx(
            [c.score for c in other.claims], abs=1e-5
        )


@pytest.mark.parametrize("seconds", [0.001, 0.05, 31.0])
def test_any_length_is_worked(ears: AudioChat, seconds: float) -> None:
    (weak,) = ears.caption([sound(1, seconds)])
    assert weak.claims
