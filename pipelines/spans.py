"""`captionmill spans`: claims with their times, as labels for training on frames.

One row for each supported claim of an audio or visual caption that has a time; those of the audio-visual
caption would only repeat them. Times are those of `captionmill localize` where it heard the claim, else
the captioners'; `by` says whose. Frames are those of PE-A-Frame: one every 40 ms (1920 / 48000 s) of the
clip, not of its source. A span says where somebody heard or saw a claim, not that it is absent everywhere
else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.run.settings import read
from manifests import tables
from manifests.atomic import replacing
from manifests.commits import State
from manifests.errors import UserError
from manifests.kinds import CAPTIONS, SPANS
from manifests.workspace import Workspace
from pipelines.status import JobStatus, jobs
from pipelines.terminal import one_line

FRAME_MS = 40
_OF = {"audio_caption": "audio", "visual_caption": "video"}

SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("content_hash", pa.string()),
        ("uri", pa.string()),
        ("start_ms", pa.int64()),
        ("end_ms", pa.int64()),
        ("modality", pa.string()),
        ("text", pa.string()),
        ("probability", pa.float64()),
        ("tier", pa.string()),
        ("captioners", pa.list_(pa.string())),
        ("by", pa.string()),
        ("spans", pa.list_(pa.struct([("start_ms", pa.int64()), ("end_ms", pa.int64())]))),
        ("frames", pa.list_(pa.struct([("first", pa.int32()), ("end", pa.int32())]))),
        ("inside", pa.float32()),
        ("outside", pa.float32()),
        ("caption_digest", pa.string()),
    ]
)


CAPTIONERS = "captioners"
"""By whom a claim has its spans that was not localized."""

Localized = Mapping[tuple[str, str], Mapping[str, Any]]
"""Claims of a caption row as `captionmill localize` found them, by caption and text."""


class SpansError(UserError):
    """Why spans can't be written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. by: claims by who gave their times. timeless: supported claims without a time."""

    file: Path
    claims: int
    clips: int
    by: Mapping[str, int]
    timeless: int

    def text(self) -> str:
        """For people."""
        return (
            f"wrote {self.claims} claims with times, from {self.clips} clips: {self.file}\n"
            + "".join(f"  {count} timed by {one_line(name)}\n" for name, count in self.by.items())
            + f"left out {self.timeless} claims for which nobody gave a time"
        )


def export(workspace: Workspace, state: State, job: JobStatus, target: Path) -> Exported:
    """Writes the spans of a job's captions to a Parquet file, one shard in memory at a time. Raises
    SpansError where the file exists or can't be written."""
    if target.exists():
        raise SpansError(f"{target} exists already: name another file, or remove it")
    if not target.parent.is_dir():
        raise SpansError(f"can't write {target}: there is no folder {target.parent}")
    timeless = 0
    by: Counter[str] = Counter()
    clips: set[str] = set()
    localizing = newest_about(workspace, state, job.digest)
    try:
        with (
            replacing(target) as temporary,
            pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer,
        ):
            for shard, records in state.shards(job.digest, CAPTIONS.name).items():
                found = localized(workspace, state, localizing, shard)
                captioned = tables.read_all(
                    workspace.root, (file for record in records for file in record.files)
                )
                supported = [row for clip in captioned for row in rows(clip, found.get(key(clip)))]
                timed = [row for row in supported if row["spans"]]
                writer.write_table(tables.arrow(timed, SCHEMA))
                timeless += len(supported) - len(timed)
                by.update(row["by"] for row in timed)
                clips.update(row["clip_id"] for row in timed)
    except OSError as error:
        raise SpansError(f"can't write {target}: {error}") from error
    return Exported(target, by.total(), len(clips), dict(sorted(by.items())), timeless)


def newest_about(workspace: Workspace, state: State, captions: str) -> str | None:
    """The job that localized the claims of a captioning job last; None where none did."""
    begun = [
        job.digest
        for job in jobs(workspace, state)
        if job.stage == "localize"
        and read(workspace, job.digest)["settings"].get("captions") == captions
    ]
    return begun[-1] if begun else None


def localized(
    workspace: Workspace, state: State, job: str | None, shard: int
) -> dict[tuple[str, str], Localized]:
    """Localized claims of a shard, by the `key` of their captions. job: that localized them."""
    files = state.files(SPANS.name, shard, job) if job else ()
    return by_key(tables.read_all(workspace.root, files))


def by_key(found: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Localized]:
    """Rows of the table `spans` by the `key` of the captions that they are about."""
    return {
        key(row): {(claim["caption"], claim["text"]): claim for claim in row["claims"]}
        for row in found
    }


def key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Clip and digest of its captions: of other captions localized claims tell nothing."""
    return row["clip_id"], row["caption_digest"]


def timed(claim: Mapping[str, Any], localized: Localized | None) -> Mapping[str, Any]:
    """What tells when a claim is heard: the localizer's answer where it heard it, else the claim."""
    found = (localized or {}).get((claim["caption"], claim["text"]), {})
    return found if found.get("spans") else claim


def rows(row: Mapping[str, Any], localized: Localized | None = None) -> Iterator[dict[str, Any]]:
    """The supported claims of a caption row, with or without a time. localized: what is known of them."""
    same = ("clip_id", "content_hash", "uri", "start_ms", "end_ms", "caption_digest")
    for claim in row["claims"]:
        if claim["supported"] and claim["caption"] in _OF:
            times = timed(claim, localized)
            yield {key: row[key] for key in same} | {
                "modality": _OF[claim["caption"]],
                "text": claim["text"],
                "probability": claim["confidence"]["probability"],
                "tier": claim["confidence"]["tier"],
                "captioners": claim["captioners"],
                "by": times.get("by", CAPTIONERS) if times["spans"] else None,
                "spans": times["spans"],
                "frames": [frames(span["start_ms"], span["end_ms"]) for span in times["spans"]],
                "inside": times.get("inside"),
                "outside": times.get("outside"),
            }


def frames(start_ms: int, end_ms: int) -> dict[str, int]:
    """The frames that a span of a clip touches: the first of them, and the one after the last."""
    return {"first": start_ms // FRAME_MS, "end": -(-end_ms // FRAME_MS)}
