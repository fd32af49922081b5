"""Makes a report: figures of a caption set, what differs from another, gates, and the clips to show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.kinds import SPANS
from manifests.workspace import Workspace
from pipelines import spans
from pipelines.preview import Preview, Previews
from pipelines.report import cards, compare, counting, galleries, measured, page, reviewed, texts
from pipelines.report.figures import Figures
from pipelines.report.gate import Gate, check
from pipelines.report.page import Report
from pipelines.report.query import Query, ReportError, connected
from pipelines.report.released import ReleasedSet, opened
from pipelines.report.scalars import scalars
from pipelines.report.sources import CaptionedSet, Reported
from pipelines.report.verdict import verdict


@dataclass(frozen=True, slots=True)
class Made:
    """A report, and what decoding the clips that it shows needs: rows of the listing; of a release of its
    data."""

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


def make(
    root: Path,
    against: Path | None,
    gates: Sequence[Gate],
    reviews: Path | None = None,
    gpu_price: float | None = None,
) -> Made:
    """Counts and chooses everything. root: of a workspace or a release; against: of another one with
    captions of the same clips; reviews: the folder of a release's reviews; gpu_price: of one GPU for one
    hour. Raises ReportError, GateError, WorkspaceError, ReleaseError, ReviewError."""
    reported = opened(root)
    place = reviewed.place_of(reported, reviews)
    captioned = reported if isinstance(reported, CaptionedSet) else None
    other = None if against is None else opened(against)
    theirs = None if other is None else figures(other)
    with connected() as query:
        ours = _priced(counted(query, reported, place), gpu_price)
        comparison = None
        if other is not None and theirs is not None:
            names = compare.apart(reported, other)
            ours, theirs = (
                each.model_copy(update={"name": name})
                for each, name in zip((ours, theirs), names, strict=True)
            )
            comparison = compare.compare(query, ours, other, theirs, place)
        failures = check(gates, scalars(ours), None if theirs is None else scalars(theirs))
        shown = galleries.galleries(query, reported, comparison, other)
        with_media = cards.with_media(shown)
        clips = tuple(reported.listed(query, with_media))
        localized = _localized(query, captioned, [row["clip_id"] for row in with_media])
    return Made(Report(ours, tuple(failures), comparison, shown, localized), clips)


def _priced(ours: Figures, gpu_price: float | None) -> Figures:
    """The figures with a price of GPUs. Raises ReportError where no run log says what was used."""
    if gpu_price is None:
        return ours
    if ours.effort is None:
        raise ReportError(
            f"{ours.name} has no run log, so it can't be told what GPUs it took: leave out --gpu-price"
            + (", or name it for its workspaces" if ours.release else "")
        )
    return ours.model_copy(
        update={"effort": ours.effort.model_copy(update={"gpu_price": gpu_price})}
    )


def _localized(
    query: Query, captioned: CaptionedSet | None, ids: Sequence[str]
) -> dict[tuple[str, str], spans.Localized]:
    """Claims of clips as `captionmill localize` found them; none where it did not run."""
    if captioned is None or not ids:
        return {}
    place, state = captioned.workspace, captioned.state
    job = spans.newest_about(place, state, captioned.job.digest)
    if job is None:
        return {}
    query.show("spans", SPANS.name, place.root, tuple(state.files(SPANS.name, job=job)))
    marks = ", ".join("?" for _ in ids)
    return spans.by_key(query.named(f"SELECT * FROM spans WHERE clip_id IN ({marks})", ids))


def figures(reported: Reported, reviews: Path | None = None) -> Figures:
    """Counts everything of a set. reviews: the folder of a release's reviews. Raises ReportError for a
    table that can't be read."""
    with connected() as query:
        return counted(query, reported, reviewed.place_of(reported, reviews))


def counted(query: Query, reported: Reported, place: Workspace | None) -> Figures:
    """The same through an empty database, which has the views of the set then. place: that holds the
    reviews."""
    reported.score(query)
    reported.sample(query)
    captioned = reported if isinstance(reported, CaptionedSet) else None
    runs = [] if captioned is None else captioned.runs()
    captions = counting.captions(query, None if captioned is None else captioned.first_rung)
    alike, uncompared = counting.similarity(query)
    media = counting.media(query, measured.domains(query))
    return Figures(
        name=reported.name,
        job=reported.digest,
        made=reported.made,
        books=None if captioned is None else counting.books(query, captioned),
        release=reported.figures(query) if isinstance(reported, ReleasedSet) else None,
        captions=captions,
        refusals=counting.refusals(query, runs),
        claims=counting.claims(query),
        similarity=alike,
        uncompared=uncompared,
        media=media,
        duplicates=measured.duplicates(reported),
        texts=texts.texts(query, captions.clips),
        agreement=texts.agreement(query),
        reliability=None if captioned is None else measured.reliability(captioned.root),
        effort=measured.effort(runs, media.seconds),
        reviews=reviewed.reviews(query, reported, place),
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
