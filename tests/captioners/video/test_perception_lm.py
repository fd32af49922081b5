"""PerceptionLM on a tiny checkpoint of its own architecture with random weights: its decoder on a real
vLLM server that takes prompts as embeddings, against transformers' generation by the whole model."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    CLIPConfig,
    PerceptionLMConfig,
    PerceptionLMForConditionalGeneration,
    PerceptionLMImageProcessor,
    PerceptionLMProcessor,
    PerceptionLMVideoProcessor,
)

from captioners.replies import cleaned
from captioners.sentences import clauses
from captioners.video.perception_lm import PerceptionLM, language_model
from captioners.weights.models import Models, terms
from engine.servers.client import Bridge
from manifests.media import Frames, Media, Needs
from tests.captioners.pictures import clip
from tests.captioners.tiny_words import says_words, tokenizer
from tests.captioners.vllm_server import asking, served
from tests.engine.fake_openai import FakeOpenAI

pytestmark = [pytest.mark.models, pytest.mark.xdist_group("vllm")]

_SIDE = 56
# Prompts longer than two blocks of vLLM's cache on the CPU (128 tokens), which many clips share the first
# of: a cache that knew prompts by their tokens alone would mix them up.
_FRAMES = 64
_NEW = 24
_QUESTION = "What happens?"
_SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|image|>", "<|video|>", "<|eot_id|>"]
_SPECIAL += ["<|start_header_id|>", "<|end_header_id|>", "<|pad|>"]
_TEMPLATE = (
    "{{- bos_token }}{% for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{% for line in message['content'] %}{% if line['type'] == 'video' %}{{ '<|video|>' }}"
    "{% elif line['type'] == 'image' %}{{ '<|image|>' }}"
    "{% else %}{{ line['text'] | trim }}{% endif %}{% endfor %}{{ '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
_ROLES = {
    "bos_token": "<|begin_of_text|>",
    "eos_token": "<|end_of_text|>",
    "pad_token": "<|pad|>",
    "image_token": "<|image|>",
    "video_token": "<|video|>",
}


def made(folder: Path, tied: bool = False) -> Path:
    """PerceptionLM of two layers, 56 pixels and 4 tokens a frame; it ends by itself, or not."""
    words = tokenizer(_SPECIAL, **_ROLES)
    config = PerceptionLMConfig(
        image_token_id=words.convert_tokens_to_ids("<|image|>"),
        video_token_id=words.convert_tokens_to_ids("<|video|>"),
        projector_pooling_ratio=2,
        vision_use_cls_token=True,
        text_config={
            "model_type": "llama",
            "vocab_size": len(words),
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "initializer_range": 0.3,
            "max_position_embeddings": 1024,
            "tie_word_embeddings": tied,
            "bos_token_id": words.bos_token_id,
            "eos_token_id": words.eos_token_id,
            "pad_token_id": words.pad_token_id,
        },
        vision_config={
            "architecture": "vit_pe_core_large_patch14_336",
            "model_args": {
                "embed_dim": 64,
                "img_size": (_SIDE, _SIDE),
                "depth": 2,
                "num_heads": 2,
                "global_pool": "",
                "use_post_transformer_norm": False,
                "init_values": 0.1,
                "ref_feat_shape": (4, 4),
            },
        },
    )
    torch.manual_seed(0)
    model = PerceptionLMForConditionalGeneration(config)
    if not tied:
        says_words(model.lm_head, words, "<|eot_id|>", 1.1)
    # As in the released checkpoints, two tokens end an answer, and only this file says so.
    model.generation_config.eos_token_id = words.convert_tokens_to_ids(
        ["<|end_of_text|>", "<|eot_id|>"]
    )
    model.save_pretrained(folder)
    size = {"height": _SIDE, "width": _SIDE}
    PerceptionLMProcessor(
        PerceptionLMVideoProcessor(size=size),
        PerceptionLMImageProcessor(tile_size=_SIDE, max_num_tiles=4),
        words,
        patch_size=14,
        pooling_ratio=2,
        chat_template=_TEMPLATE,
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def server(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """vLLM with the decoder, as the command line takes it out of the checkpoint."""
    folder = tmp_path_factory.mktemp("decoder") / "made"
    line = [sys.executable, "-m", "captioners.video.perception_lm", str(checkpoint), str(folder)]
    subprocess.run(line, check=True, timeout=300)
    spec: dict[str, Any] = {"name": "plm", "prompt_embeds": True, "max_model_len": 512}
    with served(folder, folder.parent, **spec) as asked:
        yield asked


@pytest.fixture(scope="module")
def plm(checkpoint: Path, server: Bridge) -> PerceptionLM:
    options = {"model": str(checkpoint), "frames": _FRAMES, "max_tokens": _NEW, "prompt": _QUESTION}
    captioner = PerceptionLM("plm", Models(), options)
    captioner.server = server
    captioner.load()
    return captioner


@pytest.fixture(scope="module")
def whole(checkpoint: Path) -> Any:
    return PerceptionLMForConditionalGeneration.from_pretrained(checkpoint).eval()


def film(seed: int, count: int = _FRAMES) -> Media:
    """Seeded pictures of a few colours each, unlike one another."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return clip(blocks.repeat(12, axis=1).repeat(16, axis=2), 2_000, clip_id=f"{seed:032x}")


@pytest.fixture(scope="module")
def processor(checkpoint: Path) -> Any:
    return PerceptionLMProcessor.from_pretrained(checkpoint)


def inputs(processor: Any, media: Media, question: str) -> Any:
    """What transformers' own processor makes of a clip, text and frames handed in by hand."""
    content = [{"type": "video"}, {"type": "text", "text": question}]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    return processor(
        text=[prompt],
        videos=[media.frames],
        do_sample_frames=False,
        add_special_tokens=False,
        return_tensors="pt",
    )


