"""A small real workspace, made by the library's own functions, and ways to break it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.stages.rows import filtered_row
from manifests import commits, tables
from manifests.captions import CaptionName, CaptionSet, How, Variant, Written, caption_digest
from manifests.commits import Holder, Log, Record, State
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption, weak_to_row
from manifests.kinds import kind_of
from manifests.record import to_json
from manifests.sources.examined import Examined, Span, clip_rows, source_row
from manifests.sources.segments import Segment
from manifests.tables import File
from manifests.verify.check import check_workspace
from manifests.verify.job import Job
from manifests.verify.problems import Problem, Recheck
from manifests.workspace import Workspace
from pipelines.caption.licences import Licence
from pipelines.caption.rows import caption_row

CUT, JOB = "c" * 16, "0123456789abcdef"
TABLES = {name: f"weak/{name}-{'a' * 16}" for name in ("ears", "words", "eyes")}
SHARDS, PER_SHARD = 2, 8
FILTERED, QUARANTINED = 1, 2
"""Places, in each shard, of the clip that was filtered and of the one in quarantine."""

_HOW: dict[CaptionName, How] = {
    "audio_caption": How("llm", rung="first"),
    "visual_caption": How("llm", rung="repair", faults=("first:loop",)),
    "audio_visual_caption": How("template", rung="template", faults=("first:loop", "repair:loop")),
}

Row = dict[str, Any]


def source(number: int) -> Examined:
    """A video of 20 s in two clips."""
    media: Row = dict.fromkeys(("audio_reason", "video_reason"))
    media |= {"kind": "video", "has_audio": True, "has_video": True, "duration_ms": 20_000}
    segment = Segment(0, 20_000, 0, 0, number, None, None, "video", True, True)
    return Examined(
        path=b"/clips/%d \xff.mp4" % number,
        content_hash=hashlib.sha256(b"%d" % number).hexdigest(),
        size=number,
        mtime_ns=number,
        media=media,
        spans=(Span(0, 10_000, segment), Span(10_000, 20_000, segment)),
    )


def said(clip: Row, number: int) -> list[WeakCaption]:
    """What the three captioners say of a clip; no two clips are alike."""
    of = {"clip_id": clip["clip_id"], "content_hash": clip["content_hash"]}
    sound = Claim(
        f"Sound {number}", f"sound {number}", "sound", "audio", 0.1 + number / 7, ((0, 9),)
    )
    thing = Claim(f"thing{number}", f"thing {number}", "object", "video", -number / 3)
    heard: Row = {"text": f"words {number}", "transcript": f"words {number}", "language": "en"}
    heard["language_probability"] = 0.75
    return [
        WeakCaption(**of, captioner="ears", text=f"There is sound {number}.", claims=(sound,)),
        WeakCaption(**of, captioner="words", **(heard if number % 2 else {"skipped": "no speech"})),
        WeakCaption(**of, captioner="eyes", text=f"Thing {number} is seen.", claims=(thing,)),
    ]


def evidence_of(clip: Row, weak: Sequence[WeakCaption]) -> Evidence:
    """The same, every claim judged «high»."""
    own, fused = Confidence(0.9, "high", "platt-map ears"), Confidence(0.95, "high", "rule ears")
    judged = [
        replace(w, claims=tuple(replace(c, confidence=own, fused=fused) for c in w.claims))
        for w in weak
    ]
    return Evidence(clip["clip_id"], True, True, 10_000, tuple(judged))


def captioned(clip: Row, number: int) -> Row:
    """The caption row of a clip."""
    evidence = evidence_of(clip, said(clip, number))
    written = Written(
        clip_id=clip["clip_id"],
        captions=CaptionSet(f"Sound {number}.", f"Thing {number}.", f"Thing and sound {number}."),
        how=_HOW,
        evidence_digest=evidence.digest(),
        prompt_digest="9" * 16,
        transcript=evidence.transcript,
        model="small",
    )
    return caption_row(clip, evidence, written, JOB, Licence("Apache-2.0", True, {}))


def quarantined(clip: Row, reason: str = "corrupt") -> Row:
    """The quarantine row of a clip."""
    row = {key: clip[key] for key in ("clip_id", "uri", "start_ms", "end_ms")}
    return row | {"stage": "decode", "reason": reason, "message": "m", "reproduce": "r"}


def place(clip: Row, number: int) -> str:
    """The table of a clip's outcome."""
    return {FILTERED: "filtered", QUARANTINED: "quarantine"}.get(number % PER_SHARD, "captions")


