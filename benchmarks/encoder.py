"""Does an encoder learn from nothing, and does each pair contribute?

    python -m benchmarks.encoder [--clips 760] [--steps 450] [--without none|all|PAIR]

The small encoder, over its real frozen features, on `benchmarks.tones_and_shapes`: 200 held-out clips of
combinations that were not trained on. Prints R@1 of every pair, both ways (chance: 0.5 %), then the same
with one pair left out, and which way falls most.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.tones_and_shapes import Scene, media, scenes
from captioners.encoder.encoder import Features
from captioners.encoder.pairs import PRE_TRAINING, Pair
from captioners.encoder.small import Small
from captioners.encoder.task import Task
from captioners.weights.models import Models
from engine import torch_cpu
from pipelines.train import checkpoints, recipe
from pipelines.train.captions import Texts
from pipelines.train.compare import Comparison, Recalls
from pipelines.train.examples import Example, to_line
from pipelines.train.features import Store
from pipelines.train.feed import Prepared
from pipelines.train.loop import Files, Training, read, train
from pipelines.train.parallel import Place, Spread

_HELD_OUT = 200
_ROWS: dict[str, Tensor] = {}


class _Remembering(Small):
    """The small encoder, reading each text once for all trainings."""

    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """See `Encoder.prepare`."""
        if missing := [text for text in dict.fromkeys(texts) if text not in _ROWS]:
            _ROWS.update(zip(missing, super().prepare(missing)["sentence"], strict=True))
        return {"sentence": torch.stack([_ROWS[text] for text in texts])}


def make(features: Iterable[Features]) -> Small:
    """A new one."""
    return _Remembering.new(Models(), features)


def prepare(files: Files, made: Sequence[Scene]) -> list[str]:
    """Writes examples and features; the ids of the clips, in order."""
    clips = {clip.clip_id: (scene, clip) for scene in made for clip in [media(scene, seed=0)]}
    files.root.mkdir(parents=True, exist_ok=True)
    examples = [
        Example(
            clip_id,
            clip.content_hash,
            Texts({kind: (text,) for kind, text in scene.captions.items()}, {}),
            language=None,
            concepts=(),
            licence="none",
            outputs_train=True,
            by=(),
        )
        for clip_id, (scene, clip) in clips.items()
    ]
    files.examples.write_text("".join(to_line(each) + "\n" for each in examples), "utf-8")
    encoder = make(())
    Store(files.features).add(
        [{"clip_id": clip_id} for clip_id in clips],
        lambda part: ((r["clip_id"], encoder.features(clips[r["clip_id"]][1])) for r in part),
    )
    return list(clips)


def learned(files: Files, ids: Sequence[str], steps: int, pairs: tuple[Pair, ...]) -> Recalls:
    """R@1 of all eight pairs after a training with some of them."""
    known = recipe.load("small")
    changes = {"steps": steps, "evaluate_every": steps, "save_every": steps}
    chosen = known.model_copy(update={**changes, "captions": recipe.Captions()})
    own = Files(Path(tempfile.mkdtemp(dir=files.root)))
    for name in ("examples.jsonl", "features"):
        (own.root / name).symlink_to(files.root / name)
    held_out, trained = frozenset(ids[:_HELD_OUT]), frozenset(ids[_HELD_OUT:])
    batch = min(chosen.batch, len(trained))
    train(Training(own, chosen, make, pairs, batch, trained, frozenset()), Place())
    store = Store(files.features)
    encoder = make(())
    task = Task(encoder, PRE_TRAINING)
    weights = checkpoints.weights(own.checkpoints)
    encoder.load_state_dict(
        {
            name.removeprefix("encoder."): weight
            for name, weight in weights.items()
            if name.startswith("encoder.")
        }
    )
    spread = Spread(task, task, lambda last: nullcontext())
    compare = Comparison(read(files.examples, held_out), store, Prepared(encoder), spread, batch)
    return compare(Place())


def _fallen(whole: Recalls, without: Recalls) -> str:
    """The way that lost most, in points of R@1."""
    changes = {
        (pair, way): 100 * (without[pair][way] - value)
        for pair, ways in whole.items()
        for way, value in ways.items()
        if way != "clips"
    }
    pair, way = min(changes, key=lambda key: changes[key])
    return f"{pair} {way.replace('_', ' ')}: {changes[pair, way]:+.1f} points"


def _told(recalls: Recalls) -> str:
    return ", ".join(
        f"{pair} {100 * ways['right_of_left']:.1f}/{100 * ways['left_of_right']:.1f}"
        for pair, ways in recalls.items()
    )


def main() -> None:
    """Runs it."""
    torch_cpu.switch_on()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=760, help="to train on")
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--without", default="all", help="a pair, all in turn, or none")
    parser.add_argument("--keep", type=Path, help="folder for features, to run again")
    wanted = parser.parse_args()
    root = wanted.keep or Path(tempfile.mkdtemp(prefix="captionmill-encoder-"))
    files, started = Files(root), time.perf_counter()
    ids = prepare(files, scenes(0)[: _HELD_OUT + wanted.clips])
    print(f"features of {len(ids)} clips: {time.perf_counter() - started:.0f} s", flush=True)
    started = time.perf_counter()
    whole = learned(files, ids, wanted.steps, PRE_TRAINING)
    print(f"{wanted.steps} steps: {time.perf_counter() - started:.0f} s")
    print(f"all pairs, R@1 in % there/back: {_told(whole)}", flush=True)
    print(json.dumps(whole))
    for pair in PRE_TRAINING:
        if wanted.without in ("all", pair.name):
            rest = tuple(each for each in PRE_TRAINING if each != pair)
            without = learned(files, ids, wanted.steps, rest)
            print(f"without {pair.name}: {_fallen(whole, without)}; {_told(without)}", flush=True)


if __name__ == "__main__":
    main()
