"""Small releases, written as `manifests.release.layout` says, and ways to break them."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.captions import CaptionSet, Variant, caption_digest
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption
from manifests.ids import clip_id, content_hash
from manifests.release.layout import (
    RELEASE,
    SCHEMAS,
    Release,
    ReleaseBooks,
    ReleaseFile,
    ReleaseInput,
    Table,
    licence_class,
    part_path,
)

Row = dict[str, Any]
DOMAINS = ("speech", "music", "general")
LICENCES = (("Apache-2.0 AND MIT", True), ("LicenseRef-Llama-3.1", False))


@dataclass
class Clip:
    """One clip of a release: its data row, and its rows of evidence and claims."""

    split: str
    data: Row
    evidence: list[Row]
    claims: list[Row]


def evidence(number: int) -> Evidence:
    """What two captioners say of a clip; no two clips are alike."""
    content = hashlib.sha256(b"%d" % number).hexdigest()
    clip = clip_id(content, 0, 10_000)
    own, fused = Confidence(0.9, "high", "platt-map ears"), Confidence(None, "high", "rule")
    sounds = tuple(
        Claim(
            f"Sound {n}",
            f"a sound {n} is heard",
            "sound",
            "audio",
            0.1 + n / 7,
            ((0, 9), (20, 30)),
            confidence=own,
            fused=fused,
            rank=0.5 if n % 2 else None,
        )
        for n in (number, number + 1)
    )
    of = {"clip_id": clip, "content_hash": content}
    spoken = WeakCaption(**of, captioner="words", skipped="no speech")
    if number % 2:
        spoken = WeakCaption(
            **of,
            captioner="words",
            text=f"words {number}",
            transcript=f"words {number}",
            language="en",
            language_probability=0.75,
        )
    weak = WeakCaption(**of, captioner="ears", text=f"There is sound {number}.", claims=sounds)
    return Evidence(clip, True, True, 10_000, (weak, spoken))


def clip(number: int, split: str = "train", **changes: Any) -> Clip:
    """A clip by its number. changes: of its data row, made before digests are computed."""
    said = evidence(number)
    licence, train = LICENCES[number % 5 == 4]
    row: Row = {
        "clip_id": said.clip_id,
        "content_hash": said.captions[0].content_hash,
        "uri": f"file:///clips/{number}.mp4",
        "start_ms": 0,
        "end_ms": 10_000,
        "duration_ms": 10_000,
        "kind": "video",
        "has_audio": True,
        "has_video": True,
        "file_ms": 0,
        "since_ms": 0,
        "first_byte": 0,
        "end_byte": 1000 + number,
        "audio_track": 1,
        "video_track": 0,
        "size": 1000 + number,
        "whole": True,
        "audio_caption": f"Sound {number} is heard.",
        "visual_caption": f"Thing {number} is seen." if number % 3 else None,
        "audio_visual_caption": f"Thing {number} is seen as sound {number} is heard.",
        "audio_by": "llm",
        "visual_by": "template" if number % 3 else None,
        "audio_visual_by": "llm",
        "writer": "writer-135m",
        "variants": None,
        "transcript": said.transcript,
        "language": said.language[0],
        "domain": DOMAINS[number % 3],
        "support": 1.0,
        "confidence": 0.75,
        "licence": licence,
        "outputs_train": train,
        "evidence_digest": said.digest(),
        "prompt_digest": "b" * 16,
        "input": 0,
        "stage": 1,
        "real": False,
    } | changes
    if number % 4 == 0 and "variants" not in changes:
        further = {"caption": "audio_caption", "style": "short", "text": f"Sound {number}é."}
        row["variants"] = json.dumps([further], ensure_ascii=False)
    claims = [
        {
            "clip_id": said.clip_id,
            "claim": 0,
            "caption": "audio_caption",
            "text": "a sound",
            "captioners": ["ears"],
            "probability": 0.75,
            "tier": "medium",
            "confidence_by": "rule",
            "span_starts_ms": [0],
            "span_ends_ms": [9],
            "supported": True,
        }
    ]
    return Clip(split, digested(row), evidence_rows(said), claims)


def digested(row: Row) -> Row:
    """The row with the digest of its captions."""
    texts = CaptionSet(
        *(row[name] for name in ("audio_caption", "visual_caption", "audio_visual_caption"))
    )
    variants = [Variant(**each) for each in json.loads(row["variants"] or "[]")]
    digests = (row["evidence_digest"], row["prompt_digest"])
    digest = caption_digest(row["clip_id"], texts, row["transcript"], *digests, variants)
    return row | {"caption_digest": digest}


def evidence_rows(said: Evidence) -> list[Row]:
    """The rows of `evidence` of a clip."""
    rows = []
    for place, weak in enumerate(said.captions):
        shared = {
            "clip_id": said.clip_id,
            "place": place,
            "captioner": weak.captioner,
            "content_hash": weak.content_hash,
            "said": weak.text,
            "transcript": weak.transcript,
            "language": weak.language,
            "language_probability": weak.language_probability,
            "skipped": weak.skipped,
            "missing": weak.missing,
        }
        rows += [shared | _claim(n, claim) for n, claim in enumerate(weak.claims)] or [shared]
    return rows


def _claim(number: int, claim: Claim) -> Row:
    row = {
        key: getattr(claim, key) for key in ("label", "text", "kind", "modality", "score", "rank")
    }
    row |= {"claim": number, "span_starts_ms": [s for s, _ in claim.spans]}
    row["span_ends_ms"] = [e for _, e in claim.spans]
    for prefix, judged in (("", claim.confidence), ("fused_", claim.fused)):
        by = f"{prefix}by" if prefix else "confidence_by"
        if judged is not None:
            row |= {f"{prefix}probability": judged.probability, f"{prefix}tier": judged.tier}
            row[by] = judged.by
    return row


def write(
    folder: Path,
    clips: Iterable[Clip],
    per_part: int = 100,
    dropped: dict[str, int] | None = None,
    tables: Sequence[Table] = ("data", "evidence", "claims"),
    name: str = "made",
) -> Release:
    """Writes a release of these clips, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[tuple[str, str], list[Clip]] = {}
    for each in clips:
        group = licence_class(each.data["licence"], each.data["outputs_train"])
        groups.setdefault((group, each.split), []).append(each)
    files = []
    for (group, split), members in groups.items():
        parts = [members[i : i + per_part] for i in range(0, len(members), per_part)]
        for table in tables:
            for number, part in enumerate(parts):
                path = part_path(table, group, split, number, len(parts))  # type: ignore[arg-type]
                of = {"data": [c.data for c in part], "evidence": _all(part, "evidence")}
                rows = (of | {"claims": _all(part, "claims")})[table]
                files.append(file(folder, path, table, rows))
    return seal(folder, files, dropped or {"lints": 3, "duplicate_captions": 0}, name)


