"""PE-AV on a tiny checkpoint of its own architecture with random weights, against the whole model's own
forward pass on one clip and one text."""

import string
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoProcessor,
    CLIPConfig,
    GemmaTokenizer,
    PeAudioFeatureExtractor,
    PeAudioVideoConfig,
    PeAudioVideoModel,
    PeAudioVideoProcessor,
    PeVideoVideoProcessor,
)

from captioners.contract import Captioner
from captioners.scorers.pe_av import (
    HZ,
    PeAudioScores,
    PeAudioVideoScores,
    PeVideoScores,
    _model_class,
)
from captioners.weights.models import Models, terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Audio, Frames, Media, Needs
from tests.captioners.pictures import clip

pytestmark = pytest.mark.models

KINDS = {"audio": PeAudioScores, "video": PeVideoScores, "audio_video": PeAudioVideoScores}
TEXTS = ["a dog barks", "rain", "a man speaks while two cars pass by", "music plays"]
_SIDE = 28


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
        "initializer_range": 0.2,
    }
    both = {
        **encoder,
        "audio_config": {**encoder, "dac_config": dac},
        "video_config": {**encoder, "vision_config": pe},
    }
    return PeAudioVideoConfig(text_config=text, audio_video_config=both)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PE-AV with two layers everywhere, pictures of 28 pixels and one token a letter."""
    folder = tmp_path_factory.mktemp("pe-av")
    torch.manual_seed(0)
    PeAudioVideoModel(config()).save_pretrained(folder)
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
    PeAudioVideoProcessor(sounds, pictures, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=KINDS)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scores(side: str, checkpoint: Path) -> Captioner:
    captioner = KINDS[side](side, Models(), {"model": str(checkpoint)})
    captioner.load()
    return captioner


@pytest.fixture(scope="module")
def whole(checkpoint: Path) -> Any:
    """The model that was saved, made again without loading anything."""
    torch.manual_seed(0)
    return PeAudioVideoModel(config()).eval()


def film(seed: int, count: int = 16) -> Frames:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return blocks.repeat(10, axis=1).repeat(16, axis=2)


def sound(seed: int, seconds: float) -> Audio:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(round(seconds * HZ)) * 0.1).astype(np.float32)


def media(seed: int, texts: list[str], count: int = 16, seconds: float = 1.0) -> Media:
    """A clip of seeded noise, and what "other" said of it."""
    made = clip(film(seed, count), clip_id=f"{seed:032x}")
    claims = tuple(Claim(f"#{n}", t, "sound", "audio", 0.5) for n, t in enumerate(texts))
    said = {"other": WeakCaption(made.clip_id, made.content_hash, "other", claims=claims)}
    return replace(made, audio={HZ: sound(seed, seconds)}, said=said)


@pytest.fixture(scope="module")
def forward(whole: Any, checkpoint: Path) -> Callable[[int, float, str], Any]:
    """What the whole model's forward gives for one clip (seed 7) and one text: vectors of every side."""
    processor = AutoProcessor.from_pretrained(checkpoint)

    @cache
    def given(count: int, seconds: float, text: str) -> Any:
        made = media(7, TEXTS, count, seconds)
        heard = processor.feature_extractor([made.audio[HZ]], sampling_rate=HZ, return_tensors="pt")
        seen = processor.video_processor([made.frames], do_sample_frames=False, return_tensors="pt")
        read = processor.tokenizer([text], return_tensors="pt")
        with torch.inference_mode():
            return whole(**heard, **seen, **read)

    return given


def cosine(vectors: Any, side: str) -> float:
    pair = getattr(vectors, f"{side}_embeds"), getattr(vectors, f"text_{side}_embeds")
    return float(torch.nn.functional.cosine_similarity(*pair))


@pytest.mark.parametrize(("count", "seconds"), [(16, 1.0), (5, 0.71), (1, 0.01)])
def test_a_score_is_the_cosine_of_the_models_own_vectors(
    scores: Captioner,
    forward: Callable[[int, float, str], Any],
    side: str,
    count: int,
    seconds: float,
) -> None:
    (weak,) = scores.caption([media(7, TEXTS, count, seconds)])
    wanted = [cosine(forward(count, seconds, text), side) for text in TEXTS]
    assert np.ptp(wanted) > 0.005
    assert [claim.score for claim in weak.claims] == pytest.approx(wanted, abs=1e-5)
    assert all(claim.rank is not None for claim in weak.claims)


def test_scores_say_nothing_themselves(scores: Captioner) -> None:
    (weak,) = scores.caption([media(1, ["rain", "", " "])])
    assert (weak.text, weak.skipped) == ("", None)
    assert [(c.label, c.text, c.kind, c.modality) for c in weak.claims] == [
        ("other/#0", "", "score", scores.modality)
    ]


def test_scores_of_many_clips_are_those_of_each_alone(scores: Captioner) -> None:
    clips = [media(n, TEXTS[: n % 4 + 1], 3 * n + 2, 0.2 + 0.2 * n) for n in range(5)]
    assert scores.caption(clips) == [scores.caption([each])[0] for each in clips]


def test_a_longer_text_beside_it_changes_no_score(scores: Captioner) -> None:
    (one,) = scores.caption([media(2, TEXTS[1:2])])
    (among,) = scores.caption([media(2, [*TEXTS[1:3], "a long story " * 20])])
    assert among.claims[0].score == pytest.approx(one.claims[0].score, abs=1e-5)


def test_nobody_said_anything(scores: Captioner, side: str) -> None:
    (weak,) = scores.caption([media(3, [])])
    assert weak == WeakCaption(f"{3:032x}", "h" * 64, side)


def test_missing_media_is_never_scored(scores: Captioner, side: str) -> None:
    silent = replace(media(4, TEXTS), audio={HZ: np.zeros(0, np.float32)})
    blind = replace(media(4, TEXTS), frames=None, frame_times_ms=())
    for without, what in ((silent, "sound"), (blind, "picture")):
        if (what == "sound") == (side == "video") and side != "audio_video":
            assert len(scores.caption([without])[0].claims) == len(TEXTS)
        else:
            with pytest.raises(ValueError, match=f"no {what}"):
                scores.caption([without])


def test_all_weights_of_the_checkpoint_are_taken(whole: Any, checkpoint: Path) -> None:
    model, told = _model_class().from_pretrained(checkpoint, output_loading_info=True)
    assert not any(told[what] for what in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    kept, made = (
        each.state_dict() | dict(each.named_buffers(remove_duplicate=False))
        for each in (model, whole)
    )
    assert kept.keys() == made.keys()
    assert all(torch.equal(kept[name], made[name]) for name in made)


def test_each_asks_for_what_it_uses() -> None:
    asked = [kind.needs_of({}) for kind in KINDS.values()]
    assert asked == [Needs(HZ), Needs(None, 16, 598), Needs(HZ, 16, 598)]


@pytest.mark.parametrize("options", [{"of": "audio"}, {"model": 3}])
def test_wrong_options_are_refused(side: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        KINDS[side](side, Models(), options)


def test_another_model_is_refused(side: str, tmp_path: Path) -> None:
    CLIPConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="clip"):
        KINDS[side](side, Models(), {"model": str(tmp_path)}).load()


def test_the_default_model_is_known(side: str) -> None:
    (name,) = KINDS[side].packs_of({})
    assert terms(name).licence == "Apache-2.0"
