"""PE-AV as an encoder, on a tiny one with random weights, against transformers' own forward pass."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoProcessor, PeAudioVideoConfig

from captioners.encoder._stored import nearest
from captioners.encoder.encoder import MEDIA, Features, Medium, batched
from captioners.encoder.inputs import FRAMES, HZ, Inputs, model_class
from captioners.encoder.pairs import HEADS, LOGITS, Embedding
from captioners.encoder.pe_av import BIAS, PARTS, SCALE, PeAv
from manifests.media import Media
from tests.captioners.encoder import tiny
from tests.captioners.pictures import clip

pytestmark = pytest.mark.models

TEXTS = ["a dog barks", "rain", "a man speaks while two cars pass by", "music plays"]
CAPTIONED: dict[Medium, Embedding] = {"audio": "audio_plus_text", "video": "video_plus_text"}


def media(seed: int, frames: int, seconds: float) -> Media:
    """A clip of noise; without picture or sound for 0."""
    made = clip(tiny.film(seed, frames or 1), clip_id=f"{seed:032x}")
    if not frames:
        made = replace(made, frames=None, frame_times_ms=())
    return replace(made, audio={HZ: tiny.sound(seed, seconds)})


# Frames and seconds. The longest sound has as many steps (16) as most clips have frames.
MIXED = [(16, 0.64), (0, 0.5), (16, 0.4), (5, 0.0), (1, 0.02), (16, 0.0), (0, 0.64), (7, 0.31)]
CLIPS = [media(seed, *shape) for seed, shape in enumerate(MIXED)]
CAPTIONS = [TEXTS[n % len(TEXTS)] for n in range(len(CLIPS))]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.written(tmp_path_factory.mktemp("pe-av"))


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> PeAv:
    return PeAv.from_folder(checkpoint)


@pytest.fixture(scope="module")
def fresh(checkpoint: Path) -> PeAv:
    """A new one, of unit vectors."""
    torch.manual_seed(1)
    return PeAv.from_config(tiny.config(), Inputs.of(checkpoint))


@pytest.fixture
def trained(encoder: PeAv) -> PeAv:
    """A copy to change."""
    return copy.deepcopy(encoder)


@pytest.fixture(scope="module")
def theirs() -> list[dict[str, Tensor]]:
    """What transformers' forward gives for each clip alone, with its caption; of what the clip has."""
    whole, processor = tiny.whole(), tiny.processor()
    made = []
    for one, caption in zip(CLIPS, CAPTIONS, strict=True):
        samples, frames = one.audio[HZ], one.frames
        dummy = CLIPS[0]
        heard = processor.feature_extractor(
            [samples if len(samples) else dummy.audio[HZ]], sampling_rate=HZ, return_tensors="pt"
        )
        seen = processor.video_processor(
            [frames if frames is not None else dummy.frames],
            do_sample_frames=False,
            return_tensors="pt",
        )
        with torch.inference_mode():
            output = whole(**heard, **seen, **processor.tokenizer([caption], return_tensors="pt"))
        lacks = {
            name
            for name, has in (("audio", len(samples)), ("video", frames is not None))
            if not has
        }
        made.append(
            {
                name: output[f"{name}_embeds"][0]
                for name in HEADS
                if name.startswith("text_") or not any(medium in name for medium in lacks)
            }
        )
    return made


def embedded(
    encoder: PeAv, clips: Sequence[Features], captions: Sequence[str]
) -> dict[Embedding, Tensor]:
    """All eight embeddings of clips as one batch."""
    vectors = encoder.media(batched(clips, encoder.widths))
    states = encoder.states(encoder.prepare(captions))
    made = dict(vectors.embeddings)
    for head in ("text_audio", "text_video", "text_audio_video"):
        made[head] = encoder.text(states, head)
    for medium, head in CAPTIONED.items():
        made[head] = encoder.plus(medium, vectors.pooled[medium], states)
    return made


def compare(
    ours: dict[Embedding, Tensor], row: int, theirs: dict[str, Tensor], within: float
) -> None:
    for name, vector in theirs.items():
        torch.testing.assert_close(ours[name][row], vector, atol=within, rtol=within, msg=name)
        assert vector.abs().max() > 0.1


