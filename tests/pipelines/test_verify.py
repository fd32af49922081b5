"""What the report of verification adds to the problems: what is not captionmill's, it only mentions."""

import json
from pathlib import Path

from engine.profile.profile import load
from manifests import commits
from pipelines.verify import _prompts, verify_workspace
from tests.manifests.made import CUT, JOB, make


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


def test_every_prompt_that_a_workspace_names_is_looked_at_before_it_is_read() -> None:
    writer = load("gpu").writer
    named = set(_prompts(writer.model_dump(mode="json")))
    assert named == set(writer.templates()) >= {"rich", "rich-speech", "rich-music"}
