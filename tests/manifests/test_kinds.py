"""One registry says what a table looks like, where it lies and what its rows mean."""

from dataclasses import replace

import pyarrow as pa
import pytest

from manifests import kinds
from manifests.books import books
from manifests.commits import Record, State
from manifests.errors import UserError
from manifests.kinds import CAPTIONS, WEAK, Kind, kind_of, register, schema_of


@pytest.fixture
def marks() -> Kind:
    """A kind of a stage that only tests have."""
    schema = pa.schema([pa.field("clip_id", pa.string(), metadata={"doc": "of a clip"})])
    return register(Kind("marks", schema, "marks", outcome="marked"))


def test_the_kind_of_a_table_is_the_first_part_of_its_name() -> None:
    assert kind_of("weak/yamnet-1f2e") is WEAK
    assert kind_of("captions") is CAPTIONS


def test_a_table_that_nobody_registered_is_an_error() -> None:
    with pytest.raises(UserError, match="no stage of this installation writes"):
        kind_of("nothing/x")


def test_a_kind_is_registered_once(marks: Kind) -> None:
    assert register(marks) is marks
    assert kinds.kinds().count(marks) == 1


@pytest.mark.parametrize("change", [{"folder": "other"}, {"name": "other"}, {"outcome": None}])
def test_names_and_folders_belong_to_one_kind(marks: Kind, change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="taken by marks"):
        register(replace(marks, **change))


def test_what_a_stage_registers_is_an_outcome_of_its_books(marks: Kind) -> None:
    listed = Record(stage="ingest", epoch=1, cut="c", shard=0, counts={"clips": 5})
    counts = {"marked": 3, "quarantined": 2, "slow": 1}
    worked = Record(stage="mark", epoch=1, cut="c", job="j", shard=0, counts=counts)
    told = books(State(1, [listed, worked]), "c", "j")
    assert told.outcomes == {"marked": 3, "quarantined": 2}
    assert told.detail == {"slow": 1}
    assert told.close
    assert told.to_json()["marked"] == 3
    assert told.to_json()["captioned"] == 0


def test_a_tables_name_says_how_long_its_vectors_are() -> None:
    schema = schema_of(f"embeddings/pe-av-16-{'a' * 16}")
    assert schema.field("audio").type == pa.list_(pa.float16(), 16)
    assert schema.field("audio").metadata == kinds.EMBEDDINGS.schema.field("audio").metadata
    assert schema.field("audio_ms").type == pa.int32()


@pytest.mark.parametrize("name", ["embeddings/pe-av-b1f2", "embeddings/x", "embeddings"])
def test_vectors_of_no_length_are_an_error(name: str) -> None:
    with pytest.raises(UserError, match="how long its vectors are"):
        schema_of(name)
