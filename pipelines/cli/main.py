"""The command line. Heavy imports wait until a command needs them: `--help` answers at once."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import torch_cpu
from pipelines.cli.models import models_app
from pipelines.cli.prompt import prompt_app
from pipelines.cli.terminal import (
    Json,
    Profile,
    Root,
    default_profile,
    errors,
    fail,
    opened,
    say_json,
)

_PE_AV = "hub:facebook/pe-av-large"

app = typer.Typer(
    name="captionmill",
    help="Three captions for every clip: what is heard, what is seen, what both tell together.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
quarantine_app = typer.Typer(
    help="Clips that could not be worked: why, and a second try.", no_args_is_help=True
)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(models_app, name="models")
app.add_typer(prompt_app, name="prompt")


@app.command()
def caption(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Folders (with all below), files, or globs."),
    ],
    workspace: Annotated[
        Path, typer.Argument(metavar="WORKSPACE", help="Folder for the result; made if need be.")
    ],
    profile: Profile = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="No more than this many clips in the workspace.")
    ] = None,
    max_hours: Annotated[
        float | None, typer.Option(min=0, help="Stop cleanly after so many hours.")
    ] = None,
    max_budget: Annotated[
        float | None, typer.Option(min=0, help="Stop cleanly when so much is spent (--gpu-price).")
    ] = None,
    gpu_price: Annotated[
        float | None, typer.Option(min=0, help="What one GPU costs for an hour.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is to do; write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Caption clips. The same command again goes on where it stopped, and does nothing twice."""
    with errors():
        if dry_run:
            _preview(sources, profile, limit, as_json)
            return
        from engine.run.limit import Limit
        from pipelines.caption import run as stage1
        from pipelines.cli.progress import Watch

        if max_budget is not None and not gpu_price:
            fail("--max-budget needs --gpu-price: what one GPU costs for an hour")
        until = Limit(max_hours, max_budget, gpu_price)
        used = profile or default_profile()
        with Watch(quiet=as_json) as watch:
            result = stage1.caption(
                sources, workspace, used, limit, watch.show, watch.listed, until
            )
        _report(result, as_json)


