"""Verify: does a workspace hold what its records say, and does every caption belong to its clip?

Everything is computed again from the files: checksums, identities, digests, the join of captions with
their clips and evidence, and the books from the rows themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from manifests import tables
from manifests.books import books
from manifests.captions import CAPTIONS, CaptionSet, caption_digest
from manifests.commits import Record, State
from manifests.evidence import evidence_from_row, weak_from_row, weak_to_row
from manifests.ids import clip_id, content_hash
from manifests.tables import File
from manifests.workspace import Workspace

# One caption on more than this many clips of different evidence, and on more than this share of the
# job's clips, is a flood. Templates of the same evidence are no flood. Both are our choice.
_FLOOD_CLIPS, _FLOOD_SHARE = 10, 0.02


@dataclass(frozen=True, slots=True)
class Problem:
    """kind: checksum, rows, identity, duplicate, join, evidence, digest, guard, flood or books."""

    kind: str
    where: str
    message: str
    clip_id: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """For `--json`."""
        return asdict(self)


Recheck = Callable[[Mapping[str, Any]], Iterator[str]]


def verify(
    workspace: Workspace,
    state: State,
    cut: str,
    job: str,
    weak_tables: Mapping[str, str],
    recheck: Recheck | None = None,
) -> list[Problem]:
    """All problems of one job and of the listing it stands on; memory for one shard, and the ids.

    weak_tables: the job's table of each captioner. recheck: what else is wrong with a caption row (prompt digest, guards), as messages.
    """
    problems = [p for file in state.files() for p in _file(workspace.root, file)]
    damaged = {problem.where for problem in problems}
    flood = _Flood()
    seen: Counter[str] = Counter()
    shards = state.shards(job)
    rows: Counter[str] = Counter()
    for record in state.ingests(cut):
        if record.shard is None or {f.path for f in record.files} & damaged:
            continue
        clips = _clips(workspace, cut, record, seen, problems)
        check = _Shard(workspace, record.shard, weak_tables, clips, problems, recheck, flood)
        rows.update(check.check(state, shards.get(record.shard, []), damaged))
    problems += flood.problems(rows["captioned"])
    problems += _books(state, cut, job, rows)
    return problems


def _file(root: Path, file: File) -> Iterator[Problem]:
    path = root / file.path
    if not path.is_file():
        yield Problem("checksum", file.path, "committed, but not there")
    elif path.stat().st_size != file.bytes or content_hash(path) != file.sha256:
        yield Problem("checksum", file.path, "its bytes are not those that were committed")


def _clips(
    workspace: Workspace, cut: str, record: Record, seen: Counter[str], problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    """A shard's clips by id, each checked to be what its id says, and there once."""
    assert record.shard is not None
    path = workspace.clips(cut, record.shard)
    clips = tables.read(workspace.root, path)
    for clip in clips:
        identity = clip["clip_id"]
        expected = clip_id(clip["content_hash"] or clip["uri"], clip["start_ms"], clip["end_ms"])
        if identity != expected:
            problems.append(
                Problem("identity", path, "the id is not that of its content and span", identity)
            )
        seen[identity] += 1
        if seen[identity] == 2:
            problems.append(Problem("duplicate", path, "the clip is listed twice", identity))
    return {clip["clip_id"]: clip for clip in clips}


