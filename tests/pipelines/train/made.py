"""A training over made-up features, alone or on several ranks; as a process, so that it can be killed.

python -m tests.pipelines.train.made FOLDER RANKS [STEPS]
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from captioners.encoder.encoder import Features
from captioners.encoder.task import CAPTION_KINDS
from engine import torch_cpu
from manifests.atomic import write_atomic
from pipelines.train.captions import Texts
from pipelines.train.examples import Example, to_line
from pipelines.train.features import Store
from pipelines.train.loop import Files, Training, train
from pipelines.train.parallel import Place
from pipelines.train.recipe import Recipe
from tests.captioners.encoder.stand_in import AUDIO, VIDEO, StandIn

CLIPS, HELD_OUT, BATCH = 40, 8, 16
_WORDS = ("dog", "cat", "bell", "drum", "bird", "car", "cow", "rain")

RECIPE: dict[str, Any] = {
    "pairs": "fine-tuning",
    "steps": 9,
    "batch": BATCH,
    "part": 5,
    "learning_rate": 1e-2,
    "warm_up": 2,
    "weight_decay": 0.1,
    "evaluate_every": 4,
    "save_every": 3,
    "captions": {"clause": 0.5},
}


def example(number: int, **changes: Any) -> Example:
    """A clip of a source of its own; no two have an equal caption."""
    name = f"{_WORDS[number % 8]} {number}"
    texts = Texts({kind: (f"A {name} is here. It is {kind}.",) for kind in CAPTION_KINDS}, {})
    clip_id = hashlib.sha256(b"%d" % number).hexdigest()[:32]
    given = {"texts": texts, "language": None, "concepts": (_WORDS[number % 8],)}
    given |= {"licence": "Apache-2.0", "outputs_train": True, "by": ("llm",)}
    return Example(clip_id, f"{number:064d}", **(given | changes))


def features(number: int) -> Features:
    """Its features: of one to four steps, every seventh without sound."""
    random = np.random.default_rng(number)
    made: dict[Any, Any] = {"video": random.normal(size=(1 + number % 4, VIDEO))}
    if number % 7:
        made["audio"] = random.normal(size=(1 + number % 3, AUDIO))
    return made


def make(folder: Path, **recipe: Any) -> Training:
    """Examples and features in a folder, and the training over them."""
    files, clips = Files(folder), [example(number) for number in range(CLIPS)]
    folder.mkdir(parents=True, exist_ok=True)
    # Each rank writes them, while others read them.
    write_atomic(files.examples, "".join(to_line(clip) + "\n" for clip in clips).encode())
    numbers = {clip.clip_id: number for number, clip in enumerate(clips)}
    store = Store(files.features)
    rows = [{"clip_id": clip.clip_id} for clip in clips]
    store.add(rows, lambda part: ((r["clip_id"], features(numbers[r["clip_id"]])) for r in part))
    ids = [clip.clip_id for clip in clips]
    wanted = Recipe.model_validate(RECIPE | recipe)
    held_out, trained = frozenset(ids[:HELD_OUT]), frozenset(ids[HELD_OUT:])
    return Training(files, wanted, stand_in, wanted.compared, BATCH, trained, held_out)


def stand_in(features: Iterable[Features]) -> StandIn:
    """The encoder."""
    return StandIn()


def weights(folder: Path) -> dict[str, Any]:
    """The newest checkpoint."""
    path = max((folder / "checkpoints").glob("step-*.pt"))
    kept: dict[str, Any] = torch.load(path, weights_only=True)
    return kept


def _rank(rank: int, ranks: int, folder: str, recipe: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    store = f"file://{folder}/meet-{ranks}"
    dist.init_process_group("gloo", store, rank=rank, world_size=ranks)
    train(make(Path(folder), **recipe), Place.here())
    dist.destroy_process_group()


def run(folder: Path, ranks: int = 1, **recipe: Any) -> None:
    """Trains to the end. The examples are made anew: the same ones."""
    if ranks == 1:
        torch.set_num_threads(1)
        train(make(folder, **recipe), Place())
    else:
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, **recipe)
        mp.spawn(_rank, (ranks, str(folder), recipe), nprocs=ranks)


if __name__ == "__main__":
    torch_cpu.switch_on()
    run(Path(sys.argv[1]), int(sys.argv[2]))
