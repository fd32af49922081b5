"""`captionmill quarantine`: clips that could not be processed."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.caption import report
from pipelines.cli.terminal import JobProfile, Json, Root, errors, opened
from pipelines.terminal import fail, say, say_json

quarantine_app = typer.Typer(
    help="Clips that could not be processed: why, and how to retry them.", no_args_is_help=True
)


@quarantine_app.command("list")
def quarantine_list(workspace: Root, as_json: Json = False) -> None:
    """List the clips in quarantine, each with its stage and reason."""
    with errors():
        from pipelines import quarantine
        from pipelines.cli import summary
        from pipelines.status import newest

        place, state = opened(workspace)
        entries = list(quarantine.current(place, state, newest(place, state).digest))
        if as_json:
            say_json([dict(entry.row) for entry in entries])
        else:
            say(summary.quarantine(entries))


@quarantine_app.command("show")
def quarantine_show(
    workspace: Root,
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A clip id, or its first digits.")],
    run: Annotated[
        bool, typer.Option("--run", help="Run what failed once more, and show the outcome.")
    ] = False,
    profile: JobProfile = None,
    as_json: Json = False,
) -> None:
    """Show all that is known of a clip in quarantine, and with --run its fault once more."""
    with errors():
        from engine.run.settings import stage_of
        from pipelines import quarantine
        from pipelines.caption.stage import CaptionStage
        from pipelines.cli import summary
        from pipelines.status import newest

        place, state = opened(workspace)
        job = newest(place, state)
        entries = quarantine.current(place, state, job.digest)
        entry = next((e for e in entries if e.row["clip_id"].startswith(clip)), None)
        if entry is None:
            fail(
                f"no clip {clip!r} in quarantine; "
                f"list them with: captionmill quarantine list {shlex.quote(str(workspace))}"
            )
        command = show_command(workspace, entry.row["clip_id"])
        again = None
        if run:
            used = profile or stage_of(place, job.digest, None, CaptionStage, command).profile.name
            again = quarantine.reproduce(place, job.digest, used, entry)
        if as_json:
            say_json({**entry.row, "again": again})
        else:
            say(summary.quarantined(entry, command, again))


@quarantine_app.command("retry")
def quarantine_retry(
    workspace: Root,
    clips: Annotated[
        list[str] | None,
        typer.Argument(metavar="CLIP", help="Clip ids, or their first digits. Default: all."),
    ] = None,
    profile: JobProfile = None,
    as_json: Json = False,
) -> None:
    """Process clips in quarantine again, as a new generation; no committed file is changed."""
    with errors():
        from pipelines.caption import run as stage1
        from pipelines.cli.progress import Watch

        with Watch(quiet=as_json) as watch:
            result = stage1.retry(workspace, clips, watch.show, profile)
        report(result, as_json)


def show_command(workspace: Path, clip_id: str) -> str:
    """The command that runs what failed once more. Made here: a command that a workspace holds is not
    for anybody to copy into a shell."""
    return f"captionmill quarantine show {shlex.quote(str(workspace))} {clip_id} --run"
