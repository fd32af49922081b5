"""Ingest: commits what examining the sources gave (`engine.media.examine`), a shard of clips at a time.

A source is hashed when it is first seen and again only if its size or mtime changed. Sources stream: a
shard is committed as soon as it is full.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.crashpoints import reach
from engine.media.examine import examine
from engine.profile.profile import Profile
from manifests import schemas, tables
from manifests.commits import INGEST, Log, Record, State, check_newest
from manifests.ids import clip_id, uri_of
from manifests.kinds import SOURCES
from manifests.sources.examined import Examined, clip_rows, source_row
from manifests.sources.folder import Listing
from manifests.sources.shards import shard_size
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


_ROW = ("size", "mtime_ns", "spans", "taken", "fault")


class _Listed:
    """What was listed for a cut so far: what tells a new source, a changed one and a twin.

    settled: of sources without a fault whose spans were all taken, size and mtime by URI. open: the
    other sources by URI. taken: spans that were taken, by content. stands: by the content (or URI) of
    sources with a fault, the clip that stands for them, and its shard. URIs and contents are kept as
    digests of 16 bytes, so a source costs about 300 bytes, whatever the length of its path.
    """

    def __init__(self, workspace: Workspace, state: State, cut: str) -> None:
        self.settled: dict[bytes, tuple[int, int]] = {}
        self.open: dict[str, _Known] = {}
        self.taken: dict[bytes, int] = {}
        self.stands: dict[str, tuple[str, int]] = {}
        columns = ["uri", "content_hash", *_ROW, "duplicate"]
        replaced = state.replaced(cut)
        for record in state.ingests(cut):
            for file in record.files:
                if file.table == SOURCES.name:
                    for row in tables.read(workspace.root, file.path, columns):
                        self._add(row, record.shard)
        self.stands = {key: clip for key, clip in self.stands.items() if clip[0] not in replaced}

    def _add(self, row: dict[str, Any], shard: int | None) -> None:
        known = _Known(row["content_hash"], **{name: row[name] for name in _ROW})
        uri = row["uri"]
        if known.fault is None and known.taken >= known.spans:
            self.open.pop(uri, None)
            self.settled[_short(uri)] = (known.size, known.mtime_ns)
        else:
            self.settled.pop(_short(uri), None)
            self.open[uri] = known
        key = known.key(uri)
        if known.content is not None and not row["duplicate"]:
            self.take(known.content, max(known.taken, self.taken_of(known.content)))
        if known.fault is not None and not row["duplicate"] and shard is not None:
            self.stands[key] = (clip_id(key, 0, 0), shard)

    def is_new(self, path: bytes) -> bool:
        """Whether a file was not listed yet, not to the end, or has changed since."""
        uri = uri_of(path)
        known = self.open.get(uri)
        stamp = (known.size, known.mtime_ns) if known else self.settled.get(_short(uri))
        if stamp is None or (known is not None and known.taken < known.spans):
            return True
        try:
            status = os.stat(path)
        except OSError:
            return known is None or known.fault is None
        return stamp != (status.st_size, status.st_mtime_ns)

    def take(self, content: str, spans: int) -> None:
        """So many spans of a content were taken."""
        self.taken[_short(content)] = spans

    def taken_of(self, content: str | None) -> int:
        """How many spans of a content were taken; None for a file that can't be read."""
        return 0 if content is None else self.taken.get(_short(content), 0)

    def mended(self, uri: str) -> tuple[str, int] | None:
        """The clip, with its shard, that stood for a source with a fault and for no other."""
        known = self.open.pop(uri)
        key = known.key(uri)
        others = any(k.fault is not None and k.key(u) == key for u, k in self.open.items())
        return None if others else self.stands.pop(key, None)


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Ingest:
    """Brings new sources into a workspace. cut: digest of how they become clips (`profile.clips`).

    After `run`, `listing` says what was skipped.
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
        self._part = log.state.parts(cut)
        listed = log.state.listed(cut)
        self._shard = len(listed)
        self._total = sum(listed.values()) - len(log.state.replaced(cut))

    def run(
        self,
        sources: Sequence[str],
        limit: int | None = None,
        seen: Callable[[int], None] = lambda count: None,
    ) -> int:
        """Commits what is new; returns how many clips were added. Raises SourceError, and EpochTaken
        when another driver took the workspace over.

        limit: no more than this many clips in the workspace. seen is called with the number of
        sources examined so far. In memory are the rows of one shard, and of every source that was ever
        listed what tells whether it is new, changed or a twin: about 300 bytes.
        """
        before = self._total
        new = filter(self._listed.is_new, self.listing.paths(sources))
        for count, source in enumerate(examine(new, self._profile.clips), start=1):
            if limit is not None and self._total >= limit:
                break
            self._take(source, limit)
            seen(count)
        if self._sources:
            self._commit()
        return self._total - before

    def _take(self, source: Examined, limit: int | None) -> None:
        known = self._listed.open.get(source.uri)
        if known is not None and known.fault is not None:
            if (known.fault, known.content) == (source.fault, source.content_hash):
                return
            if (stood := self._listed.mended(source.uri)) is not None:
                self._replaced[stood[0]] = stood[1]
                self._total -= 1
        content = source.content_hash
        taken = self._listed.taken_of(content)
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
            if len(self._clips) >= shard_size(self._shard, self._profile.sizes.shard):
                self._sources.append(source_row(source, taken, duplicate=False))
                self._commit()
                recorded = taken
        if recorded != taken:
            self._sources.append(source_row(source, taken, duplicate=False))
        if content is not None:
            self._listed.take(content, taken)

    def _commit(self) -> None:
        root, cut_digest, epoch = self._workspace.root, self._cut, self._log.state.epoch
        check_newest(self._workspace, epoch)
        path = self._workspace.sources(cut_digest, self._part, epoch)
        files = [tables.write(root, path, "sources", self._sources, schemas.SOURCES)]
        shard = None
        if self._clips:
            shard = self._shard
            path = self._workspace.clips(cut_digest, shard, epoch)
            files.append(tables.write(root, path, "clips", self._clips, schemas.CLIPS))
            self._shard += 1
        reach("ingest.before_commit")
        self._log.append(
            Record(
                stage=INGEST,
                epoch=epoch,
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
