"""The quarantine: clips that could not be worked, why, and a second try."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from manifests import tables
from manifests.commits import State
from manifests.kinds import QUARANTINE
from manifests.workspace import Workspace, WorkspaceError

_PATIENCE_S = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """A clip in quarantine: its row, and where its latest record put it."""

    row: Mapping[str, Any]
    shard: int
    generation: int


def current(workspace: Workspace, state: State, job: str) -> Iterator[Entry]:
    """Clips of a job that are in quarantine now: not retried since, nor was their source replaced."""
    shards = state.shards(job, QUARANTINE.name)
    replaced: dict[str, Mapping[str, int]] = {}
    for shard, records in shards.items():
        for place, record in enumerate(records):
            if record.cut not in replaced:
                replaced[record.cut] = state.replaced(record.cut)
            later = {clip for follower in records[place + 1 :] for clip in follower.retried}
            for row in tables.read_all(workspace.root, record.files):
                if row["clip_id"] not in later and row["clip_id"] not in replaced[record.cut]:
                    yield Entry(row, shard, record.generation)


def to_retry(
    workspace: Workspace, state: State, job: str, only: Sequence[str] | None = None
) -> dict[int, frozenset[str] | None]:
    """Shards of a job with their clips in quarantine to work again. only: clip ids or their first digits,
    None for all. Raises WorkspaceError for unknown ones, and where there are only files that could not
    be opened."""
    entries = list(current(workspace, state, job))
    wanted: dict[int, set[str]] = {}
    for entry in entries:
        clip = entry.row["clip_id"]
        if (only is None or clip.startswith(tuple(only))) and entry.row["stage"] != "probe":
            wanted.setdefault(entry.shard, set()).add(clip)
    ids = [entry.row["clip_id"] for entry in entries]
    unknown = [name for name in only or () if not any(clip.startswith(name) for clip in ids)]
    if unknown:
        raise WorkspaceError(f"not in quarantine: {', '.join(unknown)}")
    if entries and not wanted:
        raise WorkspaceError(
            "these files could not be opened: repair (or `touch`) them and rerun captionmill caption, "
            "which looks at files that changed"
        )
    return {shard: frozenset(clips) for shard, clips in sorted(wanted.items())}


def reproduce(workspace: Workspace, job: str, profile: str, entry: Entry) -> str:
    """Does again, in a process of its own, what put a clip in quarantine; the outcome in words.

    profile: name or file of the profile that makes the job `job`; the process checks that it does.
    Probing and decoding are done again, and for a captioner's fault that captioner on that clip.
    """
    command = [sys.executable, "-X", "faulthandler", "-m", "pipelines.reproduce"]
    command += [str(workspace.root), job, profile, str(entry.shard), entry.row["clip_id"]]
    command.append(entry.row["stage"])
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"hangs: no answer within {_PATIENCE_S} s"
    if ran.returncode < 0:
        return f"the process was killed by signal {-ran.returncode}\n{ran.stderr[-2000:]}"
    return (ran.stdout + ran.stderr).strip()
