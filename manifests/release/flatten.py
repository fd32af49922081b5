"""Caption rows of a workspace as the flat tables of a release: data, evidence, claims.

All is done on whole columns. Side rows say which data row they belong to (`parent`), by its place in what
was flattened.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.duck import connect
from manifests.release.keys import CONFIDENCE, SUPPORT
from manifests.release.layout import CLAIMS, DATA, EVIDENCE, OF_CLIPS

COMPUTED = ("variants", "support", "confidence", "input", "stage", "real")
"""Data columns that are no columns of captions."""

Indices = npt.NDArray[np.int64]


def columns(evidence: bool) -> list[str]:
    """Columns of captions that are read for data, claims and, where asked for, evidence."""
    plain = [name for name in DATA.names if name not in (*COMPUTED, *OF_CLIPS)]
    return [*plain, "variants", "claims", *(["evidence"] if evidence else [])]


def data(
    rows: pa.Table, clips: pa.Table, number: int, stage: int, real: bool, links_only: bool
) -> pa.Table:
    """Data rows. rows: with `columns`. clips: the clip of each row, with `OF_CLIPS`. number, stage,
    real: of their input. links_only: without words that were heard."""
    length = rows.num_rows
    support, confidence = _scores(rows["claims"])
    made = {
        "variants": _variants(rows["variants"]),
        "support": support,
        "confidence": confidence,
        "input": pa.array(np.full(length, number, np.int32)),
        "stage": pa.array(np.full(length, stage, np.int32)),
        "real": pa.array(np.full(length, real, np.bool_)),
        **{name: clips[name] for name in OF_CLIPS},
    }
    if links_only:
        made["transcript"] = pa.nulls(length, pa.string())
    arrays = [
        made.get(name, rows[name] if name in rows.column_names else None) for name in DATA.names
    ]
    return pa.table(arrays, schema=DATA)


def claims(rows: pa.Table) -> tuple[pa.Table, Indices]:
    """One row for each claim of a caption, and the place of its data row."""
    parents, place, items = _exploded(rows["claims"])
    confidence = items["confidence"]
    starts, ends = _spans(items["spans"])
    values = {
        "clip_id": _of_parents(rows["clip_id"], parents),
        "claim": place,
        **{name: items[name] for name in ("caption", "text", "captioners", "supported")},
        "probability": _field(confidence, "probability"),
        "tier": _field(confidence, "tier"),
        "confidence_by": _field(confidence, "by"),
        "span_starts_ms": starts,
        "span_ends_ms": ends,
    }
    return _table(values, CLAIMS), parents


def evidence(rows: pa.Table) -> tuple[pa.Table, Indices]:
    """One row for each claim of a weak caption, one for a weak caption without any, and the place of
    its data row."""
    parents, place, weak = _exploded(rows["evidence"])
    listed = weak["claims"]
    owners, number, items = _exploded(pa.chunked_array([listed]), empty=True)
    of_weak = {name: _of_parents(weak[name], owners) for name in _OF_WEAK}
    starts, ends = _spans(items["spans"])
    values = {
        "clip_id": _of_parents(rows["clip_id"], parents[owners]),
        "place": place.take(pa.array(owners)),
        "said": of_weak.pop("text"),
        **of_weak,
        "claim": number,
        **{name: items[name] for name in _OF_CLAIM},
        "span_starts_ms": starts,
        "span_ends_ms": ends,
    }
    for column, prefix in (("confidence", ""), ("fused", "fused_")):
        values[f"{prefix}probability"] = _field(items[column], "probability")
        values[f"{prefix}tier"] = _field(items[column], "tier")
        values["fused_by" if prefix else "confidence_by"] = _field(items[column], "by")
    return _table(values, EVIDENCE), parents[owners]


_OF_WEAK = (
    "captioner",
    "content_hash",
    "text",
    "transcript",
    "language",
    "language_probability",
    "skipped",
    "missing",
)
_OF_CLAIM = ("label", "text", "kind", "modality", "score", "rank")


def _scores(listed: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Support and confidence of each row, as the keys have them."""
    if not pc.any(pc.greater(pc.list_value_length(listed), 0)).as_py():
        nothing = pa.nulls(len(listed), pa.float32())
        return nothing, nothing
    with connect(threads=1) as connection:
        connection.register("given", pa.table({"claims": listed}))
        scored = connection.sql(
            f"SELECT ({SUPPORT})::FLOAT AS support, ({CONFIDENCE})::FLOAT AS confidence FROM given"
        ).to_arrow_table()
    return scored["support"], scored["confidence"]


def _variants(listed: pa.ChunkedArray) -> pa.Array:
    """Further captions as JSON; null without any."""
    if not pc.any(pc.greater(pc.list_value_length(listed), 0)).as_py():
        return pa.nulls(len(listed), pa.string())
    texts = [
        json.dumps(each, ensure_ascii=False, separators=(",", ":")) if each else None
        for each in listed.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _exploded(
    listed: pa.ChunkedArray, empty: bool = False
) -> tuple[Indices, pa.Array, dict[str, Any]]:
    """The items of a column of lists of structs: whose they are, their place in the list, and their
    fields. empty: an empty list or null has one item of nulls, whose place is null."""
    array = listed.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], listed.type)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    lengths = lengths.astype(np.int64)
    items = array.flatten()
    many = np.maximum(lengths, 1) if empty else lengths
    parents = np.repeat(np.arange(len(array), dtype=np.int64), many)
    place = np.arange(len(parents)) - np.repeat(np.cumsum(many) - many, many)
    fields = {items.type.field(at).name: part for at, part in enumerate(items.flatten())}
    if not empty:
        return parents, pa.array(place.astype(np.int32)), fields
    lacking = np.repeat(lengths == 0, many)
    taken = np.cumsum(~lacking) - 1
    indices = pa.array(taken, mask=lacking)
    return (
        parents,
        pa.array(place.astype(np.int32), mask=lacking),
        {name: part.take(indices) for name, part in fields.items()},
    )


def _spans(listed: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Starts and ends of a column of lists of spans, as lists; null where the spans are."""
    flat = listed.flatten()
    lengths = pc.fill_null(pc.list_value_length(listed), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths.astype(np.int64))]).astype(np.int32)
    absent = pc.is_null(listed)
    kind = pa.list_(pa.int64())
    starts, ends = flat.flatten() if len(flat) else (pa.array([], pa.int64()),) * 2
    starts, ends = (
        pa.ListArray.from_arrays(pa.array(offsets), values, mask=absent).cast(kind)
        for values in (starts, ends)
    )
    return starts, ends


def _field(structs: pa.Array, name: str) -> pa.Array:
    """A field of structs; null where the struct is."""
    return structs.flatten()[structs.type.get_field_index(name)]


def _of_parents(values: Any, parents: Indices) -> Any:
    return values.take(pa.array(parents))


def _table(values: dict[str, Any], schema: pa.Schema) -> pa.Table:
    return pa.table([values[name] for name in schema.names], schema=schema)
