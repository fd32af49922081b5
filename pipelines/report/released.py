"""A release as a report sees it.

Claims and evidence lie in files of their own, in the order of the data rows: they are counted one file
after the other, so that memory is bounded by a file and not by the release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.captions import CAPTIONS
from manifests.kinds import CAPTIONS as CAPTIONED
from manifests.kinds import SIMILARITY
from manifests.release import layout
from manifests.release.columns import Table
from manifests.release.edits import BY_PEOPLE
from manifests.release.layout import Release, ReleaseFile
from manifests.release.sides import whole
from pipelines.report.figures import Count, InputFigures, ReleaseFigures, ReviewsUsed
from pipelines.report.query import Query
from pipelines.report.sources import (
    HAS,
    SAMPLED,
    TEXTS,
    CaptionedSet,
    Reported,
    Row,
    rows_of,
    sums,
    tier_of,
)
from pipelines.search.released import Released, released

_SAID = 5_000_000
"""Rows of evidence in which disputes are looked for; at least one file is read."""


@dataclass(frozen=True)
class ReleasedSet(Reported):
    """A release. folder: where it lies."""

    folder: Path
    release: Release

    @classmethod
    def open(cls, root: Path) -> "ReleasedSet":
        """The release in a folder. Raises ReleaseError."""
        return cls(root.resolve(), layout.load(root))

    @property
    def root(self) -> Path:
        return self.folder

    @property
    def name(self) -> str:
        return self.release.name if self.release.name != "release" else self.folder.name

    @property
    def digest(self) -> str:
        return self.release.digest

    @property
    def made(self) -> str:
        count = len(self.release.inputs)
        return "in one workspace" if count == 1 else f"in {count:,} workspaces"

    def figures(self, query: Query) -> ReleaseFigures:
        """What it was built of, by its release.json. query: with the view `captions`."""
        of, splits, classes = self.release, dict[str, int](), dict[str, int]()
        for file in of.of("data"):
            splits[file.split] = splits.get(file.split, 0) + file.rows
            classes[file.licence_class] = classes.get(file.licence_class, 0) + file.rows
        (edited,) = query.row(_EDITED)
        return ReleaseFigures(
            rows=of.books.rows,
            kept=of.books.kept,
            dropped=_counts(of.books.dropped),
            inputs=tuple(
                InputFigures(name=each.name, rows=each.rows, kept=each.kept) for each in of.inputs
            ),
            splits=_counts(splits),
            classes=_counts(classes),
            sides=tuple(
                table for table in ("claims", "evidence", "embeddings", "media") if of.of(table)
            ),
            reviews=tuple(
                ReviewsUsed(name=each.name, digest=each.digest)
                for each in of.lists
                if each.rule == "reviews"
            ),
            edited=edited,
            rejected=of.books.dropped.get("reviews", 0),
        )

    def vectors(self) -> Released | None:
        """Its embeddings; None where it has none. Raises SearchError where none of its clips has."""
        return released(self.root, self.release) if self.release.encoder else None

    def score(self, query: Query, prefix: str = "") -> None:
        query.show(f"{prefix}captions", CAPTIONED.name, self.root, self.release.of("data"))
        query.rows(_SCORES.format(prefix=prefix))
        claims = self._sides("claims")
        if claims:
            query.show(f"{prefix}claims", CAPTIONED.name, self.root, self.release.of("claims"))
        for place, file in enumerate(self.release.of("data")):
            data = query.files(f"{prefix}captions", [place])
            beside = claims.get(_name(file))
            if beside is None:
                query.rows(_PLAIN.format(prefix=prefix, place=place, data=data))
                continue
            of = {"prefix": prefix, "claims": query.files(f"{prefix}claims", [beside])}
            query.rows(_JUDGED.format(place=place, data=data, **of))
            query.rows(_TALLIES.format(**of))

    def sample(self, query: Query) -> None:
        kept = self.release.books.kept
        # Ids are hashes: so many of them begin with less than this.
        below = f"{int(SAMPLED / kept * 16**8):08x}" if kept > SAMPLED else "g"
        query.rows(
            f"CREATE TABLE sample AS SELECT clip_id, {', '.join(CAPTIONS)} FROM captions "
            f"WHERE clip_id < '{below}'"
        )
        claims = "claims" if self.release.of("claims") else _NO_CLAIMS
        query.rows(
            "CREATE TABLE supported AS SELECT clip_id, text AS claim, captioners "
            f"FROM {claims} WHERE clip_id < '{below}'"
        )
        query.rows(_SAYS.format(evidence=self._evidence(query)))
        query.show("similarity", SIMILARITY.name, self.root, ())

    def rows(
        self, query: Query, places: Mapping[str, int | None], prefix: str = ""
    ) -> dict[str, Row]:
        rows = rows_of(query, f"{prefix}captions", places)
        beside = [self._beside(query, table, rows, prefix) for table in ("claims", "evidence")]
        return {
            clip: whole(row, *(found.get(clip, ()) for found in beside))
            for clip, row in rows.items()
        }

    def listed(self, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [dict(row) for row in rows]

    def _beside(
        self, query: Query, table: Table, rows: Mapping[str, Row], prefix: str
    ) -> dict[str, list[Row]]:
        """Rows of a table by clip, of the files beside those that rows of captions are in."""
        data, sides = self.release.of("data"), self._sides(table)
        names = {_name(data[int(row["filename"][-14:-8])]) for row in rows.values()}
        places = sorted(sides[name] for name in names if name in sides)
        if not places:
            return {}
        view = f"{prefix}rows_of_{table}"
        query.show(view, CAPTIONED.name, self.root, [self.release.of(table)[at] for at in places])
        marks = ", ".join("?" for _ in rows)
        order = "place, claim" if table == "evidence" else "claim"
        sql = f"SELECT * FROM {view} WHERE clip_id IN ({marks}) ORDER BY {order}"
        found: dict[str, list[Row]] = {}
        for row in query.named(sql, list(rows)):
            found.setdefault(row["clip_id"], []).append(row)
        return found

    def _sides(self, table: Table) -> dict[str, int]:
        """Places of the files of a table, by the name that they share with data files."""
        return {_name(file): place for place, file in enumerate(self.release.of(table))}

    def _evidence(self, query: Query) -> str:
        """SQL of evidence in which disputes are looked for, with the place of the clip's data file."""
        files = self.release.of("evidence")
        if not files:
            return _NO_EVIDENCE
        drawn, rows = list[ReleaseFile](), 0
        for file in sorted(files, key=lambda file: file.sha256):
            if rows < _SAID:
                drawn.append(file)
                rows += file.rows
        query.show("evidence", CAPTIONED.name, self.root, drawn)
        return "evidence"


