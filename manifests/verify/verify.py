"""Verify: does a workspace hold what its records say, and does every caption belong to its clip?

Everything is computed again from the files: checksums, identities, digests, the join of captions with
their clips and evidence, and the books from the rows themselves. What stands on a file that is damaged
is not judged: the damage is the one problem told.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests import kinds, tables
from manifests.books import books
from manifests.captions import CAPTIONS, CaptionName, CaptionSet, Variant, caption_digest
from manifests.commits import Record, State
from manifests.evidence import Evidence, Modality, evidence_from_row, weak_from_row, weak_to_row
from manifests.ids import clip_id, content_hash
from manifests.tables import File
from manifests.workspace import Workspace

# One caption by the LLM on more than this many clips of different evidence, and on more than this
# share of the job's clips, is a flood. Both are our choice.
_FLOOD_CLIPS, _FLOOD_SHARE = 10, 0.02


@dataclass(frozen=True, slots=True)
class Problem:
    """kind: checksum, schema, rows, identity, duplicate, join, evidence, digest, guard, flood or
    books. where: a file, or what else it is about."""

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

    weak_tables: the job's table of each captioner. recheck: what else is wrong with a caption row
    (prompt digest, guards), as messages.
    """
    problems = [p for file in state.files() for p in _file(workspace.root, file)]
    damaged = frozenset(p.where for p in problems if p.kind in ("checksum", "schema"))
    flood = _Flood()
    listed: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for record in state.ingests(cut):
        if record.shard is None:
            continue
        path = next((f.path for f in record.files if f.table == "clips"), None)
        if path is None:
            message = f"the record of shard {record.shard} names no clips"
            problems.append(Problem("books", "commits", message))
        elif path not in damaged:
            clips = _clips(workspace.root, path, listed, problems)
            shard = _Shard(workspace.root, record.shard, job, clips, damaged, problems, flood)
            rows.update(shard.check(state, weak_tables, recheck))
    problems += flood.problems(rows["captioned"])
    problems += _books(state, cut, job, None if damaged else rows)
    return problems


def _file(root: Path, file: File) -> Iterator[Problem]:
    """What is wrong with a file as a whole."""
    path = root / file.path
    if not path.is_file():
        yield Problem("checksum", file.path, "committed, but not there")
        return
    if path.stat().st_size != file.bytes or content_hash(path) != file.sha256:
        yield Problem("checksum", file.path, "its bytes are not those that were committed")
        return
    expected = kinds.kind_of(file.table).schema
    try:
        with path.open("rb") as handle:
            found = pq.ParquetFile(handle)
            rows, schema = found.metadata.num_rows, found.schema_arrow
    except (pa.ArrowException, OSError) as error:
        yield Problem("schema", file.path, f"it can't be read: {error}")
        return
    if not schema.equals(expected):
        yield Problem("schema", file.path, f"its columns are not those of {file.table}")
    elif rows != file.rows:
        yield Problem("rows", file.path, f"{rows} rows, {file.rows} were committed")


