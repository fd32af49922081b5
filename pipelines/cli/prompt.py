"""`captionmill prompt`: prompts of the writer, tried before they are used."""

from typing import Annotated

import typer

from pipelines.cli.terminal import Json, Profile, Root, errors, opened, say_json

prompt_app = typer.Typer(help="Prompts of the writer.", no_args_is_help=True)


@prompt_app.callback()
def _group() -> None:
    """Keeps `try` a command of its own."""


@prompt_app.command("try")
def prompt_try(
    workspace: Root,
    prompts: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt",
            metavar="NAME|FILE.toml",
            help="One of those to compare; again for another. Without any: those of the ladder.",
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="Clips, drawn at random.")] = 20,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """What prompts make of the evidence in a workspace, side by side; nothing is written. Asks the server
    of the profile that captioned it, unless --profile names another."""
    with errors():
        from engine.profile.profile import load
        from pipelines import trial

        place, state = opened(workspace)
        used = load(profile) if profile is not None else None
        found = trial.trial(place, state, prompts or [], sample, used)
        if as_json:
            say_json(found.to_json())
        else:
            typer.echo(trial.text(found))