def _name(file: ReleaseFile) -> str:
    """What the files of a part have in common."""
    return file.path.partition("/")[2].rpartition(".")[0]


def _counts(counts: Mapping[str, int]) -> tuple[Count, ...]:
    return tuple(Count(name=name, count=count) for name, count in counts.items())


_AUTHORS = ", ".join(f"{name.removesuffix('_caption')}_by" for name in CAPTIONS)
_EDITED = f"SELECT count_if(NOT real AND list_contains([{_AUTHORS}], '{BY_PEOPLE}')) FROM captions"
_SCORES = """
CREATE TABLE {prefix}scores (id UUID, file INTEGER, claims UINTEGER, unsupported UINTEGER,
    support FLOAT, confidence FLOAT, refusals UINTEGER, has UTINYINT, texts UBIGINT);
CREATE TABLE {prefix}tallies (caption VARCHAR, tier VARCHAR, claims BIGINT, shared BIGINT,
    known BIGINT, sure DOUBLE)"""
_PLAIN = f"""
INSERT INTO {{prefix}}scores SELECT CAST(clip_id AS UUID), {{place}}, NULL, NULL, support, confidence,
    0, CAST({HAS} AS UTINYINT), {TEXTS} FROM {{data}}"""
_JUDGED = f"""
INSERT INTO {{prefix}}scores SELECT CAST(d.clip_id AS UUID), {{place}}, coalesce(n, 0),
    coalesce(missed, 0), 1 - missed / n, sure, 0, CAST({HAS} AS UTINYINT), {TEXTS}
FROM {{data}} d LEFT JOIN (
    SELECT clip_id, count(*) AS n, count_if(NOT coalesce(supported, false)) AS missed,
        avg(probability) FILTER (supported) AS sure
    FROM {{claims}} GROUP BY 1) USING (clip_id)"""
_TALLIES = f"""
INSERT INTO {{prefix}}tallies SELECT caption, {tier_of("supported", "tier")}, count(*),
    count_if(len(captioners) > 1), {sums("supported", "probability")} FROM {{claims}} GROUP BY 1, 2"""
_SAYS = """
CREATE VIEW said AS SELECT clip_id AS clip, NULL::INTEGER AS file, captioner, text AS claim,
    probability AS alone, fused_probability AS together FROM {evidence} WHERE claim IS NOT NULL"""
_NO_CLAIMS = "(SELECT NULL::VARCHAR AS clip_id, '' AS text, NULL::VARCHAR[] AS captioners)"
_NO_EVIDENCE = (
    "(SELECT '' AS clip_id, '' AS captioner, '' AS text, 0.0 AS probability, "
    "0.0 AS fused_probability, NULL::INTEGER AS claim)"
)


def opened(root: Path) -> Reported:
    """The release or the workspace in a folder. Raises UserError."""
    if layout.is_release(root) or (root / layout.WORK).is_dir():
        return ReleasedSet.open(root)
    return CaptionedSet.open(root)
