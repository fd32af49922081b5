"""`captionmill search`: the clips of a workspace that are nearest to a text or to an example.

What ranks is the inner product of the vectors as they are stored, as in the published evaluation of
PE-AV: it is a cosine for encoders that give vectors of unit length.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from rich.text import Text

from pipelines.search.centre import Centre
from pipelines.search.clips import Clip, Clips
from pipelines.search.exact import Match, nearest
from pipelines.search.places import place
from pipelines.search.query import clip_of, of_clip, of_file, of_text
from pipelines.search.stored import COLUMNS, LACKS, By, Floats, SearchError, Stored
from pipelines.terminal import counted, one_line

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder
    from pipelines.search.index import Index

FROM = 100_000
"""More clips than these are searched by an index (`pipelines.search.index`)."""


@dataclass(frozen=True, slots=True)
class Near:
    """A clip that was found, and its shard. similarity, score, by: see `Result`."""

    clip_id: str
    shard: int
    similarity: float
    score: float
    by: By


@dataclass(frozen=True, slots=True)
class Result:
    """A clip that was found, at its rank from 1. score: its similarity, made comparable with those of
    another medium (`pipelines.search.centre`). by: whose vectors were compared."""

    rank: int
    similarity: float
    score: float
    clip: Clip
    by: By


_Scored = TypeVar("_Scored", Near, Result)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found, best first. asked: the text, the clip or the file. exact: every vector was
    compared, not only those that an index leads to. vectors: that were searched. clips: embedded."""

    asked: str
    by: By | Literal["either"]
    results: list[Result]
    exact: bool
    vectors: int
    clips: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "asked": self.asked,
            "by": self.by,
            "exact": self.exact,
            "vectors": self.vectors,
            "clips": self.clips,
            "results": [self._result(result) for result in self.results],
        }

    def _result(self, result: Result) -> dict[str, Any]:
        told = {"rank": result.rank, "similarity": result.similarity, "by": result.by}
        if self.by == "either":
            told["score"] = result.score
        return told | result.clip.to_json()


class Search:
    """Searches one set of vectors; what was read for the first query serves the others.

    stored: of a workspace, or of a release. load: gives the encoder that made them; it is called for
    texts and files only. cache: where indices lie, the user's by default.
    """

    def __init__(
        self,
        stored: Stored,
        by: By,
        load: "Callable[[Stored], Encoder]",
        cache: Path | None = None,
    ) -> None:
        self.by = by
        self.stored = stored
        self._column = COLUMNS[by]
        self._load, self._cache = load, cache

    @property
    def is_large(self) -> bool:
        """Whether there are so many clips that an index is worth making."""
        return self.stored.clips > FROM

    @cached_property
    def index(self) -> "Index | None":
        """The index of the vectors as they are now, if there is one."""
        if not self.is_large:
            return None
        from pipelines.search.index import opened

        return opened(self.stored, self._column, self._cache)

    def make_index(self) -> None:
        """Makes the index unless another process does. Raises SearchError, OSError."""
        from pipelines.search.index import make

        self.index = make(self.stored, self._column, self._cache)

    def text(self, text: str, count: int) -> Answer:
        """The clips nearest to a text. Raises SearchError."""
        return self._answer(text, self._of_text(text), count)

    def near(self, text: str, count: int) -> list[Near]:
        """The same, without what is known of the clips. Raises SearchError."""
        return self._near(self._of_text(text), count)[0]

    def _of_text(self, text: str) -> Floats:
        if not text.strip():  # told before the encoder is loaded
            raise SearchError('the text is empty: say what you look for, as in "a dog barks"')
        return of_text(self._encoder, text, self.by)

    def like(self, example: str, count: int) -> Answer:
        """The clips nearest to a media file, or to a clip of the workspace by the first digits of its
        id, which is then not among them. Raises SearchError."""
        if os.path.exists(example):
            cutting = self.stored.settings["profile"].get("clips", {})
            vector, clips = of_file(self._encoder, Path(example), self.by, cutting)
            asked = example if clips == 1 else f"{example}, the first of its {clips} clips"
            return self._answer(asked, vector, count)
        clip, shard = clip_of(self.stored, example, self.index)
        vector = of_clip(self.stored, clip, shard, self.by)
        return self._answer(clip, vector, count, without=clip)

    @cached_property
    def _encoder(self) -> "Encoder":
        encoder = self._load(self.stored)
        if encoder.width != self.stored.width:
            raise SearchError(
                f"the encoder gives vectors of {encoder.width} numbers, those of "
                f"{self.stored.table} have {self.stored.width}: run captionmill embed again"
            )
        return encoder

    @cached_property
    def _clips(self) -> Clips:
        return Clips(self.stored)

    def _answer(self, asked: str, query: Floats, count: int, without: str | None = None) -> Answer:
        found, vectors = self._near(query, count if without is None else count + 1)
        found = [near for near in found if near.clip_id != without][:count]
        clips = self._clips.of((near.clip_id, near.shard) for near in found)
        results = [
            Result(rank, near.similarity, near.score, clips[near.clip_id], near.by)
            for rank, near in enumerate(found, 1)
        ]
        exact = self.index is None
        return Answer(asked, self.by, results, exact, vectors, self.stored.clips)

    def _near(self, query: Floats, count: int) -> tuple[list[Near], int]:
        """The clips nearest to a query, best first, and how many vectors were searched."""
        matches, centre = self._nearest(query, count)
        if not centre.count:
            raise SearchError(
                f"none of {counted(self.stored.clips, 'embedded clip')} has "
                f"{LACKS[self._column]}: try another --by"
            )
        products = np.array([match.similarity for match in matches], np.float32)
        scored = zip(matches, centre.scores(query, products).tolist(), strict=True)
        found = [Near(m.clip_id, m.shard, m.similarity, score, self.by) for m, score in scored]
        return found, centre.count

    def _nearest(self, query: Floats, count: int) -> tuple[list[Match], Centre]:
        if self.index is not None:
            return self.index.nearest(query, count), self.index.centre
        return nearest(self.stored, self._column, query, count)


