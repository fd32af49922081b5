"""Captions, claims and evidence of a workspace as flat Arrow tables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests import schemas
from manifests.commits import State

_SPANS = schemas.WEAK.field("claims").type.value_type.field("spans").type
_TEXT, _NUMBER = pa.string(), pa.float64()
_CLIP = [("clip_id", _TEXT), ("uri", _TEXT)]
_CLAIMS = pa.schema(
    [
        *_CLIP,
        ("caption", _TEXT),
        ("text", _TEXT),
        ("captioners", pa.list_(_TEXT)),
        ("probability", _NUMBER),
        ("tier", _TEXT),
        ("spans", _SPANS),
        ("supported", pa.bool_()),
    ]
)
_EVIDENCE = pa.schema(
    [
        *_CLIP,
        ("captioner", _TEXT),
        ("label", _TEXT),
        ("text", _TEXT),
        ("kind", _TEXT),
        ("modality", _TEXT),
        ("score", _NUMBER),
        ("rank", _NUMBER),
        ("spans", _SPANS),
        ("probability", _NUMBER),
        ("tier", _TEXT),
        ("fused_probability", _NUMBER),
        ("fused_tier", _TEXT),
    ]
)


def captions(root: Path, state: State, job: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The committed caption rows of a job, all columns or these."""
    schema = schemas.CAPTIONS
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
    parts = [
        pq.read_table(pa.BufferReader((root / file.path).read_bytes()), columns=columns)
        for file in state.files("captions", job=job)
    ]
    return pa.concat_tables([schema.empty_table(), *parts])


def claims(table: pa.Table) -> pa.Table:
    """One row for each claim of the captions of a table with clip_id, uri and claims."""
    return pa.Table.from_pylist(list(_claims(table)), schema=_CLAIMS)


def evidence(table: pa.Table) -> pa.Table:
    """One row for each claim of the evidence of a table with clip_id, uri and evidence."""
    return pa.Table.from_pylist(list(_evidence(table)), schema=_EVIDENCE)


def _claims(table: pa.Table) -> Iterator[dict[str, Any]]:
    for row in table.to_pylist():
        for claim in row["claims"]:
            confidence: Mapping[str, Any] = claim.pop("confidence") or {}
            yield {
                "clip_id": row["clip_id"],
                "uri": row["uri"],
                **claim,
                "probability": confidence.get("probability"),
                "tier": confidence.get("tier"),
            }


def _evidence(table: pa.Table) -> Iterator[dict[str, Any]]:
    for row in table.to_pylist():
        for weak in row["evidence"]:
            for claim in weak["claims"]:
                confidence: Mapping[str, Any] = claim.pop("confidence") or {}
                fused: Mapping[str, Any] = claim.pop("fused") or {}
                yield {
                    "clip_id": row["clip_id"],
                    "uri": row["uri"],
                    "captioner": weak["captioner"],
                    **claim,
                    "probability": confidence.get("probability"),
                    "tier": confidence.get("tier"),
                    "fused_probability": fused.get("probability"),
                    "fused_tier": fused.get("tier"),
                }
