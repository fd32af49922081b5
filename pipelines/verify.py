"""Verify a workspace: the files, the joins, and every caption against the evidence it came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.writer import WriterSpec, first_messages
from manifests import verify as files
from manifests.captions import CAPTIONS
from manifests.commits import State
from manifests.evidence import evidence_from_row
from manifests.verify import Problem
from manifests.workspace import Workspace
from pipelines.status import JobStatus, jobs, settings
from prompts.grounding import ground
from prompts.render import clip_prompt_digest, load
from prompts.selection import select

_LISTED = 50


@dataclass(slots=True)
class Report:
    """All problems by job, and how much was looked at."""

    captions: int = 0
    jobs: list[JobStatus] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "ok": not self.problems,
            "captions": self.captions,
            "jobs": [job.digest for job in self.jobs],
            "notes": self.notes,
            "problems": [problem.to_json() for problem in self.problems],
        }

    def text(self) -> str:
        """For people."""
        if not self.problems:
            well = f"all is well: {self.captions} captioned clips in {len(self.jobs)} job(s)"
            agree = "checksums, identities, digests, evidence, guards and books agree"
            return "\n".join([f"{well}; {agree}", *self.notes])
        lines = [*self.notes, f"{len(self.problems)} problems:"]
        for problem in self.problems[:_LISTED]:
            clip = f" clip {problem.clip_id}" if problem.clip_id else ""
            lines.append(f"  {problem.kind}: {problem.where}{clip}: {problem.message}")
        if len(self.problems) > _LISTED:
            lines.append(f"  and {len(self.problems) - _LISTED} more (--json lists all)")
        return "\n".join(lines)


def verify_workspace(workspace: Workspace, state: State) -> Report:
    """Verifies every job of a workspace. Raises WorkspaceError when settings can't be read."""
    report = Report(jobs=jobs(workspace, state))
    for job in report.jobs:
        kept = settings(workspace, job.digest)
        report.captions += job.books.captioned
        report.problems += files.verify(
            workspace,
            state,
            job.cut,
            job.digest,
            kept["settings"]["captioners"],
            _recheck(kept, report.notes),
        )
    report.problems = list(dict.fromkeys(report.problems))  # those of the listing are every job's
    return report


def _recheck(kept: Mapping[str, Any], notes: list[str]) -> files.Recheck | None:
    """What the guards say of a caption row, and whether its prompt is that of its evidence; None when
    prompts or guards are others today than those that wrote it."""
    spec = WriterSpec(**kept["profile"]["writer"])
    try:
        same = spec.settings() == kept["settings"]["writer"]
        templates = {rung.prompt: load(rung.prompt) for rung in spec.ladder}
    except (OSError, ValueError):
        same = False
    if not same:
        notes.append(
            f"job {kept['digest']} was written with other prompts or guards than those installed: "
            "its prompts and groundings were not checked again"
        )
        return None
    ladder = spec.prompt_digest()

    def recheck(row: Mapping[str, Any]) -> Iterator[str]:
        facts = select(evidence_from_row(row))
        asked = clip_prompt_digest(ladder, first_messages(spec, templates, facts))
        if asked != row["prompt_digest"]:
            yield "the prompt is not that of this clip's evidence"
        for name in CAPTIONS:
            if (row[name] is None) != (name in facts.absent):
                yield f"{name}: there, or not there, against the evidence"
            elif row[name] is not None:
                yield from map(str, ground(name, row[name], facts))

    return recheck
