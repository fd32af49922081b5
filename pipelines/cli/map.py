"""`captionmill map`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.terminal import WorkspaceOrRelease, errors
from pipelines.terminal import say


def map_(
    folder: WorkspaceOrRelease,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder, or an earlier map.")
    ],
    by: Annotated[
        Literal["audio", "video", "both"] | None,
        typer.Option(
            "--by",
            help="Whose vectors: of sound, of picture, or of both together. Default: what most clips "
            "have.",
        ),
    ] = None,
) -> None:
    """Export a map of embedded clips, like ones near each other, for a static web server."""
    with errors():
        from pipelines.map.export import export, require_atlas, require_ours
        from pipelines.map.points import MOST, points
        from pipelines.map.projection import projected

        require_atlas()
        require_ours(output)
        made = points(folder, by)
        clips = made.rows.num_rows
        say(f"placing {clips:,} clips by their vectors ({made.by})", err=True)
        export(made, projected(made.vectors), output)
        if made.vectored > MOST:
            say(f"{clips:,} of {made.vectored:,} clips with a vector, drawn by their ids")
        say(f"{output}: python -m http.server -b 127.0.0.1 -d {output}, then http://127.0.0.1:8000")
