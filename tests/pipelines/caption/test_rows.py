"""Rows say of each clip what was made of this clip, or are not made."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manifests import schemas, tables
from manifests.captions import CaptionSet, How, Written
from manifests.evidence import Evidence, evidence_from_row
from manifests.sources.examined import clip_rows
from pipelines.caption.licences import Licence
from pipelines.caption.rows import caption_row
from tests.manifests.made import evidence_of, said, source

_CLIP, _OTHER = clip_rows(source(1))
_EVIDENCE = evidence_of(_CLIP, said(_CLIP, 3))
_WRITTEN = Written(
    clip_id=_CLIP["clip_id"],
    captions=CaptionSet(audio_caption="A dog.", audio_visual_caption="A dog in a park."),
    how={
        "audio_caption": How("llm", rung="repair", faults=("first:loop", "first:empty")),
        "visual_caption": How(None, why="no picture"),
        "audio_visual_caption": How("template", rung="template", faults=("first:loop",)),
    },
    evidence_digest=_EVIDENCE.digest(),
    prompt_digest="p",
    transcript=_EVIDENCE.transcript,
    domain="speech",
    model="small",
)


def _row(
    clip: dict[str, Any] = _CLIP, evidence: Evidence = _EVIDENCE, written: Written = _WRITTEN
) -> dict[str, Any]:
    return caption_row(clip, evidence, written, "job", Licence("MIT", True, {}))


def test_a_caption_row_says_what_was_written_and_how() -> None:
    row = _row()
    assert row["audio_caption"] == "A dog." and row["visual_caption"] is None
    assert (row["audio_by"], row["visual_by"], row["audio_visual_by"]) == ("llm", None, "template")
    assert (row["audio_why"], row["visual_why"]) == (None, "no picture")
    assert row["rungs"] == ["repair", "template"]
    assert row["lints"] == ["first:empty", "first:loop"]
    assert (row["writer"], row["config_digest"]) == ("small", "job")
    assert (row["licence"], row["outputs_train"]) == ("MIT", True)
    assert (row["transcript"], row["language"]) == ("words 3", "en")
    assert row["language_probability"] == 0.75
    assert row["domain"] == "speech"
    assert (row["uri"], row["start_ms"], row["end_ms"]) == (_CLIP["uri"], 0, 10_000)
    assert row["duration_ms"] == 10_000


def test_a_caption_row_fits_its_table_and_carries_its_evidence(tmp_path: Path) -> None:
    tables.write(tmp_path, "x", "captions", [_row()], schemas.CAPTIONS)
    (row,) = tables.read(tmp_path, "x")
    assert evidence_from_row(row) == _EVIDENCE
    assert row["evidence_digest"] == _EVIDENCE.digest()
    assert row["caption_digest"] == _WRITTEN.caption_digest
    assert set(_row()) == set(schemas.CAPTIONS.names)


def test_captions_of_another_clip_are_refused() -> None:
    other = evidence_of(_OTHER, said(_OTHER, 3))
    stranger = replace(_WRITTEN, clip_id=_OTHER["clip_id"])
    with pytest.raises(RuntimeError, match="about to land on"):
        _row(clip=_OTHER)
    with pytest.raises(RuntimeError, match="about to land on"):
        _row(evidence=other)
    with pytest.raises(RuntimeError, match="about to land on"):
        _row(written=stranger)
    with pytest.raises(RuntimeError, match="about to land on"):
        _row(clip=_OTHER, evidence=other)


def test_captions_from_other_evidence_are_refused() -> None:
    with pytest.raises(RuntimeError, match="written from other evidence"):
        _row(evidence=evidence_of(_CLIP, said(_CLIP, 4)))


@pytest.mark.run
def test_making_rows_needs_no_ray() -> None:
    script = "import sys, pipelines.caption.rows; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