def _all(part: Iterable[Clip], name: str) -> list[Row]:
    return [row for each in part for row in getattr(each, name)]


def file(folder: Path, path: str, table: Table, rows: list[Row]) -> ReleaseFile:
    """Writes one part."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    content = pa.Table.from_pylist(rows, schema=SCHEMAS[table])
    with (folder / path).open("wb") as handle:
        pq.write_table(content, handle, compression="zstd", write_page_index=True)
    return entry(folder, path, table, len(rows))


def entry(folder: Path, path: str, table: Table, rows: int) -> ReleaseFile:
    """What `release.json` says of a file as it is."""
    _, group, name = path.split("/")
    split, number, *_ = name.split("-")
    return ReleaseFile(
        path=path,
        table=table,
        licence_class=group,  # type: ignore[arg-type]
        split=split,
        part=int(number),
        rows=rows,
        bytes=(folder / path).stat().st_size,
        sha256=content_hash(folder / path),
    )


def seal(
    folder: Path, files: Iterable[ReleaseFile], dropped: dict[str, int], name: str = "made"
) -> Release:
    """Writes `release.json` for files."""
    files = list(files)
    kept = sum(each.rows for each in files if each.table == "data")
    rows = kept + sum(dropped.values())
    source = ReleaseInput(
        number=0,
        name="first",
        job="0123456789abcdef",
        digest="d" * 16,
        stage=1,
        real=False,
        rows=rows,
        kept=kept,
    )
    books = ReleaseBooks(rows=rows, kept=kept, dropped=dropped)
    release = Release.made(name, {"seed": 7}, [source], books, files)
    (folder / RELEASE).write_bytes(release.to_json())
    return release


def small(folder: Path, count: int = 40) -> Release:
    """A release of two classes and two splits, a fifth of the clips held out."""
    clips = [clip(n, "test" if n % 10 >= 8 else "train") for n in range(count)]
    return write(folder, clips, per_part=10)


def broken(
    folder: Path, release: Release, path: str, change: Callable[[list[Row]], list[Row]]
) -> Release:
    """Changes rows of a part and makes `release.json` fit the changed file."""
    kept = [each for each in release.files if each.path != path]
    old = next(each for each in release.files if each.path == path)
    rows = change(pq.read_table(folder / path).to_pylist())
    new = file(folder, path, old.table, rows)
    return seal(folder, [*kept, new], dict(release.books.dropped))
