"""The command line. Heavy imports wait until a command needs them: `--help` answers at once."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from manifests.commits import State
    from manifests.workspace import Workspace
    from pipelines.status import JobStatus

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
models_app = typer.Typer(
    help="Weights and sample media: what there is, and bringing it here.", no_args_is_help=True
)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(models_app, name="models")

Root = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="A workspace of captionmill.")]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="cpu|gpu|dummy|FILE.toml",
        help="Captioners, gates and writer. Without it: gpu where nvidia-smi works, else cpu.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]


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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is to do; write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Caption clips. The same command again goes on where it stopped, and does nothing twice."""
    with _errors():
        if dry_run:
            _preview(sources, profile, limit, as_json)
            return
        from pipelines import caption as stage1
        from pipelines.progress import Watch

        with Watch(quiet=as_json) as watch:
            result = stage1.caption(
                sources, workspace, profile or _default_profile(), limit, watch.show, watch.listed
            )
        _report(result, as_json)


@app.command()
def status(workspace: Root, as_json: Json = False) -> None:
    """The books of a workspace: input = captioned + filtered + quarantined + pending."""
    with _errors():
        from pipelines import summary
        from pipelines.status import jobs

        opened, state = _open(workspace)
        found = jobs(opened, state)
        if as_json:
            _say_json({"workspace": str(opened.root), "jobs": [job.to_json() for job in found]})
        elif not found:
            typer.echo("nothing was captioned here yet")
        for job in [] if as_json else found:
            typer.echo(summary.status(job))
        if not all(job.books.close for job in found):
            raise typer.Exit(1)


@app.command()
def verify(workspace: Root, as_json: Json = False) -> None:
    """Check everything that can be checked; exit status 1 and a list when anything is off."""
    with _errors():
        from pipelines.verify import verify_workspace

        opened, state = _open(workspace)
        report = verify_workspace(opened, state)
        if as_json:
            _say_json(report.to_json())
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
    with _errors():
        from pipelines import show as viewer

        opened, state = _open(workspace)
        rows = viewer.find(opened, state, _newest(opened, state), clip, limit)
        if not rows:
            _fail(f"no captioned clip matches {clip!r}" if clip else "no clip is captioned yet")
        if as_json:
            _say_json(rows)
        else:
            viewer.render(rows, whole=clip is not None)


@quarantine_app.command("list")
def quarantine_list(workspace: Root, as_json: Json = False) -> None:
    """Every clip in quarantine, with stage and reason."""
    with _errors():
        from pipelines import quarantine, summary

        opened, state = _open(workspace)
        found = list(quarantine.current(opened, state, _newest(opened, state).digest))
        if as_json:
            _say_json([dict(entry.row) for entry in found])
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
    with _errors():
        from pipelines import quarantine, summary

        opened, state = _open(workspace)
        job = _newest(opened, state)
        entries = quarantine.current(opened, state, job.digest)
        entry = next((e for e in entries if e.row["clip_id"].startswith(clip)), None)
        if entry is None:
            _fail(f"no clip {clip!r} is in quarantine; see: captionmill quarantine list")
        again = quarantine.reproduce(opened, job.digest, entry) if run else None
        if as_json:
            _say_json({**entry.row, "again": again})
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
    with _errors():
        from pipelines import caption as stage1
        from pipelines.progress import Watch

        with Watch(quiet=as_json) as watch:
            result = stage1.retry(workspace, clips, watch.show)
        _report(result, as_json)


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """Every pack: what it is, its licence, where it comes from and whether it is here."""
    with _errors():
        from pipelines import models

        found = models.packs()
        if as_json:
            _say_json(found)
        else:
            typer.echo(models.table(found))


@models_app.command("fetch")
def models_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Packs; without any, those of the profile.")
    ] = None,
    profile: Profile = None,
) -> None:
    """Bring packs from their registries, check their sums, and keep them in the cache."""
    with _errors():
        from pipelines import models

        for line in models.fetch(names, profile or _default_profile()):
            typer.echo(line)


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(help="Folder for the clips.")],
) -> None:
    """Build a handful of sample clips with sound from free media."""
    with _errors():
        from captioners.packs import Cache
        from pipelines.samples import PACKS, build

        cache = Cache()
        for pack in PACKS:
            cache.fetch(pack)
        for path in build(folder, cache):
            typer.echo(path)


def _preview(sources: list[str], profile: str | None, limit: int | None, as_json: bool) -> None:
    from dataclasses import asdict

    from pipelines import caption as stage1
    from pipelines import summary

    found = stage1.preview(sources, profile or _default_profile(), limit)
    if as_json:
        _say_json(asdict(found))
    else:
        typer.echo(summary.preview(found))


def _report(result: Any, as_json: bool) -> None:
    from pipelines import summary

    if as_json:
        _say_json(summary.run_json(result))
    else:
        typer.echo(summary.run(result))
    if not result.books.close:
        _fail("the books do not close; see: captionmill verify")


def _open(root: Path) -> tuple["Workspace", "State"]:
    from manifests.commits import load
    from manifests.workspace import Workspace

    opened = Workspace.open(root)
    return opened, load(opened)


def _newest(workspace: "Workspace", state: "State") -> "JobStatus":
    from pipelines.status import newest

    return newest(workspace, state)


def _default_profile() -> str:
    import shutil
    import subprocess

    if shutil.which("nvidia-smi") is None:
        return "cpu"
    ran = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False)
    return "gpu" if ran.returncode == 0 and ran.stdout.strip() else "cpu"


@contextmanager
def _errors() -> Iterator[None]:
    """Turns what users can mend into one message and exit status 1; Ctrl-C and SIGTERM into 130."""
    from manifests.errors import UserError

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("\nstopped; run the same command again to go on", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except UserError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror}; nothing is lost: mend that and run the command again")


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise SystemExit(1)


def _say_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, default=str, ensure_ascii=True))


def main() -> None:
    """Entry point of the command `captionmill`."""
    app()
