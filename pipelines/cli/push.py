"""`captionmill push`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import Json, errors
from pipelines.terminal import say, say_json


def push(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="A release.")],
    target: Annotated[
        str, typer.Argument(metavar="hf://OWNER/NAME", help="A dataset of the hub; made if new.")
    ],
    public: Annotated[
        bool, typer.Option("--public", help="Everybody may see a dataset that this makes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Upload a release to the Hugging Face hub; the same command goes on after a stop."""
    with errors():
        from pipelines.push import push as pushing

        pushed = pushing(release, target, public, lambda line: say(line, err=True))
        if as_json:
            say_json(pushed.to_json())
        else:
            say(pushed.text())
