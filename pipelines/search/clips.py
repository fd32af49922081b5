"""Where clips lie that were found, and what they are called."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests import schemas
from manifests.captions import CAPTIONS
from manifests.kinds import CAPTIONS as CAPTIONED
from pipelines.search.stored import By, SearchError, Stored
from pipelines.status import jobs

Row = Mapping[str, Any]

_PLACE = ("content_hash", "uri", "start_ms", "end_ms", "kind")
_FIRST: Mapping[By, str] = {
    "audio": "audio_caption",
    "video": "visual_caption",
    "both": "audio_visual_caption",
}


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as the workspace lists it. captions: by column, those that it has."""

    clip_id: str
    content_hash: str | None
    uri: str
    start_ms: int
    end_ms: int
    kind: str | None
    captions: Mapping[str, str]

    def caption(self, by: By) -> str | None:
        """The caption to show beside what was compared: that of the same media, else the fullest."""
        names = (_FIRST[by], "audio_visual_caption", "visual_caption", "audio_caption")
        return next((self.captions[name] for name in names if name in self.captions), None)

    def to_json(self) -> dict[str, Any]:
        """For `--json`: a caption that it has not is null."""
        place = {
            name: getattr(self, name) for name in ("clip_id", "uri", "start_ms", "end_ms", "kind")
        }
        return place | {name: self.captions.get(name) for name in CAPTIONS}


class Clips:
    """Looks clips up: in the listing that was embedded, and in the newest captions of that listing."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        every = jobs(stored.workspace, stored.state)
        captioning = [job.digest for job in every if job.stage == "caption"]
        of_cut = {job.digest for job in every if job.cut == stored.job.cut}
        self._captioned = next((job for job in reversed(captioning) if job in of_cut), None)

    def of(self, wanted: Iterable[tuple[str, int]]) -> dict[str, Clip]:
        """Clips by id; wanted: ids with their shards. Raises SearchError for one that is not listed."""
        by_shard: dict[int, list[str]] = {}
        for clip, shard in wanted:
            by_shard.setdefault(shard, []).append(clip)
        reads = [
            (ids, self._listing(shard), self._captions(shard)) for shard, ids in by_shard.items()
        ]
        clips: dict[str, Clip] = {}
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for of_shard in threads.map(self._read, reads):
                clips |= of_shard
        for shard, ids in by_shard.items():
            if lost := set(ids) - clips.keys():
                raise SearchError(
                    f"clip {min(lost)} has a vector in shard {shard}, but is not listed there; "
                    "captionmill verify tells what is wrong"
                )
        return clips

    def _listing(self, shard: int) -> list[str]:
        path = self._stored.listing(shard)
        return [] if path is None else [path]

    def _captions(self, shard: int) -> list[str]:
        if self._captioned is None:
            return []
        files = self._stored.state.files(CAPTIONED.name, shard=shard, job=self._captioned)
        return [file.path for file in files]

    def _read(self, read: tuple[list[str], list[str], list[str]]) -> dict[str, Clip]:
        """Clips of one shard: their ids, and the files of its listing and its captions."""
        ids, listing, captioned = read
        captions: dict[str, dict[str, str]] = {
            row["clip_id"]: {str(name): row[name] for name in CAPTIONS if row[name] is not None}
            for path in captioned
            for row in _of(_columns(self._stored, path, CAPTIONS), ids)
        }
        return {
            row["clip_id"]: Clip(**row, captions=captions.get(row["clip_id"], {}))
            for path in listing
            for row in _of(_columns(self._stored, path, _PLACE), ids)
        }


def columns_of(stored: Stored, shard: int, columns: Sequence[str]) -> pa.Table:
    """`clip_id` and some columns of the listing of a shard that was embedded; no rows where there is
    none. Raises SearchError where it can't be read."""
    path = stored.listing(shard)
    if path is None:
        names = ("clip_id", *columns)
        return pa.schema([schemas.CLIPS.field(name) for name in names]).empty_table()
    return _columns(stored, path, columns)


def _columns(stored: Stored, path: str, columns: Sequence[str]) -> pa.Table:
    """`clip_id` and some columns of a file; evidence, which takes most of the room, is not read."""
    place = stored.root / path
    try:
        with place.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
            return file.read(columns=["clip_id", *columns], use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise SearchError(
            f"{place} can't be read: {error}. captionmill verify tells what is damaged."
        ) from error


def _of(table: pa.Table, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of some clips."""
    kept = table.filter(pc.is_in(table["clip_id"], pa.array(ids, pa.string())))
    rows: list[dict[str, Any]] = kept.to_pylist()
    return rows
