"""SigLIP on tiny checkpoints of its own architecture with random weights: nothing is known of what is
right, all of what is done is compared with transformers' own pipeline and model."""

import string
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoModel,
    AutoProcessor,
    CLIPConfig,
    GemmaTokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
    pipeline,
)

from captioners.contract import Captioner
from captioners.scorers._decoys import decoys
from captioners.scorers.siglip import SiglipScores, SiglipTags, _labels
from captioners.video._vision import pooled
from captioners.weights.models import Models, terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Frames, Media
from tests.captioners.pictures import clip

pytestmark = pytest.mark.models

LABELS = ["a dog", "a cat", "two red cars", "an empty beach", "a man with a hat"]
_PROMPT = "this is a photo of {}."


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SigLIP of 32 pixels with the tokenizer class of SigLIP 2, one token a letter."""
    folder = tmp_path_factory.mktemp("siglip")
    letters = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *string.ascii_letters, *".,'-"]
    tokenizer = GemmaTokenizer(
        vocab={token: i for i, token in enumerate(letters)},
        merges=[],
        add_bos_token=False,
        add_eos_token=True,
        padding_side="right",
        model_input_names=["input_ids"],
    )
    size: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    special = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    config = SiglipConfig(
        text_config={**size, **special, "vocab_size": len(letters)},
        vision_config={**size, "image_size": 32, "patch_size": 8},
    )
    torch.manual_seed(0)
    model = SiglipModel(config)
    with torch.no_grad():
        model.logit_scale.fill_(np.log(20))
        model.logit_bias.fill_(-1.0)
    model.save_pretrained(folder)
    images = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(images, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tags(checkpoint: Path) -> SiglipTags:
    captioner = SiglipTags("tags", Models(), {"model": str(checkpoint), "labels": LABELS})
    captioner.load()
    return captioner


@pytest.fixture(scope="module")
def scores(checkpoint: Path) -> SiglipScores:
    captioner = SiglipScores("fit", Models(), {"model": str(checkpoint)})
    captioner.load()
    return captioner


def film(seed: int, count: int = 8, height: int = 40, width: int = 64) -> Frames:
    """Seeded pictures of a few colours each, unlike one another."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return blocks.repeat(height // 4, axis=1).repeat(width // 4, axis=2)


def by_label(weak: WeakCaption) -> dict[str, float]:
    return {claim.label: claim.score for claim in weak.claims}


def test_tags_score_as_the_pipeline_of_transformers(tags: SiglipTags, checkpoint: Path) -> None:
    frames = film(1)
    processor = AutoProcessor.from_pretrained(checkpoint)
    theirs = pipeline(
        "zero-shot-image-classification",
        model=AutoModel.from_pretrained(checkpoint),
        tokenizer=processor.tokenizer,
        image_processor=processor.image_processor,
    )
    said = theirs(
        [Image.fromarray(frame) for frame in frames],
        candidate_labels=LABELS,
        hypothesis_template=_PROMPT,
    )
    each = np.array([[{s["label"]: s["score"] for s in one}[n] for n in LABELS] for one in said])
    assert np.ptp(each) > 0.05
    np.testing.assert_allclose(tags.probabilities(frames), each, atol=1e-5)
    (weak,) = tags.caption([clip(frames)])
    assert by_label(weak) == pytest.approx(dict(zip(LABELS, pooled(each), strict=True)), abs=1e-5)


def test_the_surest_is_said_first(tags: SiglipTags) -> None:
    (weak,) = tags.caption([clip(film(1))])
    found = [claim.score for claim in weak.claims]
    assert found == sorted(found, reverse=True)
    first = weak.claims[0]
    assert weak.text.startswith(first.text[0].upper() + first.text[1:])
    assert {claim.kind for claim in weak.claims} == {"object"}


def test_spans_are_those_of_frames_that_show_it(tags: SiglipTags) -> None:
    frames = film(3)
    (weak,) = tags.caption([clip(frames, duration_ms=8_000)])
    assert weak.claims
    for claim in weak.claims:
        seen = tags.probabilities(frames)[:, LABELS.index(claim.label)] >= claim.score / 2
        inside = {n for n in range(8) for s, e in claim.spans if s <= n * 1000 < e}
        assert inside == set(np.nonzero(seen)[0])


def test_a_clip_of_many_neighbours_is_tagged_as_alone(tags: SiglipTags) -> None:
    clips = [clip(film(seed, 1 + seed), clip_id=f"{seed:032x}") for seed in range(8)]
    assert tags.caption(clips) == [tags.caption([media])[0] for media in clips]


def test_a_label_scores_the_same_beside_others(checkpoint: Path, tags: SiglipTags) -> None:
    one = SiglipTags("one", Models(), {"model": str(checkpoint), "labels": LABELS[2:3]})
    one.load()
    np.testing.assert_allclose(
        one.probabilities(film(1))[:, 0], tags.probabilities(film(1))[:, 2], atol=1e-6
    )


def test_capitals_make_no_difference(scores: SiglipScores) -> None:
    texts = scores.texts(["a DOG barks", "a dog barks", "a cat"])
    assert torch.equal(texts[0], texts[1]) and not torch.allclose(texts[0], texts[2], atol=1e-3)


def test_default_labels_are_phrases_said_once() -> None:
    phrases = [label.phrase for label in _labels()]
    assert len(phrases) == len(set(phrases)) > 500
    assert {"a person", "a dog", "a volcano"} <= set(phrases)
    assert "an Afghan hound" not in phrases
    assert {label.kind for label in _labels()} == {"object", "scene"}


