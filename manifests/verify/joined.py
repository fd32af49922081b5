"""Do evidence and claims of a release belong to the clips whose data rows they lie beside?

Both are in the order of the data rows: a merge of the two, which holds one clip's rows at a time.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from manifests.captions import CAPTIONS
from manifests.evidence import LEAST
from manifests.ids import digest
from manifests.release.sides import weak_captions
from manifests.verify.problems import Problem, Row
from manifests.verify.row import RowKeys

_EXACT = 1e-6
"""How far scores, which releases have as float32, may be from their claims."""


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
        elif stray := _stray(group):
            yield self._problem("evidence", stray, clip)


class ClaimRows(_Joined):
    """Checks that claims are of captions that their clip has, and that its scores are theirs."""

    def _missing(self, row: int) -> str | None:
        if self._keys.scores(row) == (None, None):
            return None  # a caption may claim nothing
        return f"data row {row} has support or confidence, and no claim here"

    def _check(self, row: int, group: list[Row]) -> Iterator[Problem]:
        clip, there = self._keys.clips[row], self._keys.captions(row)
        if [each["claim"] for each in group] != list(range(len(group))):
            yield self._problem("join", "its claims do not count up from 0", clip)
        for name, told, own in zip(
            ("support", "confidence"), self._keys.scores(row), scores(group), strict=True
        ):
            if told is None or own is None or not abs(told - own) <= _EXACT:
                message = f"{name} of data row {row} is {told}, and its claims give {own}"
                yield self._problem("scores", message, clip)
        for name in dict.fromkeys(each["caption"] for each in group):
            if name not in there:
                reason = "the clip has no such caption" if name in CAPTIONS else "no caption's name"
                yield self._problem("join", f"a claim of {name!r}: {reason}", clip)


_OF_WEAK = (
    *("captioner", "content_hash", "said", "transcript", "language", "language_probability"),
    *("skipped", "missing"),
)
_JUDGED = (
    ("probability", "tier", "confidence_by"),
    ("fused_probability", "fused_tier", "fused_by"),
)
_OF_CLAIM = (
    *("label", "text", "kind", "modality", "score", "rank", "span_starts_ms", "span_ends_ms"),
    *(name for names in _JUDGED for name in names),
)


def _stray(group: Sequence[Row]) -> str | None:
    """What of a clip's evidence is in columns that its digest does not look at; None where nothing is."""
    first = group[0]
    for row in group:
        if row["place"] != first["place"]:
            first = row
        elif any(row[name] != first[name] for name in _OF_WEAK):
            return "rows of one weak caption differ in what they say of it"
        if row["claim"] is None and any(row[name] is not None for name in _OF_CLAIM):
            return "a weak caption without claims has values of a claim"
        for probability, tier, by in _JUDGED:
            if row[tier] is None and (row[probability] is not None or row[by] is not None):
                return f"{probability} or {by} without {tier}"
    return None


def scores(claims: Sequence[Row]) -> tuple[float | None, float | None]:
    """Support and confidence of a row by its claims, as `manifests.release.keys` has them."""
    known = [claim["supported"] for claim in claims if claim["supported"] is not None]
    support = sum(known) / len(known) if known else None
    return support, sum(map(_weight, claims)) / len(claims) if claims else None


def _weight(claim: Row) -> float:
    """What a claim counts for: its probability, without a number the least of its tier."""
    if claim["supported"] is False:
        return 0.0
    probability: float | None = claim["probability"]
    return LEAST.get(claim["tier"], 0.0) if probability is None else probability


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
