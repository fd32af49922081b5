"""Stage 1: from a folder of clips to three captions each. `captionmill caption` is this."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captioners.weights.models import Models
from engine.media.examine import examine
from engine.profile.profile import load
from engine.run import stage as running
from engine.run.lease import DriverLease
from engine.run.limit import NO_LIMIT, Limit
from engine.run.settings import stage_of
from engine.run.stage import Result
from manifests.books import books
from manifests.sources.folder import Listing
from manifests.workspace import Workspace
from pipelines.caption.stage import CaptionStage
from pipelines.quarantine import to_retry
from pipelines.status import newest

if TYPE_CHECKING:
    from engine.run.view import View


def caption(
    sources: Sequence[str],
    root: Path,
    profile: str,
    limit: int | None = None,
    show: Callable[["View"], None] = lambda view: None,
    listed: Callable[[int], None] = lambda count: None,
    until: Limit = NO_LIMIT,
) -> Result:
    """Captions sources into the workspace at `root`; goes on where an earlier run stopped.

    The arguments are those of `engine.run.stage.run`. Raises ProfileError, PackError, and what that
    raises.
    """
    stage = CaptionStage(load(profile))
    stage.check()
    Models().require(stage.needed_models, profile)
    return running.run(stage, sources, root, limit, show, listed, until)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would find (`--dry-run`). seconds: of media. ignored: as `Listing` counts it."""

    sources: int
    clips: int
    seconds: float
    faults: dict[str, int]
    ignored: dict[str, int]


def preview(sources: Sequence[str], profile: str, limit: int | None = None) -> Preview:
    """Lists and examines sources as a run would, and writes nothing."""
    cutting = load(profile).clips
    listing = Listing()
    count = clips = milliseconds = 0
    faults: dict[str, int] = {}
    hashes: set[str | None] = set()
    for source in examine(listing.paths(sources), cutting):
        count += 1
        if source.content_hash is not None and source.content_hash in hashes:
            continue
        hashes.add(source.content_hash)
        for span in source.spans:
            if limit is not None and clips >= limit:
                break
            clips += 1
            milliseconds += span.end_ms - span.start_ms
        if source.fault is not None:
            faults[source.fault] = faults.get(source.fault, 0) + 1
    return Preview(count, clips, milliseconds / 1000, faults, dict(listing.ignored))


def retry(
    root: Path,
    only: Sequence[str] | None = None,
    show: Callable[["View"], None] = lambda view: None,
    profile: str | None = None,
) -> Result:
    """Works quarantined clips of the newest job again, as a new generation of their shards.

    only: clip ids or their first digits, None for all. profile: that of the job; a built-in one need
    not be named. Raises what `caption` raises, and ProfileNeeded (`engine.run.settings.stage_of`).
    """
    workspace = Workspace.open(root)
    with DriverLease(workspace) as log:
        last = newest(workspace, log.state)
        command = f"captionmill quarantine retry {shlex.quote(str(root))}"
        stage = stage_of(workspace, last.digest, profile, CaptionStage, command)
        stage.check()
        shards = to_retry(workspace, log.state, stage.digest, only)
        view = running.work(stage, workspace, log, shards, show) if shards else None
        closing = books(log.state, stage.cut, stage.digest)
        return Result(stage, workspace, closing, Listing(), view=view)
