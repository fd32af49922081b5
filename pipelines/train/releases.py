"""A release as an input of a training: its split train, and held out its own split of validation."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from manifests.evidence import evidence_from_row
from manifests.ids import path_of
from manifests.release.layout import PLACE
from manifests.release.reading import Reader, Told
from manifests.release.sides import whole
from pipelines.terminal import counted
from pipelines.train.captions import Texts
from pipelines.train.examples import (
    Example,
    ExampleError,
    Real,
    Side,
    captions_of,
    example_of,
    words_of,
)

TRAIN = "train"
VALIDATION = ("validation", "valid", "val", "dev")
"""Names of a split that is held out."""

_CLIP = (
    *("clip_id", "content_hash", "uri", "start_ms", "end_ms", "has_audio", "has_video"),
    *(*PLACE, "whole"),
)


class Release:
    """A release. Sources of other splits than these two (test) are kept away from training, in every
    other input too."""

    def __init__(self, root: Path) -> None:
        """Raises ReleaseError for what is none, ExampleError for one without a split train."""
        self._root, self._reader = root, Reader(root)
        splits = self._reader.splits
        if not splits.get(TRAIN):
            there = ", ".join(splits) or "none"
            raise ExampleError(f"{root} has no rows in a split {TRAIN} (there are {there})")
        self._held_out = [name for name in splits if name in VALIDATION and splits[name]]
        self._away = [name for name in splits if name not in (TRAIN, *VALIDATION)]
        self.notes: list[str] = []

    @property
    def identity(self) -> list[str]:
        """What it is, wherever it lies."""
        return ["release", self._reader.release.digest]

    @property
    def described(self) -> str:
        """For a card, without its path."""
        release = self._reader.release
        jobs = ", ".join(f"`{given.job}`" for given in release.inputs)
        return f"release `{release.digest}`, of jobs {jobs}"

    def clips(self) -> Iterator[dict[str, Any]]:
        """What decoding needs of its clips. They have no `mtime_ns`: where a release lies, its media may
        have been copied, so their content is what proves them."""
        for split in (TRAIN, *self._held_out):
            yield from self._reader.rows(split, _CLIP)

    def examples(self, real: Real) -> Iterator[Example]:
        """Its captioned clips of train and validation; `notes` then says what it lacks. Raises
        ExampleError where none of its media is where it says."""
        rows = unquoted = missing = 0
        there: dict[str, bool] = {}
        for split in (TRAIN, *self._held_out):
            for told in self._reader.told(split):
                uri = told.data["uri"]
                if uri not in there:
                    there[uri] = _is_there(uri)
                rows += 1
                missing += not there[uri]
                unquoted += bool(told.data["transcript"]) and told.evidence is None
                yield _example(told, real, self._side(split))
        if missing == rows:
            raise ExampleError(
                f"{self._root}: none of its media is where it says; the first is "
                f"{next(iter(there))}. A release holds no media: put them there, or build it again "
                "from workspaces that caption them where they are now"
            )
        self.notes = [*self._apart(missing), *self._lacking(unquoted)]

    def _side(self, split: str) -> Side | None:
        if split in self._held_out:
            return "held_out"
        return "trained" if self._held_out else None

    def _apart(self, missing: int) -> Iterator[str]:
        if self._away:
            yield f"{self._root}: not trained on, and not compared: {', '.join(self._away)}"
        if missing:
            yield f"{self._root}: the media of {counted(missing, 'clip')} are not where it says"

    def _lacking(self, unquoted: int) -> Iterator[str]:
        name, release = str(self._root), self._reader.release
        if release.links_only:
            yield f"{name} has links only: no transcripts to quote, no concepts to up-sample"
            return
        if unquoted:
            yield (
                f"{name} has no evidence, which tells said words from sung ones: those of "
                f"{counted(unquoted, 'clip')} are not quoted"
            )
        if not release.of("claims"):
            yield f"{name} has no claims: no rare concepts are up-sampled"

    def away(self) -> Iterator[str]:
        """Content hashes of the sources of other splits."""
        for split in self._away:
            for row in self._reader.rows(split, ["content_hash"]):
                yield row["content_hash"]

    def whole_clips(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Clips that are all of their source, with its URI."""
        for clip in self.clips():
            if clip["whole"]:
                yield clip["uri"], clip


def _is_there(uri: str) -> bool:
    try:
        return os.path.isfile(path_of(uri))
    except ValueError:
        return False


def _example(told: Told, real: Real, side: Side | None) -> Example:
    row = told.data
    synthetic = captions_of(row, json.loads(row["variants"] or "[]"))
    by_people = dict(real.get(row["clip_id"], {}))
    if row["real"]:
        for kind, (caption, *_) in synthetic.items():
            by_people[kind] = (caption, *by_people.get(kind, ()))
        synthetic = {kind: texts[1:] for kind, texts in synthetic.items() if texts[1:]}
    transcript, sung = None, False
    if row["transcript"] and told.evidence is not None:
        evidence = evidence_from_row(whole(row, (), told.evidence))
        transcript, sung = words_of(row["transcript"], evidence)
    texts = Texts(synthetic, by_people, transcript, sung)
    return example_of(row | {"claims": told.claims or ()}, texts, side)
