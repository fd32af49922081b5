"""Finds when the claims of captions are heard. `captionmill localize` is this."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from captioners.weights.models import Models
from engine.profile.profile import available, load
from engine.run import stage as running
from engine.run.lease import DriverLease
from engine.run.leases import pending
from engine.run.settings import keep
from engine.run.stage import Result
from manifests.books import books
from manifests.sources.folder import Listing
from manifests.workspace import Workspace
from pipelines.localize.stage import LocalizeStage
from pipelines.quarantine import to_retry
from pipelines.status import newest
from pipelines.waiting import captioned_since

if TYPE_CHECKING:
    from engine.run.view import View


def localize(
    root: Path,
    profile: str | None,
    default: str,
    show: Callable[["View"], None] = lambda view: None,
    retry: bool = False,
) -> Result:
    """Looks for the claims of the newest captioning job; goes on where an earlier run stopped.

    profile: whose localizer; without one that of the captions where it is built in, else `default`.
    Clips that were captioned since, in a retry, are worked too; with `retry` all in quarantine. Raises
    ProfileError, PackError, WorkspaceError, LeaseHeld, RunFailed.
    """
    workspace = Workspace.open(root)
    with DriverLease(workspace) as log:
        captions = newest(workspace, log.state)
        used = profile or (captions.profile if captions.profile in available() else default)
        stage = LocalizeStage(load(used), captions.digest, captions.cut)
        stage.check()
        Models().require(stage.needed_models, used)
        keep(workspace, stage)
        shards: dict[int, frozenset[str] | None] = dict.fromkeys(pending(log.state, stage))
        if retry:
            shards |= to_retry(workspace, log.state, stage.digest)
        else:
            shards |= captioned_since(workspace, log.state, stage)
        view = running.work(stage, workspace, log, shards, show) if shards else None
        closing = books(log.state, stage.cut, stage.digest)
        return Result(stage, workspace, closing, Listing(), view=view)
