"""Is a row of a release what its own columns say?"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from manifests.captions import CAPTIONS, CaptionSet, Variant, caption_digest
from manifests.ids import clip_id
from manifests.release.licences import LicenceClass, licence_class
from manifests.verify.problems import Problem

_NEEDED = (
    *("clip_id", "uri", "start_ms", "end_ms", "duration_ms", "has_audio", "has_video", "licence"),
    *("evidence_digest", "prompt_digest", "caption_digest", "input", "stage", "real"),
)
"""Columns without nulls. The schema says so too, but not every engine that writes Parquet keeps that."""

_COLUMNS = (
    *("clip_id", "content_hash", "start_ms", "end_ms", "duration_ms", *CAPTIONS),
    *("audio_by", "visual_by", "audio_visual_by", "variants", "transcript"),
    *("evidence_digest", "prompt_digest", "caption_digest"),
    *("licence", "outputs_train", "input", "stage", "real"),
)


class RowCheck:
    """Checks rows of one data file. where: its path. inputs: stage and origin of each input; after the
    check the attribute `inputs` has how many rows each gave."""

    def __init__(
        self, where: str, licence: LicenceClass, inputs: Sequence[tuple[int, bool]]
    ) -> None:
        self.inputs: Counter[int] = Counter()
        self._where, self._class, self._known = where, licence, inputs
        self._classes: dict[tuple[str, bool | None], LicenceClass] = {}

    def batch(self, batch: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[Problem]:
        """Problems of rows that have these numbers in the file."""
        empty = set()
        for name in _NEEDED:
            column = batch.column(name)
            if column.null_count:
                for place in [i for i, null in enumerate(column.is_null().to_pylist()) if null]:
                    empty.add(place)
                    yield self._problem("schema", numbers[place], None, f"{name} is null")
        columns = [batch.column(name).to_pylist() for name in _COLUMNS]
        for place, values in enumerate(zip(*columns, strict=True)):
            if place not in empty:
                for kind, message in self._faults(*values):
                    yield self._problem(kind, numbers[place], values[0], message)

    def _problem(self, kind: str, row: int, clip: str | None, message: str) -> Problem:
        return Problem(kind, f"{self._where} row {row}", message, clip)

    def _faults(
        self,
        clip: str,
        content: str | None,
        start: int,
        end: int,
        duration: int,
        audio: str | None,
        visual: str | None,
        both: str | None,
        audio_by: str | None,
        visual_by: str | None,
        both_by: str | None,
        variants: str | None,
        transcript: str | None,
        evidence: str,
        prompt: str,
        digest: str,
        licence: str,
        train: bool | None,
        number: int,
        stage: int,
        real: bool,
    ) -> Iterator[tuple[str, str]]:
        """What is wrong with a row, by kind."""
        if content is not None and clip != clip_id(content, start, end):
            yield "identity", "clip_id is not that of its content and span"
        if duration != end - start:
            yield "join", "duration_ms is not that of the clip"
        for name, text, by in zip(
            CAPTIONS, (audio, visual, both), (audio_by, visual_by, both_by), strict=True
        ):
            if (text is None) != (by is None):
                yield "join", f"{name} and who wrote it do not fit"
        texts = CaptionSet(audio, visual, both)
        further = _variants(variants)
        if further is None:
            yield "schema", "variants is no JSON list of {caption, style, text}"
        elif digest != caption_digest(clip, texts, transcript, evidence, prompt, further):
            yield "digest", "the captions are not those that were written for this clip"
        if self._of(licence, train) != self._class:
            yield (
                "licence",
                f"its licence is of class {self._of(licence, train)}, not of its file's",
            )
        self.inputs[number] += 1
        if not 0 <= number < len(self._known):
            yield "join", f"release.json has no input {number}"
        elif self._known[number] != (stage, real):
            yield "join", f"stage or real is not that of input {number}"

    def _of(self, licence: str, train: bool | None) -> LicenceClass:
        known = self._classes.get((licence, train))
        if known is None:
            known = licence_class(licence, train)
            if len(self._classes) < 10_000:
                self._classes[licence, train] = known
        return known


def _variants(text: str | None) -> list[Variant] | None:
    """The column `variants` read; None for what is no such list."""
    if text is None:
        return []
    try:
        listed = json.loads(text)
        variants = [Variant(**each) for each in listed]
    except (ValueError, TypeError, RecursionError):
        return None
    texts = [value for each in variants for value in (each.caption, each.style, each.text)]
    sound = isinstance(listed, list) and all(isinstance(value, str) for value in texts)
    return variants if sound else None


class RowKeys:
    """What evidence and claims are joined with: columns of a data file, by row."""

    def __init__(self) -> None:
        self.clips: list[str] = []
        self._rows: list[tuple[Any, ...]] = []
        self._places: dict[str, int] | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """The next rows."""
        names = ("evidence_digest", "content_hash", "has_audio", "has_video", "duration_ms")
        columns = [batch.column(name).to_pylist() for name in names]
        columns += [batch.column(name).is_valid().to_pylist() for name in CAPTIONS]
        self.clips += batch.column("clip_id").to_pylist()
        self._rows += zip(*columns, strict=True)

    def __len__(self) -> int:
        return len(self.clips)

    def evidence(self, row: int) -> tuple[str, str | None, bool, bool, int]:
        """evidence_digest, content_hash, has_audio, has_video and duration_ms of a row."""
        digest, content, audio, video, duration, *_ = self._rows[row]
        return digest, content, audio, video, duration

    def captions(self, row: int) -> set[str]:
        """Names of the captions that a row has."""
        present = self._rows[row][-len(CAPTIONS) :]
        return {name for name, there in zip(CAPTIONS, present, strict=True) if there}

    def place(self, clip: str) -> int | None:
        """The row of a clip, wherever it is; None without one."""
        if self._places is None:
            self._places = {clip: row for row, clip in enumerate(self.clips)}
        return self._places.get(clip)
