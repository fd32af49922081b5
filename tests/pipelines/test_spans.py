"""Claims with their times, in a file for training on frames."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.spans import CAPTIONERS, SCHEMA, Exported, Localized, frames, rows
from tests.conftest import here


@pytest.mark.run
def test_supported_claims_with_times_are_written(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "spans.parquet"
    told = json.loads(here("spans", workspace, target, "--json").stdout)
    table = pq.read_table(target)
    captions = json.loads(here("show", workspace, "--json").stdout)
    found = [row for caption in captions for row in rows(caption)]
    assert {row["by"] for row in found} <= {CAPTIONERS, None}
    timed = [row for row in found if row["spans"]]
    assert table.schema.equals(SCHEMA) and table.to_pylist() == timed
    assert (told["claims"], told["timeless"]) == (len(timed), len(found) - len(timed))
    assert {row["caption_digest"] for row in timed} <= {c["caption_digest"] for c in captions}


@pytest.mark.run
def test_a_file_that_is_there_is_kept(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.parquet"
    target.write_text("mine")
    done = here("spans", workspace, target)
    assert done.returncode == 1 and "exists" in done.stderr
    assert target.read_text() == "mine" and list(tmp_path.iterdir()) == [target]


@pytest.mark.run
def test_a_folder_that_is_not_there_is_told(workspace: Path, tmp_path: Path) -> None:
    done = here("spans", workspace, tmp_path / "no" / "spans.parquet")
    assert done.returncode == 1 and "can't write" in done.stderr


def test_frames_are_those_that_a_span_touches() -> None:
    assert frames(0, 40) == {"first": 0, "end": 1}
    assert frames(39, 41) == {"first": 0, "end": 2}
    assert frames(960, 1920) == {"first": 24, "end": 48}


def test_what_nothing_supports_is_no_label() -> None:
    claim = {"caption": "audio_caption", "text": "thunder", "supported": False}
    both = {"caption": "audio_visual_caption", "text": "a dog barks", "supported": True}
    assert list(rows({"claims": [claim, both]})) == []


def _row(spans: list[dict[str, int]]) -> dict[str, Any]:
    claim = {
        "caption": "audio_caption",
        "text": "a dog barks",
        "supported": True,
        "confidence": {"probability": 0.9, "tier": "high"},
        "captioners": ["ears"],
        "spans": spans,
    }
    seen = claim | {"caption": "visual_caption"}
    keys = ("clip_id", "content_hash", "uri", "start_ms", "end_ms", "caption_digest")
    return dict.fromkeys(keys) | {"claims": [claim, seen]}


def _localized(spans: list[dict[str, int]] | None) -> Localized:
    measured = {"by": "pe-a-frame", "spans": spans, "inside": 0.75, "outside": 0.25}
    return {("audio_caption", "a dog barks"): measured}


_THEIRS, _OURS = [{"start_ms": 0, "end_ms": 960}], [{"start_ms": 40, "end_ms": 80}]


def test_localized_spans_stand_instead_of_the_captioners() -> None:
    heard, seen = rows(_row(_THEIRS), _localized(_OURS))
    assert (heard["by"], heard["spans"]) == ("pe-a-frame", _OURS)
    assert heard["frames"] == [{"first": 1, "end": 2}]
    assert (heard["inside"], heard["outside"]) == (0.75, 0.25)
    assert (seen["by"], seen["spans"], seen["inside"]) == (CAPTIONERS, _THEIRS, None)


@pytest.mark.parametrize("spans", [[], None])
def test_what_the_localizer_did_not_hear_keeps_the_captioners_times(
    spans: list[dict[str, int]] | None,
) -> None:
    heard, _ = rows(_row(_THEIRS), _localized(spans))
    assert (heard["by"], heard["spans"], heard["inside"]) == (CAPTIONERS, _THEIRS, None)


def test_a_claim_of_the_localizer_alone_has_a_time() -> None:
    heard, seen = rows(_row([]), _localized(_OURS))
    assert (heard["by"], heard["spans"]) == ("pe-a-frame", _OURS)
    assert (seen["by"], seen["spans"]) == (None, [])


def test_who_gave_times_is_told() -> None:
    told = Exported(Path("x"), 3, 2, {CAPTIONERS: 1, "pe-a-frame": 2}, 4).text()
    assert "1 timed by captioners" in told and "2 timed by pe-a-frame" in told
