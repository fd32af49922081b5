"""Lists of labelled media: how they are read, and what is true by them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.evidence import Claim, Kind, Modality
from manifests.ids import uri_of
from manifests.sources.list import ListError
from pipelines.calibrate.labelled import Labelled, read


def _claim(label: str, text: str = "", kind: Kind = "sound", modality: Modality = "audio") -> Claim:
    return Claim(label, text or f"{label} is heard", kind, modality, 0.5)


def _truth(claim: Claim, **row: Any) -> bool | None:
    return Labelled(file="f", **row).truth(claim)


@pytest.mark.parametrize(
    ("true", "label", "holds"),
    [
        (["Dog"], "dog", True),
        (["Dog"], "Animal", True),
        (["a dog barks"], "Dog", True),
        (["Animal"], "Dog", False),
        (["Cat"], "Dog", False),
        (["Livestock, farm animals, working animals"], "Animal", True),
        ([], "Dog", False),
    ],
)
def test_what_implies_a_claim_makes_it_true(true: list[str], label: str, holds: bool) -> None:
    assert _truth(_claim(label), true=true) is holds


def test_unsure_takes_out_what_says_the_same_and_no_more() -> None:
    assert _truth(_claim("Dog"), true=[], unsure=["dog"]) is None
    assert _truth(_claim("Animal"), true=[], unsure=["dog"]) is False
    assert _truth(_claim("Animal"), true=["dog"], unsure=["cat"]) is True


def test_a_label_that_is_unsure_is_so_whatever_else_is_true() -> None:
    assert _truth(_claim("Dog"), true=["a dog barks"], unsure=["Dog"]) is None


def test_false_decides_where_the_list_is_not_complete() -> None:
    row: dict[str, Any] = {"true": ["Dog"], "false": ["Cat"], "complete": False}
    assert _truth(_claim("Dog"), **row) is True
    assert _truth(_claim("Bird"), **row) is None
    assert _truth(_claim("Cat"), **row) is False


def test_what_is_narrower_than_something_false_is_false() -> None:
    row: dict[str, Any] = {"true": [], "false": ["Animal"], "complete": False}
    assert _truth(_claim("Dog"), **row) is False


def test_what_a_text_tells_beyond_its_label_can_be_false() -> None:
    row: dict[str, Any] = {"true": [], "false": ["goose"], "complete": False}
    assert (
        Labelled(file="f", **row).truth(Claim("Honk", "a goose honks", "sound", "audio", 0.5))
        is False
    )


def test_a_label_told_false_is_so_though_the_lexicon_implies_it() -> None:
    assert _truth(_claim("Animal"), true=["Dog"], false=["Animal"]) is False


@pytest.mark.parametrize(
    ("true", "text", "holds"),
    [
        ("one person", "two people", False),
        ("one person", "several people", False),
        ("one person", "a person", True),
        ("two cars", "two cars", True),
        ("two cars", "three cars", False),
        ("three cars", "several cars", True),
        ("car", "two cars", True),
    ],
)
def test_numbers_count_where_both_sides_state_one(true: str, text: str, holds: bool) -> None:
    label = "person" if "pe" in true else "car"
    claim = _claim(label, text, "object", "video")
    assert _truth(claim, true=[true]) is holds


def test_an_entry_may_speak_of_one_side_alone() -> None:
    heard, seen = _claim("Dog"), _claim("Dog", "a dog", "object", "video")
    assert _truth(heard, true=["heard: dog"]) is True
    assert _truth(seen, true=["heard: dog"]) is False
    assert _truth(seen, true=["Seen: dog"]) is True


def test_each_word_of_a_sentence_stands_in_something_true() -> None:
    row: dict[str, Any] = {"true": ["a dog barks", "rain falls"]}
    for text, holds in (
        ("a dog barks", True),
        ("a dog barks and rain falls", True),
        ("a cat meows", False),
        ("a dog barks in a kitchen", False),
    ):
        assert _truth(_claim(text, text, "caption"), **row) is holds


def test_csv_json_lines_and_parquet_say_the_same(tmp_path: Path) -> None:
    rows = [
        {"file": "a.wav", "true": ["Dog", "Cat"], "unsure": ["Bird"], "origin": "x"},
        {"file": "b, c.wav", "true": [], "complete": False},
    ]
    (tmp_path / "l.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    (tmp_path / "l.csv").write_text(
        '\ufefffile,true,unsure,origin,complete\na.wav,"Dog; Cat",Bird,x,\n"b, c.wav",,,,false\n',
        encoding="utf-8",
    )
    pq.write_table(
        pa.Table.from_pylist([{"complete": True} | row for row in rows]), tmp_path / "l.parquet"
    )
    lists = [read(tmp_path / f"l.{suffix}") for suffix in ("jsonl", "csv", "parquet")]
    assert lists[0][0].true == ("Dog", "Cat")
    for found in lists[1:]:
        for one, other in zip(found, lists[0], strict=True):
            assert one.model_dump(exclude={"origin"}) == other.model_dump(exclude={"origin"})
            assert (one.origin or None) == other.origin


def test_a_file_is_absolute_a_uri_or_beside_the_list(tmp_path: Path) -> None:
    path = tmp_path / "ä b.wav"
    for file in (str(path), uri_of(bytes(path)), path.name):
        assert Labelled(file=file, true=()).path(tmp_path) == path


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("l.doc", "", "a list ends in"),
        ("l.csv", "file,true\n", "names no file"),
        ("l.csv", "file,tru\na.wav,Dog\n", 'row 1: no column is called "tru"'),
        ("l.csv", "file\na.wav\n", 'row 1: the column "true" is missing'),
        ("l.jsonl", '{"file": "a", "true": []}\n{"file": 3, "true": []}\n', "row 2: file"),
        ("l.jsonl", "{", "can't be read"),
        ("l.parquet", "none", "can't be read"),
    ],
)
def test_a_bad_list_is_refused_with_its_reason(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ListError, match=told):
        read(tmp_path / name)


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="No such file"):
        read(tmp_path / "none.csv")


def test_empty_cells_of_pandas_and_lists_as_text_are_read_as_meant(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("File,true,false\na.wav,\"['Dog', 'Rain']\",nan\n")
    (row,) = read(tmp_path / "l.csv")
    assert (row.file, row.true, row.false) == ("a.wav", ("Dog", "Rain"), ())
