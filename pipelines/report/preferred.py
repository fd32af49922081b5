"""Which of two caption sets people prefer, in words, and of the sets of a report."""

from collections.abc import Iterator

from manifests.workspace import Workspace
from pipelines.report.amounts import counted, counted_clips
from pipelines.report.query import Query
from pipelines.report.scalars import percent
from pipelines.report.shown import visible
from pipelines.reviews.compared import Preference, clips_of, counts, preference
from pipelines.reviews.compared import counted as by_captions
from pipelines.reviews.intervals import Rate
from pipelines.reviews.stored import COMPARISONS, stored

_TEXTS = ("audio_caption", "visual_caption", "audio_visual_caption")


def people(
    query: Query, workspace: Workspace, own: str, other: str, ours: str, theirs: str
) -> Preference | None:
    """What people say of a report's set against another; None where they compared nothing. ours, theirs:
    views of their captions. Raises ReportError, ReviewError, CommitError."""
    said = stored(workspace, COMPARISONS)
    if not said.num_rows:
        return None
    differ = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in _TEXTS)
    ours_any, theirs_any = (
        f"coalesce({', '.join(f'{t}.{name}' for name in _TEXTS)}) IS NOT NULL" for t in "ab"
    )
    clips = by_captions(
        query.row(
            f"SELECT {counts(ours_any, theirs_any, differ)} "
            f"FROM {ours} a FULL JOIN {theirs} b USING (clip_id)"
        )
    )
    rows = query.rows(
        f"SELECT clip_id, a.caption_digest, b.caption_digest "
        f"FROM {ours} a JOIN {theirs} b USING (clip_id) WHERE {ours_any} AND {theirs_any} AND ({differ}) "
        "AND list_contains(?, clip_id)",
        [clips_of(said)],
    )
    pairs = {clip: (first, second) for clip, first, second in rows}
    told = preference(own, other, said, pairs, clips)
    return told if told.judged else None


def lines(of: Preference) -> Iterator[tuple[str, str]]:
    """What it says, for people: name and value."""
    yield "compared", f"{visible(of.own, 120)} against {visible(of.other, 120)}"
    asked = f"{of.judged:,} of {of.clips:,} clips whose captions differ"
    yield "judged blind", asked
    if unasked := not_asked(of.same, of.only_own + of.only_other):
        yield "not asked about", unasked
    if of.only_own or of.only_other:
        first, second = counted_clips(of.only_own), counted_clips(of.only_other)
        told = f"only the first on {first}, only the second on {second}"
        yield "has a caption", f"{told}; the win rate does not count them"
    if not of.judged or of.sign is None:
        return
    yield "better", share(of.win)
    yield "as good", share(of.tie)
    yield "worse", share(of.loss)
    yield "win rate, (wins + ties / 2) / judged", share(of.score)
    yield "sign test", f"p = {of.sign:.2g} (wins against losses, two-sided, without ties)"
    if len(of.reviewers) > 1:
        told = f"{len(of.reviewers)}"
        if of.alike.of:
            told += f"; on {of.alike.of:,} clips that several judged, all alike: {share(of.alike)}"
        yield "reviewers", told
    if of.others:
        yield "not counted", f"{counted(of.others, 'comparison')} of other captions"


def not_asked(same: int, only_one: int) -> str:
    """Why some clips are not compared, for people; empty where all are."""
    told = [
        (same, "with the same captions in both sets"),
        (only_one, "where only one set has a caption"),
    ]
    return "; ".join(f"{counted_clips(count)} {why}" for count, why in told if count)


def _half(count: float) -> str:
    """A number of clips, of which ties may count half."""
    return f"{count:,.1f}".removesuffix(".0")


def share(of: Rate) -> str:
    """A share with its interval."""
    if of.share is None or of.low is None or of.high is None:
        return "unknown"
    low, high = percent(of.low), percent(of.high)
    return f"{percent(of.share)} ({_half(of.count)} of {of.of:,}; 95% interval {low} to {high})"
