"""`captionmill train encoder`: from workspaces and releases to an encoder in the format of transformers.

The folder that it makes is the encoder. Below it, `run` holds the training: examples, features,
checkpoints, log and curve. The same command goes on where a killed one stopped.
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import filelock
import torch

from captioners.encoder.encoder import Encoder
from captioners.encoder.pairs import SAVED_FROM
from captioners.encoder.task import Task
from engine import processes
from engine.run.cluster import ray_cluster
from engine.run.scratch import scratch_folders
from manifests.atomic import write_atomic
from manifests.errors import UserError
from manifests.ids import content_hash
from manifests.release.layout import WORK, is_release
from pipelines import length
from pipelines.length import LONGEST_MS, is_longer
from pipelines.terminal import counted, one_line
from pipelines.train import checkpoints, log
from pipelines.train.card import card, terms
from pipelines.train.compare import Recalls
from pipelines.train.decoding import Decoding
from pipelines.train.examples import (
    Example,
    Input,
    examples,
    is_held_out,
    mixed,
    to_line,
    weights,
)
from pipelines.train.features import Store
from pipelines.train.loop import Files, Make, Training, read
from pipelines.train.on_ray import fit
from pipelines.train.real import real_captions
from pipelines.train.recipe import Recipe
from pipelines.train.releases import Release
from pipelines.train.workspaces import Job

_SETTINGS = "settings.json"
_FORMAT = 2
_OBJECTS = 1 << 30
"""Bytes of Ray's store: decoded clips that wait."""

Tell = Callable[[str], None]


