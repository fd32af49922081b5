"""Do evidence and claims of a release belong to the clips whose data rows they lie beside?

Both are in the order of the data rows: a merge of the two, which holds one clip's rows at a time.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from manifests.captions import CAPTIONS
from manifests.ids import digest
from manifests.verify.problems import Problem, Row
from manifests.verify.row import RowKeys


class _Joined(ABC):
    """Rows of one clip after the other, joined with the data rows. where: path of their file."""

    def __init__(self, where: str, keys: RowKeys) -> None:
        self._where, self._keys = where, keys
        self._next = 0  # the first data row whose rows may still come
        self._group: list[Row] = []
        self._first = self._row = 0  # rows in the file: of the group's first, of the last

    def batch(self, batch: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[Problem]:
        """Problems of the next rows, which have these numbers in the file, of every clip that ended in
        them."""
        names, columns = batch.schema.names, [column.to_pylist() for column in batch.columns]
        for number, *values in zip(numbers, *columns, strict=True):
            row = dict(zip(names, values, strict=True))
            if self._group and row["clip_id"] != self._group[0]["clip_id"]:
                yield from self._ended()
            if not self._group:
                self._first = number
            self._group.append(row)
            self._row = number

    def end(self) -> Iterator[Problem]:
        """Problems of the last clip, and of the data rows after it."""
        if self._group:
            yield from self._ended()
        yield from self._without(len(self._keys))

    def _ended(self) -> Iterator[Problem]:
        group, self._group = self._group, []
        clip = group[0]["clip_id"]
        place = None if clip is None else self._keys.place(clip)
        if place is None:
            yield self._problem("join", "no row of data has this clip", clip)
            return
        if place < self._next:
            message = f"its data row is {place}: these rows are not in the order of data"
            yield self._problem("join", message, clip)
            return
        yield from self._without(place)
        self._next = place + 1
        yield from self._check(place, group)

    def _without(self, before: int) -> Iterator[Problem]:
        """Problems of data rows that have no row here."""
        for row in range(self._next, before):
            if message := self._missing(row):
                yield Problem(
                    "join", f"{self._where} row {self._row}", message, self._keys.clips[row]
                )
        self._next = before

    def _problem(self, kind: str, message: str, clip: str | None) -> Problem:
        return Problem(kind, f"{self._where} row {self._first}", message, clip)

    @abstractmethod
    def _missing(self, row: int) -> str | None:
        """What is wrong with a data row that has no row here."""

    @abstractmethod
    def _check(self, row: int, group: list[Row]) -> Iterator[Problem]:
        """Problems of the rows of one data row."""


class EvidenceRows(_Joined):
    """Checks that a clip's evidence is all of what its captions were written from, and of its media."""

    def _missing(self, row: int) -> str | None:
        if (
            evidence_digest(self._keys.clips[row], self._keys, row, [])
            == self._keys.evidence(row)[0]
        ):
            return None
        return f"data row {row} has no evidence here"

    def _check(self, row: int, group: list[Row]) -> Iterator[Problem]:
        clip = self._keys.clips[row]
        expected, content, *_ = self._keys.evidence(row)
        if content is not None and any(each["content_hash"] != content for each in group):
            yield self._problem(
                "evidence", "a captioner was given other media than the clip's", clip
            )
        captions = weak_captions(group)
        if captions is None:
            yield self._problem(
                "evidence", "places of weak captions and claims do not count up", clip
            )
        elif evidence_digest(clip, self._keys, row, captions) != expected:
            yield self._problem("evidence", "the evidence is not that of the clip's captions", clip)


class ClaimRows(_Joined):
    """Checks that claims are of captions that their clip has."""

    def _missing(self, row: int) -> str | None:
        return None  # a caption may claim nothing

    def _check(self, row: int, group: list[Row]) -> Iterator[Problem]:
        clip, there = self._keys.clips[row], self._keys.captions(row)
        if [each["claim"] for each in group] != list(range(len(group))):
            yield self._problem("join", "its claims do not count up from 0", clip)
        for name in dict.fromkeys(each["caption"] for each in group):
            if name not in there:
                reason = "the clip has no such caption" if name in CAPTIONS else "no caption's name"
                yield self._problem("join", f"a claim of {name!r}: {reason}", clip)


_WEAK = ("captioner", "content_hash", "transcript", "language", "skipped", "missing")
_CLAIM = ("label", "text", "kind", "modality", "score")


def weak_captions(group: Sequence[Row]) -> list[dict[str, Any]] | None:
    """The weak captions of a clip as its evidence digests them, without the clip; None where places of
    weak captions or claims do not count up."""
    captions: list[dict[str, Any]] = []
    for row in group:
        if row["place"] == len(captions):
            weak = {name: row[name] for name in _WEAK} | {"text": row["said"], "claims": []}
            if row["language_probability"] is not None:
                weak["language_probability"] = row["language_probability"]
            captions.append(weak)
        elif row["place"] != len(captions) - 1 or row["claim"] is None:
            return None
        if row["claim"] is not None:
            if row["claim"] != len(captions[-1]["claims"]):
                return None
            captions[-1]["claims"].append(_claim(row))
    return captions


def _claim(row: Row) -> dict[str, Any]:
    claim: dict[str, Any] = {name: row[name] for name in _CLAIM}
    if row["rank"] is not None:
        claim["rank"] = row["rank"]
    starts, ends = row["span_starts_ms"] or (), row["span_ends_ms"] or ()
    claim["spans"] = [list(span) for span in zip(starts, ends, strict=False)]
    claim["confidence"] = _confidence(row, "probability", "tier", "confidence_by")
    claim["fused"] = _confidence(row, "fused_probability", "fused_tier", "fused_by")
    return claim


def _confidence(row: Row, probability: str, tier: str, by: str) -> Mapping[str, Any] | None:
    if row[tier] is None:
        return None
    return {"probability": row[probability], "tier": row[tier], "by": row[by]}


def evidence_digest(clip: str, keys: RowKeys, row: int, captions: list[dict[str, Any]]) -> str:
    """The digest of a clip's evidence: `manifests.evidence.Evidence.digest`, from plain values."""
    _, _, audio, video, duration = keys.evidence(row)
    return digest(
        {
            "clip_id": clip,
            "has_audio": audio,
            "has_video": video,
            "duration_ms": duration,
            "captions": [weak | {"clip_id": clip} for weak in captions],
        }
    )
