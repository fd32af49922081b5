"""Rows of a release with their side rows, put together as workspaces have rows of captions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from manifests.captions import CAPTIONS
from manifests.release.layout import ReleaseError

Row = Mapping[str, Any]

_WEAK = ("captioner", "content_hash", "transcript", "language", "skipped", "missing")
_CLAIM = ("label", "text", "kind", "modality", "score")


def weak_captions(group: Sequence[Row]) -> list[dict[str, Any]] | None:
    """The weak captions of a clip as its evidence digests them, without the clip; None if its rows are
    not in order, or one is missing."""
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


def whole(row: Row, claims: Sequence[Row], evidence: Sequence[Row]) -> dict[str, Any]:
    """A data row with its side rows as workspaces have a row of captions. A release has no reasons,
    refused replies or doubts: these are empty. Raises ReleaseError for evidence with a row missing, and
    for variants that can't be read."""
    weak = weak_captions(evidence)
    if weak is None:
        raise ReleaseError(
            f"rows of the evidence of clip {row['clip_id']} are missing: captionmill verify says which"
        )
    made = dict(row)
    try:
        made["variants"] = json.loads(row.get("variants") or "[]")
    except ValueError as error:
        raise ReleaseError(
            f"variants of clip {row['clip_id']} are no JSON: captionmill verify says which"
        ) from error
    made["claims"] = [_of_caption(claim) for claim in claims]
    made["evidence"] = [_weak(caption) for caption in weak]
    made["lints"], made["rungs"], made["config_digest"] = [], [], None
    for name in CAPTIONS:
        short = name.removesuffix("_caption")
        made[f"{short}_judged"] = made[f"{short}_why"] = None
    return made


def _of_caption(claim: Row) -> dict[str, Any]:
    """A claim of a caption as a caption row has it."""
    spans = zip(claim["span_starts_ms"] or (), claim["span_ends_ms"] or (), strict=False)
    return {
        **{name: claim[name] for name in ("caption", "text", "supported")},
        "captioners": claim["captioners"] or [],
        "confidence": _confidence(claim, "probability", "tier", "confidence_by"),
        "spans": [{"start_ms": start, "end_ms": end} for start, end in spans],
    }


def _weak(weak: Mapping[str, Any]) -> Row:
    """A weak caption as a caption row has it."""
    claims = [
        claim
        | {"rank": claim.get("rank")}
        | {"spans": [{"start_ms": start, "end_ms": end} for start, end in claim["spans"]]}
        for claim in weak["claims"]
    ]
    return {"language_probability": None, **weak, "claims": claims}
