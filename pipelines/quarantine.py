"""The quarantine: clips that could not be worked, why, and a second try."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from manifests import tables
from manifests.commits import State
from manifests.kinds import QUARANTINE
from manifests.workspace import Workspace

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
