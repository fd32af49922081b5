"""The row of a captioned clip. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine.stages.rows import CLIP_COLUMNS
from manifests.captions import Written, claims_to_rows, replies_to_rows
from manifests.evidence import Evidence, evidence_to_rows
from pipelines.caption.licences import Licence

_MEDIA = ("kind", "has_audio", "has_video", "audio_reason", "video_reason")


def caption_row(
    clip: Mapping[str, Any],
    evidence: Evidence,
    written: Written,
    config: str,
    licence: Licence,
) -> dict[str, Any]:
    """The row of `manifests.schemas.CAPTIONS`. Raises RuntimeError for parts of different clips."""
    if not clip["clip_id"] == evidence.clip_id == written.clip_id:
        raise RuntimeError(f"captions of {written.clip_id} were about to land on {clip['clip_id']}")
    if written.evidence_digest != evidence.digest():
        raise RuntimeError(f"captions of {written.clip_id} were written from other evidence")
    row = {key: clip[key] for key in (*CLIP_COLUMNS, "content_hash", *_MEDIA)}
    row |= asdict(written.captions)
    for name, how in written.how.items():
        short = name.removesuffix("_caption")
        row |= {f"{short}_by": how.by, f"{short}_why": how.why, f"{short}_judged": how.judged}
    language, probability = evidence.language
    return row | {
        "variants": [asdict(variant) for variant in written.variants],
        "duration_ms": clip["end_ms"] - clip["start_ms"],
        "transcript": written.transcript,
        "language": language,
        "language_probability": probability,
        "domain": written.domain,
        "writer": written.model,
        "rungs": [how.rung for how in written.how.values() if how.rung is not None],
        "lints": sorted({fault for how in written.how.values() for fault in how.faults}),
        "replies": replies_to_rows(written.replies),
        "claims": claims_to_rows(written.claims),
        "evidence": evidence_to_rows(evidence),
        "evidence_digest": written.evidence_digest,
        "prompt_digest": written.prompt_digest,
        "config_digest": config,
        "caption_digest": written.caption_digest,
        "licence": licence.text,
        "outputs_train": licence.outputs_train,
    }