def either(answers: Sequence[Answer], count: int) -> Answer:
    """Of answers by sound and by picture one: each clip once, by what it has the better score by.

    answers: at least one, of the same workspace and question.
    """
    every = (result for answer in answers for result in answer.results)
    best = _best(every, lambda result: result.clip.clip_id, count)
    results = [replace(result, rank=rank) for rank, result in enumerate(best, 1)]
    exact = all(answer.exact for answer in answers)
    vectors = sum(answer.vectors for answer in answers)
    return Answer(answers[0].asked, "either", results, exact, vectors, answers[0].clips)


def nearer(found: Iterable[Sequence[Near]], count: int) -> list[Near]:
    """Of clips by sound and by picture the same: each once, by what it has the better score by."""
    return _best((near for each in found for near in each), lambda near: near.clip_id, count)


def _best(found: Iterable[_Scored], clip: Callable[[_Scored], str], count: int) -> list[_Scored]:
    best: dict[str, _Scored] = {}
    for each in sorted(found, key=lambda each: -each.score):
        best.setdefault(clip(each), each)
    return list(best.values())[:count]


def lines(answer: Answer) -> "list[Text]":
    """An answer for people: rank, similarity, where it is and what is said of it."""
    printed: list[Text] = []
    for result in answer.results:
        head = Text(f"{result.rank:3}  {result.similarity:6.3f}  ", style="cyan")
        by = f"  by {result.by}" if answer.by == "either" else ""
        clip = Text(f"  {result.clip.clip_id[:12]}{by}", style="dim")
        printed.append(head + Text(place(result.clip), style="bold") + clip)
        caption = result.clip.caption(result.by)
        told = Text(one_line(caption)) if caption else Text("no caption", style="dim")
        printed.append(Text(" " * 13) + told)
    if not answer.results:
        printed.append(Text("nothing else is embedded", style="dim"))
    return printed


def note(answer: Answer, pending: int) -> str | None:
    """What a search could not look at, for people. pending: clips that are not embedded yet."""
    parts = []
    lacking = 0 if answer.by == "either" else answer.clips - answer.vectors
    if answer.by != "either" and lacking:
        verb = "has" if lacking == 1 else "have"
        parts.append(f"{counted(lacking, 'clip')} {verb} no {LACKS[COLUMNS[answer.by]]}")
    if pending:
        parts.append(f"{counted(pending, 'clip')} not embedded yet")
    return f"not searched: {', '.join(parts)}" if parts else None
