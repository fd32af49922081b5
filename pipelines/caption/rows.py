"""Rows of the tables, made from what the stages gave. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from manifests.captions import Written, claims_to_rows
from manifests.evidence import Evidence, evidence_to_rows

if TYPE_CHECKING:
    from engine.stages.pools import Fault  # brings Ray

_CLIP = ("clip_id", "uri", "start_ms", "end_ms")
_MEDIA = ("kind", "has_audio", "has_video", "audio_reason", "video_reason")


def caption_row(
    clip: Mapping[str, Any],
    evidence: Evidence,
    written: Written,
    config: str,
    licence: str,
    outputs_train: bool | None,
) -> dict[str, Any]:
    """The row of `manifests.schemas.CAPTIONS`. Raises RuntimeError for parts of different clips."""
    if not clip["clip_id"] == evidence.clip_id == written.clip_id:
        raise RuntimeError(f"captions of {written.clip_id} were about to land on {clip['clip_id']}")
    if written.evidence_digest != evidence.digest():
        raise RuntimeError(f"captions of {written.clip_id} were written from other evidence")
    row = {key: clip[key] for key in (*_CLIP, "content_hash", *_MEDIA)}
    row |= asdict(written.captions)
    for name, how in written.how.items():
        short = name.removesuffix("_caption")
        row[f"{short}_by"], row[f"{short}_why"] = how.by, how.why
    return row | {
        "variants": [asdict(variant) for variant in written.variants],
        "duration_ms": clip["end_ms"] - clip["start_ms"],
        "transcript": written.transcript,
        "language": next((c.language for c in evidence.captions if c.transcript), None),
        "writer": written.model,
        "rungs": [how.rung for how in written.how.values() if how.rung is not None],
        "lints": sorted({fault for how in written.how.values() for fault in how.faults}),
        "claims": claims_to_rows(written.claims),
        "evidence": evidence_to_rows(evidence),
        "evidence_digest": written.evidence_digest,
        "prompt_digest": written.prompt_digest,
        "config_digest": config,
        "caption_digest": written.caption_digest,
        "licence": licence,
        "outputs_train": outputs_train,
    }


def filtered_row(clip: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """The row of `manifests.schemas.FILTERED`."""
    return {key: clip[key] for key in _CLIP} | {"rule": rule}


def quarantine_row(clip: Mapping[str, Any], fault: "Fault", workspace: str) -> dict[str, Any]:
    """The row of `manifests.schemas.QUARANTINE`."""
    return {key: clip[key] for key in _CLIP} | {
        "stage": fault.stage,
        "reason": fault.reason,
        "message": fault.message,
        "reproduce": f"captionmill quarantine show {shlex.quote(workspace)} {clip['clip_id']} --run",
    }


def clip_facts(clip: Mapping[str, Any]) -> dict[str, float]:
    """What conditions may ask of the clip itself (`engine.profile.conditions`)."""
    return {
        "seconds": (clip["end_ms"] - clip["start_ms"]) / 1000,
        "audio": float(clip["has_audio"]),
        "video": float(clip["has_video"]),
        "still": float(clip["kind"] == "image"),
    }
