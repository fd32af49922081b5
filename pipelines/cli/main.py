"""The command line. Heavy imports wait until a command needs them, so that `--help` is quick."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine import torch_cpu
from pipelines.cli.caption import caption, plan
from pipelines.cli.check import check
from pipelines.cli.diff import diff
from pipelines.cli.embed import embed
from pipelines.cli.evaluate import evaluate
from pipelines.cli.inspect import inspect
from pipelines.cli.localize import localize
from pipelines.cli.map import map_
from pipelines.cli.models import models_app
from pipelines.cli.prompt import prompt_app
from pipelines.cli.push import push
from pipelines.cli.quarantine import quarantine_app
from pipelines.cli.rebuild import rebuild
from pipelines.cli.report import report
from pipelines.cli.reviews import reviews_app
from pipelines.cli.search import duplicates, search
from pipelines.cli.terminal import Json, Profile, Root, default_profile, errors, opened
from pipelines.cli.train import train_app
from pipelines.cli.verify import verify
from pipelines.terminal import fail, say, say_json

app = typer.Typer(
    name="captionmill",
    help="Write three captions for every clip: what is heard, what is seen, and both together.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(caption)
app.command()(plan)
app.command()(check)
app.command()(search)
app.command()(duplicates)
app.command()(embed)
app.command()(evaluate)
app.command()(localize)
app.command()(rebuild)
app.command()(verify)
app.command()(diff)
app.command()(push)
app.command()(report)
app.command()(inspect)
app.command("map")(map_)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(models_app, name="models")
app.add_typer(prompt_app, name="prompt")
app.add_typer(reviews_app, name="reviews")
app.add_typer(train_app, name="train")


@app.command()
def selfcheck(profile: Profile = None, as_json: Json = False) -> None:
    """Ask each model of a profile about a clip whose content is known."""
    with errors():
        from engine.profile.profile import load
        from pipelines import selfcheck as checks
        from pipelines.caption.stage import CaptionStage

        def show_line(checked: checks.Checked) -> None:
            if not as_json:
                say(checks.line(checked))

        outcomes = checks.selfcheck(CaptionStage(load(profile or default_profile())), show_line)
        if as_json:
            say_json(checks.to_json(outcomes))
        if any(checked.outcome in ("FAILED", "not here") for checked in outcomes):
            raise typer.Exit(1)


@app.command()
def status(workspace: Root, as_json: Json = False) -> None:
    """Show the books of a workspace: input = captioned + filtered + quarantined + pending."""
    with errors():
        from pipelines.cli import summary
        from pipelines.status import jobs, uncompared

        place, state = opened(workspace)
        every_job = jobs(place, state)
        captions = [job for job in every_job if job.stage == "caption"]
        missing = uncompared(every_job, captions[-1]) if captions else None
        if as_json:
            listed = [job.to_json() for job in every_job]
            say_json({"workspace": str(place.root), "jobs": listed, "uncompared": missing})
        elif not every_job:
            say("nothing has been captioned here yet")
        for job in [] if as_json else every_job:
            say(summary.status(job))
        if missing and not as_json:
            say(summary.uncompared(missing, place.root))
        if not all(job.books.close for job in every_job):
            raise typer.Exit(1)


@app.command()
def show(
    workspace: Root,
    clip: Annotated[
        str | None,
        typer.Argument(
            metavar="CLIP", help="A clip id or its first digits, or part of a file name."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many clips.")] = 20,
    as_json: Json = False,
) -> None:
    """Show captions, and for one clip all the evidence behind them."""
    with errors():
        from pipelines import show as viewer
        from pipelines.status import newest

        place, state = opened(workspace)
        rows = viewer.find(place, state, newest(place, state), clip, limit)
        if not rows:
            fail(f"no captioned clip matches {clip!r}" if clip else "no clip is captioned yet")
        if as_json:
            say_json(rows)
        else:
            for line in viewer.lines(rows, whole=clip is not None):
                say(line)


@app.command()
def spans(
    workspace: Root,
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="Parquet file to write; it must not exist.")
    ],
    as_json: Json = False,
) -> None:
    """Export what captions claim, and when in the clip, as labels for training on frames."""
    with errors():
        from pipelines import spans as exporting
        from pipelines.status import newest

        place, state = opened(workspace)
        exported = exporting.export(place, state, newest(place, state), target)
        if as_json:
            say_json({**asdict(exported), "file": str(exported.file)})
        else:
            say(exported.text())


@app.command()
def calibrate(
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="LABELLED",
            help="CSV, JSON lines or Parquet with file and true; "
            "optionally false, unsure, origin, complete.",
        ),
    ],
    workspace: Root,
    as_json: Json = False,
) -> None:
    """Fit confidences to captioned media of known content, and report how good they are."""
    with errors():
        from pipelines.calibrate import calibrate as fitting

        place, state = opened(workspace)
        report = fitting.calibrate(labelled, place, state)
        if as_json:
            say_json(report.to_json())
        else:
            say(report.text())


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder for the clips.")],
) -> None:
    """Build a handful of sample clips with sound from free media."""
    with errors():
        from captioners.weights.cache import Cache
        from pipelines.samples import PACKS, build

        cache = Cache()
        for pack in PACKS:
            cache.fetch(pack)
        for path in build(folder, cache):
            say(str(path))


def main() -> None:
    """Entry point of the command `captionmill`."""
    torch_cpu.switch_on()
    app(prog_name="captionmill")  # `python -m captionmill` would be called captionmill.py
