"""What is measured beside the captions: domains, near duplicates, reliability, and what a run took."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from manifests.evidence import evidence_from_row
from pipelines.calibrate.reliability import wilson
from pipelines.report.counting import counted, counts_of, listed
from pipelines.report.figures import (
    Count,
    CurvePoint,
    Duplicates,
    Effort,
    Reliability,
    ReliabilityRow,
    TierTruth,
    Unit,
)
from pipelines.report.query import Query
from pipelines.report.released import ReleasedSet
from pipelines.report.sources import CaptionedSet, Reported
from pipelines.search.duplicates import AT_LEAST, groups
from pipelines.search.search import FROM, Search
from pipelines.search.stored import COLUMNS, By, SearchError, Stored, stored
from prompts.selection import select

if TYPE_CHECKING:
    from pipelines.search.index import Index

_DOMAINS_OF = 1000
"""Clips whose domain is told from their evidence, where the captions have no column for it."""
_FILES = 5
"""Files of the sample that these clips are of."""
_BY: By = "video"
"""Sounds of one kind are as like each other to the small encoder as copies: pictures tell copies."""
_LARGEST = 1 << 20
"""Bytes of a calibration report that is read."""


def domains(query: Query) -> tuple[tuple[Count, ...], int]:
    """Clips by what their sound is about, and of how many clips that is told."""
    if "domain" in query.columns("captions"):
        (clips,) = query.row("SELECT count(*) FROM captions")
        return counted(query, "SELECT domain, count(*) FROM captions GROUP BY 1"), clips
    names = [name for (name,) in query.rows("SELECT DISTINCT filename FROM sample ORDER BY 1")]
    places = sorted({len(names) * number // _FILES for number in range(_FILES)})
    drawn = [names[place] for place in places if place < len(names)]
    marks = ", ".join("?" for _ in drawn) or "NULL"
    rows = query.named(
        f"SELECT * FROM sample WHERE filename IN ({marks}) ORDER BY clip_id LIMIT {_DOMAINS_OF}",
        drawn,
    )
    told = Counter(select(evidence_from_row(row)).domain for row in rows)
    return listed(told.items()), len(rows)


def duplicates(reported: Reported) -> Duplicates:
    """Groups of clips whose pictures are nearly alike. Raises SearchError for damaged vectors."""
    try:
        held, index = _vectors(reported)
    except SearchError as error:
        return Duplicates(by=_BY, at_least=AT_LEAST, why=str(error))
    alike, clips = groups(held, COLUMNS[_BY], AT_LEAST, index)
    return Duplicates(
        by=_BY,
        at_least=AT_LEAST,
        groups=len(alike),
        extra=sum(len(group) - 1 for group in alike),
        clips=clips,
        largest=max(map(len, alike), default=0),
    )


def _vectors(reported: Reported) -> "tuple[Stored, Index | None]":
    """What is compared, and its index where not every pair is. Raises SearchError where there is
    nothing."""
    if isinstance(reported, ReleasedSet):
        held = reported.vectors()
        if held is None:
            raise SearchError("this release has no embeddings")
        if held.clips > FROM:
            raise SearchError(f"of a release they are counted up to {FROM:,} clips")
        return held, None
    if not isinstance(reported, CaptionedSet) or reported.embedding is None:
        raise SearchError("these captions are not embedded")
    search = Search(stored(reported.workspace, reported.state), _BY, _no_encoder)
    if search.is_large and search.index is None:
        raise SearchError("so many clips need an index, which captionmill duplicates makes")
    return search.stored, search.index


def _no_encoder(stored: Stored) -> NoReturn:
    raise AssertionError(f"vectors of {stored.table} are compared with each other")


def reliability(root: Path) -> Reliability | None:
    """What `captionmill calibrate` wrote into the workspace; None where it never ran, or wrote something
    else."""
    path = root / "calibration" / "report.json"
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return None
        told = json.loads(path.read_text("utf-8"))
        rows = [
            ReliabilityRow(
                captioner=row["captioner"],
                claims=row["claims"],
                true=row["true"],
                before=row["before"]["ece"],
                after=row["after"]["ece"],
                curve_before=_curve(row.get("curve_before", ())),
                curve=_curve(row.get("curve", ())),
            )
            for row in told["rows"]
        ]
        tiers = [
            TierTruth(tier=tier, claims=counts["claims"], true=counts["true"])
            for tier, counts in told["tiers"].items()
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Reliability(rows=tuple(rows), tiers=tuple(tiers))


def _curve(points: Iterable[Mapping[str, Any]]) -> tuple[CurvePoint, ...]:
    """Raises KeyError, TypeError, ValueError."""
    made = []
    for point in points:
        claims, true = int(point["claims"]), float(point["true"])
        if claims < 1 or not 0 <= true <= 1:
            raise ValueError("no point of a reliability diagram")
        low, high = wilson(true * claims, claims)
        probability = float(point["probability"])
        made.append(
            CurvePoint(probability=probability, true=true, low=low, high=high, claims=claims)
        )
    return tuple(made)


def effort(runs: Iterable[Mapping[str, Any]], media_s: float) -> Effort | None:
    """What the runs of a job took; None without a run that says so."""
    units: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    seconds = startup = gpu_seconds = 0.0
    knows_gpus = True
    for run in runs:
        total["runs"] += 1
        done = counts_of(run, "done")
        total["clips"] += sum(count for name, count in done.items() if name in _CLIPS)
        total["captioned"] += done.get("captioned", 0)
        total["deaths"] += _number(run, "worker_deaths", int)
        seconds += _number(run, "elapsed_s", float)
        startup += _number(run, "startup_s", float)
        whole = _number(run, "startup_s", float) + _number(run, "elapsed_s", float)
        gpu_seconds += _number(run, "gpus", float) * whole
        # What is missing, or is no number, is read as 0: then it is not known.
        knows_gpus = knows_gpus and run.get("gpus") == _number(run, "gpus", float)
        of_units = run.get("units")
        for name, unit in of_units.items() if isinstance(of_units, Mapping) else ():
            if isinstance(unit, Mapping):
                sums = units.setdefault(str(name), Counter())
                for key in ("clips", "tokens_in", "tokens_out"):
                    sums[key] += _number(unit, key, int)
                sums["busy_ms"] += int(1000 * _number(unit, "busy_s", float))
    if not total["runs"]:
        return None
    return Effort(
        runs=total["runs"],
        clips=total["clips"],
        captioned=total["captioned"],
        seconds=seconds,
        startup_s=startup,
        media_s=media_s,
        tokens_in=sum(unit["tokens_in"] for unit in units.values()),
        tokens_out=sum(unit["tokens_out"] for unit in units.values()),
        worker_deaths=total["deaths"],
        gpu_hours=gpu_seconds / 3600 if knows_gpus else None,
        units=tuple(
            Unit(
                name=name,
                clips=unit["clips"],
                busy_s=unit["busy_ms"] / 1000,
                tokens_in=unit["tokens_in"],
                tokens_out=unit["tokens_out"],
            )
            for name, unit in sorted(units.items(), key=lambda item: (-item[1]["busy_ms"], item[0]))
        ),
    )


_CLIPS = ("captioned", "filtered", "quarantined")


def _number(values: Mapping[str, Any], name: str, kind: type[int] | type[float]) -> Any:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | kind) or not 0 <= value < 1e15:
        return kind(0)
    return kind(value)
