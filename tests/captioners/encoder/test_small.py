"""The small encoder: shapes, missing media, statistics, and a checkpoint that comes back as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from captioners.contract import Packs
from captioners.encoder.encoder import Features, Medium, batched
from captioners.encoder.pairs import FINE_TUNING, CaptionKind
from captioners.encoder.small import Small
from captioners.weights.models import Models

pytestmark = pytest.mark.models

SIZE = {"audio_width": 6, "video_width": 5, "text_width": 8, "hidden_size": 12, "embedding_size": 4}
WIDTHS: dict[Medium, int] = {"audio": 6, "video": 5}


@pytest.fixture(scope="module")
def packs() -> Packs:
    return Models()


def _features(seed: int, audio: int = 3, video: int = 2) -> dict[Medium, Any]:
    rng = np.random.default_rng(seed)
    made: dict[Medium, Any] = {}
    if audio:
        made["audio"] = rng.normal(3, 2, (audio, 6)).astype(np.float32)
    if video:
        made["video"] = rng.normal(-1, 5, (video, 5)).astype(np.float32)
    return made


CLIPS: list[Features] = [
    _features(0),
    _features(1, audio=9, video=1),
    _features(2, video=0),
    _features(3, audio=0, video=8),
]


@pytest.fixture(scope="module")
def small(packs: Packs) -> Small:
    torch.manual_seed(0)
    return Small.new(packs, CLIPS, **SIZE)


def test_embeddings_have_unit_length_where_the_media_are(small: Small) -> None:
    embeddings = small.media(batched(CLIPS, WIDTHS)).embeddings
    lengths = {name: e.norm(dim=1).tolist() for name, e in embeddings.items()}
    assert lengths["audio"] == pytest.approx([1, 1, 1, 0])
    assert lengths["video"] == pytest.approx([1, 1, 0, 1])
    assert lengths["audio_video"] == pytest.approx([1, 1, 0, 0])


def test_a_clip_does_not_depend_on_its_neighbours(small: Small) -> None:
    together = small.media(batched(CLIPS, WIDTHS)).embeddings
    for index, clip in enumerate(CLIPS):
        alone = small.media(batched([clip], WIDTHS)).embeddings
        for name, rows in together.items():
            torch.testing.assert_close(rows[index : index + 1], alone[name])


def test_a_moment_and_the_whole_both_count(small: Small) -> None:
    """Mean and greatest over time: a moment that stands out, and its length, are told apart."""
    quiet, bark = np.zeros((1, 6), np.float32), np.full((1, 6), 9, np.float32)
    once, long = np.concatenate([quiet] * 3 + [bark]), np.concatenate([quiet] + [bark] * 3)
    made = small.media(batched([{"audio": x} for x in (quiet, once, long)], WIDTHS)).embeddings
    products = made["audio"] @ made["audio"].T
    assert (products[~torch.eye(3, dtype=torch.bool)] < 0.999).all()


def test_features_are_standardised_by_all_steps_of_training(small: Small) -> None:
    for medium, tower in (("audio", small.model.audio_tower), ("video", small.model.video_tower)):
        steps = np.concatenate([c[medium] for c in CLIPS if medium in c])  # type: ignore[index]
        np.testing.assert_allclose(tower.mean, steps.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(tower.std, steps.std(axis=0), rtol=1e-5)


def test_all_that_is_trained_gets_a_gradient(small: Small) -> None:
    sentence = torch.nn.functional.normalize(torch.randn(4, 8), dim=1)
    kinds: tuple[CaptionKind, ...] = ("audio_caption", "visual_caption", "audio_visual_caption")
    texts = {kind: {"sentence": sentence} for kind in kinds}
    asked = {(p.left, p.caption if "plus" in p.left else None) for p in FINE_TUNING}
    asked |= {(p.right, p.caption if "text" in p.right else None) for p in FINE_TUNING}
    made = small(batched(CLIPS, WIDTHS), texts, asked)
    assert made.keys() == asked
    assert all(e.shape == (4, 4) for e in made.values())
    small.zero_grad()
    sum((e * torch.randn(4, 4)).sum() for e in made.values()).backward()  # type: ignore[union-attr]
    without = [n for n, p in small.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert without == []


def test_a_checkpoint_comes_back_as_it_was(small: Small, packs: Packs, tmp_path: Path) -> None:
    small.save(tmp_path)
    again = Small.from_folder(tmp_path, packs)
    assert again.width == 4 and again.widths == WIDTHS and again.normalised
    with torch.inference_mode():
        one, other = (e.media(batched(CLIPS, WIDTHS)).embeddings for e in (small, again))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_that_lacks_weights_is_refused(
    small: Small, packs: Packs, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    small.save(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("fusion.0.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"fusion\.0\.weight"):
        Small.from_folder(tmp_path, packs)
