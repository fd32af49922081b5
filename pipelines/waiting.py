"""Clips that wait for captions: those that captioning has in quarantine are in the quarantine of a stage
that reads captions, too, until a retry has captioned them."""

from engine.stages.contract import Fault, Stage
from manifests import tables
from manifests.commits import State
from manifests.workspace import Workspace
from pipelines.quarantine import current

NOT_CAPTIONED = "not_captioned"
"""Why a clip is in quarantine that captioning has in quarantine too."""


def not_captioned() -> Fault:
    """The fault of a clip that has no captions."""
    message = "captioning has it in quarantine (captionmill quarantine list)"
    return Fault("caption", NOT_CAPTIONED, message)


def captioned_since(workspace: Workspace, state: State, stage: Stage) -> dict[int, frozenset[str]]:
    """Clips by shard that captioning had in quarantine when their shard was worked, and has not now."""
    waiting: dict[int, set[str]] = {}
    for entry in current(workspace, state, stage.digest):
        if entry.row["reason"] == NOT_CAPTIONED:
            waiting.setdefault(entry.shard, set()).add(entry.row["clip_id"])
    since: dict[int, frozenset[str]] = {}
    for shard, clips in waiting.items():
        files = [
            file
            for reading in stage.reads.values()
            if reading.job is not None
            for file in state.files(reading.table, shard, reading.job)
        ]
        rows = tables.read_all(workspace.root, files, ["clip_id"])
        if now := clips & {row["clip_id"] for row in rows}:
            since[shard] = frozenset(now)
    return since