def test_embeddings_of_a_clip_are_those_of_transformers(
    encoder: PeAv, theirs: list[dict[str, Tensor]]
) -> None:
    with torch.inference_mode():
        for one, caption, their in zip(CLIPS, CAPTIONS, theirs, strict=True):
            compare(embedded(encoder, [encoder.features(one)], [caption]), 0, their, 1e-5)


def test_so_are_those_of_a_padded_batch_of_mixed_clips(
    encoder: PeAv, theirs: list[dict[str, Tensor]]
) -> None:
    with torch.inference_mode():
        ours = embedded(encoder, [encoder.features(one) for one in CLIPS], CAPTIONS)
        for row, their in enumerate(theirs):
            compare(ours, row, their, 1e-5)
    for row, (frames, seconds) in enumerate(MIXED):
        assert bool(ours["audio"][row].any()) == (seconds > 0)
        assert bool(ours["video"][row].any()) == (frames > 0)
        assert bool(ours["audio_video"][row].any()) == (seconds > 0 and frames > 0)


def test_features_stored_as_float16_give_nearly_the_same(
    encoder: PeAv, theirs: list[dict[str, Tensor]]
) -> None:
    stored = [
        {medium: values.astype(np.float16) for medium, values in encoder.features(one).items()}
        for one in CLIPS
    ]
    with torch.inference_mode():
        ours = embedded(encoder, stored, CAPTIONS)
    for row, their in enumerate(theirs):
        for name, vector in their.items():
            assert torch.cosine_similarity(ours[name][row], vector, dim=0) > 0.9999


def test_shapes_of_the_features(encoder: PeAv) -> None:
    made = encoder.features(media(1, 20, 0.5))
    assert {medium: values.shape for medium, values in made.items()} == {
        "audio": (13, encoder.widths["audio"]),
        "video": (FRAMES, encoder.widths["video"]),
    }
    assert np.linalg.norm(made["video"], axis=1) == pytest.approx(1, abs=1e-5)
    assert all(values.dtype == np.float32 for values in made.values())


def test_a_clip_with_nothing_has_no_features(encoder: PeAv) -> None:
    with pytest.raises(ValueError, match="no sound and no picture"):
        encoder.features(media(1, 0, 0.0))


def test_long_texts_are_cut(encoder: PeAv) -> None:
    assert encoder.prepare(["rain " * 400, "rain"])["input_ids"].shape == (2, 512)


def test_frames_are_aligned_as_interpolate_does() -> None:
    for steps in range(1, 60):
        for frames in range(1, 40):
            their = torch.arange(frames, dtype=torch.float32)[None, None]
            their = torch.nn.functional.interpolate(their, size=steps, mode="nearest")[0, 0]
            ours = nearest(torch.tensor([steps]), torch.tensor([frames]), steps)[0]
            assert torch.equal(ours, their.long()), (steps, frames)


def loss(encoder: PeAv, clips: Sequence[Features]) -> Tensor:
    ours = embedded(encoder, clips, CAPTIONS[: len(clips)])
    drawn = torch.Generator().manual_seed(0)
    return sum(
        (
            (vectors * torch.randn(vectors.shape, generator=drawn)).sum()
            for vectors in ours.values()
        ),
        start=torch.zeros(()),
    )


def test_gradients_reach_every_trained_part_and_no_frozen_one(trained: PeAv) -> None:
    trained.train()
    loss(trained, [trained.features(one) for one in CLIPS]).backward()
    parts = trained.parts()
    assert tuple(parts) == PARTS
    named = {id(p): name for name, p in trained.named_parameters()}
    for part in PARTS:
        without = [named[id(p)] for p in parts[part] if p.grad is None or not p.grad.any()]
        assert parts[part] and not without, part
    trainable = [id(p) for part in PARTS for p in parts[part]]
    assert len(trainable) == len(set(trainable))
    others = {name for of, name in named.items() if of not in trainable}
    assert {id(p) for p in trained.parameters() if p.requires_grad} == set(trainable)
    assert all(
        any(what in name for what in ("dac_encoder", "bottleneck", "vision_model", "logit_"))
        for name in others
    )
    assert not trained.tower("video").embedder.vision_model.training


