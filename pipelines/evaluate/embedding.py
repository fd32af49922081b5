"""Vectors of a set's clips and texts. Media and features are let go as soon as they are embedded."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from captioners.encoder.encoder import TEXT_OF, Encoder, Features, Steps, batched
from captioners.encoder.pairs import Embedding
from manifests.errors import UserError
from pipelines.evaluate.items import Item
from pipelines.evaluate.media import Excerpt, excerpts

_T = TypeVar("_T")
Floats = npt.NDArray[np.float32]

_CLIPS, _TEXTS = 16, 64
"""So many go through the towers at once."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A clip of which nothing, or not all, could be embedded. item: its place in the set."""

    item: int
    name: str
    reason: str
    message: str


@dataclass(slots=True)
class Clips:
    """Vectors of clips, by what of them is embedded.

    items: for each medium the places of its clips in the set, rising. vectors: (those clips, width).
    audio_ms, frames: of each embedded clip. silent, short, longer: how many are so. problems: in order.
    """

    items: dict[Embedding, list[int]] = field(default_factory=lambda: {m: [] for m in TEXT_OF})
    vectors: dict[Embedding, Floats] = field(default_factory=dict)
    audio_ms: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    silent: int = 0
    short: int = 0
    longer: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def embedded(self) -> int:
        """How many clips have any vector."""
        return len(set().union(*self.items.values()))


Report = Callable[[int], None]


def embed_clips(
    items: Sequence[Item], encoder: Encoder, report: Report = lambda done: None
) -> Clips:
    """Embeds the beginning of each clip. report: told how many are done. Raises UserError."""
    clips = Clips()
    vectors: dict[Embedding, list[Floats]] = {medium: [] for medium in TEXT_OF}
    numbered = enumerate(excerpts(items, encoder.needs))
    for chunk in _chunks(_features(numbered, encoder, clips, report), _CLIPS):
        numbers, features = [number for number, _ in chunk], [each for _, each in chunk]
        for medium, rows in _towers(encoder, features).items():
            for number, row in zip(numbers, rows, strict=True):
                if row is None:
                    continue
                if np.isfinite(row).all():
                    clips.items[medium].append(number)
                    vectors[medium].append(row)
                else:
                    why = f"its {medium} vector holds what is no number"
                    clips.problems.append(Problem(number, items[number].name, "not embedded", why))
    empty = np.zeros((0, encoder.width), np.float32)
    clips.vectors = {m: np.stack(rows) if rows else empty for m, rows in vectors.items()}
    return clips


def _features(
    decoded: Iterator[tuple[int, tuple[Item, Excerpt]]],
    encoder: Encoder,
    clips: Clips,
    report: Report,
) -> Iterator[tuple[int, Features]]:
    """The features of the clips that have any; what becomes of the others is told in `clips`."""
    for number, (item, excerpt) in decoded:
        report(number)
        if excerpt.reason is not None:
            clips.problems.append(Problem(number, item.name, excerpt.reason, excerpt.message))
        media = excerpt.media
        if media is None:
            continue
        clips.silent += excerpt.silent
        clips.short += excerpt.short
        clips.longer += excerpt.longer
        try:
            with torch.inference_mode():
                features = encoder.features(media)
        except (UserError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # too short for its convolutions, most often
            why = f"{type(error).__name__}: {error}"
            clips.problems.append(Problem(number, item.name, "not embedded", why))
            continue
        if "audio" in features:
            clips.audio_ms += [round(1000 * len(s) / hz) for hz, s in media.audio.items()][:1]
        if "video" in features and media.frames is not None:
            clips.frames.append(len(media.frames))
        yield number, features


def _towers(
    encoder: Encoder, features: Sequence[Features]
) -> Mapping[Embedding, list[Floats | None]]:
    """Vectors of clips by medium, None for a clip that lacks it."""
    device = _device(encoder)
    batch = {
        medium: Steps(steps.values.to(device), steps.mask.to(device))
        for medium, steps in batched(features, encoder.widths).items()
    }
    with torch.inference_mode():
        embeddings = encoder.media(batch).embeddings
    has = {"audio": [("audio" in f) for f in features], "video": [("video" in f) for f in features]}
    both = [a and v for a, v in zip(has["audio"], has["video"], strict=True)]
    present: dict[Embedding, list[bool]] = {
        "audio": has["audio"],
        "video": has["video"],
        "audio_video": both,
    }
    return {
        medium: [
            row if there else None
            for row, there in zip(_array(embeddings[medium]), present[medium], strict=True)
        ]
        for medium in TEXT_OF
    }


def embed_texts(
    texts: Sequence[str], encoder: Encoder, heads: Sequence[Embedding]
) -> dict[Embedding, Floats]:
    """Texts by several heads: (texts, width) each."""
    device = _device(encoder)
    vectors: dict[Embedding, list[Floats]] = {head: [] for head in heads}
    for chunk in _chunks(texts, _TEXTS):
        with torch.inference_mode():
            prepared = {name: t.to(device) for name, t in encoder.prepare(chunk).items()}
            states = encoder.states(prepared)
            for head in heads:
                vectors[head].append(_array(encoder.text(states, head)))
    empty = np.zeros((0, encoder.width), np.float32)
    return {head: np.concatenate(rows) if rows else empty for head, rows in vectors.items()}


def _chunks(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor.float().cpu().numpy()
    return array


def _device(encoder: Encoder) -> torch.device:
    return next((parameter.device for parameter in encoder.parameters()), torch.device("cpu"))
