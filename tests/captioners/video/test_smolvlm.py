"""SmolVLM on a tiny checkpoint of its own architecture with random weights, against transformers' own
processing of video and its own generation, clip by clip."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    CLIPConfig,
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)
from transformers.video_utils import VideoMetadata

from captioners.sentences import clauses
from captioners.video.smolvlm import SmolVlm, tidied
from captioners.weights.models import Models, terms
from manifests.media import Frames, Media, Needs
from tests.captioners.pictures import clip

pytestmark = pytest.mark.models

_SIDE = 32
_NEW = 24
_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<image>"]
_SPECIAL += ["<end_of_utterance>", "<global-img>"]
# That of HuggingFaceTB/SmolVLM2-500M-Video-Instruct (chat_template.json).
_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
# Words that the random weights may say, one token each.
_WORDS = [
    " A",
    " dog",
    " cat",
    " man",
    " runs",
    " sits",
    " and",
    ".",
    " while",
    " in",
    " the",
    " rain",
]


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte level as SmolLM2's, whose merges are only those of the words above."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in _WORDS:
        letters = word.replace(" ", "Ġ")
        merges += [(letters[:n], letters[n]) for n in range(1, len(letters))]
    merges = list(dict.fromkeys(merges))
    tokens = [*_SPECIAL, *alphabet, *(first + second for first, second in merges)]
    vocab = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        additional_special_tokens=_SPECIAL[3:],
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("smolvlm"))


def write(folder: Path, width: int = 32) -> Path:
    """SmolVLM with two layers, pictures of 32 pixels and 4 tokens a frame; it ends by itself, or not."""
    words = tokenizer()
    size: dict[str, Any] = {
        "hidden_size": width,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "initializer_range": 0.3,
    }
    config = SmolVLMConfig(
        image_token_id=words.convert_tokens_to_ids("<image>"),
        pad_token_id=words.pad_token_id,
        text_config={
            **size,
            "model_type": "llama",
            "vocab_size": len(words),
            "bos_token_id": words.bos_token_id,
            "eos_token_id": words.eos_token_id,
            "pad_token_id": words.pad_token_id,
        },
        vision_config={**size, "image_size": _SIDE, "patch_size": 8},
    )
    torch.manual_seed(2)
    model = SmolVLMForConditionalGeneration(config)
    said = [words.eos_token_id, *words.convert_tokens_to_ids([w.replace(" ", "Ġ") for w in _WORDS])]
    with torch.no_grad():
        heard = torch.zeros(len(words), 1)
        heard[said] = 1.0
        heard[said[0]] = 1.2
        model.lm_head.weight.mul_(heard)
    model.save_pretrained(folder)
    looks: dict[str, Any] = {
        "max_image_size": {"longest_edge": _SIDE},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    images = SmolVLMImageProcessor(**looks, size={"longest_edge": 4 * _SIDE})
    videos = SmolVLMVideoProcessor(**looks, size={"longest_edge": _SIDE}, num_frames=64, fps=1)
    SmolVLMProcessor(
        images, words, videos, image_seq_len=4, chat_template=_TEMPLATE
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def smolvlm(checkpoint: Path) -> SmolVlm:
    options = {"model": str(checkpoint), "max_new_tokens": _NEW}
    captioner = SmolVlm("smolvlm", Models(), options)
    captioner.load()
    return captioner


def film(seed: int, count: int, height: int = 40, width: int = 64) -> Frames:
    """Seeded pictures of a few colours each, unlike one another."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return blocks.repeat(height // 4, axis=1).repeat(width // 4, axis=2)


def eight() -> list[Media]:
    """Clips of 1 to 8 frames and of several shapes."""
    return [
        clip(film(n, n + 1, 40 + 8 * n, 64), 1_000 * (n + 1), clip_id=f"{n:032x}") for n in range(8)
    ]


def theirs(checkpoint: Path, media: Media, new: int = _NEW) -> tuple[Any, str, bool, float]:
    """Inputs, caption, whether it ended, score: by transformers alone, with its own video prompt."""
    processor = AutoProcessor.from_pretrained(checkpoint)
    model = AutoModelForImageTextToText.from_pretrained(checkpoint)
    asked = "Describe this video in one or two sentences."
    content = [{"type": "video"}, {"type": "text", "text": asked}]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True
    )
    times = media.frame_times_ms
    told = VideoMetadata(media.duration_ms, 1000, duration=media.duration_ms / 1000)
    told.frames_indices = list(times)
    inputs = processor(
        text=[prompt],
        videos=[[media.frames]],
        video_metadata=[told],
        do_sample_frames=False,
        return_tensors="pt",
    )
    with torch.inference_mode():
        out = model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=new,
            return_dict_in_generate=True,
            output_scores=True,
        )
        each = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
    written = out.sequences[0, inputs["input_ids"].shape[1] :]
    text = processor.tokenizer.decode(written, skip_special_tokens=True)
    ended = int(written[-1]) == model.generation_config.eos_token_id
    return inputs, text, ended, float(each[0].mean().exp())


