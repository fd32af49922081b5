"""`captionmill verify`: of a workspace, or of a release."""

from typing import Annotated

import typer

from pipelines.cli.terminal import Json, WorkspaceOrRelease, errors, opened
from pipelines.terminal import say, say_json


def verify(
    folder: WorkspaceOrRelease,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="ROWS",
            help="Check only so many rows, drawn at random, and say how sure that makes.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check everything that can be checked; list problems and exit with status 1 if there are any."""
    with errors():
        from manifests.release.layout import WORK, is_release

        if is_release(folder) or (folder / WORK).is_dir():
            from pipelines.verify_release import verify_release

            found = verify_release(folder, sample)
            text, told, ok = found.text, found.to_json, found.ok
        else:
            from pipelines.verify import verify_workspace

            place, state = opened(folder)
            report = verify_workspace(place, state, sample)
            text, told, ok = report.text, report.to_json, not report.problems
        if as_json:
            say_json(told())
        else:
            say(text())
        if not ok:
            raise typer.Exit(1)
