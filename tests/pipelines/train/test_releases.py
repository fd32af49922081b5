"""A release is trained on as the workspace that it was built from, its splits apart."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manifests.evidence import evidence_from_row
from manifests.ids import path_of
from manifests.release.layout import ReleaseError
from manifests.release.reading import Reader
from manifests.release.shards import Input
from manifests.release.sides import whole
from pipelines.train.examples import Example, ExampleError, examples, is_held_out
from pipelines.train.releases import Release
from tests.manifests.release import made
from tests.pipelines.rebuild import built
from tests.pipelines.train.made import example

Row = dict[str, Any]


@pytest.fixture
def captioned(tmp_path: Path) -> Input:
    """Twelve captioned clips of eight sources, whose files are there."""
    (given,) = built.workspace(tmp_path / "workspace")
    listed = built.rows(given)
    for row in listed:
        path = tmp_path / f"{row['content_hash']}.mp4"
        path.touch()
        row["uri"] = path.as_uri()
    return built.rewritten(given, tmp_path / "captions", [listed])


def _build(captioned: Input, out: Path, **sections: Any) -> Release:
    built.release(built.rules(out.parent, **sections), [captioned], out)
    return Release(out)


def _by_clip(listed: list[Example]) -> dict[str, Example]:
    return {each.clip_id: each for each in listed}


def test_its_examples_are_those_of_the_captions(captioned: Input, tmp_path: Path) -> None:
    rows = built.rows(captioned)
    rows[0]["variants"] = [{"caption": "audio_caption", "style": "short", "text": "Sound!"}]
    of = {"captioners": ["eyes"], "spans": [], "confidence": None, "caption": "visual_caption"}
    rows[1]["claims"] = [
        {**of, "text": "a thing", "supported": True},
        {**of, "text": "a ghost", "supported": False},
        {**of, "text": "a sound", "supported": True, "caption": "audio_caption"},
    ]
    given = built.rewritten(captioned, tmp_path / "again", [rows])
    release = _build(given, tmp_path / "out")
    listed = _by_clip(examples([release], {}))
    assert listed.keys() == {row["clip_id"] for row in rows}
    for row in rows:
        own = listed[row["clip_id"]]
        assert own.texts.plain("visual_caption") == row["visual_caption"]
        assert own.texts.transcript == row["transcript"]
        assert (own.licence, own.outputs_train) == (row["licence"], row["outputs_train"])
        assert own.concepts == (("a thing",) if row is rows[1] else ())
        assert (own.side, own.content_hash) == (None, row["content_hash"])
    assert any(row["transcript"] for row in rows)
    assert listed[rows[0]["clip_id"]].texts.synthetic["audio_caption"][1:] == ("Sound!",)
    assert release.notes == []


def test_the_evidence_of_a_row_is_put_together_again(tmp_path: Path) -> None:
    made.small(tmp_path)
    for told in Reader(tmp_path).told("train"):
        assert told.evidence and told.claims
        row = whole(told.data, (), told.evidence)
        assert evidence_from_row(row).digest() == told.data["evidence_digest"]


def test_its_own_validation_is_held_out_and_test_is_kept_away(
    captioned: Input, tmp_path: Path
) -> None:
    split = {"train": 0.5, "validation": 0.25, "test": 0.25}
    release = _build(captioned, tmp_path / "out", split=split)
    reader = Reader(tmp_path / "out")
    of = {name: {row["clip_id"] for row in reader.rows(name)} for name in split}
    assert all(of.values())
    listed = _by_clip(examples([release], {}))
    assert {clip for clip, each in listed.items() if is_held_out(each, 0.0)} == of["validation"]
    assert {clip for clip, each in listed.items() if not is_held_out(each, 0.99)} == of["train"]
    assert any("not trained on, and not compared: test" in note for note in release.notes)
    everything = _build(captioned, tmp_path / "all")
    both = _by_clip(examples([everything, release], {}))
    assert both.keys() == of["train"] | of["validation"]
    assert {clip for clip, each in both.items() if is_held_out(each, 0.0)} == of["validation"]


def test_a_source_lies_on_one_side_in_all_inputs(captioned: Input, tmp_path: Path) -> None:
    split = {"train": 0.5, "validation": 0.5}
    release = _build(captioned, tmp_path / "out", split=split)
    held = next(each for each in examples([release], {}) if each.side == "held_out")

    class Other(Release):
        def examples(self, real: Any) -> Any:
            yield replace(example(1), content_hash=held.content_hash)
            yield example(2)

        def away(self) -> Any:
            return iter(())

    listed = _by_clip(examples([Other(tmp_path / "out"), release], {}))
    assert listed[example(1).clip_id].side == "held_out"
    assert listed[example(2).clip_id].side is None


def test_captions_by_people_are_real(captioned: Input, tmp_path: Path) -> None:
    given = replace(captioned, real=True)
    release = _build(given, tmp_path / "out")
    for each in examples([release], {}):
        assert each.texts.real and not each.texts.synthetic
        assert each.by == ()


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ({"evidence": False}, "no evidence"),
        ({"claims": False}, "no claims"),
        ({"links_only": True}, "links only"),
    ],
)
def test_what_a_release_lacks_is_told(
    captioned: Input, tmp_path: Path, output: Mapping[str, bool], told: str
) -> None:
    release = _build(captioned, tmp_path / "out", output=output)
    listed = examples([release], {})
    assert len(listed) == 12
    assert [told in note for note in release.notes] == [True]
    if "claims" not in output:
        assert not any(each.texts.transcript for each in listed)


def test_media_that_is_nowhere_is_an_error_before_work_starts(
    captioned: Input, tmp_path: Path
) -> None:
    release = _build(captioned, tmp_path / "out")
    paths = {path_of(row["uri"]) for row in built.rows(captioned)}
    first, *others = sorted(paths)
    for path in others:
        os.unlink(path)
    examples([release], {})
    assert any("are not where it says" in note for note in release.notes)
    os.unlink(first)
    with pytest.raises(
        ExampleError, match="none of its media is where it says; the first is file:"
    ):
        examples([release], {})


def test_a_release_without_a_split_train_is_refused(captioned: Input, tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match=r"no rows in a split train \(there are test\)"):
        _build(captioned, tmp_path / "out", split={"test": 1.0})


def test_changed_rows_are_refused(captioned: Input, tmp_path: Path) -> None:
    release = _build(captioned, tmp_path / "out")
    (path,) = (tmp_path / "out" / "data").rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReleaseError, match="not as it was released"):
        list(release.clips())


def test_side_rows_of_another_clip_are_refused(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    path = next(f.path for f in release.of("evidence") if f.split == "train")
    made.broken(tmp_path, release, path, lambda rows: [*rows[3:], *rows[:3]])
    with pytest.raises(ReleaseError, match="is not in the order of data"):
        list(Reader(tmp_path).told("train"))
