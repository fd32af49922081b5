"""Reviews and comparisons as files: JSON lines or CSV, exported and imported."""

import csv
import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from manifests import commits
from manifests.atomic import replacing
from manifests.captions import CAPTIONS
from manifests.duck import connect
from manifests.release.layout import is_release
from manifests.release.sql import literal
from manifests.workspace import Workspace
from pipelines.reviews.comparison import Comparison
from pipelines.reviews.given import completed
from pipelines.reviews.journal import ReviewError
from pipelines.reviews.review import NEEDED, Review
from pipelines.reviews.stored import REVIEWS, Said, add, stored, table

_BETWEEN = "; "
"""Between the reasons of a CSV's cell."""
_SUFFIXES = (".jsonl", ".csv")
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
"""A time as spreadsheets save it: the last digits are lost, so it says nothing."""
_AHEAD_S = 24 * 3600
"""How far the clock of another machine may be ahead."""
_PACKED = 50_000
"""Rows that are Python objects at once while a file is read."""


def export(workspace: Workspace, target: Path, of: Said = REVIEWS) -> int:
    """Writes the reviews, or comparisons, that count; how many there are. Raises ReviewError for a name
    that ends neither in .jsonl nor in .csv and for a file that is there."""
    _require_suffix(target)
    if target.exists():
        raise ReviewError(f"{target} exists: name another file")
    said = of.counting(stored(workspace, of))
    with replacing(target) as temporary, connect() as database:
        database.register("said", said)
        database.execute(
            f"COPY (SELECT {_columns(of, target)} FROM said ORDER BY {of.when}, {of.key}) "
            f"TO {literal(str(temporary))} ({_FORMATS[target.suffix]})"
        )
    return len(said)


_FORMATS = {".jsonl": "FORMAT json", ".csv": "FORMAT csv, HEADER"}
_BOM = "\ufeff"
"""Begins a CSV: without it spreadsheets do not read it as UTF-8."""


def _columns(of: Said, target: Path) -> str:
    """SQL of the columns of a file."""
    if target.suffix != ".csv":
        return "*"
    first, *others = of.kind.schema.names
    cells = [
        f"array_to_string({name}, '{_BETWEEN}') AS {name}" if name == "reasons" else name
        for name in others
    ]
    return ", ".join([f'{first} AS "{_BOM}{first}"', *cells])


class Loaded(NamedTuple):
    """What came in. rows: of the file. fresh: that were new. elsewhere: rows of clips that the workspace
    has no captions of; 0 where it has none at all, as the folder of a release's reviews."""

    rows: int
    fresh: int
    elsewhere: int


def load(workspace: Workspace, source: Path, of: Said = REVIEWS) -> Loaded:
    """Commits the reviews, or comparisons, of a file.

    A review needs a clip_id, a reviewer and a verdict or an edited caption, a comparison a clip_id, a
    reviewer, both digests and an outcome. Raises ReviewError for what can't be read, with its line, for
    an edit of a caption that its clip can't have, and for rows that contradict what is stored; then none
    is committed. Raises LeaseHeld.
    """
    _require_suffix(source)
    said = _parsed(source, of)
    known = stored(workspace, of)
    _require_agreement(said, known, of)
    elsewhere = _elsewhere(workspace, said)
    fresh = said.filter(pc.invert(pc.is_in(said[of.key], known[of.key])))
    return Loaded(len(said), add(workspace, fresh, of), elsewhere)


def _require_agreement(said: pa.Table, known: pa.Table, of: Said) -> None:
    """Raises ReviewError where two rows have one id and say different things, or one reviewer says two
    things of the same captions at one time: which of them counts would be chance."""
    keys = ", ".join(name for name in _OF_CAPTIONS if name in said.column_names)
    with connect() as database:
        database.register("said", said)
        database.register("known", known)
        database.execute("CREATE VIEW every AS SELECT * FROM said UNION ALL SELECT * FROM known")
        wrong = database.execute(
            f"SELECT clip_id, reviewer FROM (SELECT DISTINCT * EXCLUDE ({of.when}) FROM every) "
            f"GROUP BY {of.key}, clip_id, reviewer HAVING count(*) > 1 UNION ALL "
            f"SELECT clip_id, reviewer FROM every SEMI JOIN said USING (clip_id, reviewer, {of.when}) "
            f"GROUP BY {keys}, reviewer, {of.when} HAVING count(DISTINCT {of.key}) > 1 "
            "ORDER BY ALL"
        ).fetchall()
    if wrong:
        clip, reviewer = wrong[0]
        raise ReviewError(
            f"{len(wrong):,} rows contradict what was said before, or each other, such as that of "
            f"{reviewer} on {clip}. A row that says something new has neither {of.key} nor {of.when}: "
            "empty both cells; nothing was imported"
        )


