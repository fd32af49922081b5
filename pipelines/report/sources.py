"""What a report is about: the newest captions of a workspace, and what belongs to them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.run.settings import read
from manifests import commits
from manifests.commits import State
from manifests.kinds import CAPTIONS, SIMILARITY
from manifests.tables import File
from manifests.workspace import Workspace
from pipelines.status import JobStatus, jobs, newest

SAMPLED = 200_000
"""Clips whose texts and evidence are read; of more, whole files are drawn until there are so many."""

_LARGEST_LOG = 64 << 20
"""Bytes of a run log that are read."""


@dataclass(frozen=True)
class CaptionedSet:
    """The captions of one job. embedding: the newest embed job of these captions, if there is one."""

    workspace: Workspace
    state: State
    job: JobStatus
    embedding: JobStatus | None

    @classmethod
    def open(cls, root: Path) -> "CaptionedSet":
        """The newest captions of a workspace. Raises WorkspaceError, CommitError."""
        workspace = Workspace.open(root)
        state = commits.load(workspace)
        job = newest(workspace, state)
        embedding = None
        for other in jobs(workspace, state):
            if other.stage == "embed" and other.cut == job.cut:
                captions = read(workspace, other.digest)["settings"].get("captions", job.digest)
                embedding = other if captions == job.digest else embedding
        return cls(workspace, state, job, embedding)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.workspace.root.name

    @cached_property
    def captions(self) -> tuple[File, ...]:
        """Committed files of captions."""
        return tuple(self.state.files(CAPTIONS.name, job=self.job.digest))

    @cached_property
    def sample(self) -> tuple[File, ...]:
        """Files of captions that hold about `SAMPLED` rows, drawn by their checksums: the same ones each
        time, from all over the listing."""
        drawn, rows = [], 0
        for file in sorted(self.captions, key=lambda file: _drawn(file.sha256)):
            if rows >= SAMPLED:
                break
            drawn.append(file)
            rows += file.rows
        return tuple(sorted(drawn, key=lambda file: file.path))

    @property
    def similarity(self) -> tuple[File, ...]:
        """Committed files of similarities."""
        if self.embedding is None:
            return ()
        return tuple(self.state.files(SIMILARITY.name, job=self.embedding.digest))

    def clips(self) -> tuple[File, ...]:
        """Committed files of the listing's clips."""
        return tuple(self.state.files("clips", cut=self.job.cut))

    def runs(self) -> list[Mapping[str, Any]]:
        """What the run log says of each run of the captioning job, oldest first; lines that are damaged
        are left out."""
        lines: list[Mapping[str, Any]] = []
        for path in sorted((self.workspace.root / "runlog").glob("*.jsonl")):
            # A run tells of itself anew as it goes: its last line has all of it.
            last = None
            for line in _lines(path):
                if isinstance(line, dict) and line.get("job") == self.job.digest:
                    last = line
            if last is not None:
                lines.append(last)
        return lines


def _drawn(sha256: str) -> str:
    return hashlib.sha256(sha256.encode()).hexdigest()


def _lines(path: Path) -> list[Any]:
    if path.is_symlink() or path.stat().st_size > _LARGEST_LOG:
        return []
    lines = []
    for text in path.read_text("utf-8", "replace").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
