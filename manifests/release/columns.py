"""Columns of the tables of a release: all flat, but for lists of numbers and names, and vectors."""

from collections.abc import Mapping
from typing import Literal, get_args

import pyarrow as pa

from manifests import schemas

Table = Literal["data", "evidence", "claims", "embeddings", "media"]
TABLES: tuple[Table, ...] = get_args(Table)
PARQUET: tuple[Table, ...] = ("data", "evidence", "claims", "embeddings")


def _field(name: str, kind: pa.DataType, doc: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})


def _captions(*names: str) -> list[pa.Field]:
    """Columns as a workspace's captions have them."""
    return [schemas.CAPTIONS.field(name) for name in names]


PLACE = ("file_ms", "since_ms", "first_byte", "end_byte", "audio_track", "video_track", "size")
"""Columns of a workspace's clips without which a clip can't be decoded as its captioners saw it."""

OF_CLIPS = (*PLACE, "whole")
"""Data columns that come from the clip table."""


DATA = pa.schema(
    [
        *_captions("clip_id", "content_hash", "uri", "start_ms", "end_ms", "duration_ms", "kind"),
        *_captions("has_audio", "has_video"),
        *(schemas.CLIPS.field(name) for name in OF_CLIPS),
        *_captions("audio_caption", "visual_caption", "audio_visual_caption"),
        *(
            _field(
                name, pa.string(), "llm, template, human (a reviewer's), or null without a caption"
            )
            for name in ("audio_by", "visual_by", "audio_visual_by")
        ),
        _field("writer", pa.string(), "model that was asked to write; null if none did"),
        _field(
            "variants",
            pa.string(),
            "further captions as a JSON list of {caption, style, text}; null without any",
        ),
        *_captions("transcript", "language"),
        _field("domain", pa.string(), "what is heard mostly: speech, music or general"),
        _field("support", pa.float32(), "share of its claims that the evidence supports"),
        _field("confidence", pa.float32(), "mean probability of its claims"),
        *_captions("licence", "outputs_train"),
        *_captions("evidence_digest", "prompt_digest", "caption_digest"),
        _field("input", pa.int32(), "number of the input in release.json", nullable=False),
        _field("stage", pa.int32(), "1; 2 where recaptioned", nullable=False),
        _field("real", pa.bool_(), "the captions are by people", nullable=False),
    ]
)

_WEAK = schemas.EVIDENCE.value_type
_CLAIM = _WEAK.field("claims").type.value_type
_STARTS = pa.list_(pa.int64())


def _spans() -> list[pa.Field]:
    return [
        _field("span_starts_ms", _STARTS, "when in the clip: starts of spans, ms"),
        _field("span_ends_ms", _STARTS, "ends of the same spans, ms"),
    ]


EVIDENCE = pa.schema(
    [
        *_captions("clip_id"),
        _field("place", pa.int32(), "of the weak caption in the clip's evidence, from 0", False),
        _field("captioner", pa.string(), "who says it", nullable=False),
        _field("content_hash", pa.string(), "of the media this captioner saw", nullable=False),
        _field("said", pa.string(), "the weak caption as a sentence"),
        _field("transcript", pa.string(), "words spoken: data, never instructions"),
        _field("language", pa.string(), "of the transcript, ISO 639-1"),
        _field("language_probability", pa.float64(), "of that language, by the recogniser"),
        _field("skipped", pa.string(), "why the captioner did not run on this clip"),
        _field("missing", pa.string(), "stream that it needs and the clip lacks"),
        _field("claim", pa.int32(), "of the claim in the weak caption, from 0; null without any"),
        *(
            _field(name, _CLAIM.field(name).type, f"of the claim: {name}")
            for name in ("label", "text", "kind", "modality", "score", "rank")
        ),
        *_spans(),
        _field("probability", pa.float64(), "calibrated, by this captioner's word alone"),
        _field("tier", pa.string(), "low, medium or high, by this captioner's word alone"),
        _field("confidence_by", pa.string(), "what gave that probability"),
        _field("fused_probability", pa.float64(), "calibrated, by everybody's word"),
        _field("fused_tier", pa.string(), "low, medium or high, by everybody's word"),
        _field("fused_by", pa.string(), "what gave the fused probability"),
    ]
)
"""One row for each claim of a weak caption, and one (claim null) for a weak caption without claims."""

CLAIMS = pa.schema(
    [
        *_captions("clip_id"),
        _field("claim", pa.int32(), "place in the clip's claims, from 0", nullable=False),
        _field("caption", pa.string(), "whose claim it is", nullable=False),
        _field("text", pa.string(), "what is claimed", nullable=False),
        _field("captioners", pa.list_(pa.string()), "captioners that support it"),
        _field("probability", pa.float64(), "calibrated, by everybody's word"),
        _field("tier", pa.string(), "low, medium or high; null without support"),
        _field("confidence_by", pa.string(), "what gave that probability"),
        *_spans(),
        _field("supported", pa.bool_(), "the evidence says it"),
    ]
)
"""One row for each claim of a caption."""

SCHEMAS: Mapping[Table, pa.Schema] = {"data": DATA, "evidence": EVIDENCE, "claims": CLAIMS}
"""Tables whose columns are those of every release."""

VECTORS = ("audio", "video", "audio_video")
"""Columns of embeddings that hold vectors."""


def embeddings(width: int) -> pa.Schema:
    """Columns of the embeddings of a release, whose encoder has vectors of so many numbers."""
    vector = pa.list_(pa.float16(), width)
    return pa.schema(
        [
            *_captions("clip_id"),
            *(
                field.with_type(vector) if field.name in VECTORS else field
                for field in schemas.EMBEDDINGS
                if field.name != "clip_id"
            ),
            _field("vectors_digest", pa.string(), "of the clip and its vectors", nullable=False),
        ]
    )


def schema_of(table: Table, width: int | None = None) -> pa.Schema:
    """Columns of a table. width: of vectors, for embeddings."""
    if table != "embeddings":
        return SCHEMAS[table]
    if width is None:
        raise ValueError("the columns of embeddings depend on how long vectors are")
    return embeddings(width)


def wrong_columns(actual: pa.Schema, table: Table, width: int | None = None) -> str | None:
    """What is wrong with the columns of a file of a table, None if nothing is. Only names, order and
    types count: engines write different metadata, and not all keep what may be null. width: of vectors,
    for embeddings."""
    expected = schema_of(table, width)
    if missing := [name for name in expected.names if name not in actual.names]:
        return f"it lacks {', '.join(missing)}"
    if unknown := [name for name in actual.names if name not in expected.names]:
        return f"it has {', '.join(unknown)}, which {table} has not"
    if actual.names != expected.names:
        return f"its columns are not in the order of {table}"
    for field in expected:
        if not _alike(actual.field(field.name).type, field.type):
            return f"{field.name} is {actual.field(field.name).type}, not {field.type}"
    return None


def _alike(actual: pa.DataType, expected: pa.DataType) -> bool:
    """Whether types are equal but for names and nullability of a list's items."""
    if pa.types.is_list(expected):
        return bool(pa.types.is_list(actual) and actual.value_type.equals(expected.value_type))
    if pa.types.is_fixed_size_list(expected):
        return bool(
            pa.types.is_fixed_size_list(actual)
            and actual.list_size == expected.list_size
            and actual.value_type.equals(expected.value_type)
        )
    return bool(actual.equals(expected))
