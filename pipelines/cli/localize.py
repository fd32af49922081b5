"""`captionmill localize`."""

import shlex
from typing import TYPE_CHECKING

from pipelines.cli.terminal import Json, Retry, Root, StageProfile, default_profile, errors
from pipelines.terminal import fail, say, say_json

if TYPE_CHECKING:
    from engine.run.stage import Result


def localize(
    workspace: Root, profile: StageProfile = None, retry: Retry = False, as_json: Json = False
) -> None:
    """Find when the claims of captions are heard. Rerun to continue; `captionmill spans` exports it."""
    with errors():
        from pipelines.cli.progress import Watch
        from pipelines.localize import run as localizing

        with Watch(quiet=as_json) as watch:
            result = localizing.localize(workspace, profile, default_profile(), watch.show, retry)
        _report(result, as_json)


def _report(result: "Result", as_json: bool) -> None:
    """Prints the summary of a run; fails if its books do not close."""
    from pipelines.cli import summary

    books, view = result.books, result.view
    if as_json:
        job = {"workspace": str(result.workspace.root), "config_digest": result.stage.digest}
        say_json(job | {"worked": view.worked if view else 0, **books.to_json()})
    else:
        lines = [summary.account(books)]
        if view is None:
            lines.append("nothing left to do")
        if books.pending:
            lines.append(
                "what is pending has no captions yet: finish captionmill caption, and rerun this"
            )
        workspace = shlex.quote(str(result.workspace.root))
        lines.append(f"next: captionmill spans {workspace} spans.parquet")
        say("\n".join(lines))
    if not books.close:
        fail("the books do not close; see: captionmill verify")
