"""Stage 1: from a folder of clips to three captions each. `captionmill caption` is this."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from captioners.weights.models import Models
from captioners.weights.packs import Cache, PackMissing
from engine.media.examine import examine
from engine.profile.profile import Profile, load
from engine.run.ingest import Ingest, elsewhere
from engine.run.lease import DriverLease, ShardLease
from engine.run.limit import NO_LIMIT, Limit
from manifests.books import Books, books
from manifests.commits import Log, State
from manifests.sources.folder import Listing
from manifests.workspace import Workspace, WorkspaceError, write_atomic
from pipelines.caption.job import Job
from pipelines.quarantine import current
from pipelines.status import newest, settings

if TYPE_CHECKING:
    from engine.run.driver import View


@dataclass(slots=True)
class Result:
    """What a run did. added: clips that were new; view: None when nothing had to be worked."""

    job: Job
    workspace: Workspace
    books: Books
    listing: Listing
    added: int = 0
    view: "View | None" = None
    faults: dict[str, int] = field(default_factory=dict)


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

    show: called a few times a second while clips are worked. listed: with the number of sources
    examined. until: the time or money after which it stops cleanly. Raises ProfileError, PackError,
    WorkspaceError, SourceError, LeaseHeld, RunFailed.
    """
    job = Job(load(profile))
    job.check()
    _require_models(job, profile)
    workspace = Workspace.create(root)
    with DriverLease(workspace) as log:
        _keep_settings(workspace, job)
        ingest = Ingest(job, workspace, log)
        added = ingest.run(sources, limit, listed)
        leases = pending(workspace, log.state, job)
        view = None
        if leases:
            view = _work(job, workspace, log, leases, show, until)
        return Result(
            job, workspace, books(log.state, job.cut, job.digest), ingest.listing, added, view
        )


def _require_models(job: Job, profile: str) -> None:
    """Raises PackMissing that names every model which is not here."""
    models = Models()
    missing = []
    for name in job.needed_models:
        try:
            models.path(name)
        except PackMissing as error:
            missing.append((name, error))
    if len(missing) == 1:
        raise missing[0][1]
    if missing:
        names = ", ".join(name for name, _ in missing)
        raise PackMissing(
            f"{len(missing)} models of the profile are not here: {names}; "
            f"run: captionmill models fetch --profile {shlex.quote(profile)}"
        )


def pending(workspace: Workspace, state: State, job: Job) -> list[ShardLease]:
    """Leases of the shards that no commit of this job names, in order."""
    done = state.shards(job.digest)
    places = elsewhere(workspace, state, job.cut)
    return [
        ShardLease(
            epoch=state.epoch,
            shard=record.shard,
            generation=0,
            clips_file=workspace.clips(job.cut, record.shard),
            known=known_weak(state, job, record.shard),
            elsewhere=places,
        )
        for record in state.ingests(job.cut)
        if record.shard is not None and record.shard not in done
    ]


def known_weak(state: State, job: Job, shard: int) -> dict[str, list[str]]:
    """Committed weak files of a shard that the job's captioners can use as they are."""
    return {
        name: [file.path for file in state.table(table, shard)]
        for name, table in job.tables.items()
    }


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would find (`--dry-run`). seconds: of media."""

    sources: int
    clips: int
    seconds: float
    faults: dict[str, int]
    ignored: int


def preview(sources: Sequence[str], profile: str, limit: int | None = None) -> Preview:
    """Lists and examines sources as a run would, and writes nothing."""
    job = Job(load(profile))
    listing = Listing()
    count = clips = milliseconds = 0
    faults: dict[str, int] = {}
    hashes: set[str | None] = set()
    for source in examine(listing.paths(sources), job.profile.clips):
        count += 1
        if source.content_hash is not None and source.content_hash in hashes:
            continue
        hashes.add(source.content_hash)
        for start, end in source.spans:
            if limit is not None and clips >= limit:
                break
            clips += 1
            milliseconds += end - start
        if source.fault is not None:
            faults[source.fault] = faults.get(source.fault, 0) + 1
    return Preview(count, clips, milliseconds / 1000, faults, listing.ignored)


def retry(
    root: Path,
    only: Sequence[str] | None = None,
    show: Callable[["View"], None] = lambda view: None,
) -> Result:
    """Works quarantined clips of the newest job again, as a new generation of their shards.

    only: clip ids or their first digits, None for all. Raises what `caption` raises, and
    WorkspaceError when the installed code or weights make another job of the same profile.
    """
    workspace = Workspace.open(root)
    with DriverLease(workspace) as log:
        last = newest(workspace, log.state)
        job = Job(Profile(**settings(workspace, last.digest)["profile"]))
        if job.digest != last.digest:
            raise WorkspaceError(
                "models or code changed since these clips were captioned; "
                "run `captionmill caption` again: it makes a new version and tries them all"
            )
        leases = _retries(workspace, log.state, job, only)
        view = _work(job, workspace, log, leases, show) if leases else None
        told = books(log.state, job.cut, job.digest)
        return Result(job, workspace, told, Listing(), view=view)


def _retries(
    workspace: Workspace, state: State, job: Job, only: Sequence[str] | None
) -> list[ShardLease]:
    """A lease for each shard that has clips to try again. Raises WorkspaceError for unknown ones."""
    entries = list(current(workspace, state, job.digest))
    wanted: dict[int, set[str]] = {}
    for entry in entries:
        clip = entry.row["clip_id"]
        if (only is None or clip.startswith(tuple(only))) and entry.row["stage"] != "probe":
            wanted.setdefault(entry.shard, set()).add(clip)
    ids = [entry.row["clip_id"] for entry in entries]
    unknown = [name for name in only or () if not any(clip.startswith(name) for clip in ids)]
    if unknown:
        raise WorkspaceError(f"not in quarantine: {', '.join(unknown)}")
    if entries and not wanted:
        raise WorkspaceError(
            "these files could not be opened: mend (or `touch`) them and run captionmill caption "
            "again, which looks at files that changed"
        )
    shards = state.shards(job.digest)
    places = elsewhere(workspace, state, job.cut)
    return [
        ShardLease(
            epoch=state.epoch,
            shard=shard,
            generation=shards[shard][-1].generation + 1,
            clips_file=workspace.clips(job.cut, shard),
            known=known_weak(state, job, shard),
            elsewhere=places,
            only=frozenset(clips),
        )
        for shard, clips in sorted(wanted.items())
    ]


def _work(
    job: Job,
    workspace: Workspace,
    log: Log,
    leases: list[ShardLease],
    show: Callable[["View"], None],
    until: Limit = NO_LIMIT,
) -> "View":
    from engine.run.driver import Driver  # brings Ray: not for a finished workspace

    total = books(log.state, job.cut, job.digest).input
    return Driver(job, workspace, log, Cache().root, show, until).run(leases, total)


def _keep_settings(workspace: Workspace, job: Job) -> None:
    """Keeps the settings behind a config digest; they are what `verify` and `retry` read."""
    settings = {
        "digest": job.digest,
        "profile": job.profile.model_dump(mode="json"),
        "settings": job.settings(),
    }
    # Each time: sizes and the writer's URL may be others, and the newest is the one a user means.
    write_atomic(
        workspace.config(job.digest), json.dumps(settings, indent=1, sort_keys=True).encode()
    )
