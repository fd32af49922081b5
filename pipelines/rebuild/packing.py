"""The media of a part as a tar of samples (`manifests.release.samples`), in the order of its rows.

Of a clip that is a whole source the member is the source as it is, whose sha256 is computed while it is
copied. Of a span of a longer one it is coded (`coding`), once the source's bytes were compared with their
hash. What is missing or was changed ends the rebuild; no tar of it stands.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from engine import crashpoints
from engine.media.open import MediaError, open_file
from manifests.atomic import replacing, write_atomic
from manifests.ids import content_hash, path_of
from manifests.release import samples
from manifests.release.layout import ReleaseFile, part_path
from manifests.release.order import Part
from manifests.release.samples import COLUMNS, Hashed, Origin, Tar
from pipelines.rebuild.coding import Coded, Failed, coded
from pipelines.rebuild.tasks import RebuildError, is_disk_full

Row = Mapping[str, Any]

_READ = (*COLUMNS, "uri", "size", "whole", "first_byte", "end_byte")
_BATCH = 256
_TOLD = 3
"""Sources that are told of those that are missing."""


class SourceError(RebuildError):
    """A source that is not as it was captioned."""


def _error(message: str) -> SourceError:
    return SourceError(
        f"{message}. Bring it back and run the same command again, which goes on; or name it in a "
        "takedown list and build in a new folder."
    )


@dataclass(frozen=True, slots=True)
class PackStep:
    """Packs the media of one part, whose data file stands. sources: a folder for what was compared.
    done: file that says what was packed."""

    part: Part
    out: Path
    sources: Path
    done: Path

    def run(self) -> tuple[ReleaseFile, ...]:
        """Writes the tar; what a release says of it. Raises SourceError."""
        if self.done.exists():
            return tuple(ReleaseFile(**each) for each in json.loads(self.done.read_bytes()))
        file = pack(self.part, self.out, self.sources)
        crashpoints.reach("rebuild.packing")
        write_atomic(self.done, json.dumps([file.model_dump()]).encode())
        return (file,)


def pack(part: Part, out: Path, sources: Path) -> ReleaseFile:
    """Writes the tar of a part. Raises SourceError."""
    data, path = (
        part_path(table, part.licence, part.split, part.number, part.of)
        for table in ("data", "media")
    )
    _require_there(out / data)
    count = 0
    with replacing(out / path) as temporary:
        with (
            samples.writing(temporary) as tar,
            TemporaryDirectory(dir=_made(sources)) as scratch,
            closing(_Packing(tar, sources, Path(scratch))) as packing,
        ):
            for row in _rows(out / data):
                packing.add(row)
                count += 1
        size = temporary.stat().st_size
    return ReleaseFile(
        path=path,
        table="media",
        licence_class=part.licence,
        split=part.split,
        part=part.number,
        rows=count,
        bytes=size,
        sha256=tar.sha256,
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _rows(data: Path) -> Iterator[dict[str, Any]]:
    with data.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
        for batch in file.iter_batches(_BATCH, columns=list(_READ), use_threads=False):
            yield from batch.to_pylist()


def _require_there(data: Path) -> None:
    """Raises SourceError for sources that are not there or of another size, before any is read."""
    lost: dict[str, str] = {}
    with data.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["uri", "size"], use_threads=False):
            for row in batch.to_pylist():
                if why := _absent(row):
                    lost[row["uri"]] = why
    if lost:
        named = "; ".join(f"{uri}: {why}" for uri, why in list(lost.items())[:_TOLD])
        others = f"; and {len(lost) - _TOLD:,} more of this part" if len(lost) > _TOLD else ""
        raise _error(f"media can't be packed: {named}{others}")


def _absent(row: Row) -> str | None:
    try:
        size = os.stat(path_of(row["uri"])).st_size
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    if size != row["size"]:
        return f"it has {size} bytes, and had {row['size']} when it was captioned"
    return None


class _Packing:
    """Adds clips to a tar."""

    def __init__(self, tar: Tar, sources: Path, scratch: Path) -> None:
        self._tar, self._sources, self._scratch = tar, sources, scratch
        self._waiting: list[Row] = []
        self._coded = coded(iter(self._waiting.pop, None), scratch)

    def add(self, row: dict[str, Any]) -> None:
        """Adds the next clip."""
        if samples.is_source(row):
            self._copy(row)
        else:
            self._code(row)

    def close(self) -> None:
        """Ends the process that codes."""
        self._coded.close()

    def _copy(self, row: Row) -> None:
        with _opened(row) as file:
            source = Hashed(file)
            self._tar.add(f"{row['clip_id']}.{samples.extension(row['uri'])}", row["size"], source)
        if source.sha256 != row["content_hash"]:
            raise _changed(row)
        self._tell(row, "source", source.sha256)

    def _code(self, row: dict[str, Any]) -> None:
        row["mtime_ns"] = self._compared(row)
        self._waiting.append(row)
        made = next(self._coded)
        if isinstance(made, Failed):
            raise _error(f"{row['uri']}: its clip {row['clip_id']} can't be coded: {made.message}")
        self._add_coded(row, made)

    def _add_coded(self, row: Row, made: Coded) -> None:
        with made.path.open("rb") as file:
            media = Hashed(file)
            size = os.fstat(file.fileno()).st_size
            self._tar.add(f"{row['clip_id']}.{made.extension}", size, media)
        self._tell(row, "coded", media.sha256)

    def _tell(self, row: Row, origin: Origin, sha256: str) -> None:
        told = samples.told(row, origin, sha256)
        self._tar.add(f"{row['clip_id']}.json", len(told), BytesIO(told))

    def _compared(self, row: Row) -> int:
        """The mtime of a source whose bytes are those that were captioned. Raises SourceError."""
        path, note = path_of(row["uri"]), self._sources / f"{row['content_hash']}.json"
        try:
            status = os.stat(path)
            now = [row["uri"], status.st_size, status.st_mtime_ns, status.st_ino]
            if not (note.exists() and json.loads(note.read_bytes()) == now):
                if content_hash(path) != row["content_hash"]:
                    raise _changed(row)
                write_atomic(note, json.dumps(now).encode(), durable=False)
        except OSError as error:
            raise _error(f"{row['uri']}: {error.strerror or error}") from error
        return status.st_mtime_ns


@contextmanager
def _opened(row: Row) -> Iterator[Any]:
    try:
        with open_file(path_of(row["uri"])) as (file, _):
            if os.fstat(file.fileno()).st_size != row["size"]:
                raise _changed(row)
            yield file
    except MediaError as error:
        raise _error(f"{row['uri']}: {error}") from error
    except OSError as error:
        if is_disk_full(error):
            raise
        raise _error(f"{row['uri']}: {error.strerror or error}") from error


def _changed(row: Row) -> SourceError:
    return _error(
        f"{row['uri']} is not the file that was captioned: its sha256 is not {row['content_hash']}, "
        f"so it has not the media of clip {row['clip_id']}"
    )