def _clips(
    root: Path, path: str, listed: Counter[str], problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    """A shard's clips by id, each checked to be what its id says, and listed once."""
    clips = tables.read(root, path)
    for clip in clips:
        identity = clip["clip_id"]
        expected = clip_id(clip["content_hash"] or clip["uri"], clip["start_ms"], clip["end_ms"])
        if identity != expected:
            message = "the id is not that of its content and span"
            problems.append(Problem("identity", path, message, identity))
        listed[identity] += 1
        if listed[identity] == 2:
            problems.append(Problem("duplicate", path, "the clip is listed twice", identity))
    return {clip["clip_id"]: clip for clip in clips}


class _Shard:
    """Checks the rows of one shard of one job."""

    def __init__(
        self,
        root: Path,
        shard: int,
        job: str,
        clips: Mapping[str, Mapping[str, Any]],
        damaged: frozenset[str],
        problems: list[Problem],
        flood: "_Flood",
    ) -> None:
        self._root = root
        self._shard = shard
        self._job = job
        self._clips = clips
        self._damaged = damaged
        self._problems = problems
        self._flood = flood
        # By captioner and clip; None for a captioner that has a damaged file.
        self._weak: dict[str, dict[str, dict[str, Any]] | None] = {}

    def check(
        self, state: State, weak_tables: Mapping[str, str], recheck: Recheck | None
    ) -> Counter[str]:
        """Checks everything; returns rows by outcome."""
        for captioner, table in weak_tables.items():
            files = state.files(table, self._shard)
            damaged = self._damaged.intersection(file.path for file in files)
            self._weak[captioner] = None if damaged else self._weak_rows(captioner, files)
        outcome: dict[str, str] = {}
        records = state.shards(self._job).get(self._shard, [])
        outcomes = kinds.outcomes()
        files = [f for r in records for f in r.files if f.table in outcomes]
        for record in records:
            self._retried(record, outcome)
            for file in record.files:
                if file.table in outcomes and file.path not in self._damaged:
                    self._rows(file, outcome, recheck)
        if records and not self._damaged.intersection(file.path for file in files):
            for clip in self._clips.keys() - outcome.keys():
                message = "its shard is committed, yet it has no outcome"
                self._note("books", f"shard {self._shard}", message, clip)
        return Counter(outcomes[table] for table in outcome.values())

    def _retried(self, record: Record, outcome: dict[str, str]) -> None:
        for clip in record.retried:
            before = outcome.pop(clip, None)
            if before in ("captions", "filtered"):
                where = f"shard {self._shard}, generation {record.generation}"
                self._note("books", where, f"retried, but it stood in {before}", clip)

    def _weak_rows(self, captioner: str, files: list[File]) -> dict[str, dict[str, Any]]:
        """What a captioner said of each clip, as rows; every row is of a clip, its media, and one."""
        found: dict[str, dict[str, Any]] = {}
        for file in files:
            for row in tables.read(self._root, file.path):
                identity = row["clip_id"]
                clip = self._clips.get(identity)
                if clip is None:
                    self._note("join", file.path, "no such clip in this shard", identity)
                elif row["content_hash"] != clip["content_hash"]:
                    self._note("join", file.path, "the captioner saw other media", identity)
                elif row["captioner"] != captioner or identity in found:
                    self._note("duplicate", file.path, f"not the one row of {captioner}", identity)
                else:
                    found[identity] = weak_to_row(weak_from_row(row))
        return found

    def _rows(self, file: File, outcome: dict[str, str], recheck: Recheck | None) -> None:
        """Every row of outcomes is of a clip of this shard, and the only one."""
        for row in tables.read(self._root, file.path):
            identity = row["clip_id"]
            if identity in outcome:
                message = f"the clip is in {outcome[identity]} too"
                self._note("duplicate", file.path, message, identity)
            outcome[identity] = file.table
            clip = self._clips.get(identity)
            if clip is None:
                self._note("join", file.path, "no such clip in this shard", identity)
                continue
            for column in ("content_hash", "uri", "start_ms", "end_ms", "kind"):
                if column in row and row[column] != clip[column]:
                    message = f"{column} is not that of the clip"
                    self._note("join", file.path, message, identity)
            if file.table == "captions":
                self._caption(file.path, row, recheck)

    def _caption(self, where: str, row: Mapping[str, Any], recheck: Recheck | None) -> None:
        """Every digest of a caption row is that of what it is said to digest."""
        identity = row["clip_id"]
        if row["duration_ms"] != row["end_ms"] - row["start_ms"]:
            self._note("join", where, "duration_ms is not that of the clip", identity)
        if row["config_digest"] != self._job:
            self._note("digest", where, f"the row is of job {row['config_digest']}", identity)
        texts = CaptionSet(**{name: row[name] for name in CAPTIONS})
        variants = [Variant(**variant) for variant in row["variants"]]
        parts = (row["transcript"], row["evidence_digest"], row["prompt_digest"], variants)
        if caption_digest(identity, texts, *parts) != row["caption_digest"]:
            message = "the captions are not those that were written for this clip"
            self._note("digest", where, message, identity)
        if not self._evidence(where, row):
            return
        for message in recheck(row) if recheck else ():
            self._note("guard", where, message, identity)

    def _evidence(self, where: str, row: Mapping[str, Any]) -> bool:
        """The evidence is what the captioners' own tables say of this clip, all of it. False where it is
        no evidence."""
        identity = row["clip_id"]
        try:
            evidence = evidence_from_row(row)
        except (TypeError, ValueError) as error:
            self._note("evidence", where, f"it is no evidence: {error}", identity)
            return False
        if evidence.digest() != row["evidence_digest"]:
            self._note("evidence", where, "the evidence is not what its digest says", identity)
        said = {weak.captioner: weak_to_row(weak) for weak in evidence.captions}
        if len(said) < len(evidence.captions):
            self._note("evidence", where, "a captioner is in the evidence twice", identity)
        for captioner in sorted(said.keys() - self._weak.keys()):
            self._note("evidence", where, f"{captioner} is no captioner of the job", identity)
        for captioner, rows in self._weak.items():
            if rows is not None and said.get(captioner) != rows.get(identity):
                message = f"what {captioner} said is not what its weak table says of this clip"
                self._note("evidence", where, message, identity)
        self._flood.add(row, evidence)
        return True

    def _note(self, kind: str, where: str, message: str, clip: str | None = None) -> None:
        self._problems.append(Problem(kind, where, message, clip))


_PERCEIVED: dict[CaptionName, Modality | None] = {
    "audio_caption": "audio",
    "visual_caption": "video",
    "audio_visual_caption": None,
}


class _Flood:
    """One caption on many clips of different evidence: the mark of a stuck writer or cache.

    Only what an LLM wrote: a template says the same of all clips of which the same is known.
    """

    def __init__(self) -> None:
        self._evidence: dict[int, set[int]] = defaultdict(set)
        self._sample: dict[int, tuple[CaptionName, str, str]] = {}

    def add(self, row: Mapping[str, Any], evidence: Evidence) -> None:
        """Counts the captions of one row."""
        for name in CAPTIONS:
            text = row[name]
            if text is None or row[f"{name.removesuffix('_caption')}_by"] != "llm":
                continue
            known = {
                claim.text
                for claim in evidence.claims(_PERCEIVED[name])
                if claim.believed is not None and claim.believed.tier != "low"
            }
            key = hash((name, text))
            self._evidence[key].add(hash(frozenset(known)))
            if len(self._evidence[key]) > _FLOOD_CLIPS:
                self._sample.setdefault(key, (name, text, row["clip_id"]))

    def problems(self, captioned: int) -> Iterator[Problem]:
        """Floods among so many captioned clips, each with one of its clips."""
        for key, (name, text, clip) in self._sample.items():
            count = len(self._evidence[key])
            if count > _FLOOD_SHARE * captioned:
                message = f"«{text}» stands on clips of {count} different evidences"
                yield Problem("flood", name, message, clip)


def _books(state: State, cut: str, job: str, rows: Counter[str] | None) -> Iterator[Problem]:
    """The books close, and, where every row could be read, say what the rows say."""
    told = books(state, cut, job)
    if not told.close:
        yield Problem("books", "commits", f"the books do not close: {told}")
    if rows is None:
        return
    shards = state.shards(job)
    worked = sum(shard in shards for shard in state.replaced(cut).values())
    for name in sorted({*rows, *told.outcomes}):
        counted = rows[name] - (worked if name == "quarantined" else 0)
        if counted != (recorded := told.outcomes.get(name, 0)):
            message = f"{recorded} {name} by the records, {counted} by the rows"
            yield Problem("books", "commits", message)
