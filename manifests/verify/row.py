"""Is a row of a release what its own columns say?"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.captions import CAPTIONS, Variant, texts_digest
from manifests.ids import clip_id
from manifests.release.licences import LicenceClass, licence_class
from manifests.verify.problems import Problem

_NEEDED = (
    *("clip_id", "content_hash", "uri", "start_ms", "end_ms", "duration_ms"),
    *("has_audio", "has_video", "licence"),
    *("file_ms", "since_ms", "first_byte", "end_byte", "size"),
    *("evidence_digest", "prompt_digest", "caption_digest", "input", "stage", "real"),
)
"""Columns without nulls. The schema says so too, but not every engine that writes Parquet keeps that."""

_DIGESTED = (
    *("clip_id", "content_hash", "start_ms", "end_ms", *CAPTIONS, "transcript"),
    *("evidence_digest", "prompt_digest", "caption_digest", "variants"),
)

Fault = tuple[int, str, str]
"""Place of a row in its batch, kind, message."""


class RowCheck:
    """Checks rows of one data file. where: its path. known: stage and origin of each input. links_only:
    there are no transcripts, without which the digest of captions can't be computed again. The attribute
    `inputs` has how many rows each input gave."""

    def __init__(
        self,
        where: str,
        licence: LicenceClass,
        known: Sequence[tuple[int, bool]],
        links_only: bool = False,
    ) -> None:
        self.inputs: Counter[int] = Counter()
        self._where, self._class, self._known = where, licence, known
        self._links_only = links_only

    def batch(self, batch: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[Problem]:
        """Problems of rows that have these numbers in the file."""
        self.inputs.update(batch.column("input").drop_null().to_pylist())
        empty: dict[int, str] = {}
        for name in _NEEDED:
            if batch.column(name).null_count:
                empty |= dict.fromkeys(_where(batch.column(name).is_null()), name)
        for place, name in sorted(empty.items()):
            clip = batch.column("clip_id")[place].as_py()
            yield Problem("schema", f"{self._where} row {numbers[place]}", f"{name} is null", clip)
        if empty:
            kept = [place for place in range(batch.num_rows) if place not in empty]
            batch, numbers = batch.take(pa.array(kept, pa.int64())), [numbers[i] for i in kept]
        checks = (self._spans, self._authors, self._licences, self._inputs, self._digests)
        for check in checks:
            for place, kind, message in check(batch):
                clip = batch.column("clip_id")[place].as_py()
                yield Problem(kind, f"{self._where} row {numbers[place]}", message, clip)

    def _spans(self, batch: pa.RecordBatch) -> Iterator[Fault]:
        lasting = pc.subtract(batch.column("end_ms"), batch.column("start_ms"))
        for place in _where(pc.not_equal(lasting, batch.column("duration_ms"))):
            yield place, "join", "duration_ms is not that of the clip"

    def _authors(self, batch: pa.RecordBatch) -> Iterator[Fault]:
        for name in CAPTIONS:
            author = batch.column(f"{name.removesuffix('_caption')}_by")
            differ = pc.not_equal(batch.column(name).is_valid(), author.is_valid())
            for place in _where(differ):
                yield place, "join", f"{name} and who wrote it do not fit"

    def _licences(self, batch: pa.RecordBatch) -> Iterator[Fault]:
        terms = _rows(batch, "licence", "outputs_train")
        classes = {each: licence_class(*each) for each in set(terms)}
        if set(classes.values()) - {self._class}:
            for place, each in enumerate(terms):
                if classes[each] != self._class:
                    message = f"its licence is of class {classes[each]}, not of its file's"
                    yield place, "licence", message

    def _inputs(self, batch: pa.RecordBatch) -> Iterator[Fault]:
        origins = _rows(batch, "input", "stage", "real")
        wrong = {}
        for origin in set(origins):
            number, stage, real = origin
            if not 0 <= number < len(self._known):
                wrong[origin] = f"release.json has no input {number}"
            elif self._known[number] != (stage, real):
                wrong[origin] = f"stage or real is not that of input {number}"
        if wrong:
            for place, origin in enumerate(origins):
                if origin in wrong:
                    yield place, "join", wrong[origin]

    def _digests(self, batch: pa.RecordBatch) -> Iterator[Fault]:
        rows = _rows(batch, *_DIGESTED)
        for place, (clip, content, start, end, *told, variants) in enumerate(rows):
            if clip != clip_id(content, start, end):
                yield place, "identity", "clip_id is not that of its content and span"
            further = None if variants is None else _variants(variants)
            audio, visual, both, transcript, evidence, prompt, digest = told
            texts = (audio, visual, both, transcript)
            if variants is not None and further is None:
                yield place, "schema", "variants is no JSON list of {caption, style, text}"
            elif self._links_only:
                continue
            elif digest != texts_digest(clip, *texts, evidence, prompt, further or ()):
                yield place, "digest", "the captions are not those that were written for this clip"


def _where(mask: pa.BooleanArray) -> list[int]:
    """Places where a mask is true."""
    places: list[int] = pc.indices_nonzero(mask).to_pylist()
    return places


def _rows(batch: pa.RecordBatch, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.column(name).to_pylist() for name in names), strict=True))


def _variants(text: str) -> list[Variant] | None:
    """The column `variants` read; None for what is no such list."""
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
        names = [
            *("evidence_digest", "content_hash", "has_audio", "has_video", "duration_ms"),
            *("support", "confidence"),
        ]
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

    def scores(self, row: int) -> tuple[float | None, float | None]:
        """support and confidence of a row."""
        support, confidence = self._rows[row][5:7]
        return support, confidence

    def captions(self, row: int) -> set[str]:
        """Names of the captions that a row has."""
        present = self._rows[row][-len(CAPTIONS) :]
        return {name for name, there in zip(CAPTIONS, present, strict=True) if there}

    def place(self, clip: str) -> int | None:
        """The row of a clip, wherever it is; None without one."""
        if self._places is None:
            self._places = {clip: row for row, clip in enumerate(self.clips)}
        return self._places.get(clip)