_OF_CAPTIONS = ("clip_id", "caption_digest", "other_digest")
"""What names the captions that something is said of."""


def _elsewhere(workspace: Workspace, said: pa.Table) -> int:
    """How many rows are of clips that have no captions. Raises ReviewError for an edit of a caption that
    its clip can't have."""
    files = tuple(commits.load(workspace).files("captions"))
    if not files:
        return 0
    for file in files:
        if not len(said):
            break
        known = pq.read_table(
            workspace.root / file.path, columns=["clip_id", "has_audio", "has_video"]
        )
        _require_possible(said, known)
        said = said.filter(pc.invert(pc.is_in(said["clip_id"], known["clip_id"])))
    return len(said)


def _require_possible(said: pa.Table, clips: pa.Table) -> None:
    heard, seen = clips["has_audio"], clips["has_video"]
    for name, can in zip(CAPTIONS, (heard, seen, pc.and_(heard, seen)), strict=True):
        if name not in said.column_names:
            continue
        lacking = clips["clip_id"].filter(pc.invert(can))
        is_wrong = pc.and_(pc.is_valid(said[name]), pc.is_in(said["clip_id"], lacking))
        if len(wrong := said["clip_id"].filter(is_wrong)):
            raise ReviewError(
                f"{name} can't be edited of clips without {NEEDED[name]}: {len(wrong):,} rows, such as "
                f"that of {wrong[0]}. Leave it empty; nothing was imported"
            )


def _parsed(source: Path, of: Said) -> pa.Table:
    lines = _csv(source) if source.suffix == ".csv" else _json_lines(source)
    parts, said = [of.kind.schema.empty_table()], []
    try:
        for number, values in lines:
            said.append(_one(source, number, values, of))
            if len(said) == _PACKED:
                parts.append(table(said, of))
                said = []
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReviewError(f"{source} can't be read: {error}. Save it as UTF-8.") from error
    return pa.concat_tables([*parts, table(said, of)])


def _one(source: Path, number: int, values: Mapping[str, Any], of: Said) -> Review | Comparison:
    try:
        one = of.model(**completed(values, of.key, of.when))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        told = f"{name}: {first['msg']}" if name else first["msg"]
        raise ReviewError(f"{source} line {number}: {told}; nothing was imported") from error
    if getattr(one, of.when) > (time.time() + _AHEAD_S) * 1000:
        raise ReviewError(
            f"{source} line {number}: {of.when} is in the future: it counts milliseconds since 1970; "
            "nothing was imported"
        )
    if isinstance(one, Review) and not _says(one):
        raise ReviewError(
            f"{source} line {number} has neither a verdict nor an edited caption; nothing was imported"
        )
    return one


def _says(review: Review) -> bool:
    return review.verdict is not None or any(getattr(review, name) for name in CAPTIONS)


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
        first = file.readline()
        file.seek(0)
        # Where a comma is the decimal point, spreadsheets write semicolons.
        between = ";" if first.count(";") > first.count(",") else ","
        rows = csv.DictReader(file, strict=True, delimiter=between)
        for row in rows:
            if None in row:
                raise ReviewError(
                    f"{source} line {rows.line_num} has more cells than the first line; "
                    "nothing was imported"
                )
            values: dict[str, Any] = {
                name: cell
                for name, cell in row.items()
                if cell and not (name.endswith("_ms") and _ROUNDED.fullmatch(cell.strip()))
            }
            if not values:
                continue
            if "reasons" in values:
                parts = values["reasons"].split(_BETWEEN.strip())
                values["reasons"] = [part.strip() for part in parts if part.strip()]
            yield rows.line_num, values


def require_no_release(folder: Path) -> None:
    """Raises ReviewError for a release, whose reviews lie in a folder of their own."""
    if is_release(folder):
        raise ReviewError(
            f"{folder} is a release, which is never changed: name the folder of its reviews, "
            f"which captionmill inspect {folder} --reviews FOLDER makes"
        )


def _require_suffix(path: Path) -> None:
    if path.suffix not in _SUFFIXES:
        raise ReviewError(f"{path}: its name must end in {' or '.join(_SUFFIXES)}")
