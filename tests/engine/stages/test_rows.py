"""Rows that every stage writes: filtered clips and those in quarantine."""

import shlex
from pathlib import Path

from engine.stages.contract import Fault
from engine.stages.rows import filtered_row, quarantine_row
from manifests import schemas, tables
from manifests.sources.examined import clip_rows
from tests.manifests.made import source

_CLIP, _ = clip_rows(source(1))


def test_a_filtered_row_names_its_rule(tmp_path: Path) -> None:
    row = filtered_row(_CLIP, "too short")
    tables.write(tmp_path, "x", "filtered", [row], schemas.FILTERED)
    assert tables.read(tmp_path, "x")[0] == row
    assert (row["clip_id"], row["rule"]) == (_CLIP["clip_id"], "too short")


def test_a_quarantine_row_says_how_to_see_the_fault_again(tmp_path: Path) -> None:
    fault = Fault("decode", "timeout", "it took too long")
    row = quarantine_row(_CLIP, fault, Path("/a b/it's $HOME"))
    tables.write(tmp_path, "x", "quarantine", [row], schemas.QUARANTINE)
    assert tables.read(tmp_path, "x")[0] == row
    assert (row["stage"], row["reason"], row["message"]) == ("decode", "timeout", fault.message)
    words = shlex.split(row["reproduce"])
    assert words[:4] == ["captionmill", "quarantine", "show", "/a b/it's $HOME"]
    assert words[4:] == [_CLIP["clip_id"], "--run"]
