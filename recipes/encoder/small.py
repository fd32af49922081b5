"""Trains the small encoder that captionmill ships.

    python -m recipes.encoder.small FOLDER

Sounds and pictures of known content are those of recipes/calibration/cpu.py, made in FOLDER unless they
are there. A clip of training is a sound beside a picture, a sound alone or a picture alone, drawn at
random; its captions say what known_audio.toml and known_pictures.toml state, in the words of the tables
of phrases: nobody's guess is in them. One source in five is held out, by its maker, with all its files.

Writes captioners/encoder/shipped (weights in float16, and the card with what was measured on the sources
held out) and prints the figures.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from captioners.audio.audioset import classes, sound_class
from captioners.encoder.encoder import Encoder, Features, Medium, batched
from captioners.encoder.load import SHIPPED
from captioners.encoder.pairs import PRE_TRAINING, SAVED_FROM, CaptionKind
from captioners.encoder.small import Small
from captioners.encoder.task import Examples, Task, caption_key
from captioners.phrases.phrases import coco, group_phrase, imagenet
from captioners.weights.models import Models
from engine.media.decode import DecodePlan, decode
from engine.media.probe import probe
from recipes.calibration.cpu import Known, make
from recipes.encoder.card import card

SEED = 0
STEPS, BATCH, RATE, WARM_UP, DECAY = 100, 256, 2e-3, 30, 0.05
CLIPS = 3000
"""Clips of training: more would only be other pairs of the same sounds and pictures."""
_HELD_OUT = 5
_WORDINGS = 4
_MOST_MS = 30_000


@dataclass(frozen=True, slots=True)
class Source:
    """A sound or picture. labels: the narrowest that are true of it. broader: of a sound, all that are.
    unsure: those that are not counted against it."""

    features: Features
    labels: tuple[str, ...]
    broader: tuple[str, ...]
    unsure: frozenset[str]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of training, with its captions by kind."""

    audio: Source | None
    video: Source | None
    captions: dict[CaptionKind, str | None]


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description="Train the small encoder")
    parser.add_argument("folder", type=Path, help="for the media; may be there already")
    folder: Path = parser.parse_args().folder
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    sounds, pictures = sources(folder)
    told = [s for s in (*sounds, *pictures) if not s.held_out]
    encoder = Small.new(Models(), (source.features for source in told))
    train(encoder, clips(sounds, pictures))
    measured = {
        "audio": measure(encoder, sounds, "audio", lambda label: sound_class(label).clause),
        "video": measure(encoder, pictures, "video", phrases().__getitem__),
    }
    print(json.dumps({name: asdict(figure) for name, figure in measured.items()}, indent=1))
    encoder.model.half()  # type: ignore[no-untyped-call]
    encoder.save(SHIPPED, card(sounds, pictures, measured))


def sources(folder: Path) -> tuple[list[Source], list[Source]]:
    """The sounds and the pictures of which something is known to be true."""
    listed = folder / "labelled.jsonl"
    if not listed.exists():
        lines = [json.dumps(asdict(known)) + "\n" for known in make(folder)]
        listed.write_text("".join(lines), encoding="utf-8")
    encoder = Small.new(Models(), ())
    sounds, pictures = [], []
    for line in listed.read_text(encoding="utf-8").splitlines():
        known = Known(**json.loads(line))
        features = _features(encoder, folder / known.file)
        if "audio" in features:
            sounds.append(_sound(known, features))
        elif "video" in features:
            pictures.append(_picture(known, features))
    return [s for s in sounds if s.labels], [p for p in pictures if p.labels]


def _features(encoder: Encoder, path: Path) -> Features:
    """Those of a file's beginning. Sounds have a cover at times: only their sound is known."""
    told = probe(bytes(path))
    end = min(told.duration_ms, _MOST_MS)
    plan = DecodePlan((16_000,), 0, 0) if told.has_audio else DecodePlan((), 8, 520)
    streams = (told.has_audio, told.has_video and not told.has_audio)
    clip = decode(
        bytes(path),
        path.name,
        "",
        0,
        end,
        plan,
        *streams,
        audio_track=told.audio_track,
        video_track=told.video_track,
    ).media
    return encoder.features(clip)


