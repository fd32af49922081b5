"""Books, captions, refusals, claims, similarities and media of a caption set, counted over all rows."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Any

from manifests.captions import CAPTIONS
from manifests.kinds import FILTERED
from pipelines.caption.names import GUARDED, REJECTED
from pipelines.quarantine import current
from pipelines.report.figures import (
    Author,
    Bin,
    BooksFigures,
    CaptionFigures,
    ClaimFigures,
    Count,
    Licence,
    MediaFigures,
    RefusalFigures,
    SimilarityFigures,
)
from pipelines.report.query import Query
from pipelines.report.sources import TEMPLATE, CaptionedSet

LISTED = 20
"""Names that are listed of a count; the rarer ones are one."""
OTHERS = "(others)"
SIMILARITIES = ("audio_video", "audio_caption", "visual_caption", "audio_visual_caption")
_SHARES, _COSINES, _STEP_S = 20, 40, 2
_LONGEST_S = 60


def books(query: Query, captioned: CaptionedSet) -> BooksFigures:
    """The books of the job, with reasons of the quarantine and rules of the filters."""
    kept = captioned.job.books
    reasons = Counter(
        f"{entry.row['stage']}: {entry.row['reason']}"
        for entry in current(captioned.workspace, captioned.state, captioned.job.digest)
    )
    files = list(captioned.state.files(FILTERED.name, job=captioned.job.digest))
    query.show("filtered", FILTERED.name, captioned.root, files)
    rules = query.rows("SELECT rule, count(*) FROM filtered GROUP BY 1")
    return BooksFigures(
        input=kept.input,
        captioned=kept.captioned,
        filtered=kept.filtered,
        quarantined=kept.quarantined,
        pending=kept.pending,
        closes=kept.close,
        reasons=listed(reasons.items()),
        rules=listed(rules),
    )


def captions(query: Query, first_rung: str | None) -> CaptionFigures:
    """By whom captions are, by which rung, and under which licence. first_rung: that asked first; None
    where that is not known."""
    ((clips, uncaptioned),) = query.rows("SELECT count(*), count_if(has = 0) FROM scores")
    columns = query.columns("captions")
    rungs: tuple[Count, ...] = ()
    retried: int | None = None
    if "rungs" in columns:
        of = "FROM (SELECT unnest(rungs) AS rung FROM captions)"
        rungs = counted(query, f"SELECT rung, count(*) {of} GROUP BY 1")
        if first_rung is not None:
            later = f"SELECT count_if(rung NOT IN (?, '{TEMPLATE}')) {of}"
            (retried,) = query.row(later, [first_rung])
    return CaptionFigures(
        clips=clips,
        uncaptioned=uncaptioned,
        by_caption=tuple(_author(query, at, name, columns) for at, name in enumerate(CAPTIONS)),
        writers=counted(
            query, "SELECT coalesce(writer, 'none'), count(*) FROM captions GROUP BY 1"
        ),
        rungs=rungs,
        first_rung=first_rung,
        retried=retried,
        licences=_licences(query),
    )


def _licences(query: Query) -> tuple[Licence, ...]:
    """Every clip by its licence; rare licences are one for each thing that they say of training."""
    place = "row_number() OVER (ORDER BY count(*) DESC, licence, outputs_train)"
    rows = query.rows(
        f"SELECT CASE WHEN place <= {LISTED} THEN licence ELSE '{OTHERS}' END, outputs_train, "
        "sum(n)::BIGINT FROM (SELECT licence, outputs_train, count(*) AS n, "
        f"{place} AS place FROM captions GROUP BY 1, 2) "
        "GROUP BY 1, 2 ORDER BY min(place)"
    )
    return tuple(
        Licence(name=name, outputs_train=train, count=count) for name, train, count in rows
    )


def _author(query: Query, at: int, name: str, columns: Container[str]) -> Author:
    short = name.removesuffix("_caption")
    llm, template = query.row(
        f"SELECT count_if({short}_by = 'llm'), count_if({short}_by = 'template') FROM captions"
    )
    written, none = query.row(
        f"SELECT count_if(has & {1 << at} > 0), count_if(has & {1 << at} = 0) FROM scores"
    )
    why = f"SELECT {short}_why, count(*) FROM captions WHERE {name} IS NULL GROUP BY 1"
    return Author(
        caption=name,
        llm=llm,
        template=template,
        others=written - llm - template,
        none=none,
        why=counted(query, why) if f"{short}_why" in columns else (),
    )


def refusals(query: Query, runs: Iterable[Mapping[str, Any]]) -> RefusalFigures | None:
    """What guards refused and doubted; None where the captions do not tell. runs: of the run log, which
    alone counts what was checked."""
    if "lints" not in query.columns("captions"):
        return None
    asked, refused = query.row(
        "SELECT count_if(writer IS NOT NULL), count_if(len(lints) > 0) FROM captions"
    )
    part = "list_distinct(list_transform(lints, lambda fault: split_part(fault, ':', {})))"
    by = f"SELECT name, count(*) FROM (SELECT unnest({part}) AS name FROM captions) GROUP BY 1"
    judged = " UNION ALL ".join(
        f"SELECT {name.removesuffix('_caption')}_judged AS p FROM captions" for name in CAPTIONS
    )
    in_doubt, mean = query.row(f"SELECT count(p), avg(p) FROM ({judged})")
    tallies: Counter[str] = Counter()
    for run in runs:
        tallies.update(counts_of(run, "tallies"))
    rejected = {
        name.removeprefix(REJECTED): count
        for name, count in tallies.items()
        if name.startswith(REJECTED)
    }
    return RefusalFigures(
        asked=asked,
        refused=refused,
        by_guard=counted(query, by.format(2)),
        by_rung=counted(query, by.format(1)),
        in_doubt=in_doubt,
        judged=mean,
        checked=tallies.get(GUARDED),
        rejected=listed(rejected.items()),
    )


def claims(query: Query) -> ClaimFigures:
    """Claims of captions, and how sure they are."""
    clips, support, of_clips, known = query.row(
        "SELECT count(support), avg(support), avg(confidence), count(claims) = count(*) FROM scores"
    )
    bad = "claims) FILTER (tier = 'unsupported'"
    total, unsupported, shared, confidence = query.row(
        f"SELECT {_sum('claims')}, {_sum(bad)}, {_sum('shared')}, "
        "sum(sure) / nullif(sum(known), 0) FROM tallies"
    )
    by_caption = {
        name: query.row(
            f"SELECT {_sum('claims')}, {_sum(bad)} FROM tallies WHERE caption = '{name}'"
        )
        for name in CAPTIONS
    }
    return ClaimFigures(
        claims=total if known else None,
        unsupported=unsupported if known else None,
        shared=shared if known else None,
        by_caption=by_caption if known else {},
        tiers=counted(query, "SELECT tier, sum(claims)::BIGINT FROM tallies GROUP BY 1"),
        clips=clips,
        support=support,
        confidence=confidence if known else of_clips,
        support_bins=binned(query, "SELECT support AS v FROM scores", _SHARES),
        confidence_bins=binned(query, "SELECT confidence AS v FROM scores", _SHARES),
    )


def _sum(what: str) -> str:
    return f"coalesce(sum({what}), 0)::BIGINT"


def similarity(query: Query) -> tuple[tuple[SimilarityFigures, ...], int]:
    """Distributions of similarities of the present captions, and how many clips with captions have none;
    0 where nothing was embedded."""
    query.rows(
        "CREATE TABLE alike AS SELECT s.* EXCLUDE (filename, content_hash, caption_digest) "
        "FROM similarity s JOIN captions c USING (clip_id, caption_digest)"
    )
    embedded, captioned, compared = query.row(
        "SELECT (SELECT count(*) FROM similarity), (SELECT count(*) FROM captions), "
        "(SELECT count(*) FROM alike)"
    )
    figures = []
    for name in SIMILARITIES:
        clips, mean, quantiles = query.row(
            f"SELECT count({name}), avg({name}), quantile_cont({name}::DOUBLE, [0.1, 0.5, 0.9]) "
            "FROM alike"
        )
        if clips:
            low, median, high = quantiles
            bins = binned(query, f"SELECT {name} AS v FROM alike", _COSINES, -1.0)
            figures.append(
                SimilarityFigures(
                    name=name, clips=clips, mean=mean, low=low, median=median, high=high, bins=bins
                )
            )
    return tuple(figures), captioned - compared if embedded else 0


def media(query: Query, domains: tuple[tuple[Count, ...], int]) -> MediaFigures:
    """Kinds, languages and durations. domains: with the number of rows they were counted from."""
    (seconds,) = query.row("SELECT coalesce(sum(duration_ms), 0) / 1000 FROM captions")
    step = f"least({_LONGEST_S}, duration_ms // {_STEP_S * 1000} * {_STEP_S})"
    durations = query.rows(f"SELECT {step}, count(*) FROM captions GROUP BY 1 ORDER BY 1")
    spoken = (
        "SELECT coalesce(language, 'unknown'), count(*) FROM captions "
        "WHERE transcript IS NOT NULL GROUP BY 1"
    )
    return MediaFigures(
        seconds=seconds,
        kinds=counted(query, "SELECT coalesce(kind, 'unknown'), count(*) FROM captions GROUP BY 1"),
        domains=domains[0],
        domains_of=domains[1],
        languages=counted(query, spoken),
        durations=tuple(
            Bin(low=low, high=low + _STEP_S if low < _LONGEST_S else None, count=count)
            for low, count in durations
        ),
    )


def counted(query: Query, sql: str) -> tuple[Count, ...]:
    """Names with counts, the most frequent first, of a query that gives both; rare ones are one."""
    place = "row_number() OVER (ORDER BY n DESC, name)"
    name = f"CASE WHEN place <= {LISTED} THEN name ELSE '{OTHERS}' END"
    rows = query.rows(
        f"SELECT {name}, sum(n)::BIGINT FROM (SELECT name, n, {place} AS place "
        f"FROM ({sql}) AS t(name, n)) GROUP BY 1"
    )
    return listed(rows)


def listed(counts: Iterable[tuple[str | None, int]]) -> tuple[Count, ...]:
    """The same of counts that fit into memory."""
    ordered = sorted(
        ((name or "none", count) for name, count in counts),
        key=lambda item: (item[0] == OTHERS, -item[1], item[0]),
    )
    kept = [Count(name=name, count=count) for name, count in ordered[: LISTED + 1]]
    if rest := sum(count for _, count in ordered[LISTED + 1 :]):
        kept.append(Count(name=OTHERS, count=rest))
    return tuple(kept)


def binned(query: Query, sql: str, bins: int, lowest: float = 0.0) -> tuple[Bin, ...]:
    """A histogram of the column `v` of a query, from `lowest` to 1; what lies outside counts at its end.
    Nothing where there is no value."""
    width = (1 - lowest) / bins
    place = f"greatest(0, least({bins - 1}, floor((v - ({lowest})) / {width} + 1e-6)))::INTEGER"
    counts = dict(
        query.rows(f"SELECT {place}, count(*) FROM ({sql}) WHERE v IS NOT NULL GROUP BY 1")
    )
    if not counts:
        return ()
    edges = [round(lowest + number * width, 6) for number in range(bins + 1)]
    return tuple(Bin(low=edges[n], high=edges[n + 1], count=counts.get(n, 0)) for n in range(bins))


def counts_of(run: Mapping[str, Any], name: str) -> dict[str, int]:
    """Whole numbers by name in a line of a run log; a damaged line has none."""
    counts = run.get(name)
    if not isinstance(counts, Mapping):
        return {}
    return {str(key): value for key, value in counts.items() if isinstance(value, int)}
