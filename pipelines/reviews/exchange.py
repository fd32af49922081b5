"""Reviews as files: JSON lines or CSV, exported and imported."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import ValidationError

from manifests.atomic import replacing
from manifests.captions import CAPTIONS
from manifests.schemas import REVIEWS as SCHEMA
from manifests.workspace import Workspace
from pipelines.reviews.journal import ReviewError
from pipelines.reviews.review import Review
from pipelines.reviews.stored import add, counting, stored, table

_BETWEEN = "; "
"""Between the reasons of a CSV's cell."""
_SUFFIXES = (".jsonl", ".csv")
_PACKED = 50_000
"""Reviews that are Python objects at once while a file is read."""


def export(workspace: Workspace, target: Path) -> int:
    """Writes the reviews that count; how many there are. Raises ReviewError for a name that ends neither
    in .jsonl nor in .csv and for a file that is there."""
    _require_suffix(target)
    if target.exists():
        raise ReviewError(f"{target} exists: name another file")
    reviews = counting(stored(workspace))
    with replacing(target) as temporary, duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")
        database.register("reviews", reviews)
        database.execute(_COPY[target.suffix].format(path=str(temporary).replace("'", "''")))
    return len(reviews)


_ORDER = "FROM reviews ORDER BY reviewed_ms, review_id"
_COPY = {
    ".jsonl": f"COPY (SELECT * {_ORDER}) TO '{{path}}' (FORMAT json)",
    ".csv": f"COPY (SELECT * REPLACE (array_to_string(reasons, '{_BETWEEN}') AS reasons) {_ORDER}) "
    "TO '{path}' (FORMAT csv, HEADER)",
}


def load(workspace: Workspace, source: Path) -> tuple[int, int]:
    """Commits the reviews of a file; how many it has, and how many of them were new.

    Each needs a clip_id, a reviewer and a verdict or an edited caption. Raises ReviewError for what can't
    be read, with its line; then none is committed. Raises LeaseHeld.
    """
    _require_suffix(source)
    reviews = _parsed(source)
    return len(reviews), add(workspace, reviews)


def _parsed(source: Path) -> pa.Table:
    lines = _csv(source) if source.suffix == ".csv" else _json_lines(source)
    parts, reviews = [SCHEMA.empty_table()], []
    try:
        for number, values in lines:
            reviews.append(_review(source, number, values))
            if len(reviews) == _PACKED:
                parts.append(table(reviews))
                reviews = []
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReviewError(f"{source} can't be read: {error}. Save it as UTF-8.") from error
    return pa.concat_tables([*parts, table(reviews)])


def _review(source: Path, number: int, values: Mapping[str, Any]) -> Review:
    try:
        review = Review.given(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        told = f"{name}: {first['msg']}" if name else first["msg"]
        raise ReviewError(f"{source} line {number}: {told}; nothing was imported") from error
    if review.verdict is None and not any(getattr(review, name) for name in CAPTIONS):
        raise ReviewError(
            f"{source} line {number} has neither a verdict nor an edited caption; nothing was imported"
        )
    return review


def _json_lines(source: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with source.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except ValueError as error:
                raise ReviewError(
                    f"{source} line {number} is no JSON: {error}; nothing was imported"
                ) from error
            if not isinstance(values, dict):
                raise ReviewError(
                    f"{source} line {number} is no object of JSON; nothing was imported"
                )
            yield number, values


def _csv(source: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        for row in rows:
            if None in row:
                raise ReviewError(
                    f"{source} line {rows.line_num} has more cells than the first line; "
                    "nothing was imported"
                )
            values: dict[str, Any] = {name: cell for name, cell in row.items() if cell}
            if "reasons" in values:
                parts = values["reasons"].split(_BETWEEN.strip())
                values["reasons"] = [part.strip() for part in parts if part.strip()]
            yield rows.line_num, values


def _require_suffix(path: Path) -> None:
    if path.suffix not in _SUFFIXES:
        raise ReviewError(f"{path}: its name must end in {' or '.join(_SUFFIXES)}")
