"""All figures of a caption set."""

from pathlib import Path

from pipelines.report import counting, measured, texts
from pipelines.report.figures import Figures
from pipelines.report.query import Query, connected, views
from pipelines.report.sources import CaptionedSet


def figures(captioned: CaptionedSet) -> Figures:
    """Counts everything. Raises ReportError for a table that can't be read."""
    with connected() as query:
        views(query, captioned)
        return counted(query, captioned)


def counted(query: Query, captioned: CaptionedSet) -> Figures:
    """The same through a database with the views of the set."""
    runs = captioned.runs()
    captions = counting.captions(query)
    alike, stale = counting.similarity(query)
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
        stale=stale,
        media=media,
        duplicates=measured.duplicates(captioned),
        texts=texts.texts(query, captions.clips),
        agreement=texts.agreement(query),
        reliability=measured.reliability(Path(captioned.workspace.root)),
        effort=measured.effort(runs, media.seconds),
    )