class _Shard:
    """Checks the rows of one shard of one job."""

    def __init__(
        self,
        workspace: Workspace,
        shard: int,
        weak_tables: Mapping[str, str],
        clips: Mapping[str, Mapping[str, Any]],
        problems: list[Problem],
        recheck: Recheck | None,
        flood: "_Flood",
    ) -> None:
        self._root = workspace.root
        self._shard = shard
        self._tables = weak_tables
        self._clips = clips
        self._problems = problems
        self._recheck = recheck
        self._flood = flood

    def check(self, state: State, records: list[Record], damaged: set[str]) -> Counter[str]:
        """Checks everything; returns rows by outcome."""
        outcome: dict[str, str] = {}
        weak = self._weak(state, damaged)
        for record in records:
            for clip in record.retried:
                outcome.pop(clip, None)
            for file in record.files:
                if file.path not in damaged and file.table in (
                    "captions",
                    "filtered",
                    "quarantine",
                ):
                    self._outcomes(file, outcome, weak)
        if records:
            for clip in self._clips.keys() - outcome.keys():
                where = f"shard {self._shard}"
                self._note("books", where, "committed, yet the clip has no outcome", clip)
        names = {"captions": "captioned", "quarantine": "quarantined"}
        return Counter(names.get(table, table) for table in outcome.values())

    def _outcomes(
        self, file: File, outcome: dict[str, str], weak: Mapping[str, Mapping[str, Any]]
    ) -> None:
        found = tables.read(self._root, file.path)
        if len(found) != file.rows:
            self._note("rows", file.path, f"{len(found)} rows, {file.rows} were committed")
        for row in found:
            clip = row["clip_id"]
            if clip in outcome:
                self._note("duplicate", file.path, f"the clip is in {outcome[clip]} too", clip)
            outcome[clip] = file.table
            if clip not in self._clips:
                self._note("join", file.path, "no such clip in this shard", clip)
            elif file.table == "captions":
                self._caption(file.path, row, weak.get(clip, {}))

    def _caption(self, where: str, row: Mapping[str, Any], weak: Mapping[str, Any]) -> None:
        identity = row["clip_id"]
        clip = self._clips[identity]
        for column in ("content_hash", "uri", "start_ms", "end_ms"):
            if row[column] != clip[column]:
                self._note("join", where, f"{column} is not that of the clip", identity)
        texts = CaptionSet(**{name: row[name] for name in CAPTIONS})
        parts = (row["transcript"], row["evidence_digest"], row["prompt_digest"])
        if caption_digest(identity, texts, *parts) != row["caption_digest"]:
            message = "the captions are not those that were written for this clip"
            self._note("digest", where, message, identity)
        evidence = evidence_from_row(row)
        if evidence.digest() != row["evidence_digest"]:
            self._note("evidence", where, "the evidence is not what its digest says", identity)
        for said in evidence.captions:
            if weak.get(said.captioner) != weak_to_row(said):
                message = f"what {said.captioner} said is not what its weak table says of this clip"
                self._note("evidence", where, message, identity)
        for message in self._recheck(row) if self._recheck else ():
            self._note("guard", where, message, identity)
        self._flood.add(row)

    def _weak(self, state: State, damaged: set[str]) -> dict[str, dict[str, Any]]:
        """Weak rows of the job's tables of this shard, by clip and captioner."""
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for captioner, table in self._tables.items():
            for file in state.table(table, self._shard):
                if file.path not in damaged:
                    self._weak_file(file, captioner, found)
        return found

    def _weak_file(self, file: File, captioner: str, found: dict[str, dict[str, Any]]) -> None:
        for row in tables.read(self._root, file.path):
            identity = row["clip_id"]
            clip = self._clips.get(identity)
            if clip is None:
                self._note("join", file.path, "no such clip in this shard", identity)
            elif row["content_hash"] != clip["content_hash"]:
                self._note("join", file.path, "the captioner saw other media", identity)
            elif row["captioner"] != captioner or captioner in found[identity]:
                self._note("duplicate", file.path, f"not the one row of {captioner}", identity)
            else:
                found[identity][captioner] = weak_to_row(weak_from_row(row))

    def _note(self, kind: str, where: str, message: str, clip: str | None = None) -> None:
        self._problems.append(Problem(kind, where, message, clip))


class _Flood:
    """One caption on many clips of different evidence: the mark of a shift, a stuck writer or a cache."""

    def __init__(self) -> None:
        self._evidence: dict[int, set[int]] = defaultdict(set)
        self._sample: dict[int, tuple[str, str]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        said = hash(tuple(sorted(c["text"] for w in row["evidence"] for c in w["claims"])))
        for name in CAPTIONS:
            if (text := row[name]) is not None:
                key = hash((name, text))
                self._sample.setdefault(key, (name, text))
                self._evidence[key].add(said)

    def problems(self, captioned: int) -> Iterator[Problem]:
        for key, evidence in self._evidence.items():
            if len(evidence) > max(_FLOOD_CLIPS, _FLOOD_SHARE * captioned):
                name, text = self._sample[key]
                message = f"«{text}» stands on clips of {len(evidence)} different evidences"
                yield Problem("flood", name, message)


def _books(state: State, cut: str, job: str, rows: Counter[str]) -> Iterator[Problem]:
    told = books(state, cut, job)
    if not told.close:
        yield Problem("books", "commits", f"the books do not close: {told}")
    replaced = sum(len(r.retried) for r in state.ingests(cut))
    for name in ("captioned", "filtered", "quarantined"):
        counted = rows[name] - (replaced if name == "quarantined" else 0)
        if counted != getattr(told, name):
            message = f"{getattr(told, name)} {name} by the records, {counted} by the rows"
            yield Problem("books", "commits", message)
