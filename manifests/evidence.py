"""Evidence: what captioners said of one clip, and how far each claim is to be believed."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from operator import index
from typing import Any, Literal

from manifests.ids import digest

Modality = Literal["audio", "video"]
Kind = Literal["sound", "speech", "music", "object", "scene", "signal", "caption", "score"]
Tier = Literal["low", "medium", "high"]

LEAST: dict[Tier, float] = {"low": 0.0, "medium": 0.5, "high": 0.8}
"""The probability from which on a claim is of a tier; our choice, see `captioners.confidence.tiers`."""
ORDER: dict[Tier, int] = {"low": 0, "medium": 1, "high": 2}
"""The tiers, the surer the greater."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """A raw score made comparable.

    probability: calibrated probability in [0, 1] that the claim is true; None where nobody measured how
    often such claims are. tier: its word for the writer, which never sees the number. by: what really
    scored: "platt-map yamnet" (a calibration, with the scorer it takes in as "platt-map ears+clap"), a
    scorer's name ("clap": its rank among decoys), "fact", "prior", or of what is fused "stack" or "rule"
    with the captioners that spoke. Raises ValueError for what is no probability.
    """

    probability: float | None
    tier: Tier
    by: str = ""

    def __post_init__(self) -> None:
        if self.probability is None:
            return
        if not 0 <= self.probability <= 1:
            raise ValueError(f"{self.probability} is no probability")
        object.__setattr__(self, "probability", float(self.probability))

    @property
    def weight(self) -> float:
        """What it counts for where claims are summed or sorted, never shown: its probability, or without
        one the least that its tier stands for."""
        return LEAST[self.tier] if self.probability is None else self.probability

    @property
    def rank(self) -> tuple[int, float]:
        """Comparable: the surer the greater."""
        return ORDER[self.tier], self.weight


@dataclass(frozen=True, slots=True)
class Claim:
    """One checkable statement in a weak caption.

    label: the captioner's own name of it ("Dog"). text: the same as a phrase that can stand in a
    sentence ("a dog barks"); empty where it is a bare measure, or of kind "score" what another
    captioner's claim is worth (label: "<captioner>/<its label>"). score: raw, in the captioner's own
    unit. rank: of kind "score" the share of decoys that fit the clip worse, in [0, 1]; None where the
    scorer ranks nothing. spans: (start, end) in ms from the start of the clip; empty when the captioner
    does not say when. confidence: of this captioner's word, fused: of everybody's; None until judged.

    Numbers become plain floats and ints, so that a digest is the same before and after a file.
    Raises ValueError for a score that is not finite or a rank that is no share, TypeError for spans
    that are not whole ms.
    """

    label: str
    text: str
    kind: Kind
    modality: Modality
    score: float
    spans: tuple[tuple[int, int], ...] = ()
    confidence: Confidence | None = None
    fused: Confidence | None = None
    rank: float | None = None

    @property
    def believed(self) -> Confidence | None:
        """How far it is to be believed: by everybody's word where that was asked."""
        return self.fused or self.confidence

    def __post_init__(self) -> None:
        if not math.isfinite(self.score):
            raise ValueError(f"the score of {self.label!r} is {self.score}")
        object.__setattr__(self, "score", float(self.score))
        if self.rank is not None:
            if not 0 <= self.rank <= 1:
                raise ValueError(f"the rank of {self.label!r} is {self.rank}")
            object.__setattr__(self, "rank", float(self.rank))
        spans = tuple((index(start), index(end)) for start, end in self.spans)
        object.__setattr__(self, "spans", spans)


