"""A training begins with a PE-AV's weights, or with random ones over its frozen features."""

from pathlib import Path

import numpy as np
import pytest
import torch

from captioners.encoder.accumulation import accumulate
from captioners.encoder.encoder import Features, batched
from captioners.encoder.pairs import FINE_TUNING, PRE_TRAINING
from captioners.encoder.task import CAPTION_KINDS, Examples, Task, caption_key
from pipelines.train.encoders import Named
from pipelines.train.feed import Prepared
from pipelines.train.parallel import compile_layer, freeze, layers
from tests.captioners.encoder import tiny

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny public checkpoint."""
    return tiny.written(tmp_path_factory.mktemp("pe-av"))


@pytest.mark.parametrize("start", ["weights", "nothing"])
def test_what_is_frozen_is_the_checkpoint_s(folder: Path, start: str) -> None:
    named = Named(str(folder), start)()  # type: ignore[arg-type]
    known = dict(tiny.whole().named_parameters())
    made = dict(named.named_parameters())
    frozen = {name for name, weight in made.items() if not weight.requires_grad}
    assert any("dac_encoder" in name for name in frozen)
    for name, weight in made.items():
        same = torch.equal(weight, known[name.removeprefix("model.")])
        if name in frozen and not name.endswith(("_scale", "_bias")):
            assert same, name
        if name not in frozen and weight.std() > 0:
            assert same == (start == "weights"), name
    assert named.normalised == (start == "nothing")


def _examples(task: Task, which: range) -> Examples:
    random, clips = np.random.default_rng(0), []
    for number in range(6):
        steps = {"audio": 3 + number, "video": 2 + number % 3}
        clip: Features = {
            medium: random.normal(size=(count, task.encoder.widths[medium]))  # type: ignore[index]
            for medium, count in steps.items()
            if number != (4 if medium == "audio" else 5)
        }
        clips.append(clip)
    captions = [f"{'a dog ' * (1 + number % 3)}{'abcdef'[number]}" for number in range(6)]
    prepared = Prepared(task.encoder)
    prepared([captions[0]])  # a row that was filled up to another length
    texts = {kind: prepared([captions[n] for n in which]) for kind in CAPTION_KINDS}
    keys = {k: torch.tensor([caption_key(captions[n]) for n in which]) for k in CAPTION_KINDS}
    return Examples(batched([clips[n] for n in which], task.encoder.widths), texts, keys)


def test_a_batch_in_parts_gives_the_gradients_of_the_whole(folder: Path) -> None:
    tasks = [Task(Named(str(folder), "weights")(), FINE_TUNING) for _ in range(2)]
    for task in tasks:  # those of the checkpoint are 0, from which nothing can be learned
        torch.nn.init.constant_(task.scales, 0.05)
    whole = accumulate(tasks[0], [_examples(tasks[0], range(6))])
    pieces = [_examples(tasks[1], range(2)), _examples(tasks[1], range(2, 6))]
    parts = accumulate(tasks[1], pieces)
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-5)
    for (name, one), other in zip(tasks[0].named_parameters(), tasks[1].parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-3, atol=1e-4, msg=name)


def test_a_compiled_layer_gives_the_same_gradients(folder: Path) -> None:
    tasks = [Task(Named(str(folder), "weights")(), PRE_TRAINING[:2]) for _ in range(2)]
    # Others take a minute more to be traced.
    heard = next(layer for layer in layers(tasks[1]) if "Audio" in type(layer).__name__)
    compile_layer(heard, backend="aot_eager")  # as on a GPU, without making kernels
    losses = []
    for task in tasks:
        torch.nn.init.constant_(task.scales, 0.05)
        losses.append(accumulate(task, [_examples(task, range(6))]))
    torch.testing.assert_close(losses[1], losses[0])
    assert all(loss > 0 for loss in losses[0].values())
    for (name, own), other in zip(tasks[0].named_parameters(), tasks[1].parameters(), strict=True):
        torch.testing.assert_close(other.grad, own.grad, msg=name)


def test_towers_freeze_by_name_and_their_layers_are_known(folder: Path) -> None:
    task = Task(Named(str(folder), "weights")(), FINE_TUNING)
    freeze(task, ("model.text_model", "model.audio_model"))
    trained = {name for name, weight in task.named_parameters() if weight.requires_grad}
    assert trained and not any("text_model" in name for name in trained)
    assert len(layers(task)) >= 8  # two of each tower, the fusion and the text tower


def test_a_small_one_begins_at_the_mean_of_its_training(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    clips: list[Features] = [{"audio": random.normal(5, 3, size=(4, 1152))} for _ in range(50)]
    small = Named("small", "nothing")(clips)
    tower = small.get_submodule("model.audio_tower")
    torch.testing.assert_close(tower.mean.mean(), torch.tensor(5.0), atol=0.1, rtol=0)
    torch.testing.assert_close(tower.std.mean(), torch.tensor(3.0), atol=0.1, rtol=0)
    assert small.logit("audio_video") == (10.0, -6.0)
