"""One part of a release, checked by itself: its files, its rows, and what lies beside them.

Rows are told by their number in the file, from 0. Memory: one part's ids and digests, and a batch of
rows.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.ids import content_hash
from manifests.release.layout import PARQUET, ReleaseFile, wrong_columns
from manifests.release.samples import COLUMNS
from manifests.verify.joined import ClaimRows, EvidenceRows
from manifests.verify.media import check_media
from manifests.verify.problems import Problem
from manifests.verify.row import RowCheck, RowKeys
from manifests.verify.vectors import VectorRows

_BATCH = 8192
_TOLD = 20
"""Problems of one kind that are listed of one file; the others are counted."""

Beside = EvidenceRows | ClaimRows | VectorRows
BESIDE: Mapping[str, type[Beside]] = {
    "evidence": EvidenceRows,
    "claims": ClaimRows,
    "embeddings": VectorRows,
}
"""What checks the rows of a table beside the data."""

UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one part, by table. inputs: stage and origin of each input, by number. links_only,
    width: of the release."""

    root: str
    files: tuple[ReleaseFile, ...]
    inputs: tuple[tuple[int, bool], ...]
    links_only: bool = False
    width: int | None = None

    def of(self, table: str) -> ReleaseFile | None:
        """Its file of a table, or None."""
        return next((file for file in self.files if file.table == table), None)


@dataclass(slots=True)
class Checked:
    """What was looked at and found. untold: problems beyond those listed, by kind. rows: by table.
    inputs: data rows by input; None of a part that could not be read. Times in seconds, of one core."""

    problems: list[Problem] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    inputs: Counter[int] | None = field(default_factory=Counter)
    bytes: int = 0
    hashing: float = 0.0
    reading: float = 0.0

    def tell(self, problems: Iterable[Problem]) -> None:
        """Takes problems of one file in, of each kind only some."""
        told: Counter[str] = Counter()
        for problem in problems:
            told[problem.kind] += 1
            if told[problem.kind] <= _TOLD:
                self.problems.append(problem)
            else:
                self.untold[problem.kind] += 1

    def add(self, other: "Checked") -> None:
        """Takes in what was found of another part."""
        self.problems += other.problems
        for mine, its in ((self.untold, other.untold), (self.rows, other.rows)):
            mine.update(its)
        if self.inputs is None or other.inputs is None:
            self.inputs = None
        else:
            self.inputs.update(other.inputs)
        self.bytes += other.bytes
        self.hashing += other.hashing
        self.reading += other.reading


def check_part(part: Part) -> Checked:
    """Everything that can be checked of a part without the others."""
    checked = Checked()
    sound: set[str] = set()
    for file in part.files:
        before = len(checked.problems)
        checked.tell(_file(part, file, checked))
        if len(checked.problems) == before:
            sound.add(file.table)
    started = time.perf_counter()
    _rows(part, sound, checked)
    checked.reading += time.perf_counter() - started
    return checked


def _file(part: Part, file: ReleaseFile, checked: Checked) -> Iterator[Problem]:
    """Problems of a file: its bytes, its columns, its number of rows."""
    path = Path(part.root) / file.path
    try:
        size = path.stat().st_size
        if size != file.bytes:
            yield Problem("checksum", file.path, f"{size} bytes, {file.bytes} by release.json")
            return
        started = time.perf_counter()
        sha256 = content_hash(path)
        checked.hashing += time.perf_counter() - started
        checked.bytes += size
    except FileNotFoundError:
        yield Problem("checksum", file.path, "release.json names it, but it is not there")
        return
    except OSError as error:
        yield Problem("checksum", file.path, f"it can't be read: {error.strerror}")
        return
    if sha256 != file.sha256:
        yield Problem("checksum", file.path, "its bytes are not those that were released")
    elif file.table in PARQUET:
        yield from check_footer(part, file)


def check_footer(part: Part, file: ReleaseFile) -> Iterator[Problem]:
    """Problems of a Parquet file's columns and number of rows."""
    try:
        with (Path(part.root) / file.path).open("rb") as handle:
            parquet = pq.ParquetFile(handle)
            rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
    except UNREADABLE as error:
        yield Problem("schema", file.path, f"it can't be read: {error}")
        return
    if wrong := wrong_columns(schema, file.table, part.width):
        yield Problem("schema", file.path, wrong)
    elif rows != file.rows:
        yield Problem("rows", file.path, f"{rows} rows, {file.rows} by release.json")


def _rows(part: Part, sound: set[str], checked: Checked) -> None:
    """Checks the rows of the files that are sound; what stands on a damaged data file is not judged."""
    data = part.of("data")
    if data is None or "data" not in sound:
        checked.inputs = None
        return
    joined = [file for file in part.files if file.table in BESIDE]
    keys = RowKeys() if joined else None
    check = RowCheck(data.path, data.licence_class, part.inputs, part.links_only)
    try:
        checked.tell(_data(Path(part.root), data, check, keys))
        checked.inputs = check.inputs
        checked.rows["data"] += data.rows
        for file in joined:
            if keys is not None and file.table in sound:
                beside = BESIDE[file.table](file.path, keys)
                checked.tell(_beside(Path(part.root), file, beside))
                checked.rows[file.table] += file.rows
        if (media := part.of("media")) is not None and "media" in sound:
            rows = whole_rows(Path(part.root) / data.path)
            checked.tell(check_media(Path(part.root) / media.path, media.path, rows))
            checked.rows["media"] += media.rows
    except UNREADABLE as error:
        checked.tell([Problem("schema", data.path, f"its rows can't be read: {error}")])


def _data(
    root: Path, file: ReleaseFile, check: RowCheck, keys: RowKeys | None
) -> Iterator[Problem]:
    first = 0
    for batch in batches(root / file.path):
        yield from check.batch(batch, range(first, first + batch.num_rows))
        if keys is not None:
            keys.add(batch)
        first += batch.num_rows


def _beside(root: Path, file: ReleaseFile, rows: Beside) -> Iterator[Problem]:
    first = 0
    for batch in batches(root / file.path):
        yield from rows.batch(batch, range(first, first + batch.num_rows))
        first += batch.num_rows
    yield from rows.end()


def whole_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a file with what the tars have of them, one by one."""
    for batch in batches(path, [*COLUMNS, "uri", "whole"]):
        yield from batch.to_pylist()


def batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in order. Raises what `UNREADABLE` lists."""
    # Opened here, since Arrow can't open a path that is not UTF-8; and read in this thread alone.
    with path.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as parquet:
        wanted: Any = list(columns) if columns else None
        yield from parquet.iter_batches(batch_size=_BATCH, columns=wanted, use_threads=False)
