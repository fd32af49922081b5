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

from captioners.weights.cache import Cache
from captioners.weights.models import Models
from engine.media.examine import examine
from engine.run.settings import stage_of
from engine.servers.local import serve
from engine.stages.actors import Decoder
from engine.stages.models import build
from manifests import commits, tables
from manifests.ids import path_of
from manifests.media import Media
from manifests.workspace import Workspace
from pipelines.caption.stage import CaptionStage
from pipelines.cli.terminal import errors
from pipelines.terminal import one_line, say


def main(root: str, digest: str, profile: str, shard: str, clip_id: str, stage: str) -> None:
    """Prints the outcome."""
    workspace = Workspace.open(Path(root))
    command = "captionmill quarantine show WORKSPACE CLIP --run"
    captioning = stage_of(workspace, digest, profile, CaptionStage, command)
    clips_file = commits.load(workspace).clips_file(captioning.cut, int(shard))
    clips = tables.read(workspace.root, clips_file)
    clip: dict[str, Any] = next(row for row in clips if row["clip_id"] == clip_id)
    (source,) = examine(iter([path_of(clip["uri"])]), captioning.profile.clips)
    say(f"probe: {_outcome(source.fault, source.fault_message)}")
    if source.fault is not None or stage == "probe":
        return
    decoding, media = Decoder(captioning.plan).decode(clip)
    fault = decoding.fault
    say(f"decode: {_outcome(fault.reason, fault.message) if fault else 'ok'}")
    if media is not None and any(spec.name == stage for spec in captioning.profile.captioners):
        say(one_line(f"{stage}: {_answer(captioning, stage, media)}"))


def _outcome(reason: str | None, message: str | None) -> str:
    return one_line(f"{reason}: {message}") if reason else "ok"


def _answer(captioning: CaptionStage, name: str, media: Media) -> str:
    """The caption that a captioner gives a clip; its model server is started if it needs one."""
    profile = captioning.profile
    spec = next(spec for spec in profile.captioners if spec.name == name)
    with ExitStack() as stack:
        server = None
        if spec.server is not None:
            logs = stack.enter_context(tempfile.TemporaryDirectory(prefix="captionmill-"))
            started = serve(profile.server(spec.server), Models(), Path(logs))
            server = stack.enter_context(started)
        (answer,) = build(spec, Cache().root, server).answer([media])
    return getattr(answer, "text", "") or "ok (no caption)"


if __name__ == "__main__":
    with errors():
        main(*sys.argv[1:])
