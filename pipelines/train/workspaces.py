"""A workspace as an input of a training: its newest captions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests import tables
from manifests.commits import State, load
from manifests.evidence import evidence_from_row
from manifests.workspace import Workspace
from pipelines.status import JobStatus, newest
from pipelines.train.captions import Texts
from pipelines.train.examples import KINDS, Example, Real, captions_of, example_of, words_of

_COLUMNS = [
    "clip_id",
    "content_hash",
    "has_audio",
    "has_video",
    "duration_ms",
    *KINDS,
    "variants",
    "claims",
    "transcript",
    "language",
    "evidence",
    "licence",
    "outputs_train",
    "audio_by",
    "visual_by",
    "audio_visual_by",
]


@dataclass(frozen=True, slots=True)
class Job:
    """The captions of a workspace: those of its newest captioning."""

    workspace: Workspace
    state: State
    status: JobStatus

    @classmethod
    def open(cls, root: Path) -> "Job":
        """Raises WorkspaceError for what is no workspace, or has no captions."""
        workspace = Workspace.open(root)
        state = load(workspace)
        return cls(workspace, state, newest(workspace, state))

    @property
    def identity(self) -> list[str]:
        """What it is, wherever it lies."""
        return [self.workspace.id, self.status.digest]

    @property
    def described(self) -> str:
        """For a card, without its path."""
        return f"job `{self.status.digest}`, profile `{self.status.profile}`"

    @property
    def notes(self) -> list[str]:
        """What people should know of it."""
        return []

    def clips(self) -> Iterator[dict[str, Any]]:
        """Rows of its clip table."""
        for shard in self.state.shards(self.status.digest):
            path = self.state.clips_file(self.status.cut, shard)
            yield from tables.read(self.workspace.root, path)

    def captions(self) -> Iterator[dict[str, Any]]:
        """Its caption rows, as far as training reads them. Clips that were filtered have none."""
        files = self.state.files("captions", job=self.status.digest)
        yield from tables.read_all(self.workspace.root, files, _COLUMNS)

    def examples(self, real: Real) -> Iterator[Example]:
        """Its captioned clips."""
        for row in self.captions():
            yield _example(row, real)

    def away(self) -> Iterator[str]:
        """None: a workspace has no splits."""
        return iter(())

    def whole_clips(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Clips that are all of their source, with the URI of every file with this content."""
        whole = {clip["content_hash"]: clip for clip in self.clips() if clip["whole"]}
        files = self.state.files("sources", cut=self.status.cut)
        for source in tables.read_all(self.workspace.root, files, ["uri", "content_hash"]):
            clip = whole.get(source["content_hash"])
            if clip is not None:
                yield source["uri"], clip


def _example(row: Mapping[str, Any], real: Real) -> Example:
    transcript, sung = row["transcript"], False
    if transcript:
        transcript, sung = words_of(transcript, evidence_from_row(row))
    synthetic = captions_of(row, row["variants"])
    return example_of(row, Texts(synthetic, real.get(row["clip_id"], {}), transcript, sung))
