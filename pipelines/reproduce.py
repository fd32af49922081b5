"""Works one clip at one stage in this process, so that a fault can be seen.

`python -m pipelines.reproduce WORKSPACE JOB SHARD CLIP STAGE`; `captionmill quarantine show --run`
calls it.
"""

import json
import sys
from pathlib import Path

from captioners.weights.packs import Cache
from engine.media.examine import examine
from engine.profile.profile import Profile
from engine.stages.actors import Decoder, build
from manifests import tables
from manifests.ids import path_of
from manifests.workspace import Workspace
from pipelines.caption.job import Job


def main(root: str, digest: str, shard: str, clip_id: str, stage: str) -> None:
    """Prints what came of it."""
    workspace = Workspace.open(Path(root))
    kept = json.loads(workspace.config(digest).read_text())
    job = Job(Profile(**kept["profile"]))
    clips = tables.read(workspace.root, workspace.clips(job.cut, int(shard)))
    clip = next(row for row in clips if row["clip_id"] == clip_id)
    (found,) = examine(iter([path_of(clip["uri"])]), job.profile.clips)
    print(f"probe: {found.fault_message or 'well'}")
    if found.fault is not None or stage == "probe":
        return
    told, media = Decoder(job.plan).decode(clip)
    print(f"decode: {told.get('message', 'well')}")
    spec = next((s for s in job.profile.captioners if s.name == stage), None)
    if media is not None and spec is not None:
        (weak,) = build(spec, Cache().root).caption([media])
        print(f"{stage}: {weak.text or 'well, it says nothing'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
