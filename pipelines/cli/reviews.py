"""`captionmill reviews`: plans of what to review, and what people said of captions, as files."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import Json, Reviews, Root, WorkspaceOrRelease, errors, opened
from pipelines.terminal import counted, say, say_json

reviews_app = typer.Typer(
    help="Reviews of captions: plan them, export them, import them.", no_args_is_help=True
)
_File = Annotated[Path, typer.Argument(metavar="FILE", help="Its name ends in .jsonl or .csv.")]
_Comparisons = Annotated[
    bool,
    typer.Option("--comparisons", help="What captionmill inspect --against stored, not reviews."),
]


@reviews_app.command("export")
def reviews_export(workspace: Root, file: _File, comparisons: _Comparisons = False) -> None:
    """Write the reviews that count: of each reviewer the last one of a clip's captions."""
    with errors():
        from pipelines.reviews.exchange import export, require_no_release
        from pipelines.reviews.stored import COMPARISONS, REVIEWS

        require_no_release(workspace)
        place, _ = opened(workspace)
        of = COMPARISONS if comparisons else REVIEWS
        say(f"{file}: {counted(export(place, file, of), of.name)}")


@reviews_app.command("import")
def reviews_import(workspace: Root, file: _File, comparisons: _Comparisons = False) -> None:
    """Add reviews to a workspace: all of a file, or none where a line can't be read."""
    with errors():
        from pipelines.reviews.exchange import load, require_no_release
        from pipelines.reviews.stored import COMPARISONS, REVIEWS

        require_no_release(workspace)
        place, _ = opened(workspace)
        of = COMPARISONS if comparisons else REVIEWS
        loaded = load(place, file, of)
        say(f"{counted(loaded.rows, of.name)}, {loaded.fresh:,} of them new")
        if loaded.elsewhere:
            say(f"{loaded.elsewhere:,} of them are of clips that {workspace} has no captions of")


@reviews_app.command("plan")
def reviews_plan(
    folder: WorkspaceOrRelease,
    interval: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="How far a share may be off to each side, with 95 % probability. Default: 5%.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="So many of each value of a column, such as domain."),
    ] = None,
    worst: Annotated[
        bool, typer.Option("--worst", help="The worst first, in place of a sample. Default: 100.")
    ] = False,
    clips: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="So many clips, in place of --interval."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the plan. Default: how it is drawn.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one draws other clips.")] = 0,
    reviews: Reviews = None,
) -> None:
    """Draw the clips to review: at random, so many of each kind, or the worst first."""
    if by and worst:
        raise typer.BadParameter("--by draws at random and --worst does not: leave one out")
    if interval and (clips or worst):
        raise typer.BadParameter("--interval says how many clips are needed: leave one out")
    count = clips or (100 if worst else None)
    half = None if count else _half(interval or "5%")
    with errors():
        from pipelines.inspect.planned import make
        from pipelines.inspect.serve import reviews_of
        from pipelines.inspect.sets import InspectError, inspected

        shown = inspected(folder)
        workspace = reviews_of(shown, reviews)
        if workspace is None:
            raise InspectError("a release is never changed: name a folder with --reviews")
        plan = make(
            shown,
            workspace,
            name,
            by,
            worst,
            half,
            count,
            seed,
            lambda line: say(line, err=True),
        )
        beside = f" --reviews {reviews}" if reviews else ""
        for stratum in plan.strata:
            of = f"{plan.by} {stratum.value}" if plan.by else "captioned"
            say(f"{counted(stratum.clips, 'clip')} of {stratum.size:,} {of}")
        say(f"look at them: captionmill inspect {folder}{beside} --plan {plan.name}")


@reviews_app.command("compare")
def reviews_compare(
    folder: WorkspaceOrRelease,
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", help="As with captionmill inspect --against: a folder, or a job."
        ),
    ],
    reviews: Reviews = None,
    as_json: Json = False,
) -> None:
    """Tell which of two caption sets people prefer: what captionmill inspect --against stored."""
    with errors():
        from pipelines.inspect.pairs import other_of, preferred
        from pipelines.inspect.serve import reviews_of
        from pipelines.inspect.sets import InspectError, inspected
        from pipelines.report.preferred import lines

        shown = inspected(folder)
        workspace = reviews_of(shown, reviews)
        if workspace is None:
            raise InspectError("comparisons of a release lie in a folder: name it with --reviews")
        told = preferred(shown, other_of(shown, other), workspace, lambda line: say(line, err=True))
        if as_json:
            say_json(told.model_dump(mode="json"))
        for name, value in [] if as_json else lines(told):
            say(f"{name}: {value}")
        if not told.judged:
            say(
                f"comparisons are looked for in {workspace.root}: name first the set that captionmill "
                "inspect --against was started on",
                err=True,
            )


def _half(text: str) -> float:
    """A share such as 3% or 0.03."""
    number = text.removesuffix("%")
    try:
        half = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        half = 0.0
    if not 0.001 <= half <= 0.5:
        raise typer.BadParameter(f"--interval {text!r}: write a share such as 3%, from 0.1% to 50%")
    return half
