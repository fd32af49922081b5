"""Where a workspace stands: its books, for the newest job or each of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.run.settings import read
from manifests.books import Books, books
from manifests.commits import State
from manifests.kinds import CAPTIONS, SIMILARITY, SPANS, Kind
from manifests.workspace import Workspace, WorkspaceError

_RESULTS: dict[str, Kind] = {
    "caption": CAPTIONS,
    "embed": SIMILARITY,
    "localize": SPANS,
}
"""The table with the outcomes of each stage."""
_DIGEST = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The books of one job, its stage and the profile it ran with. results: where the rows of its clips
    lie, or would lie. captions: of a job that reads those of another one, that job."""

    digest: str
    stage: str
    profile: str
    cut: str
    books: Books
    results: str
    captions: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "config_digest": self.digest,
            "stage": self.stage,
            "profile": self.profile,
            "results": self.results,
            **self.books.to_json(),
        }


def jobs(workspace: Workspace, state: State) -> list[JobStatus]:
    """Every job of a workspace, in the order of their first commits, which a copy of it has too; then
    those without any, in the order in which they were begun. Raises WorkspaceError when the settings of
    one are missing or damaged."""
    folder = workspace.root / "configs"
    ours = [path for path in folder.glob("*.json") if _DIGEST.fullmatch(path.stem)]
    files = sorted(ours, key=lambda path: path.stat().st_mtime_ns)
    digests = [path.stem for path in files]
    committed = state.jobs()
    if lost := [job for job in committed if job not in digests]:
        raise WorkspaceError(f"the settings of job {lost[0]} are gone: {folder / lost[0]}.json")
    waiting = [digest for digest in digests if digest not in committed]
    return [_status(workspace, state, digest) for digest in (*committed, *waiting)]


def _status(workspace: Workspace, state: State, digest: str) -> JobStatus:
    stored = read(workspace, digest)
    return JobStatus(
        digest=digest,
        stage=stored["stage"],
        profile=stored["profile"]["name"],
        cut=stored["cut"],
        books=books(state, stored["cut"], digest),
        results=str(_results(workspace, stored["stage"], digest)),
        captions=stored["settings"].get("captions"),
    )


def _results(workspace: Workspace, stage: str, digest: str) -> Path:
    """Where the outcomes of a job lie; of a stage that is not of this version, the workspace."""
    kind = _RESULTS.get(stage)
    return workspace.root if kind is None else workspace.root / kind.folder / digest


def newest(workspace: Workspace, state: State, stage: str = "caption") -> JobStatus:
    """The job of a stage that was begun last. Raises WorkspaceError when there is none."""
    begun = [job for job in jobs(workspace, state) if job.stage == stage]
    if not begun:
        raise WorkspaceError(f"no {stage} job was begun in {workspace.root} yet")
    return begun[-1]


def uncompared(listed: Sequence[JobStatus], captions: JobStatus) -> int | None:
    """How many captions have no similarities yet; None where nothing was embedded.

    listed: all jobs of the workspace, in order. captions: one of them.
    """
    embedded = [job for job in listed if job.stage == "embed"]
    if not embedded:
        return None
    compared = [job.books for job in embedded if job.captions == captions.digest]
    return captions.books.captioned - (compared[-1].detail.get("compared", 0) if compared else 0)
