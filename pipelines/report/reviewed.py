"""What people say of the captions of a report.

Only reviews of these very captions count, told by clip and digest. A clip is bad where at least as many
reviewers call it bad as good. How often captions are bad is told by a plan that is a sample alone: clips
that somebody chose, or the worst, would give another share.

A plan whose clips left the set, or have other captions than those that were judged, tells nothing of it:
what reviewers rejected is often what left or was written again, and the rest is no sample. So it is with
plans of the workspaces of a release. A plan of a set that has other clips now tells of the clips that it
was drawn from, and not of the set.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations
from pathlib import Path

import pyarrow as pa

from manifests.captions import CAPTIONS
from manifests.workspace import Workspace
from pipelines.report.figures import Count, PlanFigures, ReviewFigures, Said, StratumRate
from pipelines.report.query import Query, ReportError
from pipelines.report.sources import CaptionedSet, Reported
from pipelines.reviews.intervals import Kappa, Rate, kappa, rate, weighted
from pipelines.reviews.plan import Plan, plans
from pipelines.reviews.stored import stored

_PAIRS = 10
"""Pairs of reviewers that are told."""
_EDITED = f"coalesce({', '.join(CAPTIONS)}) IS NOT NULL"


def place_of(reported: Reported, folder: Path | None) -> Workspace | None:
    """The workspace that holds the reviews of a set: itself; of a release the folder that was named when
    they were made, None where none is. Raises ReportError, WorkspaceError."""
    if isinstance(reported, CaptionedSet):
        if folder is not None:
            raise ReportError("reviews of a workspace are stored in it: leave out --reviews")
        return reported.workspace
    if folder is None:
        return None
    if not folder.is_dir():
        raise ReportError(
            f"{folder} is no folder: name the one that captionmill inspect --reviews stores reviews in"
        )
    return Workspace.open(folder)


def reviews(query: Query, reported: Reported, place: Workspace | None) -> ReviewFigures | None:
    """What reviews say of a set's captions; None without any. query: with the view `captions` and the
    table `scores`. place: that holds the reviews. Raises ReportError, ReviewError, CommitError."""
    if place is None:
        return None
    every = stored(place)
    if not every.num_rows:
        return None
    query.give("given", every)
    query.rows(_LAST)
    query.rows(
        "CREATE TABLE reviewed AS SELECT l.* FROM last_reviews l "
        "SEMI JOIN captions c ON c.clip_id = l.clip_id AND c.caption_digest = l.caption_digest"
    )
    query.rows(
        "CREATE TABLE judged AS SELECT clip_id, 2 * count(*) FILTER (verdict = 'bad') >= count(*) AS bad "
        "FROM reviewed WHERE verdict IS NOT NULL GROUP BY clip_id"
    )
    judged: dict[str, bool] = dict(query.rows("SELECT clip_id, bad FROM judged"))
    only_edited = "SELECT clip_id FROM reviewed EXCEPT SELECT clip_id FROM judged"
    edits = {clip for (clip,) in query.rows(only_edited)}
    drawn = list(plans(place))
    (captioned,) = query.row("SELECT count(*) FROM scores WHERE has > 0")
    told = tuple(_of_plan(plan, judged, edits, _strays(query, plan), captioned) for plan in drawn)
    samples = [plan for plan in told if plan.is_of_set]
    best = max(samples, key=lambda plan: plan.judged, default=None)
    own = next((p.ids for p in drawn if best is not None and p.name == best.name), None)
    (every_one,) = query.row("SELECT count(*) FROM last_reviews")
    (unnamed,) = query.row(_UNNAMED)
    counting, clips, edited = query.row(
        "SELECT count(*), count(DISTINCT clip_id), "
        f"count(DISTINCT clip_id) FILTER ({_EDITED}) FROM reviewed"
    )
    return ReviewFigures(
        reviews=counting,
        others=every_one - counting,
        unnamed=unnamed,
        clips=clips,
        judged=len(judged),
        bad=sum(judged.values()),
        edited=edited,
        reviewers=_counts(query, "SELECT reviewer, count(*) FROM reviewed GROUP BY 1"),
        reasons=_counts(
            query,
            "SELECT reason, count(DISTINCT clip_id) FROM "
            "(SELECT clip_id, unnest(reasons) AS reason FROM reviewed) GROUP BY 1",
        ),
        plans=told,
        rate=None if best is None else best.name,
        said=tuple(_said(query, own)),
        agreement=tuple(_agreement(query)),
    )


_LAST = f"""
CREATE TABLE last_reviews AS SELECT * FROM (
    SELECT * FROM given WHERE caption_digest IS NOT NULL QUALIFY row_number() OVER (
        PARTITION BY clip_id, caption_digest, reviewer ORDER BY reviewed_ms DESC, review_id DESC) = 1)
