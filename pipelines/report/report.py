"""Makes a report: figures of a caption set, what differs from another, gates, and the clips to show."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.kinds import CLIPS, SPANS
from pipelines import spans
from pipelines.preview import Preview, Previews
from pipelines.report import cards, compare, counting, galleries, measured, page, reviewed, texts
from pipelines.report.figures import Figures
from pipelines.report.gate import Gate, check
from pipelines.report.page import Report
from pipelines.report.query import Query, connected, views
from pipelines.report.scalars import scalars
from pipelines.report.sources import CaptionedSet
from pipelines.report.verdict import verdict


@dataclass(frozen=True, slots=True)
class Made:
    """A report, and rows of the listing of the clips that it shows."""

    report: Report
    clips: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        report = self.report
        answer = verdict(report.figures, report.failures)
        comparison = report.comparison
        return {
            "answer": answer.level,
            "findings": [{"level": each.level, "text": each.text} for each in answer.findings],
            "failures": [failure.to_json() for failure in report.failures],
            "scalars": scalars(report.figures),
            "figures": report.figures.model_dump(mode="json"),
            "comparison": None if comparison is None else comparison.model_dump(mode="json"),
            "galleries": cards.as_json(report.galleries),
        }


def make(root: Path, against: Path | None, gates: Sequence[Gate]) -> Made:
    """Counts and chooses everything. against: another workspace with captions of the same clips. Raises
    ReportError, GateError, WorkspaceError."""
    captioned = CaptionedSet.open(root)
    other = None if against is None else CaptionedSet.open(against)
    theirs = None if other is None else figures(other)
    with connected() as query:
        views(query, captioned)
        ours = counted(query, captioned)
        comparison = None
        if other is not None and theirs is not None:
            comparison = compare.compare(query, ours, other, theirs, captioned.workspace)
        failures = check(gates, scalars(ours), None if theirs is None else scalars(theirs))
        shown = galleries.galleries(query, captioned, comparison, other)
        ids = cards.clips_of(shown)
        clips = tuple(_listed(query, captioned, ids))
        localized = _localized(query, captioned, ids)
    return Made(Report(ours, tuple(failures), comparison, shown, localized), clips)


def _listed(query: Query, captioned: CaptionedSet, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of the listing by clip id, once each."""
    if ids:
        query.show("clips", CLIPS.name, captioned.workspace.root, captioned.clips())
        marks = ", ".join("?" for _ in ids)
        wanted = f"SELECT * FROM clips WHERE clip_id IN ({marks}) ORDER BY clip_id"
        yield from {row["clip_id"]: row for row in query.named(wanted, ids)}.values()


def _localized(
    query: Query, captioned: CaptionedSet, ids: Sequence[str]
) -> dict[tuple[str, str], spans.Localized]:
    """Claims of clips as `captionmill localize` found them; none where it did not run."""
    place, state = captioned.workspace, captioned.state
    job = spans.newest_about(place, state, captioned.job.digest)
    if job is None or not ids:
        return {}
    query.show("spans", SPANS.name, place.root, tuple(state.files(SPANS.name, job=job)))
    marks = ", ".join("?" for _ in ids)
    return spans.by_key(query.named(f"SELECT * FROM spans WHERE clip_id IN ({marks})", ids))


def figures(captioned: CaptionedSet) -> Figures:
    """Counts everything of a set. Raises ReportError for a table that can't be read."""
    with connected() as query:
        views(query, captioned)
        return counted(query, captioned)


def counted(query: Query, captioned: CaptionedSet) -> Figures:
    """The same through a database with the views of the set."""
    runs = captioned.runs()
    captions = counting.captions(query)
    alike, uncompared = counting.similarity(query)
    media = counting.media(query, measured.domains(query))
    return Figures(
        name=captioned.name,
        job=captioned.job.digest,
        profile=captioned.job.profile,
        books=counting.books(query, captioned),
        captions=captions,
        refusals=counting.refusals(query, runs),
        claims=counting.claims(query),
        similarity=alike,
        uncompared=uncompared,
        media=media,
        duplicates=measured.duplicates(captioned),
        texts=texts.texts(query, captions.clips),
        agreement=texts.agreement(query),
        reliability=measured.reliability(captioned.workspace.root),
        effort=measured.effort(runs, media.seconds),
        reviews=reviewed.reviews(query, captioned.workspace),
    )


def write(made: Made, target: Path, workers: int, told: Callable[[int, int], None]) -> int:
    """Makes the players and pictures of the clips, then the page; its bytes. told: is called with clips
    done and all of them. Raises ReportError, OSError."""
    page.require_ours(target)
    previews: dict[str, Preview] = {}
    if made.clips:
        with Previews(workers) as making:
            for row, preview in making.each(made.clips):
                previews[row["clip_id"]] = preview
                told(len(previews), len(made.clips))
    return page.write(target, made.report, previews)
