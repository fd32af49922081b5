"""`captionmill reviews`: what people said of captions, as files."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import Root, errors, opened
from pipelines.terminal import counted, say

reviews_app = typer.Typer(
    help="Reviews of captions: export them, import them.", no_args_is_help=True
)
_File = Annotated[Path, typer.Argument(metavar="FILE", help="Its name ends in .jsonl or .csv.")]


@reviews_app.command("export")
def reviews_export(workspace: Root, file: _File) -> None:
    """Write the reviews that count: of each reviewer the last one of a clip."""
    with errors():
        from pipelines.reviews.exchange import export

        place, _ = opened(workspace)
        say(f"{file}: {counted(export(place, file), 'review')}")


@reviews_app.command("import")
def reviews_import(workspace: Root, file: _File) -> None:
    """Add reviews to a workspace: all of a file, or none where a line can't be read."""
    with errors():
        from pipelines.reviews.exchange import load

        place, _ = opened(workspace)
        every, fresh = load(place, file)
        say(f"{counted(every, 'review')}, {fresh} of them new")
