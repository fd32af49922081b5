"""PE-A-Frame on a tiny checkpoint of its own architecture with random weights, against the whole model's
own forward pass and the published rule."""

import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    GemmaTokenizer,
    PeAudioConfig,
    PeAudioFeatureExtractor,
    PeAudioFrameLevelModel,
    PeAudioProcessor,
)

from captioners.localizers.localizer import asked
from captioners.localizers.pe_a_frame import HZ, PeAFrame
from captioners.weights.models import Models, terms
from manifests.media import Audio, Media
from tests.captioners.localizers.reference import in_ms, published_spans

pytestmark = pytest.mark.models

TEXTS = ["a dog barks", "rain", "a man speaks while two cars pass by", "music plays", "a bell"]


def config() -> PeAudioConfig:
    dac = {"encoder_hidden_size": 4, "hidden_size": 32, "codebook_dim": 8}
    encoder: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "head_dim": 16,
        "initializer_range": 0.3,
        "dac_config": dac,
    }
    text = {
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
        "cls_token_id": 2,
        "sep_token_id": 1,
        "initializer_range": 0.3,
    }
    return PeAudioConfig(text_config=text, audio_config=encoder)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PE-A-Frame with two layers everywhere and one token a letter. Its scale and bias are such that the
    first text is heard in about half of the steps."""
    folder = tmp_path_factory.mktemp("pe-a-frame")
    torch.manual_seed(0)
    model = PeAudioFrameLevelModel(config()).eval()
    letters = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *string.ascii_lowercase, *".,'-"]
    tokenizer = GemmaTokenizer(
        vocab={token: i for i, token in enumerate(letters)},
        merges=[],
        add_bos_token=True,
        add_eos_token=True,
        padding_side="right",
    )
    processor = PeAudioProcessor(PeAudioFeatureExtractor(), tokenizer)
    with torch.no_grad():
        model.text_audio_logit_scale.fill_(1.0)
        products = _forward(model, processor, sound(1, 2.0), TEXTS[:1]).logits_audio_text[0]
        scale = 4 / float(products.std())
        model.text_audio_logit_scale.fill_(scale)
        model.text_audio_logit_bias.fill_(-0.85 - scale * float(products.median()))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def localizer(checkpoint: Path) -> PeAFrame:
    made = PeAFrame("localizer", Models(), {"model": str(checkpoint)})
    made.load()
    return made


@pytest.fixture(scope="module")
def whole(checkpoint: Path) -> Any:
    """The whole model and its processor."""
    model = PeAudioFrameLevelModel.from_pretrained(checkpoint)
    return model.eval(), PeAudioProcessor.from_pretrained(checkpoint)


def _forward(model: Any, processor: Any, samples: Audio, texts: list[str]) -> Any:
    heard = processor.feature_extractor([samples], sampling_rate=HZ, return_tensors="pt")
    read = processor.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model(**heard, **read)


def sound(seed: int, seconds: float) -> Audio:
    """Noise and pauses by turns."""
    rng = np.random.default_rng(seed)
    count = round(seconds * HZ)
    loud = np.arange(count) // (HZ // 5) % 2
    return (rng.standard_normal(count) * loud).astype(np.float32)


def media(seed: int, seconds: float, texts: list[str] = TEXTS) -> Media:
    clip, content = f"{seed:032x}", "h" * 64
    said = asked(clip, content, dict.fromkeys(texts, ()))
    samples = sound(seed, seconds)
    return Media(clip, content, round(1000 * seconds), audio={HZ: samples}, said=said)


@pytest.mark.parametrize(("seed", "seconds"), [(1, 2.0), (2, 3.0), (3, 0.2), (4, 0.04)])
def test_spans_are_those_of_the_published_rule(
    localizer: PeAFrame, whole: Any, seed: int, seconds: float
) -> None:
    model, processor = whole
    made = media(seed, seconds)
    (localized,) = localizer.answer([made])
    spans = []
    for text in TEXTS:
        output = _forward(model, processor, made.audio[HZ], [text])
        vectors = output.audio_embeds[0], output.text_audio_embeds[0]
        scale = model.text_audio_logit_scale.item()
        bias = model.text_audio_logit_bias.item()
        spans.append(in_ms(published_spans(*vectors, scale, bias)))
        assert localized.heard[text].spans == spans[-1]
    assert seconds < 2 or max(map(len, spans)) > 2
    assert (localized.by, localized.threshold) == ("pe-a-frame", 0.3)


def test_probabilities_are_those_of_the_models_own_forward(localizer: PeAFrame, whole: Any) -> None:
    made = media(5, 1.0)
    output = _forward(*whole, made.audio[HZ], TEXTS)
    wanted = output.logits_audio_text[0].sigmoid().T
    probabilities = localizer.probabilities(made, TEXTS)
    assert probabilities.shape == (25, len(TEXTS))
    torch.testing.assert_close(probabilities, wanted, atol=1e-5, rtol=0)
    (localized,) = localizer.answer([made])
    for text, column in zip(TEXTS, wanted.T, strict=True):
        above = column > 0.3
        heard = localized.heard[text]
        for mean, part in ((heard.inside, column[above]), (heard.outside, column[~above])):
            assert mean == (pytest.approx(float(part.mean()), abs=1e-5) if len(part) else None)


@pytest.mark.parametrize("seconds", [0.99, 0.001, 1 / HZ])
def test_spans_end_where_the_clip_does(localizer: PeAFrame, seconds: float) -> None:
    made = media(6, seconds)
    for heard in localizer.answer([made])[0].heard.values():
        assert all(0 <= start < end <= made.duration_ms for start, end in heard.spans)


def test_many_clips_are_each_as_alone(localizer: PeAFrame) -> None:
    clips = [media(n, 0.1 + 0.23 * n, TEXTS[: n + 1]) for n in range(3)]
    assert localizer.answer(clips) == [localizer.answer([each])[0] for each in clips]


def test_more_texts_than_one_run_and_a_very_long_one_are_read(localizer: PeAFrame) -> None:
    texts = [f"a {first}{second}" for first in "abcdefgh" for second in "abcdefghij"]
    texts.append("a long story " * 500)
    probabilities = localizer.probabilities(media(7, 0.4), texts)
    assert probabilities.shape == (10, 81)
    alone = localizer.probabilities(media(7, 0.4), texts[70:71])
    torch.testing.assert_close(probabilities[:, 70:71], alone, atol=1e-5, rtol=0)


def test_nothing_asked_is_nothing_heard(localizer: PeAFrame) -> None:
    assert localizer.answer([media(8, 0.5, [])])[0].heard == {}


def test_a_clip_without_sound_is_never_measured(localizer: PeAFrame) -> None:
    with pytest.raises(ValueError, match="no sound"):
        localizer.answer([media(9, 0.0)])


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "modernbert"}')
    with pytest.raises(ValueError, match="modernbert"):
        PeAFrame("localizer", Models(), {"model": str(tmp_path)}).load()


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        PeAFrame("localizer", Models(), {"threshold": 0.5})


@pytest.mark.parametrize("size", ["small", "base", "large"])
def test_the_terms_of_the_checkpoints_are_known(size: str) -> None:
    known = terms(f"hub:facebook/pe-a-frame-{size}")
    assert (known.licence, known.outputs_train) == ("Apache-2.0", True)
