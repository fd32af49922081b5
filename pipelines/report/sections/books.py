"""What became of clips, and of rows of a release; what a release does not hold."""

from pipelines.report import charts
from pipelines.report.amounts import counted, counted_clips
from pipelines.report.figures import Figures
from pipelines.report.sections.parts import Figure, Section, bars, filled
from pipelines.report.shown import visible

_BOOKS = {
    "captioned": "good",
    "filtered": "second",
    "in quarantine": "bad",
    "pending": "faint",
}


_INPUTS = 10
"""Workspaces that are named."""


def books(figures: Figures) -> Section | None:
    """What became of the clips of a workspace."""
    books = figures.books
    if books is None:
        return None
    parts = [books.captioned, books.filtered, books.quarantined, books.pending]
    lead = f"{counted_clips(books.input)} = " + " + ".join(
        f"{count:,} {name}" for name, count in zip(_BOOKS, parts, strict=True)
    )
    lead += ". The books close." if books.closes else ". The books do not close."
    rows = [("clips", name, count) for name, count in zip(_BOOKS, parts, strict=True)]
    told = [
        Figure(
            "What became of the clips",
            charts.stacked(rows, _BOOKS),
            tuple((name, f"{count:,}") for _, name, count in rows),
        )
    ]
    if books.reasons:
        told.append(bars("Why clips are in quarantine", books.reasons, "bad"))
    if books.rules:
        told.append(bars("Which rule left clips out", books.rules, "second"))
    return Section("books", "Books", lead, tuple(told))


def release(figures: Figures) -> Section | None:
    """What became of the rows of a release."""
    of = figures.release
    if of is None:
        return None
    dropped = [each for each in of.dropped if each.count]
    lead = f"{of.rows:,} rows of {counted(len(of.inputs), 'captioning')} = {of.kept:,} kept"
    lead += "".join(f" + {each.count:,} left out by {each.name}" for each in dropped)
    lead += ". The books close. A row counts with the first rule that drops it."
    if of.reviews:
        lead += (
            f" Reviews of {counted(len(of.reviews), 'workspace')} were used: "
            f"{counted(of.rejected, 'row')} left because of them, and in {counted_clips(of.edited)} a "
            "reviewer wrote a caption anew."
        )
    used = tuple((visible(each.name, 200), f"reviews {each.digest}") for each in of.reviews)
    inputs = tuple(
        (visible(each.name, 200), f"{each.kept:,} of {each.rows:,} rows kept") for each in of.inputs
    )
    told = [
        bars("Why rows were left out", dropped, "second"),
        bars("Splits", of.splits),
        bars("Classes of licence", of.classes),
        Figure("What it was built of", texts=inputs),
        Figure("Reviews that were used", texts=used, note=_USED if used else ""),
    ]
    return Section("books", "Books", lead, filled(told))


_USED = "By the digest of all reviews of a workspace when the release was built."


def absent(figures: Figures) -> Section | None:
    """What a release does not hold, so that nobody takes it for nothing."""
    of = figures.release
    if of is None:
        return None
    absent = [
        "which replies of the LLM were refused or doubted, and which attempt wrote a caption",
        "clips in quarantine, filtered or pending",
        "similarities, reliability, speed and cost",
    ]
    if figures.reviews is None:
        absent.append("what people say of it (--reviews names the folder that holds it)")
    absent += [
        f"its {side}" for side in ("claims", "evidence", "embeddings") if side not in of.sides
    ]
    names = ", ".join(visible(each.name, 60) for each in of.inputs[:_INPUTS])
    lead = (
        f"A release does not hold: {'; '.join(absent)}. For these make a report of its workspaces"
    )
    return Section("absent", "What is not in it", f"{lead}: {names}.", ())
