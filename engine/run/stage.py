"""Runs a stage over sources: lists what is new, works what is pending, tells the books."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captioners.weights.cache import Cache
from engine.run.ingest import Ingest
from engine.run.lease import DriverLease
from engine.run.leases import leases, pending
from engine.run.limit import NO_LIMIT, Limit
from engine.run.settings import keep
from engine.stages.contract import Stage
from manifests.books import Books, books
from manifests.commits import Log
from manifests.sources.folder import Listing
from manifests.workspace import Workspace

if TYPE_CHECKING:
    from engine.run.view import View


@dataclass(slots=True)
class Result:
    """What a run did. added: clips that were new; view: None when nothing had to be worked."""

    stage: Stage
    workspace: Workspace
    books: Books
    listing: Listing
    added: int = 0
    view: "View | None" = None


def run(
    stage: Stage,
    sources: Sequence[str],
    root: Path,
    limit: int | None = None,
    show: Callable[["View"], None] = lambda view: None,
    listed: Callable[[int], None] = lambda count: None,
    until: Limit = NO_LIMIT,
) -> Result:
    """Works sources into the workspace at `root`; goes on where an earlier run stopped.

    limit: no more than this many clips in the workspace. show: called a few times a second while clips
    are worked. listed: with the number of sources examined. until: the time or money after which it
    stops cleanly. Raises ProfileError, WorkspaceError, SourceError, LeaseHeld, RunFailed.
    """
    stage.check()
    workspace = Workspace.create(root)
    with DriverLease(workspace) as log:
        keep(workspace, stage)
        ingest = Ingest(stage.cut, stage.profile, workspace, log)
        added = ingest.run(sources, limit, listed)
        shards = dict.fromkeys(pending(log.state, stage))
        view = work(stage, workspace, log, shards, show, until) if shards else None
        closing = books(log.state, stage.cut, stage.digest)
        return Result(stage, workspace, closing, ingest.listing, added, view)


def work(
    stage: Stage,
    workspace: Workspace,
    log: Log,
    shards: Mapping[int, frozenset[str] | None],
    show: Callable[["View"], None],
    until: Limit = NO_LIMIT,
) -> "View":
    """Works shards (`engine.run.leases.leases`) as the driver that holds `log`. Raises RunFailed."""
    from engine.run.driver import Driver  # brings Ray: not for a finished workspace

    total = books(log.state, stage.cut, stage.digest).input
    driver = Driver(stage, workspace, log, Cache().root, show, until)
    return driver.run(leases(workspace, log.state, stage, shards), total)