def _sound(known: Known, features: Features) -> Source:
    names = set(classes())
    true = [label for label in known.true if label in names]
    implied = set().union(*(sound_class(label).implies for label in true))
    narrow = tuple(label for label in true if label not in implied)
    return Source(features, narrow, tuple(true), frozenset(known.unsure), _is_held_out(known))


def _picture(known: Known, features: Features) -> Source:
    true = [label.removeprefix("one ") for label in known.true]
    labels = tuple(label for label in dict.fromkeys(true) if label in phrases())
    return Source(features, labels, labels, frozenset(known.unsure), _is_held_out(known))


def _is_held_out(known: Known) -> bool:
    digest = hashlib.sha256(known.origin.encode()).hexdigest()
    return int(digest, 16) % _HELD_OUT == 0


def phrases() -> dict[str, str]:
    """Noun phrases of what is seen, by label: "a dog"."""
    known = {c.group: group_phrase(c.group) for c in imagenet() if c.group}
    known |= {c.label: c.phrase for c in imagenet()}
    return known | {c.label: c.one for c in coco()}


def clips(sounds: Sequence[Source], pictures: Sequence[Source]) -> list[Clip]:
    """Clips of training: each sound and picture as often as any other."""
    rng = random.Random(SEED)
    heard, seen = (
        _worded([source for source in group if not source.held_out], wording, rng)
        for group, wording in ((sounds, _heard), (pictures, _seen))
    )
    made = []
    for number in range(CLIPS):
        audio, heard_text = next(heard) if number % 7 != 0 else (None, None)
        video, seen_text = next(seen) if number % 7 != 1 else (None, None)
        both = None
        if heard_text and seen_text:
            both = (
                f"{heard_text} while {seen_text} can be seen"
                if number % 2
                else f"{seen_text}; {heard_text}"
            )
        captions: dict[CaptionKind, str | None] = {
            "audio_caption": heard_text,
            "visual_caption": seen_text,
            "audio_visual_caption": both,
        }
        made.append(Clip(audio, video, captions))
    return made


def _worded(
    group: list[Source], wording: Callable[[Source, random.Random], str], rng: random.Random
) -> Iterator[tuple[Source, str]]:
    """Sources for ever, each once a round, with one of its wordings."""
    texts = [[wording(source, rng) for _ in range(_WORDINGS)] for source in group]
    while True:
        for index in rng.sample(range(len(group)), len(group)):
            yield group[index], rng.choice(texts[index])


def _heard(source: Source, rng: random.Random) -> str:
    """One or two of the narrowest labels, at times a broader one: as a clause or as a name."""
    if rng.random() < 0.2:
        labels = [rng.choice(source.broader)]
    else:
        labels = rng.sample(source.labels, min(len(source.labels), rng.choice((1, 1, 2))))
    parts = []
    for label in labels:
        name, clause = label.lower(), sound_class(label).clause
        parts.append(rng.choice((clause, clause, name, f"the sound of {name}")))
    return " and ".join(parts)


def _seen(source: Source, rng: random.Random) -> str:
    """One to three labels as noun phrases."""
    labels = rng.sample(source.labels, min(len(source.labels), rng.choice((1, 2, 3))))
    *first, last = (phrases()[label] for label in labels)
    listed = f"{', '.join(first)} and {last}" if first else last
    return rng.choice(("", "", "a picture of ", "a photo with ")) + listed


def train(encoder: Small, made: Sequence[Clip]) -> None:
    """Trains in place."""
    task = Task(encoder, PRE_TRAINING)
    weights = [p for p in encoder.parameters() if p.requires_grad]
    own = [task.scales, task.biases]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": own, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _rate)
    read = _Read(encoder, made)
    rng = random.Random(SEED + 1)
    encoder.train()
    for step in range(STEPS):
        examples = read(rng.sample(made, BATCH), rng)
        losses = task.losses(task(examples.media, examples.texts), examples.marks())
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 10 == 9:
            told = ", ".join(f"{name} {loss.item():.2f}" for name, loss in losses.items())
            print(f"step {step + 1}: {told}", flush=True)
    encoder.eval()
    for pair, scale, bias in zip(
        task.pairs, task.scales.tolist(), task.biases.tolist(), strict=True
    ):
        if SAVED_FROM[pair.scale] == pair.name:
            encoder.set_logit(pair.scale, scale, bias)


