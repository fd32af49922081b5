"""Plans in the workspace that they are for, beside what its runs took."""

import json

from manifests.atomic import write_atomic
from manifests.workspace import Workspace
from pipelines.plan.estimate import Plan

_KEPT = "plan.json"


def keep(found: Plan, workspace: Workspace) -> None:
    """Keeps a plan in the workspace that it is for: its finished run is told beside it."""
    data = json.dumps(found.to_json(), indent=1).encode()
    write_atomic(workspace.root / _KEPT, data)


def against(workspace: Workspace, job: str) -> tuple[float, float, float, float] | None:
    """Planned hours, the ends of their interval, and the hours that the job's runs took in truth; None
    where no plan of this job was kept."""
    try:
        kept = json.loads((workspace.root / _KEPT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if kept["job"] != job:
        return None
    spent = 0.0
    for log in sorted(workspace.runlog(0).parent.glob("*.jsonl")):
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["job"] == job:
                spent += entry["startup_s"] + entry["elapsed_s"]
    return kept["hours"], kept["hours_low"], kept["hours_high"], spent / 3600
