"""The columns of the tables are what users read: they are documented and don't change unnoticed."""

from dataclasses import fields

import pyarrow as pa
import pytest

from manifests import schemas
from manifests.captions import CAPTIONS
from manifests.evidence import Claim, Confidence, WeakCaption

_TABLES = {
    "sources": schemas.SOURCES,
    "clips": schemas.CLIPS,
    "weak": schemas.WEAK,
    "captions": schemas.CAPTIONS,
    "filtered": schemas.FILTERED,
    "quarantine": schemas.QUARANTINE,
}


@pytest.mark.parametrize("table", _TABLES)
def test_every_column_is_documented(table: str) -> None:
    silent = [f.name for f in _TABLES[table] if not f.metadata[b"doc"]]
    assert silent == []


@pytest.mark.parametrize("table", _TABLES)
def test_no_column_comes_twice(table: str) -> None:
    names = _TABLES[table].names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", ["clips", "weak", "captions", "filtered", "quarantine"])
def test_what_is_joined_by_clip_always_has_one(table: str) -> None:
    field = _TABLES[table].field("clip_id")
    assert field.type == pa.string() and not field.nullable


def test_weak_columns_are_the_fields_of_a_weak_caption() -> None:
    assert set(schemas.WEAK.names) == {field.name for field in fields(WeakCaption)}


def test_evidence_holds_every_field_of_a_weak_caption_but_the_clip() -> None:
    weak = schemas.EVIDENCE.value_type
    assert _names(weak) == {field.name for field in fields(WeakCaption)} - {"clip_id"}
    claim = weak.field("claims").type.value_type
    assert _names(claim) == {field.name for field in fields(Claim)}
    assert _names(claim.field("confidence").type) == {field.name for field in fields(Confidence)}


def test_every_caption_says_who_wrote_it_or_why_there_is_none() -> None:
    for name in CAPTIONS:
        short = name.removesuffix("_caption")
        assert {name, f"{short}_by", f"{short}_why"} <= set(schemas.CAPTIONS.names)


def _names(struct: pa.StructType) -> set[str]:
    return {struct.field(i).name for i in range(struct.num_fields)}
