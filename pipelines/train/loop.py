"""The steps of a training, on one rank of it.

Everything that is drawn (clips, captions, dropout) follows from seed, step and rank, and a checkpoint
holds the rest: killed and started again, a training ends with the very weights that it would have had.
On another number of ranks sums are rounded otherwise, and dropout draws other numbers.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.optim import AdamW

from captioners.encoder.accumulation import accumulate
from captioners.encoder.encoder import Encoder, Features
from captioners.encoder.pairs import Pair
from captioners.encoder.task import Examples, Task
from engine.crashpoints import reach
from manifests.errors import UserError
from pipelines.train import checkpoints
from pipelines.train.compare import Comparison
from pipelines.train.examples import Example, from_line
from pipelines.train.features import Store, in_turn
from pipelines.train.feed import Feed, Prepared
from pipelines.train.log import Line, Log
from pipelines.train.parallel import Place, Spread, spread
from pipelines.train.recipe import Recipe

_SHOWN = 5000
"""Clips whose features tell an encoder that begins from nothing what their mean is."""
_LONGEST_GRADIENT = 1.0


class Diverged(UserError):
    """A training that has left the numbers."""


Make = Callable[[Iterable[Features]], Encoder]
"""An encoder as it is before training; one that begins from nothing may look at features of training."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where a training lies."""

    root: Path

    @property
    def examples(self) -> Path:
        """All examples, one a line, those held out too."""
        return self.root / "examples.jsonl"

    @property
    def features(self) -> Path:
        """The features of all clips."""
        return self.root / "features"

    @property
    def checkpoints(self) -> Path:
        """What `pipelines.train.checkpoints` writes."""
        return self.root / "checkpoints"

    @property
    def log(self) -> Path:
        """Losses and comparisons, as JSON lines."""
        return self.root / "log.jsonl"

    @property
    def curve(self) -> Path:
        """The same as a picture."""
        return self.root / "curve.png"


@dataclass(frozen=True, slots=True)
class Training:
    """What every rank knows. make: the encoder. pairs: whose losses are summed. batch: clips of a step.
    trained: ids of clips to train on; held_out: of those to compare."""

    files: Files
    recipe: Recipe
    make: Make
    pairs: tuple[Pair, ...]
    batch: int
    trained: frozenset[str]
    held_out: frozenset[str]


def read(path: Path, wanted: frozenset[str]) -> list[Example]:
    """The examples of a file that are wanted, in order."""
    with path.open(encoding="utf-8") as file:
        every = (from_line(line) for line in file)
        return [example for example in every if example.clip_id in wanted]


def train(
    training: Training, place: Place, tell: Callable[[Line], None] = lambda line: None
) -> None:
    """Runs all steps that are not done. tell: what the log gets, and all ranks call it at once."""
    recipe, files = training.recipe, training.files
    store = Store(files.features)
    clips = read(files.examples, training.trained)
    torch.manual_seed(recipe.seed)
    encoder = training.make(in_turn(store, [clip.clip_id for clip in clips], _SHOWN))
    parts = spread(Task(encoder, training.pairs), recipe, place)
    optimizer = make_optimizer(parts.task, recipe)
    done = checkpoints.restore(files.checkpoints, parts.module, optimizer)
    feed = Feed(clips, store, encoder, recipe, training.batch, place.rank, place.ranks)
    held_out = read(files.examples, training.held_out)
    compare = Comparison(held_out, store, Prepared(encoder), parts, recipe.part)
    log = Log(files.log, done) if place.rank == 0 else None
    parts.task.train()
    started, since = time.perf_counter(), done
    for step, examples in enumerate(feed.steps(done, recipe.steps), start=done + 1):
        reach("train.step")
        line = run_step(parts, optimizer, recipe, step, examples, place)
        now = time.perf_counter()
        line["samples_per_s"] = training.batch * (step - since) / (now - started)
        if log is not None:
            log.add(line)
        last = step == recipe.steps
        if held_out and (last or step % recipe.evaluate_every == 0):
            compared: Line = {"step": step, "held_out": compare(place), "clips": len(held_out)}
            if log is not None:
                log.add(compared)
            tell({**line, **compared})
        if last or step % recipe.save_every == 0:
            checkpoints.save(files.checkpoints, step, parts.module, optimizer)
        started += time.perf_counter() - now  # samples/s are of steps alone


def run_step(
    parts: Spread,
    optimizer: AdamW,
    recipe: Recipe,
    step: int,
    examples: Sequence[Examples],
    place: Place,
) -> dict[str, object]:
    """One step; step: its number from 1."""
    rate = learning_rate(recipe, step)
    for group in optimizer.param_groups:
        group["lr"] = rate
    torch.manual_seed(int(np.random.default_rng([recipe.seed, step, place.rank]).integers(2**63)))
    optimizer.zero_grad(set_to_none=True)
    there = [each.to(place.device) for each in examples]
    losses = accumulate(parts.task, there, parts.module, parts.around, place.precision())
    values = torch.stack(list(losses.values())).tolist()
    if not all(map(math.isfinite, values)):
        raise Diverged(
            f"step {step}: a loss is no number; try a lower learning rate, in a new folder"
        )
    trained = [weight for weight in parts.task.parameters() if weight.requires_grad]
    torch.nn.utils.clip_grad_norm_(trained, _LONGEST_GRADIENT)
    optimizer.step()
    pairs = dict(zip(losses, values, strict=True))
    return {"step": step, "loss": pairs, "learning_rate": rate}


def learning_rate(recipe: Recipe, step: int) -> float:
    """That of a step, numbered from 1."""
    if step <= recipe.warm_up:
        return recipe.learning_rate * step / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


def make_optimizer(task: Task, recipe: Recipe) -> AdamW:
    """AdamW; what is no matrix (biases, norms, scales) does not decay."""
    trained = [(name, weight) for name, weight in task.named_parameters() if weight.requires_grad]
    matrices = [weight for _, weight in trained if weight.dim() > 1]
    others = [weight for _, weight in trained if weight.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    fused = matrices[0].is_cuda
    return AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), fused=fused)
