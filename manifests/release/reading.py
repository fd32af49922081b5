"""Rows of a release, each with what its side files say of the same clip.

Side files are in the order of the data rows: all are read once, side by side, and joined by `clip_id`. A
file that is not as it was released is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from manifests.ids import content_hash
from manifests.release.layout import ReleaseError, ReleaseFile, Table, load

Row = dict[str, Any]

_BATCH = 8192
_CLAIMS = ("clip_id", "caption", "text", "supported")


@dataclass(frozen=True, slots=True)
class Told:
    """A data row with its side rows. evidence, claims: None where the release has no such table."""

    data: Row
    evidence: Sequence[Row] | None
    claims: Sequence[Row] | None


class Reader:
    """Reads a release. Raises ReleaseError for what is none, and for files that were changed."""

    def __init__(self, root: Path) -> None:
        self.root, self.release = root, load(root)
        self._checked: set[str] = set()

    @property
    def splits(self) -> dict[str, int]:
        """Its splits, with how many rows each has."""
        rows: dict[str, int] = {}
        for file in self.release.of("data"):
            rows[file.split] = rows.get(file.split, 0) + file.rows
        return rows

    def rows(self, split: str, columns: Sequence[str] | None = None) -> Iterator[Row]:
        """The data rows of a split. columns: of these, `clip_id` among them."""
        for file in self._of("data", split):
            yield from self._read(file, columns)

    def told(self, split: str) -> Iterator[Told]:
        """The data rows of a split with their side rows."""
        sides = {name: self._by_place(name, split) for name in ("evidence", "claims")}
        for file in self._of("data", split):
            place = file.licence_class, file.part
            evidence = self._side("evidence", sides["evidence"].get(place))
            claims = self._side("claims", sides["claims"].get(place), _CLAIMS)
            for row in self._read(file):
                clip = row["clip_id"]
                said = None if evidence is None else evidence.of(clip)
                yield Told(row, said, None if claims is None else claims.of(clip))
            for side in (evidence, claims):
                if side is not None:
                    side.require_end()

    def _of(self, table: Table, split: str) -> list[ReleaseFile]:
        return [file for file in self.release.of(table) if file.split == split]

    def _by_place(self, table: Table, split: str) -> dict[tuple[str, int], ReleaseFile]:
        return {(file.licence_class, file.part): file for file in self._of(table, split)}

    def _side(
        self, table: Table, file: ReleaseFile | None, columns: Sequence[str] | None = None
    ) -> "_Side | None":
        if file is None:
            return None
        return _Side(self.root / file.path, self._read(file, columns))

    def _read(self, file: ReleaseFile, columns: Sequence[str] | None = None) -> Iterator[Row]:
        path = self.root / file.path
        try:
            if file.path not in self._checked and content_hash(path) != file.sha256:
                raise ReleaseError(
                    f"{path} is not as it was released: captionmill verify {self.root} tells more"
                )
            self._checked.add(file.path)
            wanted: Any = list(columns) if columns else None
            with path.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as parquet:
                for batch in parquet.iter_batches(_BATCH, columns=wanted, use_threads=False):
                    yield from batch.to_pylist()
        except OSError as error:
            raise ReleaseError(
                f"{path} can't be read: {error.strerror or error}; the release is not whole"
            ) from error


class _Side:
    """Rows of a side file, one clip after the other."""

    def __init__(self, path: Path, rows: Iterator[Row]) -> None:
        self._path = path
        self._groups = groupby(rows, itemgetter("clip_id"))
        self._next: tuple[str, list[Row]] | None = None
        self._advance()

    def of(self, clip_id: str) -> list[Row]:
        """The rows of the next clip in the order of data; none where it has none here."""
        if self._next is None or self._next[0] != clip_id:
            return []
        rows = self._next[1]
        self._advance()
        return rows

    def require_end(self) -> None:
        """Raises ReleaseError where rows are left: of clips that data does not have, or not there."""
        if self._next is not None:
            raise ReleaseError(f"{self._path}: clip {self._next[0]} is not in the order of data")

    def _advance(self) -> None:
        group = next(self._groups, None)
        self._next = None if group is None else (group[0], list(group[1]))
