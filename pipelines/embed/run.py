"""Embeds the clips of a workspace. `captionmill embed` is this."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captioners.weights.models import Models
from engine.profile.profile import ProfileError, available, load
from engine.run import stage as running
from engine.run.lease import DriverLease
from engine.run.leases import pending
from engine.run.settings import keep
from manifests import tables
from manifests.books import Books, books
from manifests.commits import State
from manifests.workspace import Workspace
from pipelines.embed.stage import COMPARED, EmbedStage
from pipelines.length import is_longer
from pipelines.quarantine import to_retry
from pipelines.status import JobStatus, newest
from pipelines.waiting import captioned_since

if TYPE_CHECKING:
    from engine.run.view import View


@dataclass(frozen=True, slots=True)
class Embedding:
    """What a run did. captions: the job whose captions were compared. longer: clips that go on after what
    is embedded of them. view: None when nothing was to do."""

    stage: EmbedStage
    workspace: Workspace
    captions: JobStatus
    books: Books
    longer: int
    view: "View | None" = None

    @property
    def uncompared(self) -> int:
        """Captions without similarities."""
        return self.captions.books.captioned - self.books.detail.get(COMPARED, 0)


def embed(
    root: Path,
    profile: str | None,
    default: str,
    show: Callable[["View"], None] = lambda view: None,
    retry: bool = False,
) -> Embedding:
    """Embeds the clips of the newest captions of a workspace; goes on where an earlier run stopped.

    profile: whose encoder; without one that of the captions where it is built in, else `default`. Clips
    that were captioned since, in a retry, are compared too; with `retry` all in quarantine are worked
    again. Raises ProfileError, PackError, WorkspaceError, LeaseHeld, RunFailed.
    """
    workspace = Workspace.open(root)
    with DriverLease(workspace) as log:
        captions = newest(workspace, log.state)
        used = profile or (captions.profile if captions.profile in available() else default)
        stage = EmbedStage(load(used), captions.digest)
        if stage.cut != captions.cut:
            raise ProfileError(
                f"{root} was captioned by profile {captions.profile}, and profile {used} does not cut "
                "the same clips here: name a profile with the same [clips] by --profile; if captionmill "
                "has changed since, caption the sources again first"
            )
        Models().require(stage.needed_models, used)
        stage.check()
        keep(workspace, stage)
        shards: dict[int, frozenset[str] | None] = dict.fromkeys(pending(log.state, stage))
        if retry:
            shards |= to_retry(workspace, log.state, stage.digest)
        else:
            shards |= captioned_since(workspace, log.state, stage)
        view = running.work(stage, workspace, log, shards, show) if shards else None
        closing = books(log.state, stage.cut, stage.digest)
        longer = _longer(workspace, log.state, stage)
        return Embedding(stage, workspace, captions, closing, longer, view)


def _longer(workspace: Workspace, state: State, stage: EmbedStage) -> int:
    """How many clips of the job go on after what is embedded of them."""
    if not stage.may_be_longer:
        return 0
    paths = [state.clips_file(stage.cut, shard) for shard in state.shards(stage.digest)]
    columns = ["start_ms", "end_ms"]
    rows = (row for path in paths for row in tables.read(workspace.root, path, columns))
    return sum(map(is_longer, rows))