@dataclass(frozen=True, slots=True)
class WeakCaption:
    """What one captioner says of one clip.

    content_hash is that of the media the captioner really saw. skipped: why there is nothing, None when
    the captioner ran. missing: the stream that the captioner needs and the clip does not have; `skipped`
    says why. transcript, language (ISO 639-1) and language_probability (the recogniser's own, in [0, 1])
    only from speech recognition; such text is data and never an instruction.
    """

    clip_id: str
    content_hash: str
    captioner: str
    text: str = ""
    claims: tuple[Claim, ...] = ()
    transcript: str | None = None
    language: str | None = None
    skipped: str | None = None
    missing: Modality | None = None
    language_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """What speaks for one claim of a clip. Claims are told by their places: (of the weak caption, of the
    claim in it).

    about: the stems of what it is about. by: claims of its modality that imply it, itself included.
    broader: claims of its modality that it implies and that don't imply it ("a bird", of "an owl").
    """

    claim: tuple[int, int]
    about: frozenset[str]
    by: tuple[tuple[int, int], ...]
    broader: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All weak captions of one clip, judged, in the profile's order of captioners."""

    clip_id: str
    has_audio: bool
    has_video: bool
    duration_ms: int
    captions: tuple[WeakCaption, ...] = field(default=())

    @property
    def transcript(self) -> str | None:
        """The words spoken, from the first captioner that has any."""
        return next((c.transcript for c in self.captions if c.transcript), None)

    @property
    def language(self) -> tuple[str | None, float | None]:
        """Language of the transcript, and how sure its recogniser was of it."""
        first = next((c for c in self.captions if c.transcript), None)
        return (first.language, first.language_probability) if first else (None, None)

    def claims(self, modality: Modality | None = None) -> list[Claim]:
        """The claims of every captioner in order, of one modality or of both."""
        return [
            claim
            for caption in self.captions
            for claim in caption.claims
            if modality is None or claim.modality == modality
        ]

    def digest(self) -> str:
        """Digest of everything the writer may learn of this clip. A captioner that names no language, and
        a claim that nobody ranked, count as they did before there was a probability or a rank."""
        # Not `asdict`, which takes four times as long: this is most of what verification does.
        return digest(
            {
                "clip_id": self.clip_id,
                "has_audio": self.has_audio,
                "has_video": self.has_video,
                "duration_ms": self.duration_ms,
                "captions": [_weak_parts(weak) for weak in self.captions],
            }
        )


_LANGUAGE = ("language", "language_probability")
_WEAK = ("content_hash", "captioner", "text", "transcript", *_LANGUAGE, "skipped", "missing")
_CLAIM = ("label", "text", "kind", "modality", "score", "rank")


def _weak_parts(weak: WeakCaption) -> dict[str, Any]:
    """What is digested of a weak caption."""
    parts = {key: getattr(weak, key) for key in _WEAK} | {"clip_id": weak.clip_id}
    if weak.language_probability is None:
        del parts["language_probability"]
    return parts | {"claims": [_claim_parts(claim) for claim in weak.claims]}


def _claim_parts(claim: Claim) -> dict[str, Any]:
    """What is digested of a claim."""
    parts = {key: getattr(claim, key) for key in _CLAIM} | {"spans": claim.spans}
    if claim.rank is None:
        del parts["rank"]
    parts["confidence"] = _confidence_parts(claim.confidence)
    parts["fused"] = _confidence_parts(claim.fused)
    return parts


def _confidence_parts(confidence: Confidence | None) -> dict[str, Any] | None:
    if confidence is None:
        return None
    return {
        "probability": confidence.probability,
        "tier": confidence.tier,
        "by": confidence.by,
    }


def weak_from_row(row: Mapping[str, Any]) -> WeakCaption:
    """A weak caption from a row of a `weak/` table (`manifests.schemas.WEAK`)."""
    claims = tuple(_claim(c) for c in row["claims"])
    return WeakCaption(clip_id=row["clip_id"], claims=claims, **{key: row[key] for key in _WEAK})


def weak_to_row(weak: WeakCaption) -> dict[str, Any]:
    """The row of `weak`, without confidences: they belong to a calibration, not to a captioner."""
    row = {"clip_id": weak.clip_id} | {key: getattr(weak, key) for key in _WEAK}
    return row | {"claims": [_claim_row(claim) for claim in weak.claims]}


def evidence_to_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """The `evidence` column of a caption row: weak captions with the confidences of each claim."""
    rows = []
    for weak in evidence.captions:
        row = weak_to_row(weak)
        del row["clip_id"]
        for claim, judged in zip(row["claims"], weak.claims, strict=True):
            claim["confidence"] = judged.confidence and asdict(judged.confidence)
            claim["fused"] = judged.fused and asdict(judged.fused)
        rows.append(row)
    return rows


def evidence_from_row(row: Mapping[str, Any]) -> Evidence:
    """The evidence that a row of the captions table (`manifests.schemas.CAPTIONS`) was written from."""
    captions = tuple(weak_from_row({"clip_id": row["clip_id"], **weak}) for weak in row["evidence"])
    return Evidence(
        clip_id=row["clip_id"],
        has_audio=row["has_audio"],
        has_video=row["has_video"],
        duration_ms=row["duration_ms"],
        captions=captions,
    )


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(
        **{key: row[key] for key in _CLAIM},
        spans=tuple((s["start_ms"], s["end_ms"]) for s in row["spans"]),
        confidence=_confidence(row.get("confidence")),
        fused=_confidence(row.get("fused")),
    )


def _confidence(row: Mapping[str, Any] | None) -> Confidence | None:
    return None if row is None else Confidence(**row)


def _claim_row(claim: Claim) -> dict[str, Any]:
    spans = [{"start_ms": start, "end_ms": end} for start, end in claim.spans]
    return {key: getattr(claim, key) for key in _CLAIM} | {"spans": spans}
