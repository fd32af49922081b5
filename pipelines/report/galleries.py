"""Which clips are shown, and why: at random, the worst, the most disputed, the most refused, what became
worse, and what is in quarantine."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.quarantine import current
from pipelines.report.compare import BEFORE, Comparison
from pipelines.report.query import Query
from pipelines.report.scalars import percent
from pipelines.report.sources import CaptionedSet, Reported

EACH = 20
"""Clips of a gallery."""
_OF_REASON = 3
"""Clips shown of each reason of the quarantine, and characters of its message."""
_DISPUTED = 0.1
"""A captioner's probability that the others' word lowers by less is no dispute."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A clip of a gallery. why: it is there; row: of its captions, or of the quarantine; before: of its
    captions in the other set."""

    why: str
    row: Row
    before: Row | None = None


@dataclass(frozen=True, slots=True)
class Gallery:
    """Clips that have something in common. note: how they were chosen."""

    key: str
    title: str
    note: str
    clips: tuple[Shown, ...]
    quarantined: bool = False


def galleries(
    query: Query, reported: Reported, comparison: Comparison | None, other: Reported | None
) -> tuple[Gallery, ...]:
    """All galleries, those without a clip too; of a database with the set's views."""
    chosen = [(kind, _chosen(query, kind)) for kind in _KINDS]
    # Of several places of a clip the known one: a clip is read once.
    places: dict[str, int | None] = {}
    for _, rows in chosen:
        for row in rows:
            if places.get(row["clip"]) is None:
                places[row["clip"]] = row["file"]
    if comparison is not None:
        for change in comparison.worst:
            places.setdefault(change.clip_id, None)
    whole = reported.rows(query, places)
    made = [
        Gallery(
            kind.key,
            kind.title,
            kind.note,
            tuple(Shown(kind.why(row), whole[row["clip"]]) for row in rows if row["clip"] in whole),
        )
        for kind, rows in chosen
    ]
    if comparison is not None and other is not None:
        made.insert(0, _changes(query, comparison, other, whole))
    if isinstance(reported, CaptionedSet):
        made.append(_quarantine(reported))
    return tuple(made)


def _chosen(query: Query, kind: "_Kind") -> list[dict[str, Any]]:
    """Clips of a gallery: `clip`, the place of its file in `file`, and what `why` tells of."""
    return query.named(kind.sql.format(each=EACH, disputed=_DISPUTED))


_WORST_NOTE = (
    "Clips with the largest share of unsupported claims; then those whose supported claims have the "
    "lowest mean probability."
)
_WORST = (
    "SELECT replace(id::VARCHAR, '-', '') AS clip, file, claims, unsupported, support, confidence "
    "FROM scores WHERE support IS NOT NULL "
    "ORDER BY support, confidence ASC NULLS LAST, id LIMIT {each}"
)
_DISPUTED_NOTE = (
    "Clips in which a captioner's probability for its claim falls most when the other captioners are "
    "taken into account."
)
_DISPUTES = """
SELECT clip, any_value(file) AS file, max(fall) AS fall, max_by(alone, fall) AS alone,
    max_by(together, fall) AS together, max_by(captioner, fall) AS captioner,
    max_by(claim, fall) AS claim
FROM (SELECT *, alone - together AS fall FROM said)
WHERE fall >= {disputed} GROUP BY 1 ORDER BY fall DESC, clip LIMIT {each}"""
_REFUSED_NOTE = "Clips with the most different faults in refused replies."
_REFUSED = (
    "SELECT replace(id::VARCHAR, '-', '') AS clip, file, refusals FROM scores WHERE refusals > 0 "
    "ORDER BY refusals DESC, id LIMIT {each}"
)
_RANDOM_NOTE = "Drawn by the clips' ids, which are hashes: the same clips each time."
_RANDOM = (
    "SELECT replace(id::VARCHAR, '-', '') AS clip, file FROM scores WHERE has > 0 "
    "ORDER BY id LIMIT {each}"
)


def _why_worst(row: Row) -> str:
    if row["unsupported"]:
        return f"{row['unsupported']} of {row['claims']} claims not supported"
    if row["support"] < 1:
        return f"{percent(row['support'])} of its claims are supported"
    if row["confidence"] is None:
        return "no claim has a measured probability"
    return f"all claims supported; mean probability {row['confidence']:.2f}"


def _why_disputed(row: Row) -> str:
    return (
        f'{row["captioner"]} says "{row["claim"]}": probability {row["alone"]:.2f} alone, '
        f"{row['together']:.2f} with the others"
    )


def _why_refused(row: Row) -> str:
    return (
        "1 fault refused" if row["refusals"] == 1 else f"{row['refusals']} different faults refused"
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of gallery. sql: of its clips; why: what is told of one."""

    key: str
    title: str
    note: str
    sql: str
    why: Callable[[Row], str]


_KINDS = (
    _Kind("worst", "Worst first", _WORST_NOTE, _WORST, _why_worst),
    _Kind("disputed", "Most disagreeing", _DISPUTED_NOTE, _DISPUTES, _why_disputed),
    _Kind("refused", "Most often refused", _REFUSED_NOTE, _REFUSED, _why_refused),
    _Kind("random", "Random", _RANDOM_NOTE, _RANDOM, lambda row: ""),
)


def _changes(
    query: Query, comparison: Comparison, other: Reported, now: Mapping[str, Row]
) -> Gallery:
    before = other.rows(query, {change.clip_id: None for change in comparison.worst}, BEFORE)
    shown = []
    for change in comparison.worst:
        if change.support < change.support_before:
            why = f"support fell from {percent(change.support_before)} to {percent(change.support)}"
        else:
            why = f"confidence fell from {change.confidence_before:.2f} to {change.confidence:.2f}"
        if change.clip_id in now and change.clip_id in before:
            shown.append(Shown(why, now[change.clip_id], before[change.clip_id]))
    note = f"The clips that became worse than in {comparison.other}, the worst first."
    return Gallery("changes", "Worst changes", note, tuple(shown))


def _quarantine(captioned: CaptionedSet) -> Gallery:
    shown = list(_of_reasons(captioned))
    note = f"At most {_OF_REASON} clips of each stage and reason; the books above have the numbers."
    return Gallery("quarantined", "Quarantined", note, tuple(shown), quarantined=True)


def _of_reasons(captioned: CaptionedSet) -> Iterator[Shown]:
    taken: Counter[tuple[str, str]] = Counter()
    kept: list[tuple[tuple[str, str], Row]] = []
    for entry in current(captioned.workspace, captioned.state, captioned.job.digest):
        key = entry.row["stage"], entry.row["reason"]
        taken[key] += 1
        if taken[key] <= _OF_REASON:
            kept.append((key, entry.row))
    order: Sequence[tuple[str, str]] = [key for key, _ in taken.most_common(EACH)]
    for key in order:
        for of, row in kept:
            if of == key:
                yield Shown(f"{key[0]}: {key[1]} ({taken[key]:,} in all)", row)
