"""The report as one HTML file that needs no network and runs no script.

The page's own policy forbids scripts, so that no text in it could run even if it were not escaped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import IO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from manifests.atomic import replacing
from pipelines.preview import Preview
from pipelines.report.amounts import counted_clips, hours
from pipelines.report.cards import Cards, cards
from pipelines.report.compare import Comparison, Share
from pipelines.report.figures import Figures
from pipelines.report.galleries import Gallery
from pipelines.report.gate import Failure
from pipelines.report.preferred import lines
from pipelines.report.query import ReportError
from pipelines.report.scalars import SCALARS, percent, scalars
from pipelines.report.sections import sections
from pipelines.report.shown import visible
from pipelines.report.verdict import LIMITS, verdict
from pipelines.spans import Localized

MARK = "<!doctype html>\n<!-- captionmill report -->"
"""What a report begins with: a file that begins otherwise is not written over."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a page tells. localized: claims, by the `pipelines.spans.key` of their captions."""

    figures: Figures
    failures: tuple[Failure, ...] = ()
    comparison: Comparison | None = None
    galleries: tuple[Gallery, ...] = ()
    localized: Mapping[tuple[str, str], Localized] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the first screen, what it is, and whether it is one to look at."""

    value: str
    title: str
    note: str
    place: str


def write(path: Path, report: Report, previews: Mapping[str, Preview]) -> int:
    """Writes the page; its bytes. previews: by clip id. Raises ReportError for a file that is no report
    of ours, OSError."""
    require_ours(path)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        _render(file, report, previews)
    return path.stat().st_size


def require_ours(path: Path) -> None:
    """Raises ReportError where there is something at a path that is no report."""
    if path.is_dir():
        raise ReportError(f"{path} is a folder: name a file with -o")
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(MARK)) != MARK.encode():
                raise ReportError(f"{path} is no report of captionmill: name another file with -o")


def environment() -> Environment:
    """Where templates of the page are found; they escape all text."""
    made = Environment(
        loader=PackageLoader("pipelines.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"visible": visible, "percent": percent}
    # Names of figures are broken after an underscore, where they are too wide.
    made.filters["name"] = lambda name: Markup("_<wbr>").join(name.split("_"))
    # Drawings of ours, in which every text is escaped.
    made.filters["drawing"] = Markup
    return made


def _render(file: IO[str], report: Report, previews: Mapping[str, Preview]) -> None:
    style = (files("pipelines.report") / "templates" / "style.css").read_text("utf-8")
    figures = report.figures
    template = environment().get_template("report.html")
    stream = template.stream(
        style=Markup(style),
        figures=figures,
        verdict=verdict(figures, report.failures),
        tiles=list(_tiles(figures)),
        summary=_summary(figures),
        sections=sections(figures),
        all_figures=list(_all(figures, report.comparison)),
        comparison=report.comparison,
        comparison_told=None if report.comparison is None else _told(report.comparison),
        galleries=_titled(cards(report.galleries, previews, report.localized)),
        limits=list(_limits()),
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    stream.enable_buffering(50)
    file.writelines(stream)


def _titled(made: Sequence[Cards]) -> list[Cards]:
    return [each for each in made if each.cards]


def _summary(figures: Figures) -> str:
    """What the set is, in one sentence."""
    of = figures.captions
    told = f"{of.captions:,} captions of {counted_clips(of.clips - of.uncaptioned)}"
    length = hours(figures.media.seconds)
    return f"{told}; {length} of media, captioned {figures.made}."


def _tiles(figures: Figures) -> Iterator[Tile]:
    values = scalars(figures)

    def told(name: str) -> str:
        return SCALARS[name].text(values[name])

    of, books, release = figures.captions, figures.books, figures.release
    if books is not None:
        yield Tile(
            f"{of.clips - of.uncaptioned:,} of {books.input:,}",
            "clips have captions",
            f"{books.quarantined:,} in quarantine, {books.pending:,} pending",
            "books",
        )
    if release is not None:
        kept = percent(release.kept / release.rows) if release.rows else "none"
        note = f"{kept} of {release.rows:,} rows were kept"
        yield Tile(f"{release.kept:,}", "clips of the release", note, "books")
    support = None if values["unsupported"] is None else 1 - values["unsupported"]
    yield Tile(
        "not measured" if support is None else percent(support),
        "of claims are supported",
        _unsupported(figures),
        "claims",
    )
    of_what = "confidence of clips" if support is None else "probability of supported claims"
    yield Tile(told("confidence"), f"mean {of_what}", "1 is certain", "claims")
    llm = None if values["template"] is None else 1 - values["template"]
    yield Tile(
        "none" if llm is None else percent(llm),
        "of captions by the LLM",
        "the others by the template",
        "captions",
    )
    if figures.refusals is not None:
        note = "and were asked again"
        yield Tile(told("refused"), "of clips had a reply refused", note, "refusals")
    yield Tile(told("repeated"), "of captions are not unique", "word for word", "texts")
    yield Tile(told("duplicates"), "of clips look like another", "near duplicates", "media")
    if release is not None:
        return
    similar = [values["similarity_audio"], values["similarity_visual"]]
    numbers = " / ".join("-" if value is None else f"{value:.3f}" for value in similar)
    yield Tile(
        "not measured" if similar == [None, None] else numbers,
        "similarity of sound / picture to captions",
        "0 is chance",
        "similarity" if figures.similarity else "all",
    )


def _unsupported(figures: Figures) -> str:
    of = figures.claims
    if of.claims is None or of.unsupported is None:
        return "claims are not in this release"
    return f"{of.unsupported:,} of {of.claims:,} are not"


def _all(
    figures: Figures, comparison: Comparison | None
) -> Iterator[tuple[str, str, str, str, str]]:
    """Every figure that gates know: name, value, the other set's, whether that is better, what it is."""
    before = {} if comparison is None else {d.name: d.before for d in comparison.differences}
    for name, value in scalars(figures).items():
        scalar, other = SCALARS[name], before.get(name)
        way = ""
        if (
            value is not None
            and other is not None
            and scalar.better != "neither"
            and value != other
        ):
            way = "better" if (value > other) == (scalar.better == "more") else "worse"
        yield name, scalar.text(value), scalar.text(other) if before else "", way, scalar.doc


def _told(comparison: Comparison) -> list[tuple[str, str]]:
    """What changed, as rows of a table."""
    return [
        ("clips in both sets", f"{comparison.both:,}"),
        ("only here", f"{comparison.only_here:,}"),
        (f"only in {visible(comparison.other, 100)}", f"{comparison.only_there:,}"),
        ("of those in both, with the same texts", f"{comparison.same:,}"),
        ("captions gained", f"{comparison.gained:,}"),
        ("captions lost", f"{comparison.lost:,}"),
        ("clips judged (with claims in both)", f"{comparison.judged:,}"),
        ("better", _interval(comparison.better)),
        ("worse", _interval(comparison.worse)),
        ("no difference", _interval(comparison.tied)),
        *(
            (f"people: {name}", value)
            for name, value in ([] if comparison.people is None else lines(comparison.people))
        ),
    ]


def _interval(share: Share) -> str:
    if share.share is None or share.low is None or share.high is None:
        return f"{share.count:,}"
    low, high = percent(share.low), percent(share.high)
    return f"{share.count:,} ({percent(share.share)}; 95% interval {low} to {high})"


def _limits() -> Iterator[str]:
    for name, (side, limit, _) in LIMITS.items():
        where = " (in a release without claims)" if name == "support" else ""
        yield f"{name} {side} {SCALARS[name].text(limit)}{where}"