class TrainError(UserError):
    """A training that can't begin or go on; says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asks for. inputs: workspaces and releases. encoder: its name. make: what makes it.
    real: a list of captions by people. ranks: processes; None: one a GPU, else one."""

    inputs: tuple[Path, ...]
    out: Path
    encoder: str
    make: Make
    recipe: Recipe
    real: Path | None = None
    ranks: int | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it. clips: that were trained on. longer: clips, those held out too, that go on after
    what was embedded of them. left_out: clips that gave no features, by reason."""

    folder: Path
    clips: int
    held_out: int
    longer: int
    left_out: Mapping[str, int]
    steps: int
    batch: int
    recalls: Recalls
    warnings: tuple[str, ...]


def train_encoder(wanted: Wanted, tell: Tell = lambda line: None) -> Trained:
    """Trains to the end, or goes on with a training that was begun. Raises UserError."""
    wanted = replace(wanted, out=Path(os.path.abspath(wanted.out)))
    run = _folder(wanted.out)
    try:
        with filelock.FileLock(run / "lock", timeout=0), processes.own_environment():
            return _train(wanted, run, tell)
    except filelock.Timeout:
        raise TrainError(f"{wanted.out} is being trained by another process; wait for it") from None


def _folder(out: Path) -> Path:
    if out.is_dir() and any(out.iterdir()) and not (out / "run").is_dir():
        raise TrainError(f"{out} holds other files; name a new folder")
    run = out / "run"
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainError(f"can't make {run}: {error.strerror}") from error
    return run


def _train(wanted: Wanted, run: Path, tell: Tell) -> Trained:
    inputs = [_opened(root) for root in wanted.inputs]
    files = Files(run)
    settings = _settings(wanted, inputs, files, tell)
    place = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    start = settings["starts"]
    os.environ.update(processes.marked(processes.mark(place, start)))
    processes.sweep(place, keep_epoch=start)
    checkpoints.clear(files.checkpoints)
    name = f"captionmill-{place}"
    for left in scratch_folders(name):
        shutil.rmtree(left, ignore_errors=True)
    if checkpoints.steps(files.checkpoints)[-1:] == [wanted.recipe.steps]:
        return _finished(wanted, _training(wanted, files, tell), inputs, settings["longer"])
    ranks = wanted.ranks or max(1, torch.cuda.device_count())
    with ray_cluster(name, ranks, _OBJECTS, run / "logs" / f"{start:06d}"):
        _compute_features(wanted, inputs, files, tell)
        training = _training(wanted, files, tell)
        fit(training, ranks, run / "ray" / f"{start:06d}", tell)
    return _finished(wanted, training, inputs, settings["longer"])


def _opened(root: Path) -> Input:
    """A release is told from a workspace by its release.json. Raises UserError for what is neither."""
    if is_release(root) or (root / WORK).is_dir():
        return Release(root)
    return Job.open(root)


def _settings(wanted: Wanted, inputs: Sequence[Input], files: Files, tell: Tell) -> dict[str, Any]:
    """What the training was begun with; examples are listed when it begins, so that captions which come
    later do not change it. Raises TrainError when it was begun with something else."""
    path = files.root / _SETTINGS
    asked = {
        "format": _FORMAT,
        "encoder": wanted.encoder,
        "recipe": wanted.recipe.model_dump(mode="json"),
        "inputs": [each.identity for each in inputs],
        "real": None if wanted.real is None else content_hash(wanted.real),
        "longest_ms": LONGEST_MS,
    }
    if path.exists():
        begun = _begun(path)
        differ = [name for name, value in asked.items() if begun.get(name) != value]
        if differ:
            raise TrainError(
                f"{files.root} was begun with another {differ[0]}; name a new folder, or use the "
                "settings that it was begun with"
            )
    else:
        longer = _list(wanted, inputs, files, tell)
        begun = asked | {"starts": 1, "longer": longer}
    write_atomic(path, json.dumps(begun, indent=1).encode())
    return begun


def _begun(path: Path) -> dict[str, Any]:
    try:
        begun: dict[str, Any] = json.loads(path.read_text("utf-8"))
        begun["starts"] += 1
    except (ValueError, KeyError, TypeError) as error:
        raise TrainError(f"{path} is damaged: name a new folder") from error
    return begun


def _list(wanted: Wanted, inputs: Sequence[Input], files: Files, tell: Tell) -> int:
    """Lists the examples; how many are of clips that go on after what is embedded of them."""
    real, missing = ({}, 0) if wanted.real is None else real_captions(wanted.real, inputs)
    if missing:
        tell(f"{missing} files of {wanted.real} are no whole clip of these inputs")
    listed = examples(inputs, real)
    for note in (note for each in inputs for note in each.notes):
        tell(note)
    write_atomic(files.examples, "".join(to_line(each) + "\n" for each in listed).encode())
    longer = sum(map(is_longer, _rows(inputs, {each.clip_id for each in listed})))
    tell(length.sentence(longer))
    return longer


def _compute_features(wanted: Wanted, inputs: Sequence[Input], files: Files, tell: Tell) -> None:
    store, ids = Store(files.features), set(_ids(files))
    missing = ids - store.clips - store.faults.keys()
    if not missing:
        return
    tell(f"computing features of {len(missing)} clips")
    encoder = wanted.make(())
    with Decoding(encoder, decoders=max(1, os.cpu_count() or 1)) as decoding:
        store.add(
            _rows(inputs, missing), decoding, lambda done: tell(f"features: {done}/{len(missing)}")
        )


def _rows(inputs: Sequence[Input], wanted: set[str]) -> Iterator[Mapping[str, Any]]:
    left = set(wanted)
    for each in inputs:
        for clip in each.clips():
            if clip["clip_id"] in left:
                left.remove(clip["clip_id"])
                yield clip


def _ids(files: Files) -> list[str]:
    with files.examples.open(encoding="utf-8") as lines:
        return [json.loads(line)["clip_id"] for line in lines]


def _training(wanted: Wanted, files: Files, tell: Tell) -> Training:
    recipe, store = wanted.recipe, Store(files.features)
    reasons = _left_out(files, store)
    for reason, (count, first) in reasons.items():
        tell(f"left out: {counted(count, 'clip')}, {reason}; the first: {one_line(first)}")
    usable = read(files.examples, frozenset(store.clips))
    held_out = [clip for clip in usable if is_held_out(clip, recipe.held_out)]
    trained = [clip for clip in usable if not is_held_out(clip, recipe.held_out)]
    held_out = held_out[: recipe.most_held_out]
    batch = min(recipe.batch, _epoch(trained, recipe))
    if batch < 2:
        lost = sum(count for count, _ in reasons.values())
        raise TrainError(
            f"{len(trained)} clips are left to train on: that is too few"
            + (f"; {lost} were left out. Mend that, and name a new folder" if lost else "")
        )
    if batch < recipe.batch:
        tell(f"a batch is {batch} clips, not {recipe.batch}: there are no more")
    for warning in terms(trained)[1]:
        tell(f"warning: {warning}")
    ids = (frozenset(clip.clip_id for clip in clips) for clips in (trained, held_out))
    return Training(files, recipe, wanted.make, recipe.compared, batch, *ids)


def _left_out(files: Files, store: Store) -> dict[str, tuple[int, str]]:
    """Examples that gave no features: how many by reason, and why the first of them."""
    faults = [store.faults[clip] for clip in _ids(files) if clip in store.faults]
    counts = Counter(fault.partition(": ")[0] for fault in faults)
    first = {fault.partition(": ")[0]: fault.partition(": ")[2] for fault in reversed(faults)}
    return {reason: (count, first[reason]) for reason, count in counts.most_common()}


def _epoch(clips: Sequence[Example], recipe: Recipe) -> int:
    """How many rows an epoch has."""
    factors = weights(clips, recipe.up_sampling)
    return int(mixed(clips, factors, recipe.captions.real, recipe.captions.synthetic)[0].sum())


def _finished(wanted: Wanted, training: Training, inputs: Sequence[Input], longer: int) -> Trained:
    files, recipe = training.files, training.recipe
    trained = read(files.examples, training.trained)
    log.draw(files.log, files.curve)
    compared = [line for line in log.lines(files.log) if "held_out" in line]
    recalls: Recalls = compared[-1]["held_out"] if compared else {}
    store = Store(files.features)
    text = card(
        wanted.encoder,
        recipe,
        training.batch,
        trained,
        [each.described for each in inputs],
        recalls,
        len(training.held_out),
    )
    _save(wanted.make, training, store, wanted.out, text)
    return Trained(
        wanted.out,
        len(trained),
        len(training.held_out),
        longer,
        {reason: count for reason, (count, _) in _left_out(files, store).items()},
        recipe.steps,
        training.batch,
        recalls,
        tuple(terms(trained)[1]),
    )


def _save(make: Make, training: Training, store: Store, out: Path, text: str) -> None:
    """Writes the encoder with the weights of the last checkpoint, and its card."""
    kept = checkpoints.weights(training.files.checkpoints)
    some = min(training.trained)
    encoder: Encoder = make([store[some]])
    task = Task(encoder, training.pairs)
    task.load_state_dict(kept, strict=False)
    scales, biases = task.scales.tolist(), task.biases.tolist()
    for pair, scale, bias in zip(task.pairs, scales, biases, strict=True):
        if SAVED_FROM[pair.scale] == pair.name:
            encoder.set_logit(pair.scale, scale, bias)
    encoder.eval().save(out, text)