@app.command()
def plan(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Folders (with all below), files, or globs."),
    ],
    profile: Profile = None,
    sample: Annotated[int, typer.Option(min=2, help="Clips that are captioned for it.")] = 50,
    gpus: Annotated[
        float | None, typer.Option(min=0, help="GPUs of the whole run, if not those of here.")
    ] = None,
    gpu_price: Annotated[
        float | None, typer.Option(min=0, help="What one GPU costs for an hour.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="WORKSPACE", help="Keep it there: the run will be told beside it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Caption a sample and tell what all will take: time, GPUs, money, and what it waits for."""
    with errors():
        from manifests.workspace import Workspace
        from pipelines import plan as planning
        from pipelines.cli.progress import Watch

        used = profile or default_profile()
        with Watch(quiet=as_json) as watch:
            found = planning.plan(sources, used, sample, gpus, gpu_price, watch.show)
        if keep is not None:
            planning.keep(found, Workspace.create(keep))
        if as_json:
            say_json(found.to_json())
        else:
            typer.echo(planning.text(found))


@app.command()
def selfcheck(
    profile: Profile = None,
    audiocaps: Annotated[
        Path | None,
        typer.Option(
            metavar="LIST.csv",
            help="Instead: PE-AV's text-to-sound R@1 over a set of yours (columns file, caption).",
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="The PE-AV that --audiocaps measures.")] = _PE_AV,
    as_json: Json = False,
) -> None:
    """Ask each model of a profile about a clip whose content is known."""
    with errors():
        if audiocaps is not None:
            from dataclasses import asdict

            from pipelines import retrieval

            measured = retrieval.audio_retrieval(audiocaps, model)
            if as_json:
                say_json(asdict(measured))
            else:
                typer.echo(retrieval.line(measured))
            return
        from engine.profile.profile import load
        from pipelines import selfcheck as checks
        from pipelines.caption.stage import CaptionStage

        def told(checked: checks.Checked) -> None:
            if not as_json:
                typer.echo(checks.line(checked))

        found = checks.selfcheck(CaptionStage(load(profile or default_profile())), told)
        if as_json:
            say_json(checks.to_json(found))
        if any(checked.outcome in ("FAILED", "not here") for checked in found):
            raise typer.Exit(1)


@app.command()
def status(workspace: Root, as_json: Json = False) -> None:
    """The books of a workspace: input = captioned + filtered + quarantined + pending."""
    with errors():
        from pipelines.cli import summary
        from pipelines.status import jobs

        place, state = opened(workspace)
        found = jobs(place, state)
        if as_json:
            say_json({"workspace": str(place.root), "jobs": [job.to_json() for job in found]})
        elif not found:
            typer.echo("nothing was captioned here yet")
        for job in [] if as_json else found:
            typer.echo(summary.status(job))
        if not all(job.books.close for job in found):
            raise typer.Exit(1)


@app.command()
def verify(workspace: Root, as_json: Json = False) -> None:
    """Check everything that can be checked; exit status 1 and a list when anything is off."""
    with errors():
        from pipelines.verify import verify_workspace

        place, state = opened(workspace)
        report = verify_workspace(place, state)
        if as_json:
            say_json(report.to_json())
        else:
            typer.echo(report.text())
        if report.problems:
            raise typer.Exit(1)


@app.command()
def show(
    workspace: Root,
    clip: Annotated[
        str | None,
        typer.Argument(help="A clip id (its first digits do), or part of a file name."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="No more than this many clips.")] = 20,
    as_json: Json = False,
) -> None:
    """Captions, above all the evidence that they were written from."""
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
            viewer.render(rows, whole=clip is not None)


@app.command()
def spans(
    workspace: Root,
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="Parquet file to write; it must not exist.")
    ],
    as_json: Json = False,
) -> None:
    """What captions claim and when in the clip, as labels for training on frames."""
    with errors():
        from pipelines import spans as exporting
        from pipelines.status import newest

        place, state = opened(workspace)
        found = exporting.export(place, state, newest(place, state), target)
        if as_json:
            say_json({**asdict(found), "file": str(found.file)})
        else:
            typer.echo(found.text())


@app.command()
def calibrate(
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="LABELLED",
            help="CSV, JSON lines or Parquet: file and true; also false, unsure, origin, complete.",
        ),
    ],
    workspace: Root,
    as_json: Json = False,
) -> None:
    """Fit confidences to media of known content that a workspace has captioned; say how good they are."""
    with errors():
        from pipelines.calibrate import calibrate as fitting

        place, state = opened(workspace)
        report = fitting.calibrate(labelled, place, state)
        if as_json:
            say_json(report.to_json())
        else:
            typer.echo(report.text())


@quarantine_app.command("list")
def quarantine_list(workspace: Root, as_json: Json = False) -> None:
    """Every clip in quarantine, with stage and reason."""
    with errors():
        from pipelines import quarantine
        from pipelines.cli import summary
        from pipelines.status import newest

        place, state = opened(workspace)
        found = list(quarantine.current(place, state, newest(place, state).digest))
        if as_json:
            say_json([dict(entry.row) for entry in found])
        else:
            typer.echo(summary.quarantine(found))


@quarantine_app.command("show")
def quarantine_show(
    workspace: Root,
    clip: Annotated[str, typer.Argument(help="A clip id; its first digits do.")],
    run: Annotated[bool, typer.Option("--run", help="Do again what failed, and show it.")] = False,
    as_json: Json = False,
) -> None:
    """One clip in quarantine: all that is known, and its fault again with --run."""
    with errors():
        from pipelines import quarantine
        from pipelines.cli import summary
        from pipelines.status import newest

        place, state = opened(workspace)
        job = newest(place, state)
        entries = quarantine.current(place, state, job.digest)
        entry = next((e for e in entries if e.row["clip_id"].startswith(clip)), None)
        if entry is None:
            fail(f"no clip {clip!r} is in quarantine; see: captionmill quarantine list")
        again = quarantine.reproduce(place, job.digest, entry) if run else None
        if as_json:
            say_json({**entry.row, "again": again})
        else:
            typer.echo(summary.quarantined(entry, again))


@quarantine_app.command("retry")
def quarantine_retry(
    workspace: Root,
    clips: Annotated[
        list[str] | None, typer.Argument(help="Clip ids; without any, all of them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Work clips in quarantine again, as a new generation; no committed file is changed."""
    with errors():
        from pipelines.caption import run as stage1
        from pipelines.cli.progress import Watch

        with Watch(quiet=as_json) as watch:
            result = stage1.retry(workspace, clips, watch.show)
        _report(result, as_json)


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(help="Folder for the clips.")],
) -> None:
    """Build a handful of sample clips with sound from free media."""
    with errors():
        from captioners.weights.packs import Cache
        from pipelines.samples import PACKS, build

        cache = Cache()
        for pack in PACKS:
            cache.fetch(pack)
        for path in build(folder, cache):
            typer.echo(path)


def _preview(sources: list[str], profile: str | None, limit: int | None, as_json: bool) -> None:
    from dataclasses import asdict

    from pipelines.caption import run as stage1
    from pipelines.cli import summary

    found = stage1.preview(sources, profile or default_profile(), limit)
    if as_json:
        say_json(asdict(found))
    else:
        typer.echo(summary.preview(found))


def _report(result: Any, as_json: bool) -> None:
    from pipelines.cli import summary

    if as_json:
        say_json(summary.run_json(result))
    else:
        typer.echo(summary.run(result))
    if not result.books.close:
        fail("the books do not close; see: captionmill verify")


def main() -> None:
    """Entry point of the command `captionmill`."""
    torch_cpu.switch_on()
    app()
