"""What the report of verification adds to the problems: what is not captionmill's, it only mentions."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from engine.profile.writer import WriterSpec
from engine.servers.client import Client
from manifests import commits
from manifests.captions import claims_to_rows
from manifests.evidence import evidence_to_rows
from pipelines.caption.writer import Writer
from pipelines.verify import _guards, verify_workspace
from tests.manifests.made import CUT, JOB, make
from tests.prompts.clips import claim, evidence, seen


def test_files_of_somebody_else_are_a_note_and_no_problem(tmp_path: Path) -> None:
    made = make(tmp_path / "workspace")
    stored = {"digest": JOB, "stage": "other", "cut": CUT, "profile": {"name": "x"}, "settings": {}}
    made.workspace.config(JOB).parent.mkdir()
    made.workspace.config(JOB).write_text(json.dumps(stored))
    before = verify_workspace(made.workspace, commits.load(made.workspace))
    (made.root / "captions" / "README.md").touch()
    report = verify_workspace(made.workspace, commits.load(made.workspace))
    assert report.problems == before.problems
    assert before.notes == []
    assert report.notes == [
        "1 file in the table folders is not captionmill's (left alone): captions/README.md"
    ]


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