def test_it_trains_in_bfloat16(trained: PeAv) -> None:
    clips = [trained.features(one) for one in CLIPS]
    with torch.autocast("cpu", torch.bfloat16):
        loss(trained.train(), clips).backward()
    grads = [p.grad for part in trained.parts().values() for p in part]
    assert all(grad is not None and grad.isfinite().all() and grad.any() for grad in grads)


@pytest.mark.parametrize("shape", [(0, 0.5), (5, 0.0)])
def test_a_tower_that_no_clip_needs_has_gradients_of_zero(
    trained: PeAv, shape: tuple[int, float]
) -> None:
    """DDP waits for every gradient, and FSDP gathers the weights of a tower on all ranks or none."""
    loss(trained, [trained.features(media(3, *shape))]).backward()
    idle = "video" if not shape[0] else "audio"
    for part in (idle, "fusion"):
        assert all(p.grad is not None and not p.grad.any() for p in trained.parts()[part])


def test_activation_checkpointing_changes_no_gradient(encoder: PeAv, trained: PeAv) -> None:
    clips = [encoder.features(one) for one in CLIPS]
    plain = copy.deepcopy(encoder).train()
    trained.checkpoint_activations()
    trained.train()
    kept = []
    for each in (plain, trained):
        sizes = 0

        def pack(tensor: Tensor) -> Tensor:
            nonlocal sizes
            sizes += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            total = loss(each, clips)
        kept.append(sizes)
        total.backward()
    assert kept[1] < 0.6 * kept[0]
    for ours, other in zip(plain.parameters(), trained.parameters(), strict=True):
        if ours.grad is not None:
            torch.testing.assert_close(other.grad, ours.grad)


@pytest.mark.parametrize("kind", ["a public one", "a new one"])
def test_a_trained_one_is_the_same_when_loaded_again(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    trained = copy.deepcopy(
        request.getfixturevalue({"a public one": "encoder", "a new one": "fresh"}[kind])
    )
    clips = [trained.features(one) for one in CLIPS]
    trained.train()
    step = torch.optim.SGD([p for part in trained.parts().values() for p in part], lr=0.01)
    loss(trained, clips).backward()
    step.step()
    trained.set_logit("audio_video", 7.5, -3.25)
    trained.eval().save(tmp_path, "300 clips of a farm.")
    again = PeAv.from_folder(tmp_path)
    assert again.normalised == trained.normalised == (kind == "a new one")
    assert again.logit("audio_video") == (7.5, -3.25)
    with torch.inference_mode():
        features = [again.features(one) for one in CLIPS]
        ours, reloaded = (embedded(trained, clips, CAPTIONS), embedded(again, features, CAPTIONS))
    assert all(torch.equal(reloaded[name], ours[name]) for name in ours)
    assert "300 clips of a farm." in (tmp_path / "README.md").read_text("utf-8")

    model = model_class().from_pretrained(tmp_path)
    processor: Any = AutoProcessor.from_pretrained(tmp_path)
    one = CLIPS[0]
    heard = processor.feature_extractor([one.audio[HZ]], sampling_rate=HZ, return_tensors="pt")
    seen = processor.video_processor([one.frames], do_sample_frames=False, return_tensors="pt")
    with torch.inference_mode():
        theirs = model(**heard, **seen, **processor.tokenizer(CAPTIONS[:1], return_tensors="pt"))
        audio = model.get_audio_embeds(**heard)
    for name in HEADS:
        their = theirs[f"{name}_embeds"]
        if trained.normalised:
            their = torch.nn.functional.normalize(their, dim=-1)
        torch.testing.assert_close(ours[name][:1], their, atol=1e-5, rtol=1e-5)
    # By the copy of the tower that the joint embedding does not use.
    torch.testing.assert_close(audio, theirs.audio_embeds)


def test_all_weights_of_the_checkpoint_are_taken(checkpoint: Path) -> None:
    model, told = model_class().from_pretrained(checkpoint, output_loading_info=True)
    assert not any(told[what] for what in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    kept, made = (
        each.state_dict() | dict(each.named_buffers(remove_duplicate=False))
        for each in (model, tiny.whole())
    )
    assert kept.keys() == made.keys()
    assert all(torch.equal(kept[name], made[name]) for name in made)


def test_copies_of_a_tower_that_differ_are_refused() -> None:
    model = tiny.whole()
    embedder = model.audio_video_encoder.embedder
    embedder.audio_encoder = copy.deepcopy(embedder.audio_encoder)
    with pytest.raises(ValueError, match=r"audio_encoder differ.*tie_word_embeddings"):
        PeAv(model, Inputs(tiny.processor()), normalised=False)


def test_a_new_one_makes_unit_vectors_and_can_learn(fresh: PeAv) -> None:
    with torch.inference_mode():
        ours = embedded(fresh, [fresh.features(CLIPS[0])], TEXTS[:1])
    assert all(vector.norm() == pytest.approx(1, abs=1e-5) for vector in ours.values())
    assert {fresh.logit(name) for name in LOGITS} == {(SCALE, BIAS)}


def test_the_scales_and_biases_of_a_checkpoint_are_read(encoder: PeAv, trained: PeAv) -> None:
    assert {encoder.logit(name) for name in LOGITS} == {(0.0, 0.0)}
    for number, name in enumerate(LOGITS):
        trained.set_logit(name, number + 0.5, -number)
    assert [trained.logit(name) for name in LOGITS] == [(n + 0.5, -n) for n in range(len(LOGITS))]
    assert float(trained.model.audio_model.text_audio_logit_scale) == trained.logit("text_audio")[0]


@pytest.mark.parametrize("text", ['{"normalised": "perhaps"}', '{"unit": true}', "no", "[]", ""])
def test_wrong_settings_are_refused(checkpoint: Path, tmp_path: Path, text: str) -> None:
    for path in checkpoint.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "captionmill.json").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"captionmill\.json"):
        PeAv.from_folder(tmp_path)


