"""`captionmill spans`: claims with their times, as labels for training on frames.

One row for each supported claim of an audio or visual caption for which some captioner gave a time; those
of the audio-visual caption would only repeat them. Frames are those of PE-A-Frame: one every 40 ms
(1920 / 48000 s) of the clip, not of its source. A span says where a captioner heard or saw a claim, not
that it is absent everywhere else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests import tables
from manifests.atomic import replacing
from manifests.commits import State
from manifests.errors import UserError
from manifests.workspace import Workspace
from pipelines.show import caption_files
from pipelines.status import JobStatus

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
        ("spans", pa.list_(pa.struct([("start_ms", pa.int64()), ("end_ms", pa.int64())]))),
        ("frames", pa.list_(pa.struct([("first", pa.int32()), ("end", pa.int32())]))),
        ("caption_digest", pa.string()),
    ]
)


class SpansError(UserError):
    """Why spans can't be written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. timeless: supported claims without a time."""

    file: Path
    claims: int
    clips: int
    timeless: int

    def text(self) -> str:
        """For people."""
        return (
            f"wrote {self.claims} claims with times, from {self.clips} clips: {self.file}\n"
            f"left out {self.timeless} claims for which no captioner gave a time"
        )


def export(workspace: Workspace, state: State, job: JobStatus, target: Path) -> Exported:
    """Writes the spans of a job's captions to a Parquet file, one shard in memory at a time. Raises
    SpansError where the file exists or can't be written."""
    if target.exists():
        raise SpansError(f"{target} exists already: name another file, or remove it")
    if not target.parent.is_dir():
        raise SpansError(f"can't write {target}: there is no folder {target.parent}")
    claims, timeless = 0, 0
    clips: set[str] = set()
    try:
        with (
            replacing(target) as temporary,
            pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer,
        ):
            for file in caption_files(state, job.digest):
                captioned = tables.read(workspace.root, file.path)
                supported = [row for clip in captioned for row in rows(clip)]
                timed = [row for row in supported if row["spans"]]
                writer.write_table(tables.arrow(timed, SCHEMA))
                claims, timeless = claims + len(timed), timeless + len(supported) - len(timed)
                clips.update(row["clip_id"] for row in timed)
    except OSError as error:
        raise SpansError(f"can't write {target}: {error}") from error
    return Exported(target, claims, len(clips), timeless)


def rows(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The supported claims of a caption row, with or without a time."""
    same = ("clip_id", "content_hash", "uri", "start_ms", "end_ms", "caption_digest")
    for claim in row["claims"]:
        if claim["supported"] and claim["caption"] in _OF:
            yield {key: row[key] for key in same} | {
                "modality": _OF[claim["caption"]],
                "text": claim["text"],
                "probability": claim["confidence"]["probability"],
                "tier": claim["confidence"]["tier"],
                "captioners": claim["captioners"],
                "spans": claim["spans"],
                "frames": [frames(span["start_ms"], span["end_ms"]) for span in claim["spans"]],
            }


def frames(start_ms: int, end_ms: int) -> dict[str, int]:
    """The frames that a span of a clip touches: the first of them, and the one after the last."""
    return {"first": start_ms // FRAME_MS, "end": -(-end_ms // FRAME_MS)}