def _rate(step: int) -> float:
    """Warm-up, then a cosine down to nothing."""
    return float(min(1.0, (step + 1) / WARM_UP) * (1 + np.cos(np.pi * step / STEPS)) / 2)


class _Read:
    """Batches of clips; every text goes through MiniLM once."""

    def __init__(self, encoder: Small, made: Sequence[Clip]) -> None:
        texts = {text for clip in made for text in clip.captions.values() if text} | {""}
        self._index = {text: index for index, text in enumerate(sorted(texts))}
        self._prepared = encoder.prepare(list(self._index))
        self._widths = encoder.widths

    def __call__(self, drawn: Sequence[Clip], rng: random.Random) -> Examples:
        media = batched([_cropped(clip, rng) for clip in drawn], self._widths)
        texts, keys = {}, {}
        for kind in drawn[0].captions:
            captions = [clip.captions[kind] for clip in drawn]
            rows = torch.tensor([self._index[caption or ""] for caption in captions])
            texts[kind] = {name: values[rows] for name, values in self._prepared.items()}
            keys[kind] = torch.tensor([caption_key(caption) for caption in captions])
        return Examples(media, texts, keys)


def _cropped(clip: Clip, rng: random.Random) -> Features:
    """Its features; half of the sounds begin later and end earlier."""
    features: dict[Medium, np.ndarray] = {}
    if clip.audio is not None:
        steps = clip.audio.features["audio"]
        if len(steps) > 4 and rng.random() < 0.5:
            start = rng.randrange(len(steps) // 2)
            steps = steps[start : start + rng.randrange(2, len(steps) - start + 1)]
        features["audio"] = steps
    if clip.video is not None:
        features["video"] = clip.video.features["video"]
    return features


@dataclass(frozen=True, slots=True)
class Measured:
    """Search among the sources held out, one query a label that is true of some of them.

    first: how often the first one has it. precision: mean average precision. chance: mean share of those
    that have it. trained: mean average precision of the labels that training had, and untrained: of those
    that it had not (`others` of them).
    """

    sources: int
    queries: int
    first: float
    precision: float
    chance: float
    trained: float
    untrained: float
    others: int


def measure(
    encoder: Small, group: Sequence[Source], medium: Medium, words: Callable[[str], str]
) -> Measured:
    """What a search by label finds among the sources held out; those of which it is unsure are
    left out."""
    held = [source for source in group if source.held_out]
    known = {label for source in group if not source.held_out for label in source.broader}
    labels = sorted({label for source in held for label in source.broader})
    with torch.inference_mode():
        clips = batched([source.features for source in held], encoder.widths)
        vectors = encoder.media(clips).embeddings[medium]
        states = encoder.states(encoder.prepare([words(label) for label in labels]))
        texts = encoder.text(states, "text_audio" if medium == "audio" else "text_video")
        scores = (texts @ vectors.T).numpy()
    figures = []
    for label, row in zip(labels, scores, strict=True):
        asked = [i for i, source in enumerate(held) if label not in source.unsure]
        order = sorted(asked, key=lambda i: -row[i])
        right = np.array([label in held[i].broader for i in order])
        precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
        figures.append((right[0], precisions[right].mean(), right.mean(), label in known))
    first, precision, chance, trained = (np.array(column) for column in zip(*figures, strict=True))
    return Measured(
        sources=len(held),
        queries=len(labels),
        first=_mean(first),
        precision=_mean(precision),
        chance=_mean(chance),
        trained=_mean(precision[trained]),
        untrained=_mean(precision[~trained]),
        others=int((~trained).sum()),
    )


def _mean(values: Any) -> float:
    """Of an array."""
    return round(float(values.mean()), 3)


if __name__ == "__main__":
    main()
