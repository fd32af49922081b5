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
from engine.stages.actors import Decoder
from engine.stages.models import build
from manifests import tables
from manifests.ids import path_of
from manifests.workspace import Workspace
from pipelines.caption.stage import CaptionStage


def main(root: str, digest: str, shard: str, clip_id: str, stage: str) -> None:
    """Prints what came of it."""
    workspace = Workspace.open(Path(root))
    kept = json.loads(workspace.config(digest).read_text())
    captioning = CaptionStage(Profile(**kept["profile"]))
    clips = tables.read(workspace.root, workspace.clips(captioning.cut, int(shard)))
    clip = next(row for row in clips if row["clip_id"] == clip_id)
    (found,) = examine(iter([path_of(clip["uri"])]), captioning.profile.clips)
    print(f"probe: {found.fault_message or 'well'}")
    if found.fault is not None or stage == "probe":
        return
    decoding, media = Decoder(captioning.plan).decode(clip)
    print(f"decode: {decoding.fault.message if decoding.fault else 'well'}")
    spec = next((s for s in captioning.profile.captioners if s.name == stage), None)
    if media is not None and spec is not None:
        (answer,) = build(spec, Cache().root).answer([media])
        print(f"{stage}: {getattr(answer, 'text', '') or 'well, it says nothing'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
