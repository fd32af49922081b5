"""Works one clip at one stage in this process, so that a fault can be seen.

`python -m pipelines.reproduce WORKSPACE JOB PROFILE SHARD CLIP STAGE`, for `captionmill quarantine show
--run`. PROFILE is the name of a built-in profile or a file that the user named, never what the workspace
holds, and must make the job JOB: what is imported is the user's own.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from captioners.weights.models import Models
from captioners.weights.packs import Cache
from engine.run.ingest import examine_one
from engine.servers.local import serve
from engine.stages.actors import Decoder, build
from manifests import tables
from manifests.ids import path_of
from manifests.media import Media
from manifests.workspace import Workspace
from pipelines.caption.job import Job
from pipelines.cli.terminal import errors, say
from pipelines.settings import job_of


def main(root: str, digest: str, profile: str, shard: str, clip_id: str, stage: str) -> None:
    """Prints the outcome."""
    workspace = Workspace.open(Path(root))
    job = job_of(workspace, digest, profile, "captionmill quarantine show")
    clips = tables.read(workspace.root, workspace.clips(job.cut, int(shard)))
    clip: dict[str, Any] = next(row for row in clips if row["clip_id"] == clip_id)
    source = examine_one(path_of(clip["uri"]), job.profile.clips)
    say(f"probe: {source.fault_message or 'ok'}")
    if source.fault is not None or stage == "probe":
        return
    outcome, media = Decoder(job.plan).decode(clip)
    say(f"decode: {outcome.get('message', 'ok')}")
    if media is not None and any(spec.name == stage for spec in job.profile.captioners):
        say(f"{stage}: {_caption(job, stage, media)}")


def _caption(job: Job, name: str, media: Media) -> str:
    """What a captioner says of a clip, its model server included."""
    spec = next(spec for spec in job.profile.captioners if spec.name == name)
    with ExitStack() as stack:
        server = None
        if spec.server is not None:
            logs = stack.enter_context(tempfile.TemporaryDirectory(prefix="captionmill-"))
            started = serve(job.profile.server(spec.server), Models(), Path(logs))
            server = stack.enter_context(started)
        (weak,) = build(spec, Cache().root, server).caption([media])
    return weak.text or "ok, it says nothing"


if __name__ == "__main__":
    with errors():
        main(*sys.argv[1:])
