"""Retrieval among held-out clips while an encoder is trained: R@1 of every pair, both ways."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

from captioners.encoder.pairs import Pair
from captioners.encoder.task import CAPTION_KINDS, Marks
from pipelines.evaluate.metrics import retrieval
from pipelines.train.examples import Example
from pipelines.train.features import Store
from pipelines.train.feed import Prepared, examples_of
from pipelines.train.parallel import Place, Spread

Recalls = dict[str, dict[str, float]]
"""By pair: "clips" that have both sides; "right_of_left", "left_of_right": the share of these whose other
side is found first."""


class Comparison:
    """Held-out clips, compared by their plain captions.

    part: how many are embedded at once. Where captions are equal, each of their clips is right. All ranks
    call it together, each embeds its share.
    """

    def __init__(
        self, clips: Sequence[Example], store: Store, prepared: Prepared, spread: Spread, part: int
    ) -> None:
        self._clips, self._store, self._prepared = clips, store, prepared
        self._spread, self._part = spread, part

    def __call__(self, place: Place) -> Recalls:
        """R@1 of each pair that at least two clips have."""
        task = self._spread.task
        training = task.training
        task.eval()
        own = [self._embedded(indices, place) for indices in self._shares(place)]
        task.train(training)
        if place.ranks > 1:
            every: list[Any] = [None] * place.ranks
            dist.all_gather_object(every, own)
            own = [part for parts in every for part in parts]
        outputs = [torch.cat([part[0][n] for part in own]) for n in range(len(task.asked))]
        marks = Marks.joined([part[1] for part in own])
        recalls = {}
        for pair in task.pairs:
            valid = marks.valid(pair)
            if int(valid.sum()) > 1:
                left, right = (outputs[task.asked.index(side)][valid] for side in task.sides(pair))
                recalls[pair.name] = _recalls(pair, left, right, marks.keys_of(pair)[valid])
        return recalls

    def _shares(self, place: Place) -> list[npt.NDArray[np.int64]]:
        """Parts of this rank. Every rank has as many: sharded weights are gathered by all together."""
        count = len(self._clips)
        rounds = -(-count // (place.ranks * self._part))
        every = np.array_split(np.arange(count), rounds * place.ranks)
        return every[place.rank :: place.ranks]

    def _embedded(
        self, indices: npt.NDArray[np.int64], place: Place
    ) -> tuple[list[torch.Tensor], Marks]:
        count = len(indices)
        # A rank that has no more clips embeds one all the same, and nobody looks at it.
        clips = [self._clips[index] for index in (indices if count else [0])]
        captions = {kind: [clip.texts.plain(kind) for clip in clips] for kind in CAPTION_KINDS}
        features = [self._store[clip.clip_id] for clip in clips]
        task = self._spread.task
        examples = examples_of(features, captions, task.encoder.widths, self._prepared)
        there = examples.to(place.device)
        with torch.no_grad(), place.precision():
            outputs = self._spread.module(there.media, there.texts)
        vectors = outputs[: len(task.asked)]
        return [each[:count].float().cpu() for each in vectors], examples.marks().first(count)


def _recalls(
    pair: Pair, left: torch.Tensor, right: torch.Tensor, keys: torch.Tensor
) -> dict[str, float]:
    scores = (left @ right.T).numpy()
    relevant = np.eye(len(scores), dtype=bool)
    if pair.caption is not None:
        relevant |= (keys[:, None] == keys[None, :]).numpy()
    return {
        "clips": len(scores),
        "right_of_left": retrieval(scores, relevant, (1,)).recalls[1],
        "left_of_right": retrieval(scores.T, relevant.T, (1,)).recalls[1],
    }
