"""Where a workspace stands: its books, for the newest job or each of them."""

from dataclasses import dataclass
from typing import Any

from engine.run.settings import read
from manifests.books import Books, books
from manifests.commits import State
from manifests.workspace import Workspace, WorkspaceError


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The books of one job and the profile it ran with."""

    digest: str
    profile: str
    cut: str
    books: Books
    captions: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "config_digest": self.digest,
            "profile": self.profile,
            "captions": self.captions,
            **self.books.to_json(),
        }


def jobs(workspace: Workspace, state: State) -> list[JobStatus]:
    """Every job of a workspace, in the order in which they were begun."""
    folder = workspace.root / "configs"
    kept = {path.stem for path in folder.glob("*.json")}
    if lost := [job for job in state.jobs() if job not in kept]:
        raise WorkspaceError(f"the settings of job {lost[0]} are gone: {folder / lost[0]}.json")
    files = sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
    found = []
    for path in files:
        told = read(workspace, path.stem)
        cut = told["cut"]
        found.append(
            JobStatus(
                digest=path.stem,
                profile=told["profile"]["name"],
                cut=cut,
                books=books(state, cut, path.stem),
                captions=str(workspace.root / "captions" / "stage1" / path.stem),
            )
        )
    return found


def newest(workspace: Workspace, state: State) -> JobStatus:
    """The job that was begun last. Raises WorkspaceError when there is none."""
    found = jobs(workspace, state)
    if not found:
        raise WorkspaceError(f"nothing was captioned in {workspace.root} yet")
    return found[-1]