@pytest.mark.parametrize("medium", MEDIA)
def test_one_that_keeps_a_medium_embeds_only_that(
    checkpoint: Path, encoder: PeAv, medium: Medium
) -> None:
    part = PeAv.from_folder(checkpoint, kept=[medium])
    features = part.features(CLIPS[0])
    assert features.keys() == {medium}
    with torch.inference_mode():
        vectors = part.media(batched([features], part.widths))
        whole = encoder.media(batched([encoder.features(CLIPS[0])], encoder.widths))
    assert vectors.embeddings.keys() == {medium}
    assert torch.equal(vectors.embeddings[medium], whole.embeddings[medium])
    count = [sum(p.numel() for p in each.parameters()) for each in (part, encoder)]
    assert count[0] < count[1]
    with pytest.raises(RuntimeError, match="whole"):
        part.save(checkpoint / "part")


def test_weights_can_be_loaded_in_another_type(checkpoint: Path) -> None:
    coarse = PeAv.from_folder(checkpoint, torch.bfloat16)
    assert coarse.model.dtype == torch.bfloat16
    with torch.inference_mode():
        ours = embedded(coarse, [coarse.features(one) for one in CLIPS], CAPTIONS)
    assert all(vectors.dtype == torch.bfloat16 for vectors in ours.values())


def test_lean_gives_the_same(
    trained: PeAv, theirs: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    lean = trained.lean()
    with torch.inference_mode():
        features = [lean.features(one) for one in CLIPS]
        for row, their in enumerate(theirs):
            compare(
                embedded(lean, features[row : row + 1], CAPTIONS[row : row + 1]), 0, their, 1e-5
            )
        ours = embedded(lean, features, CAPTIONS)
        for row, their in enumerate(theirs):
            compare(ours, row, their, 1e-5)
    assert not any(p.requires_grad for p in lean.parameters())
    with pytest.raises(RuntimeError, match="lean"):
        lean.save(tmp_path)


def test_other_attention_is_not_made_lean(trained: PeAv) -> None:
    trained.model.set_attn_implementation("eager")
    with pytest.raises(ValueError, match="eager"):
        trained.lean()


def test_needs_are_those_of_the_public_ones(encoder: PeAv) -> None:
    assert (encoder.needs.audio_hz, encoder.needs.frames, encoder.needs.frame_px) == (HZ, 16, 598)
    assert isinstance(encoder.model.config, PeAudioVideoConfig)