def test_default_labels_are_looked_for(checkpoint: Path) -> None:
    captioner = SiglipTags("tags", Models(), {"model": str(checkpoint)})
    captioner.load()
    assert captioner.probabilities(film(1, 2)).shape == (2, len(_labels()))
    (weak,) = captioner.caption([clip(film(1, 2))])
    assert len(weak.claims) == 8


def told(media: Media, **texts: list[str]) -> Media:
    """The clip with what others said of it, texts by captioner."""
    said = {
        name: WeakCaption(
            media.clip_id,
            media.content_hash,
            name,
            claims=tuple(Claim(f"#{n}", t, "object", "video", 0.5) for n, t in enumerate(each)),
        )
        for name, each in texts.items()
    }
    return replace(media, said=said)


def test_a_score_is_the_probability_of_the_model(scores: SiglipScores, checkpoint: Path) -> None:
    frames, texts = film(5), ["a dog barks", "two cars", "an empty beach"]
    processor = AutoProcessor.from_pretrained(checkpoint)
    inputs = processor(
        images=[Image.fromarray(frame) for frame in frames],
        text=texts,
        padding="max_length",
        max_length=64,
        return_tensors="pt",
    )
    with torch.inference_mode():
        theirs = AutoModel.from_pretrained(checkpoint)(**inputs)
    each = theirs.logits_per_image.double().sigmoid().numpy()
    (weak,) = scores.caption([told(clip(frames), yamnet=texts[:1], nanodet=texts[1:])])
    wanted = dict(zip(["yamnet/#0", "nanodet/#0", "nanodet/#1"], pooled(each), strict=True))
    assert np.ptp(list(wanted.values())) > 0.001
    assert by_label(weak) == pytest.approx(wanted, abs=1e-5)


def test_a_rank_is_the_share_of_decoys_that_fit_worse(scores: SiglipScores) -> None:
    texts, frames = ["a dog barks", "two cars", "an empty beach"], film(5)
    (weak,) = scores.caption([told(clip(frames), nanodet=texts)])
    (asked,) = scores.caption([told(clip(frames), nanodet=[*decoys("video")])])
    fit = [claim.score for claim in asked.claims]
    for claim in weak.claims:
        below = sum(score < claim.score - 1e-6 for score in fit) / len(fit)
        assert claim.rank == pytest.approx(below, abs=0.02)
    ranks = [claim.rank for claim in asked.claims if claim.rank is not None]
    assert 0 <= min(ranks) < 0.05 and 0.95 < max(ranks) < 1


def test_decoys_are_read_once(scores: SiglipScores, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    texts = SiglipScores.texts

    def counted(self: SiglipScores, of: Sequence[str]) -> torch.Tensor:
        read.extend(of)
        return texts(self, of)

    monkeypatch.setattr(SiglipScores, "texts", counted)
    fresh = SiglipScores("fit", Models(), dict(scores.options))
    fresh.load()
    fresh.caption([told(clip(film(n)), nanodet=["a dog"]) for n in range(3)])
    assert sorted(read) == sorted([*decoys("video"), *["a dog"] * 3])


def test_scores_say_nothing_themselves(scores: SiglipScores) -> None:
    (weak,) = scores.caption([told(clip(film(5)), nanodet=["a dog", " ", ""])])
    assert weak.text == "" and weak.skipped is None
    assert [(c.label, c.text, c.kind, c.modality) for c in weak.claims] == [
        ("nanodet/#0", "", "score", "video")
    ]


def test_nobody_said_anything(scores: SiglipScores) -> None:
    assert (
        scores.caption([clip(film(5)), told(clip(film(5)), nanodet=[])])
        == [WeakCaption("c" * 32, "h" * 64, "fit")] * 2
    )


def test_scores_of_many_clips_are_those_of_each_alone(scores: SiglipScores) -> None:
    clips = [
        told(clip(film(seed, 1 + seed), clip_id=f"{seed:032x}"), nanodet=LABELS[: seed % 5 + 1])
        for seed in range(8)
    ]
    assert scores.caption(clips) == [scores.caption([media])[0] for media in clips]


def test_texts_beyond_the_length_of_the_model_are_cut(scores: SiglipScores) -> None:
    assert scores.texts(["a dog " * 100]).shape == (1, 32)


@pytest.mark.parametrize("frames", [None, np.zeros((0, 40, 64, 3), np.uint8)])
def test_without_frames_nothing_is_invented(
    tags: SiglipTags, scores: SiglipScores, frames: Frames | None
) -> None:
    media = Media("c" * 32, "h" * 64, 4_000, frames=frames)
    with pytest.raises(ValueError, match="no picture"):
        tags.caption([media])
    with pytest.raises(ValueError, match="no picture"):
        scores.caption([told(media, nanodet=["a dog"])])


@pytest.mark.parametrize(
    ("kind", "options", "named"),
    [
        (SiglipTags, {"label": ["a dog"]}, "label"),
        (SiglipTags, {"labels": []}, "labels"),
        (SiglipTags, {"labels": "a dog"}, "labels"),
        (SiglipScores, {"labels": ["a dog"]}, "labels"),
        (SiglipScores, {"model": 3}, "model"),
    ],
)
def test_wrong_options_are_refused(
    kind: type[Captioner], options: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        kind("it", Models(), options)


def test_another_model_is_refused(tmp_path: Path) -> None:
    CLIPConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="clip"):
        SiglipTags("tags", Models(), {"model": str(tmp_path)}).load()


def test_the_default_model_is_known() -> None:
    (name,) = SiglipTags.packs_of({})
    assert terms(name).licence == "Apache-2.0"
    assert SiglipScores.packs_of({"model": "hub:o/n@main"}) == ("hub:o/n@main",)
