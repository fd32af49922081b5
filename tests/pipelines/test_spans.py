"""Claims with their times, in a file for training on frames."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.spans import SCHEMA, frames, rows
from tests.conftest import run


@pytest.mark.run
def test_supported_claims_with_times_are_written(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "spans.parquet"
    told = json.loads(run("spans", workspace, target, "--json").stdout)
    table = pq.read_table(target)
    captions = json.loads(run("show", workspace, "--json").stdout)
    found = [row for caption in captions for row in rows(caption)]
    timed = [row for row in found if row["spans"]]
    assert table.schema.equals(SCHEMA) and table.to_pylist() == timed
    assert (told["claims"], told["timeless"]) == (len(timed), len(found) - len(timed))
    assert {row["caption_digest"] for row in timed} <= {c["caption_digest"] for c in captions}


@pytest.mark.run
def test_a_file_that_is_there_is_kept(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.parquet"
    target.write_text("mine")
    done = run("spans", workspace, target)
    assert done.returncode == 1 and "exists" in done.stderr
    assert target.read_text() == "mine" and list(tmp_path.iterdir()) == [target]


@pytest.mark.run
def test_a_folder_that_is_not_there_is_told(workspace: Path, tmp_path: Path) -> None:
    done = run("spans", workspace, tmp_path / "no" / "spans.parquet")
    assert done.returncode == 1 and "can't write" in done.stderr


def test_frames_are_those_that_a_span_touches() -> None:
    assert frames(0, 40) == {"first": 0, "end": 1}
    assert frames(39, 41) == {"first": 0, "end": 2}
    assert frames(960, 1920) == {"first": 24, "end": 48}


def test_what_nothing_supports_is_no_label() -> None:
    claim = {"caption": "audio_caption", "text": "thunder", "supported": False}
    both = {"caption": "audio_visual_caption", "text": "a dog barks", "supported": True}
    assert list(rows({"claims": [claim, both]})) == []