def test_a_prompt_is_that_of_the_models_training_on_video(
    smolvlm: SmolVlm, checkpoint: Path
) -> None:
    for media in (eight()[2], clip(film(9, 8), 125_000)):
        wanted, *_ = theirs(checkpoint, media, new=1)
        inputs = smolvlm.prepare([media])
        assert torch.equal(inputs["input_ids"], wanted["input_ids"])
        assert torch.equal(inputs["pixel_values"], wanted["pixel_values"])


def test_a_caption_is_that_of_transformers_alone(smolvlm: SmolVlm, checkpoint: Path) -> None:
    ends = set()
    for media in eight():
        (weak,) = smolvlm.caption([media])
        _, text, ended, score = theirs(checkpoint, media)
        ends.add(ended)
        assert weak.text == tidied(text, ended)
        assert weak.claims and 0 < score <= 1
        assert all(claim.score == pytest.approx(score, abs=1e-5) for claim in weak.claims)
    assert ends == {True, False}, "of these clips some end by themselves, others at the last token"


def test_a_batch_of_eight_is_captioned_as_eight_alone(smolvlm: SmolVlm) -> None:
    together = smolvlm.caption(eight())
    alone = [smolvlm.caption([media])[0] for media in eight()]
    assert [weak.text for weak in together] == [weak.text for weak in alone]
    assert len({weak.text for weak in together}) > 4
    for one, other in zip(together, alone, strict=True):
        assert (one.clip_id, one.captioner) == (other.clip_id, "smolvlm")
        assert [c.score for c in one.claims] == pytest.approx(
            [c.score for c in other.claims], abs=1e-5
        )


def test_each_statement_is_a_claim(smolvlm: SmolVlm) -> None:
    for weak in smolvlm.caption(eight()):
        assert [claim.text for claim in weak.claims] == clauses(weak.text)
        assert all(c.label == c.text for c in weak.claims)
        assert {(c.kind, c.modality) for c in weak.claims} == {("caption", "video")}


@pytest.mark.parametrize(
    ("text", "ended", "tidy"),
    [
        (" a dog runs.\n It sits", True, "A dog runs. It sits."),
        (" A dog runs. It sits", False, "A dog runs."),
        (" A dog runs. It sits.", False, "A dog runs. It sits."),
        (" A dog of 3.5 years", False, "A dog of 3.5 years."),
        (" \n", True, ""),
    ],
)
def test_texts_become_whole_sentences(text: str, ended: bool, tidy: str) -> None:
    assert tidied(text, ended) == tidy


def test_a_caption_without_a_word_is_none(smolvlm: SmolVlm) -> None:
    weak = smolvlm._weak(eight()[0], " ...", True, 0.5)
    assert (weak.text, weak.claims, weak.skipped) == ("", (), "the model said nothing")


@pytest.mark.parametrize("frames", [None, np.zeros((0, 40, 64, 3), np.uint8)])
def test_without_frames_nothing_is_invented(smolvlm: SmolVlm, frames: Frames | None) -> None:
    with pytest.raises(ValueError, match="no picture"):
        smolvlm.caption([Media("c" * 32, "h" * 64, 4_000, frames=frames)])


def test_it_sees_as_many_frames_as_the_options_say(checkpoint: Path) -> None:
    options = {"model": str(checkpoint), "frames": 3}
    captioner = SmolVlm("smolvlm", Models(), options)
    captioner.load()
    assert SmolVlm.needs_of(options) == Needs(frames=3, frame_px=512)
    assert captioner.prepare([clip(film(1, 8))])["pixel_values"].shape[1] == 3


def test_a_caption_has_no_more_tokens_than_allowed(checkpoint: Path) -> None:
    captioner = SmolVlm("smolvlm", Models(), {"model": str(checkpoint), "max_new_tokens": 8})
    captioner.load()
    for media in eight():
        _, text, ended, _ = theirs(checkpoint, media, new=8)
        assert captioner.caption([media])[0].text == tidied(text, ended)


@pytest.mark.parametrize(
    "options", [{"frame": 8}, {"frames": 0}, {"frames": "many"}, {"max_new_tokens": 100_000}]
)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SmolVlm("smolvlm", Models(), options)
    with pytest.raises(ValueError, match=next(iter(options))):
        SmolVlm.needs_of(options)


def test_another_model_is_refused(tmp_path: Path) -> None:
    CLIPConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="clip"):
        SmolVlm("smolvlm", Models(), {"model": str(tmp_path)}).load()


def test_the_default_model_is_known() -> None:
    (name,) = SmolVlm.packs_of({})
    assert terms(name).licence == "Apache-2.0"