@dataclass(frozen=True)
class Made:
    """The workspace; its records can be changed as only a hand can."""

    workspace: Workspace

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def state(self) -> State:
        return commits.load(self.workspace)

    def verify(self, recheck: Recheck | None = None) -> list[Problem]:
        """Problems of the one job."""
        return check_workspace(
            self.workspace, self.state, [Job(JOB, CUT, TABLES, recheck)]
        ).problems

    def named(self, kind: str, recheck: Recheck | None = None) -> set[str | None]:
        """Clips that problems of this kind name; fails when there is none."""
        problems = self.verify(recheck)
        found = {problem.clip_id for problem in problems if problem.kind == kind}
        assert found, problems
        return found

    def file(self, table: str, shard: int = 0) -> File:
        """A committed file of generation 0."""
        return next(self.state.files(table, shard))

    def rows(self, table: str, shard: int = 0) -> list[Row]:
        """The rows of a file."""
        return tables.read(self.root, self.file(table, shard).path)

    def edit(self, table: str, change: Callable[[list[Row]], list[Row]], shard: int = 0) -> None:
        """Changes the rows of a file, and its record so that the checksum is right."""
        file = self.file(table, shard)
        rows = change(tables.read(self.root, file.path))
        schema = kind_of(table).schema
        self.forge(file, tables.write(self.root, file.path, table, rows, schema))

    def forge(self, old: File, new: File) -> None:
        """Puts another file into the record that names `old`."""

        def change(record: Row) -> None:
            record["files"] = [asdict(new) if f["path"] == old.path else f for f in record["files"]]

        self.lie(change)

    def lie(self, change: Callable[[Row], None], stage: str | None = None) -> None:
        """Changes every commit record, or those of one stage, as JSON."""
        for path in sorted((self.workspace.commits / "000001").glob("0*.json")):
            record = json.loads(path.read_text())
            if stage in (None, record["stage"]):
                change(record)
                path.write_text(json.dumps(record))

    def append(self, record: Record) -> None:
        """One more commit."""
        last = max(int(p.stem) for p in (self.workspace.commits / "000001").glob("0*.json"))
        path = self.workspace.commits / "000001" / f"{last + 1:06d}.json"
        path.write_bytes(to_json(record))


def sealed(row: Row) -> Row:
    """A caption row whose caption digest is right again."""
    texts = CaptionSet(row["audio_caption"], row["visual_caption"], row["audio_visual_caption"])
    variants = [Variant(**variant) for variant in row["variants"]]
    parts = (row["transcript"], row["evidence_digest"], row["prompt_digest"], variants)
    return row | {"caption_digest": caption_digest(row["clip_id"], texts, *parts)}


def make(root: Path) -> Made:
    """Two shards of eight clips of one job, six of each captioned."""
    workspace = Workspace.create(root)
    log = Log(workspace, commits.open_epoch(workspace, 1, Holder(host="h", pid=1, started=0.0)))
    for shard in range(SHARDS):
        first = shard * PER_SHARD
        sources = [source(first // 2 + number) for number in range(PER_SHARD // 2)]
        clips = [row for each in sources for row in clip_rows(each)]
        _ingest(workspace, log, shard, sources, clips)
        _work(workspace, log, shard, dict(enumerate(clips, start=first)))
    commits.released(workspace, 1).touch()
    return Made(workspace)


def _ingest(
    workspace: Workspace, log: Log, shard: int, sources: list[Examined], clips: list[Row]
) -> None:
    listed = [source_row(each, len(each.spans), duplicate=False) for each in sources]
    files = [
        _write(workspace, workspace.sources(CUT, shard, 1), "sources", listed),
        _write(workspace, workspace.clips(CUT, shard, 1), "clips", clips),
    ]
    counts = {"sources": len(sources), "clips": len(clips)}
    log.append(
        Record(stage="ingest", epoch=1, cut=CUT, shard=shard, counts=counts, files=tuple(files))
    )


def _work(workspace: Workspace, log: Log, shard: int, clips: dict[int, Row]) -> None:
    outcome: dict[str, list[Row]] = {"captions": [], "filtered": [], "quarantine": []}
    weak: dict[str, list[Row]] = {table: [] for table in TABLES.values()}
    for number, clip in clips.items():
        table = place(clip, number)
        if table == "captions":
            outcome[table].append(captioned(clip, number))
        elif table == "filtered":
            outcome[table].append(filtered_row(clip, "too short"))
        else:
            outcome[table].append(quarantined(clip))
        if table != "quarantine":
            for one in said(clip, number):
                weak[TABLES[one.captioner]].append(weak_to_row(one))
    files = [
        _write(workspace, workspace.path(table, JOB, shard, 0, 1), table, rows)
        for table, rows in (weak | outcome).items()
    ]
    counts = {
        "captioned": len(outcome["captions"]),
        "filtered": len(outcome["filtered"]),
        "quarantined": len(outcome["quarantine"]),
        "llm": 2 * len(outcome["captions"]),
        "template": len(outcome["captions"]),
    }
    log.append(
        Record(
            stage="caption",
            epoch=1,
            cut=CUT,
            job=JOB,
            shard=shard,
            counts=counts,
            files=tuple(files),
        )
    )


def _write(workspace: Workspace, path: str, table: str, rows: list[Row]) -> File:
    return tables.write(workspace.root, path, table, rows, kind_of(table).schema)
