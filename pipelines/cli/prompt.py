"""`captionmill prompt`: prompts of the writer, tried before they are used."""

import shlex
from typing import Annotated

import typer

from pipelines.cli.terminal import JobProfile, Json, Root, errors, opened
from pipelines.terminal import say, say_json

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
            help="A prompt to compare; repeat for more. Default: the prompts of the ladder.",
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="Number of clips, drawn at random.")] = 20,
    profile: JobProfile = None,
    as_json: Json = False,
) -> None:
    """Compare what prompts make of the evidence in a workspace; nothing is written. Uses the server of
    the profile that captioned it, or of --profile."""
    with errors():
        from engine.run.settings import stage_of
        from pipelines import trial
        from pipelines.caption.stage import CaptionStage
        from pipelines.status import newest

        place, state = opened(workspace)
        job = newest(place, state)
        command = f"captionmill prompt try {shlex.quote(str(workspace))}"
        stage = stage_of(place, job.digest, profile, CaptionStage, command, differs=True)
        outcome = trial.trial(place, state, job, prompts or [], sample, stage.profile)
        if as_json:
            say_json(outcome.to_json())
        else:
            say(trial.text(outcome))