def theirs(whole: Any, asked: Any, tokenizer: Any) -> tuple[str, bool, float]:
    """Answer, whether it ended by itself, and mean probability, by the whole model in transformers."""
    with torch.inference_mode():
        out = whole.generate(
            **asked,
            do_sample=False,
            max_new_tokens=_NEW,
            return_dict_in_generate=True,
            output_scores=True,
        )
        each = whole.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
    written = out.sequences[0, asked["input_ids"].shape[1] :]
    ended = int(written[-1]) in whole.generation_config.eos_token_id
    text = tokenizer.decode(written, skip_special_tokens=True)
    return text, ended, float(each[0].mean().exp())


def test_a_prompt_is_what_the_whole_model_hands_to_its_decoder(
    plm: PerceptionLM, processor: Any, whole: Any
) -> None:
    taken: list[torch.Tensor] = []
    decoder = whole.model.language_model
    hook = decoder.register_forward_pre_hook(
        lambda _, __, given: taken.append(given["inputs_embeds"]), with_kwargs=True
    )
    asked = inputs(processor, film(0), _QUESTION)
    with torch.inference_mode():
        whole(**asked)
    hook.remove()
    prompt = plm.embeddings(film(0))
    assert prompt.shape == (asked["input_ids"].shape[1], 64)
    assert len(prompt) > 2 * 128
    torch.testing.assert_close(prompt, taken[0][0], rtol=0, atol=1e-6)


def test_a_caption_is_that_of_the_whole_model(
    plm: PerceptionLM, processor: Any, whole: Any
) -> None:
    ends, words = set(), tokenizer(_SPECIAL, **_ROLES)
    for seed in range(8):
        text, ended, score = theirs(whole, inputs(processor, film(seed), _QUESTION), words)
        ends.add(ended)
        (weak,) = plm.caption([film(seed)])
        assert weak.text == cleaned(text, unfinished=not ended)
        assert [claim.text for claim in weak.claims] == clauses(weak.text)
        assert [c.score for c in weak.claims] == pytest.approx([score] * len(weak.claims), abs=1e-4)
        assert {(c.kind, c.modality) for c in weak.claims} == {("caption", "video")}
    assert ends == {True, False}, "of these clips some end by themselves, others at the last token"


def test_a_batch_is_captioned_as_its_clips_alone(plm: PerceptionLM) -> None:
    batch = [film(seed) for seed in range(9)]  # one more than are sent together
    together = plm.caption(batch)
    alone = [plm.caption([media])[0] for media in batch]
    assert [weak.text for weak in together] == [weak.text for weak in alone]
    assert len({weak.text for weak in together}) > 4
    for media, one, other in zip(batch, together, alone, strict=True):
        assert one.clip_id == media.clip_id
        assert [c.score for c in one.claims] == pytest.approx(
            [c.score for c in other.claims], abs=1e-5
        )


def test_a_decoder_with_tied_embeddings_is_whole(tmp_path: Path) -> None:
    folder = made(tmp_path / "whole", tied=True)
    language_model(folder, tmp_path / "decoder")
    whole = PerceptionLMForConditionalGeneration.from_pretrained(folder).eval()
    decoder = AutoModelForCausalLM.from_pretrained(tmp_path / "decoder").eval()
    assert decoder.generation_config.eos_token_id == whole.generation_config.eos_token_id
    asked = torch.arange(20)[None] + 8
    with torch.inference_mode():
        torch.testing.assert_close(decoder(asked).logits, whole(asked).logits, rtol=0, atol=1e-5)


def test_what_is_no_perception_lm_is_refused(tmp_path: Path) -> None:
    CLIPConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="clip"):
        language_model(tmp_path, tmp_path / "decoder")
    captioner = PerceptionLM("plm", Models(), {"model": str(tmp_path)})
    with pytest.raises(ValueError, match="server"):
        captioner.load()


def test_a_folder_that_is_there_is_kept(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        language_model(checkpoint, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("frames", [None, np.zeros((0, 40, 64, 3), np.uint8)])
def test_without_frames_nothing_is_invented(plm: PerceptionLM, frames: Frames | None) -> None:
    with pytest.raises(ValueError, match="no picture"):
        plm.caption([Media("c" * 32, "h" * 64, 4_000, frames=frames)])


def test_no_answer_claims_nothing(checkpoint: Path) -> None:
    nothing = {"text": " ", "finish_reason": "stop", "logprobs": {"token_logprobs": [-0.1]}}
    with FakeOpenAI(lambda r, n: {"choices": [nothing]}) as fake, asking(fake.url) as asked:
        captioner = PerceptionLM("plm", Models(), {"model": str(checkpoint), "frames": 1})
        captioner.server = asked
        captioner.load()
        (weak,) = captioner.caption([film(0)])
    assert (weak.text, weak.claims) == ("", ())
    assert weak.skipped == "the model said nothing"
    assert fake.requests[0]["temperature"] == 0


@pytest.mark.parametrize(
    "options", [{"frame": 8}, {"frames": 0}, {"prompt": ""}, {"max_tokens": 100_000}]
)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        PerceptionLM("plm", Models(), options)
    with pytest.raises(ValueError, match=next(iter(options))):
        PerceptionLM.needs_of(options)


def test_it_asks_for_the_frames_of_its_options_and_its_default_is_known() -> None:
    assert PerceptionLM.needs_of({"frames": 3}) == Needs(frames=3, frame_px=448)
    (name,) = PerceptionLM.packs_of({})
    assert terms(name).outputs_train is False
