"""Ingest: commits what examining the sources gave (`engine.media.examine`), a shard of clips at a time.

A source is hashed when it is first seen and again only if its size or mtime changed.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.crashpoints import reach
from engine.media.examine import examine
from engine.profile.profile import Profile
from engine.stages.contract import Place
from manifests import schemas, tables
from manifests.commits import INGEST, Log, Record, State
from manifests.ids import clip_id, uri_of
from manifests.sources.examined import Examined, clip_rows, source_row
from manifests.sources.folder import Listing
from manifests.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Known:
    """The last row of a source."""

    content: str | None
    size: int
    mtime_ns: int
    spans: int
    taken: int
    fault: str | None

    def key(self, uri: str) -> str:
        """What its clips are made from: its content, or its URI when it could not be read."""
        return self.content or uri


class _Listed:
    """What earlier runs listed for a cut.

    sources: by URI. taken: spans that were taken, by content. stands: by the content (or URI) of
    sources with a fault, the clip that stands for them, and its shard.
    """

    def __init__(self, workspace: Workspace, state: State, cut: str) -> None:
        self.sources: dict[str, _Known] = {}
        self.taken: dict[str, int] = {}
        self.stands: dict[str, tuple[str, int]] = {}
        columns = ["uri", "content_hash", *_ROW, "duplicate"]
        replaced = state.replaced(cut)
        for record in state.ingests(cut):
            for file in record.files:
                if file.table == "sources":
                    for row in tables.read(workspace.root, file.path, columns):
                        self._add(row, record.shard)
        self.stands = {k: s for k, s in self.stands.items() if s[0] not in replaced}

    def _add(self, row: dict[str, Any], shard: int | None) -> None:
        known = _Known(row["content_hash"], **{name: row[name] for name in _ROW})
        self.sources[row["uri"]] = known
        key = known.key(row["uri"])
        if known.content is not None and not row["duplicate"]:
            self.taken[known.content] = max(known.taken, self.taken.get(known.content, 0))
        if known.fault is not None and not row["duplicate"] and shard is not None:
            self.stands[key] = (clip_id(key, 0, 0), shard)

    def mended(self, uri: str) -> tuple[str, int] | None:
        """The clip, with its shard, that stood for a source with a fault and for no other."""
        known = self.sources.pop(uri)
        key = known.key(uri)
        others = any(k.fault is not None and k.key(u) == key for u, k in self.sources.items())
        return None if others else self.stands.pop(key, None)


_ROW = ("size", "mtime_ns", "spans", "taken", "fault")


class Ingest:
    """Brings new sources into a workspace. cut: digest of how they become clips (`profile.clips`).

    After `run`, `listing` says what was passed over.
    """

    def __init__(self, cut: str, profile: Profile, workspace: Workspace, log: Log) -> None:
        self.listing = Listing()
        self._cut = cut
        self._profile = profile
        self._workspace = workspace
        self._log = log
        self._listed = _Listed(workspace, log.state, cut)
        self._sources: list[dict[str, Any]] = []
        self._clips: list[dict[str, Any]] = []
        self._replaced: dict[str, int] = {}
        ingests = log.state.ingests(cut)
        self._part = len(ingests)
        self._shard = sum(r.shard is not None for r in ingests)
        self._total = sum(r.counts["clips"] - len(r.replaced) for r in ingests)

    def run(
        self,
        sources: Sequence[str],
        limit: int | None = None,
        seen: Callable[[int], None] = lambda count: None,
    ) -> int:
        """Commits what is new; returns how many clips were added. Raises SourceError.

        limit: no more than this many clips in the workspace. seen is called with the number of
        sources examined so far.
        """
        before = self._total
        paths = list(self.listing.paths(sources))
        shard = max(self._profile.sizes.shard, -(-len(paths) // 10_000))
        new = (path for path in paths if self._is_new(path))
        for count, source in enumerate(examine(new, self._profile.clips), start=1):
            if limit is not None and self._total >= limit:
                break
            self._take(source, limit, shard)
            seen(count)
        if self._sources:
            self._commit()
        return self._total - before

    def _is_new(self, path: bytes) -> bool:
        known = self._listed.sources.get(uri_of(path))
        if known is None or known.taken < known.spans:
            return True
        try:
            status = os.stat(path)
        except OSError:
            return known.fault is None
        return (known.size, known.mtime_ns) != (status.st_size, status.st_mtime_ns)

    def _take(self, source: Examined, limit: int | None, shard: int) -> None:
        known = self._listed.sources.get(source.uri)
        if known is not None and known.fault is not None:
            if (known.fault, known.content) == (source.fault, source.content_hash):
                return
            if (stood := self._listed.mended(source.uri)) is not None:
                self._replaced[stood[0]] = stood[1]
                self._total -= 1
        content = source.content_hash
        taken = self._listed.taken.get(content, 0) if content is not None else 0
        if taken >= len(source.spans):
            self._sources.append(source_row(source, len(source.spans), duplicate=True))
            return
        recorded = -1
        for row in clip_rows(source)[taken:]:
            if limit is not None and self._total >= limit:
                break
            self._clips.append(row)
            self._total += 1
            taken += 1
            if len(self._clips) >= shard:
                self._sources.append(source_row(source, taken, duplicate=False))
                self._commit()
                recorded = taken
        if recorded != taken:
            self._sources.append(source_row(source, taken, duplicate=False))
        if content is not None:
            self._listed.taken[content] = taken

    def _commit(self) -> None:
        root, cut_digest = self._workspace.root, self._cut
        path = self._workspace.sources(cut_digest, self._part)
        files = [tables.write(root, path, "sources", self._sources, schemas.SOURCES)]
        shard = None
        if self._clips:
            shard = self._shard
            path = self._workspace.clips(cut_digest, shard)
            files.append(tables.write(root, path, "clips", self._clips, schemas.CLIPS))
            self._shard += 1
        reach("ingest.before_commit")
        self._log.append(
            Record(
                stage=INGEST,
                epoch=self._log.state.epoch,
                cut=cut_digest,
                shard=shard,
                counts={"sources": len(self._sources), "clips": len(self._clips)},
                replaced=self._replaced,
                files=tuple(files),
            )
        )
        reach("ingest.after_commit")
        self._part += 1
        self._sources, self._clips, self._replaced = [], [], {}


def elsewhere(workspace: Workspace, state: State, cut: str) -> dict[str, tuple[Place, ...]]:
    """All places of contents that were listed more than once: twins, and files that were moved or
    touched since; newest first, by content."""
    found: dict[str, dict[Place, None]] = {}
    columns = ["content_hash", "uri", "size", "mtime_ns"]
    for record in state.ingests(cut):
        for file in record.files:
            if file.table == "sources":
                for row in tables.read(workspace.root, file.path, columns):
                    if row["content_hash"] is not None:
                        place = Place(row["uri"], row["size"], row["mtime_ns"])
                        found.setdefault(row["content_hash"], {})[place] = None
    return {
        content: tuple(reversed(places)) for content, places in found.items() if len(places) > 1
    }