WHERE verdict IS NOT NULL OR {_EDITED}"""


_UNNAMED = f"""
SELECT count(*) FROM (
    SELECT * FROM given WHERE caption_digest IS NULL QUALIFY row_number() OVER (
        PARTITION BY clip_id, reviewer ORDER BY reviewed_ms DESC, review_id DESC) = 1)
WHERE verdict IS NOT NULL OR {_EDITED}"""


def _counts(query: Query, sql: str) -> tuple[Count, ...]:
    rows = query.rows(f"SELECT * FROM ({sql}) ORDER BY 2 DESC, 1")
    return tuple(Count(name=str(name), count=count) for name, count in rows)


def _strays(query: Query, plan: Plan) -> tuple[int, int]:
    """Clips of a plan that are not here, and clips that were judged, but not with the captions that they
    have here."""
    query.give("planned", pa.table({"clip_id": pa.array(plan.ids, pa.string())}))
    query.rows(
        "CREATE OR REPLACE TABLE here AS "
        "SELECT DISTINCT clip_id FROM captions SEMI JOIN planned USING (clip_id)"
    )
    (rewritten,) = query.row(
        "SELECT count(*) FROM here "
        "WHERE clip_id IN (SELECT clip_id FROM last_reviews WHERE verdict IS NOT NULL) "
        "AND clip_id NOT IN (SELECT clip_id FROM judged)"
    )
    (here,) = query.row("SELECT count(*) FROM here")
    return len(plan.ids) - int(here), int(rewritten)


def _of_plan(
    plan: Plan,
    judged: Mapping[str, bool],
    edits: Set[str],
    strays: tuple[int, int],
    captioned: int,
) -> PlanFigures:
    """What the reviews of a plan say. edits: clips that were only edited; strays: clips that left, and
    that were written again; captioned: clips of the set with captions."""
    astray, rewritten = strays
    places = [at for at, clip in enumerate(plan.ids) if clip in judged or clip in edits]
    edited = sum(clip in edits for clip in plan.ids)
    counts: dict[int, list[bool]] = defaultdict(list)
    for clip, stratum in plan.clips:
        if clip in judged:
            counts[stratum].append(judged[clip])
    strata = [(s.size, sum(counts[at]), len(counts[at])) for at, s in enumerate(plan.strata)]
    return PlanFigures(
        name=plan.name,
        how=plan.how,
        by=plan.by,
        interval=plan.interval,
        clips=len(plan.clips),
        judged=len(places) - edited,
        edited=edited,
        passed=max(places) + 1 - len(places) if places else 0,
        set=sum(stratum.size for stratum in plan.strata),
        captioned=captioned,
        astray=astray,
        rewritten=rewritten,
        bad=weighted(strata) if plan.is_sample and not astray and not rewritten else None,
        strata=tuple(
            StratumRate(value=s.value, size=s.size, bad=rate(bad, of))
            for s, (_, bad, of) in zip(plan.strata, strata, strict=True)
            if plan.by is not None
        ),
    )


def _said(query: Query, clips: Sequence[str] | None) -> Iterator[Said]:
    """What the evidence says of clips that people call good or bad. clips: only these."""
    within = ""
    if clips is not None:
        within = "WHERE list_contains(?, clip_id)"
    rows = query.rows(
        f"""
        SELECT bad, count(*), count(*) FILTER (unsupported > 0), count(*) FILTER (claims > 0),
            coalesce(sum(unsupported), 0)::BIGINT, coalesce(sum(claims), 0)::BIGINT
        FROM judged JOIN scores ON id = CAST(clip_id AS UUID) {within} GROUP BY bad ORDER BY bad
        """,
        [] if clips is None else [list(clips)],
    )
    for bad, count, with_one, claiming, unsupported, claims in rows:
        yield Said(
            verdict="bad" if bad else "good",
            clips=count,
            unsupported=rate(with_one, claiming),
            # Claims of a clip hang together: no interval of theirs would hold.
            claims=Rate(
                count=unsupported, of=claims, share=unsupported / claims if claims else None
            ),
        )


def _agreement(query: Query) -> Iterator[Kappa]:
    by_reviewer: dict[str, dict[str, bool]] = defaultdict(dict)
    for reviewer, clip, verdict in query.rows(
        "SELECT reviewer, clip_id, verdict FROM reviewed WHERE verdict IS NOT NULL ORDER BY ALL"
    ):
        by_reviewer[reviewer][clip] = verdict == "bad"
    pairs = []
    for first, second in combinations(sorted(by_reviewer), 2):
        one, other = by_reviewer[first], by_reviewer[second]
        if both := one.keys() & other.keys():
            pairs.append(kappa(first, second, [(one[clip], other[clip]) for clip in both]))
    yield from sorted(pairs, key=lambda pair: -pair.clips)[:_PAIRS]
