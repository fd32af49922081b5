"""The workspace and the release that are verified: made-up captions of four captioners."""

import hashlib
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests import commits, schemas, tables
from manifests.captions import CaptionClaim, CaptionSet, How, Written
from manifests.commits import INGEST, Holder, Log, Record
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption, weak_to_row
from manifests.ids import clip_id, content_hash
from manifests.kinds import kind_of
from manifests.release import flatten
from manifests.release.layout import (
    OF_CLIPS,
    RELEASE,
    Release,
    ReleaseBooks,
    ReleaseFile,
    ReleaseInput,
    Table,
    part_path,
)
from manifests.tables import File
from manifests.workspace import Workspace
from pipelines.caption.licences import Licence
from pipelines.caption.rows import caption_row

JOB, CUT = "0123456789abcdef", "c" * 16
_CAPTIONERS = ("sounds", "speech", "objects", "scenes")
WEAK = {name: f"weak/{name}-{'a' * 16}" for name in _CAPTIONERS}
SHARD = 1024
_GROUP_BYTES = 90 << 20
_HOW = How("llm", rung="first")
_WORDS = tuple(
    word
    for line in (
        "a dog barks at a passing car while rain falls on the roof of a small house and two people",
        "talk quietly near an open window as soft piano music plays in the background of the street",
    )
    for word in line.split()
)

Row = dict[str, Any]


def _clip(number: int) -> Row:
    """A clip of 10 s of a source of its own."""
    content = hashlib.sha256(b"%d" % number).hexdigest()
    row: Row = {field.name: None if field.nullable else 0 for field in schemas.CLIPS}
    return row | {
        "clip_id": clip_id(content, 0, 10_000),
        "content_hash": content,
        "uri": f"file:///media/set/{number}.mp4",
        "start_ms": 0,
        "end_ms": 10_000,
        "kind": "video",
        "has_audio": True,
        "has_video": True,
    }


def _said(clip: Row, chance: random.Random) -> tuple[WeakCaption, ...]:
    """What four captioners say of a clip."""
    said = []
    for name in _CAPTIONERS:
        own, fused = Confidence(0.9, "high", f"platt-map {name}"), Confidence(0.95, "high", "rule")
        claims = tuple(
            Claim(
                " ".join(chance.sample(_WORDS, 2)),
                " ".join(chance.sample(_WORDS, 4)),
                "sound" if name in ("sounds", "speech") else "object",
                "audio" if name in ("sounds", "speech") else "video",
                chance.random(),
                ((chance.randrange(4000), 4000 + chance.randrange(6000)),),
                own,
                fused,
            )
            for _ in range(4)
        )
        text = " ".join(chance.sample(_WORDS, 20))
        said.append(WeakCaption(clip["clip_id"], clip["content_hash"], name, text, claims))
    return tuple(said)


def _captioned(clip: Row, said: tuple[WeakCaption, ...], chance: random.Random) -> Row:
    """The caption row of a clip: about 600 bytes of captions."""
    evidence = Evidence(clip["clip_id"], True, True, 10_000, said)
    texts = (" ".join(chance.choices(_WORDS, k=36)) for _ in range(3))
    claims = [
        CaptionClaim("audio_caption", claim.text, (weak.captioner,), claim.fused, claim.spans, True)
        for weak in said
        for claim in weak.claims[:1]
    ]
    written = Written(
        clip_id=clip["clip_id"],
        captions=CaptionSet(*texts),
        how={"audio_caption": _HOW, "visual_caption": _HOW, "audio_visual_caption": _HOW},
        evidence_digest=evidence.digest(),
        prompt_digest="9" * 16,
        model="writer-8b",
        claims=tuple(claims),
    )
    return caption_row(clip, evidence, written, JOB, Licence("Apache-2.0", True, {}))


def make_workspace(root: Path, shards: int) -> Workspace:
    """A workspace of one finished job, or the one that is there."""
    if root.exists():
        return Workspace.open(root)
    making = root.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    workspace = Workspace.create(making)
    log = Log(workspace, commits.open_epoch(workspace, 1, Holder(host="h", pid=1, started=0.0)))
    for shard in range(shards):
        chance = random.Random(shard)
        clips = [_clip(number) for number in range(shard * SHARD, (shard + 1) * SHARD)]
        said = [_said(clip, chance) for clip in clips]
        path = workspace.clips(CUT, shard, 1)
        listed = _written(making, path, "clips", clips)
        record = Record(INGEST, 1, CUT, shard=shard, counts={"clips": SHARD}, files=(listed,))
        log.append(record)
        rows = {
            table: [weak_to_row(weak[place]) for weak in said]
            for place, table in enumerate(WEAK.values())
        }
        rows["captions"] = [_captioned(*pair, chance) for pair in zip(clips, said, strict=True)]
        files = [
            _written(making, workspace.path(table, JOB, shard, 0, 1), table, of_table)
            for table, of_table in rows.items()
        ]
        counts = {"captioned": SHARD, "llm": 3 * SHARD}
        log.append(Record("caption", 1, CUT, JOB, shard=shard, counts=counts, files=tuple(files)))
    making.rename(root)
    return Workspace.open(root)


def _written(root: Path, path: str, table: str, rows: list[Row]) -> File:
    return tables.write(root, path, table, rows, kind_of(table).schema)


def make_release(folder: Path, workspace: Workspace, copies: int) -> Release:
    """A release of one part with all rows of a workspace, so many times over."""
    if (folder / RELEASE).exists():
        return Release.model_validate_json((folder / RELEASE).read_bytes())
    root, state = workspace.root, commits.load(workspace)
    rows = pa.concat_tables(
        pq.read_table(root / file.path, columns=flatten.columns(evidence=True))
        for file in state.files("captions")
    )
    clips = pa.concat_tables(
        pq.read_table(root / state.clips_file(CUT, shard), columns=list(OF_CLIPS))
        for shard in state.shards(JOB)
    )  # in the order of the captions, which _captioned made of them
    of_table: dict[Table, pa.Table] = {
        "data": flatten.data(rows, clips, 0, 1, False, False),
        "evidence": flatten.evidence(rows)[0],
        "claims": flatten.claims(rows)[0],
    }
    files = []
    for table, content in of_table.items():
        first = folder / part_path(table, "permissive", "train", 0, copies)
        first.parent.mkdir(parents=True, exist_ok=True)
        group = max(1, _GROUP_BYTES * content.num_rows // content.nbytes)
        pq.write_table(
            content,
            first,
            row_group_size=group,
            compression="zstd",
            compression_level=1,
            write_page_index=True,
        )
        sha256, size = content_hash(first), first.stat().st_size
        for number in range(copies):
            path = part_path(table, "permissive", "train", number, copies)
            if number:
                shutil.copyfile(first, folder / path)
            files.append(
                ReleaseFile(
                    path=path,
                    table=table,
                    licence_class="permissive",
                    split="train",
                    part=number,
                    rows=content.num_rows,
                    bytes=size,
                    sha256=sha256,
                )
            )
    kept = rows.num_rows * copies
    given = ReleaseInput(
        number=0, name="w", job=JOB, digest="d" * 16, stage=1, real=False, rows=kept, kept=kept
    )
    books = ReleaseBooks(rows=kept, kept=kept, dropped={})
    release = Release.made("bench", {}, [given], books, files)
    (folder / RELEASE).write_bytes(release.to_json())
    return release
