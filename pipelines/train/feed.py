"""What a rank reads of each step: features from the store, captions as sampled, in equal parts."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from captioners.encoder.encoder import Encoder, Features, Medium, batched
from captioners.encoder.pairs import CaptionKind
from captioners.encoder.task import CAPTION_KINDS, Examples, caption_key
from pipelines.train.captions import random_of
from pipelines.train.examples import Example, mixed, weights
from pipelines.train.features import Store
from pipelines.train.order import EMPTY, Indices, Order, parts
from pipelines.train.recipe import Recipe

_MOST_PREPARED = 100_000

_NOTHING: Features = {}


class Prepared:
    """Prepared texts; those that were asked for lately are kept, since reading some takes long."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rows: OrderedDict[str, dict[str, Tensor]] = OrderedDict()

    def __call__(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """As `Encoder.prepare`."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if missing:
            prepared = self._encoder.prepare(missing)
            for row, text in enumerate(missing):
                self._rows[text] = {name: each[row] for name, each in prepared.items()}
        rows = [self._rows[text] for text in texts]
        for text in dict.fromkeys(texts):
            self._rows.move_to_end(text)
        while len(self._rows) > max(_MOST_PREPARED, len(texts)):
            self._rows.popitem(last=False)
        return {name: _stacked([row[name] for row in rows]) for name in rows[0]}


def _stacked(rows: Sequence[Tensor]) -> Tensor:
    """Rows as one tensor, with zeros behind those that are shorter."""
    if rows[0].dim() == 0:
        return torch.stack(list(rows))
    longest = max(len(row) for row in rows)
    padded = [F.pad(row, (0, 0) * (row.dim() - 1) + (0, longest - len(row))) for row in rows]
    return torch.stack(padded)


class Feed:
    """Steps of a training, for one rank.

    clips: all examples that are trained on, whose features are in the store. Everything that is drawn
    follows from the recipe's seed, the step and the clip.
    """

    def __init__(
        self,
        clips: Sequence[Example],
        store: Store,
        encoder: Encoder,
        recipe: Recipe,
        batch: int,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self._clips, self._store, self._recipe = clips, store, recipe
        self._rank, self._ranks = rank, ranks
        self._widths, self._prepared = encoder.widths, Prepared(encoder)
        rules = recipe.captions
        factors, self._real = mixed(
            clips, weights(clips, recipe.up_sampling), rules.real, rules.synthetic
        )
        self._order = Order(factors, batch, recipe.seed)
        self._lengths = np.array([store.length(clip.clip_id) for clip in clips])

    def steps(self, first: int, end: int) -> Iterator[list[Examples]]:
        """The parts of each step; the next one is read while a step is worked."""
        with ThreadPoolExecutor(1, thread_name_prefix="feed") as reading:
            ahead: Future[list[Examples]] | None = None
            for step in range(first, end):
                current = ahead or reading.submit(self.parts, step)
                result = current.result()
                ahead = reading.submit(self.parts, step + 1) if step + 1 < end else None
                yield result

    def parts(self, step: int) -> list[Examples]:
        """What this rank reads of a step."""
        chosen = self._order.batch(step)
        own = parts(chosen, self._lengths, self._rank, self._ranks, self._recipe.part)
        return [self._read(indices, step) for indices in own]

    def _read(self, indices: Indices, step: int) -> Examples:
        clips = [None if index == EMPTY else self._clips[index] for index in indices]
        rules, seed = self._recipe.captions, self._recipe.seed
        texts = [
            {}
            if clip is None
            else clip.texts.sampled(rules, self._real, random_of(seed, step, clip.clip_id))
            for clip in clips
        ]
        features = [_NOTHING if clip is None else self._store[clip.clip_id] for clip in clips]
        columns = {kind: [own.get(kind) for own in texts] for kind in CAPTION_KINDS}
        return examples_of(features, columns, self._widths, self._prepared)


def examples_of(
    features: Sequence[Features],
    captions: dict[CaptionKind, list[str | None]],
    widths: Mapping[Medium, int],
    prepared: Prepared,
) -> Examples:
    """Features and captions, None for a missing one, as a batch."""
    return Examples(
        batched(features, widths),
        {kind: prepared([text or "" for text in texts]) for kind, texts in captions.items()},
        {
            kind: torch.tensor([caption_key(text) for text in texts])
            for kind, texts in captions.items()
        },
    )
