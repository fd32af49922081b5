"""`captionmill train`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import Json, errors
from pipelines.terminal import counted, say, say_json

train_app = typer.Typer(
    help="Train models on the captions of workspaces and releases.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@train_app.callback()
def _train() -> None:
    """Train models on the captions of workspaces and releases."""


@train_app.command()
def encoder(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="WORKSPACE|RELEASE...",
            help="Captioned workspaces, and releases: of these the split train.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="For the encoder; the same one to go on after a stop."),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--encoder",
            help="small, a new one; or whose weights to begin with: hub:facebook/pe-av-large or the "
            "like, or a folder such as ./encoder.",
        ),
    ] = "small",
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="small|pretraining|finetuning|FILE.toml",
            help="Default: small for small encoders, else pretraining (finetuning with --finetune), from "
            "the weights of the encoder that is named. One that is given says itself where it begins.",
        ),
    ] = None,
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Two more pairs, from the encoder's weights.")
    ] = False,
    real: Annotated[
        Path | None,
        typer.Option(
            metavar="LIST",
            help="Captions by people: file, caption and perhaps kind (audio, visual, audio_visual).",
        ),
    ] = None,
    ranks: Annotated[
        int | None, typer.Option(min=1, help="Processes. Default: one a GPU, else one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train an encoder of sound, picture and text on captions; the same command goes on after a stop."""
    with errors():
        from captioners.encoder.load import SMALL, is_pe_av
        from pipelines import length
        from pipelines.train import recipe as recipes
        from pipelines.train.encoders import Named
        from pipelines.train.train import Wanted, train_encoder

        large = "finetuning" if finetune else "pretraining"
        default = large if is_pe_av(name) else "small"
        chosen = recipes.load(recipe or default)
        if finetune:
            changes = {"pairs": "fine-tuning", "start": "weights"}
            chosen = chosen.model_copy(update=changes)
        elif recipe is None and name != SMALL:
            chosen = chosen.model_copy(update={"start": "weights"})
        begins = "its weights" if chosen.start == "weights" else "random weights"
        say(f"{name} begins with {begins}; recipe {recipe or default}", err=True)
        make = Named(name, chosen.start)
        wanted = Wanted(tuple(inputs), out, name, make, chosen, real, ranks)
        trained = train_encoder(wanted, lambda line: say(line, err=True))
        if as_json:
            told = {**asdict(trained), **length.told(trained.longer)}
            say_json({**told, "folder": str(trained.folder)})
            return
        left_out = ", ".join(f"{count} {reason}" for reason, count in trained.left_out.items())
        say(
            f"trained on {trained.clips} clips in {trained.steps} steps of {trained.batch}"
            + (f"; left out: {left_out}" if left_out else "")
        )
        if trained.recalls:
            clips = counted(trained.held_out, "clip")
            say(f"R@1 among {clips} held out, the right by the left and the left by the right:")
        for pair, ways in trained.recalls.items():
            there, back = ways["right_of_left"], ways["left_of_right"]
            say(f"  {pair:9} {there:6.1%} {back:6.1%}  of {counted(int(ways['clips']), 'clip')}")
        say(f"encoder: {trained.folder}\ncurve:   {trained.folder / 'run' / 'curve.png'}")
