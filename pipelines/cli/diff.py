"""`captionmill diff`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import Json, errors
from pipelines.terminal import say, say_json


def diff(
    before: Annotated[Path, typer.Argument(metavar="RELEASE_A", help="The earlier release.")],
    after: Annotated[Path, typer.Argument(metavar="RELEASE_B", help="The later one.")],
    as_json: Json = False,
) -> None:
    """Tell what changed from one release to another: clips, captions, rules, shares, with examples."""
    with errors():
        from pipelines.diff.diff import diff as compare
        from pipelines.diff.report import lines

        changed = compare(before, after)
        if as_json:
            say_json(changed.to_json())
        else:
            for line in lines(changed):
                say(line)
