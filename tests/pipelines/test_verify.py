"""What the report of verification adds to the problems: what is not captionmill's, it only mentions."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.profile.writer import WriterSpec
from engine.servers.client import Client
from manifests import commits
from manifests.captions import claims_to_rows
from manifests.evidence import evidence_to_rows
from pipelines.caption.writer import Writer
from pipelines.cli.main import app
from pipelines.verify import _guards, verify_workspace
from tests.manifests.made import CUT, JOB, SHARDS, Made, make
from tests.prompts.clips import claim, evidence, seen


def test_files_of_somebody_else_are_a_note_and_no_problem(tmp_path: Path) -> None:
    made = make(tmp_path / "workspace")
    _jobless(made)
    before = verify_workspace(made.workspace, commits.load(made.workspace))
    (made.root / "captions" / "README.md").touch()
    report = verify_workspace(made.workspace, commits.load(made.workspace))
    assert report.problems == before.problems
    assert before.notes == []
    assert report.notes == [
        "1 file in the table folders is not captionmill's (left alone): captions/README.md"
    ]


def _jobless(made: Made) -> None:
    """Settings of the made job, as a stage would keep them of which nothing is known."""
    stored = {"digest": JOB, "stage": "other", "cut": CUT, "profile": {"name": "x"}, "settings": {}}
    made.workspace.config(JOB).parent.mkdir()
    made.workspace.config(JOB).write_text(json.dumps(stored))


def test_a_sample_of_a_workspace_says_how_sure_it_makes(tmp_path: Path) -> None:
    made = make(tmp_path / "workspace")
    _jobless(made)
    for shard in range(SHARDS):
        made.edit("captions", lambda rows: [], shard)
    ran = CliRunner().invoke(app, ["verify", str(made.root), "--sample", "2"])
    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("no problems in 2 of 4 rows, drawn at random\n")
    assert "if 3 rows or more (75.00%) were bad" in ran.output
    assert "not looked at: checksums" in ran.output
    told = json.loads(
        CliRunner().invoke(app, ["verify", str(made.root), "--sample", "2", "--json"]).output
    )
    assert told["sample"] == {"rows": 2, "confidence": 0.95, "found_if_bad_rows": 3}


def test_problems_of_a_sample_end_with_status_1(tmp_path: Path) -> None:
    made = make(tmp_path / "workspace")
    _jobless(made)
    made.edit("quarantine", lambda rows: [row | {"uri": "file:///else"} for row in rows])
    ran = CliRunner().invoke(app, ["verify", str(made.root), "--sample", "100"])
    assert ran.exit_code == 1
    path = made.file("quarantine").path
    assert f"join: {path} row 0 clip " in ran.output


@pytest.mark.parametrize("chars", [240, 450])
def test_a_template_caption_may_leave_out_what_its_bound_has_no_room_for(chars: int) -> None:
    street = "walks along a wide street with a dog in the rain and looks at the window of a shop"
    told = [
        claim(f"A {who} {street}", "high", "caption", "video")
        for who in ("tall woman", "young boy", "bald man", "nurse", "farmer")
    ]
    known = evidence(told, [seen("a car"), claim("rain falls")])
    spec = WriterSpec(ladder=(), caption_chars=chars)
    written = asyncio.run(Writer(spec, Client(list)).write(known))
    assert written.captions.visual_caption is not None
    assert "farmer" not in written.captions.visual_caption
    assert chars * 2 // 3 < len(written.captions.visual_caption) <= chars
    row = asdict(known) | asdict(written.captions)
    row |= {"evidence": evidence_to_rows(known), "claims": claims_to_rows(written.claims)}
    row |= {"prompt_digest": written.prompt_digest, "variants": [], "domain": "general"}
    row |= {f"{name}_judged": None for name in ("audio", "visual", "audio_visual")}
    settings = {"writer": spec.settings()}
    profile = {"writer": spec.model_dump(mode="json")}
    recheck = _guards({"digest": JOB, "profile": profile, "settings": settings}, [])
    assert recheck is not None
    assert list(recheck(row)) == []
    changed = row | {"visual_caption": "A tall woman walks along a wide street."}
    assert any(message.startswith("lost") for message in recheck(changed))
