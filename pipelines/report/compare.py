"""Two caption sets of the same clips: what differs, and which clips became better or worse.

A clip is better where a larger share of its claims is supported, or the same share and its confidence is
higher by more than `STEP`. Confidence is compared where both sets have the same kinds of captions with as
many claims: elsewhere a sure new claim could lower the mean. Only clips that make claims in both sets are
judged.
"""

from dataclasses import dataclass
from os.path import commonpath

from pydantic import BaseModel, ConfigDict

from manifests.workspace import Workspace
from pipelines.calibrate.reliability import wilson
from pipelines.report.figures import Figures
from pipelines.report.preferred import people
from pipelines.report.query import Query
from pipelines.report.scalars import SCALARS, scalars
from pipelines.report.sources import Reported
from pipelines.reviews.compared import Preference

STEP = 0.01
WORST = 10
BEFORE = "before_"
"""Of the names of what a database has of the other set."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Share(_Model):
    """Clips of those that were judged; low and high: 95 % of the share (Wilson)."""

    count: int
    share: float | None
    low: float | None
    high: float | None


class Difference(_Model):
    """A figure of both sets."""

    name: str
    now: float | None
    before: float | None


class Change(_Model):
    """A clip that became worse. Claims' support and confidence, after and before."""

    clip_id: str
    support: float
    support_before: float
    confidence: float | None
    confidence_before: float | None


class Comparison(_Model):
    """What differs from another set. both: clips captioned in both; same: of these, with the same three
    texts; gained, lost: captions that only this set, or only the other, has of them."""

    other: str
    other_job: str
    only_here: int
    only_there: int
    both: int
    same: int
    gained: int
    lost: int
    judged: int
    better: Share
    worse: Share
    tied: Share
    differences: tuple[Difference, ...]
    worst: tuple[Change, ...]
    people: Preference | None = None
    """What people say who compared both blind; None where nobody did."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, and the other set's figures."""

    comparison: Comparison
    figures: Figures


def apart(own: Reported, other: Reported) -> tuple[str, str]:
    """What two sets are called side by side: sets of one name with their digests, or with the folders
    that they lie in where these are the same too."""
    if own.name != other.name:
        return own.name, other.name
    if own.digest != other.digest:
        return f"{own.name} ({own.digest})", f"{other.name} ({other.digest})"
    roots = own.root.resolve(), other.root.resolve()
    if roots[0] == roots[1]:
        return own.name, other.name
    base = commonpath([root.parent for root in roots])
    return str(roots[0].relative_to(base)), str(roots[1].relative_to(base))


def compare(
    query: Query, own: Figures, other: Reported, theirs: Figures, workspace: Workspace | None
) -> Comparison:
    """Compares the set whose views the database has with another. workspace: where people's comparisons
    are, if anywhere. Raises ReportError, ReviewError."""
    other.score(query, BEFORE)
    # One claim more or less changes a mean though none became surer. A release without claims counts in
    # another way.
    sure = (
        "CASE WHEN a.claims IS NOT DISTINCT FROM b.claims AND a.has = b.has THEN {}.confidence END"
    )
    query.rows(
        "CREATE TABLE pairs AS SELECT a.id, a.support, b.support AS support_before, "
        f"{sure.format('a')} AS confidence, {sure.format('b')} AS confidence_before "
        f"FROM scores a JOIN {BEFORE}scores b USING (id) "
        "WHERE a.support IS NOT NULL AND b.support IS NOT NULL"
    )
    gain = "coalesce(confidence - confidence_before, 0)"
    way = (
        "CASE WHEN support > support_before THEN 1 WHEN support < support_before THEN -1 "
        f"WHEN {gain} > {STEP} THEN 1 WHEN {gain} < -{STEP} THEN -1 ELSE 0 END"
    )
    judged, better, worse = query.row(
        f"SELECT count(*), count_if(way > 0), count_if(way < 0) FROM (SELECT {way} AS way FROM pairs)"
    )
    both, same, gained, lost = query.row(
        "SELECT count(*), count_if(a.texts = b.texts), "
        f"{_more('a', 'b')}, {_more('b', 'a')} FROM scores a JOIN {BEFORE}scores b USING (id)"
    )
    worst = query.rows(
        "SELECT replace(id::VARCHAR, '-', ''), support, support_before, confidence, "
        f"confidence_before FROM pairs WHERE {way} < 0 "
        f"ORDER BY support - support_before, {gain}, id LIMIT {WORST}"
    )
    now, before = scalars(own), scalars(theirs)
    return Comparison(
        other=theirs.name,
        other_job=other.digest,
        only_here=own.captions.clips - both,
        only_there=theirs.captions.clips - both,
        both=both,
        same=same,
        gained=gained,
        lost=lost,
        judged=judged,
        better=_share(better, judged),
        worse=_share(worse, judged),
        tied=_share(judged - better - worse, judged),
        differences=tuple(
            Difference(name=name, now=now[name], before=before[name]) for name in SCALARS
        ),
        people=None
        if workspace is None
        else people(query, workspace, own.name, theirs.name, "captions", f"{BEFORE}captions"),
        worst=tuple(
            Change(
                clip_id=clip,
                support=support,
                support_before=support_before,
                confidence=confidence,
                confidence_before=confidence_before,
            )
            for clip, support, support_before, confidence, confidence_before in worst
        ),
    )


def _more(here: str, there: str) -> str:
    """SQL of how many captions one side has and the other lacks."""
    return f"coalesce(sum(bit_count(({here}.has & ~{there}.has)::UTINYINT)), 0)::BIGINT"


def _share(count: int, whole: int) -> Share:
    if not whole:
        return Share(count=count, share=None, low=None, high=None)
    low, high = wilson(count, whole)
    return Share(count=count, share=count / whole, low=low, high=high)
