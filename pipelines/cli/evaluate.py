"""`captionmill evaluate`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.terminal import Json, errors
from pipelines.terminal import say, say_json

_TOLD_EVERY_S = 10.0


def evaluate(
    listed: Annotated[
        Path,
        typer.Argument(
            metavar="SET",
            help="AudioCaps' or Clotho's CSV, VCTK's folder, or a list (CSV, JSON lines, Parquet) with "
            "file and caption or label; optionally start and end in seconds.",
        ),
    ],
    encoder: Annotated[
        str, typer.Option(metavar="NAME", help="small, hub:<owner>/<name>, or a folder.")
    ] = "small",
    reader: Annotated[
        Literal["audiocaps", "clotho", "vctk", "manifest"] | None,
        typer.Option(help="The form of the set. Default: what its columns or folders tell."),
    ] = None,
    media: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where its files are. Default: the list's folder."),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Names of classes, one a line. Default: the set's labels."
        ),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Texts with {} for the class, one a line."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure an encoder on a captioned or labelled set: retrieval, and classes without training."""
    with errors():
        import time

        from captioners.encoder.load import load
        from captioners.weights.models import Models
        from pipelines.evaluate import evaluate as evaluating
        from pipelines.evaluate import report
        from pipelines.evaluate.readers.choice import read_set

        captioned = read_set(listed, reader, media)
        told = time.monotonic()

        def tell(done: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _TOLD_EVERY_S:
                told = time.monotonic()
                say(f"embedding: {done}/{len(captioned.items)} clips", err=True)

        measured = evaluating.evaluate(
            captioned,
            load(encoder, Models()),
            encoder,
            evaluating.Zeroshot(classes, templates),
            tell,
        )
        if as_json:
            say_json(report.to_json(measured))
        else:
            say(report.text(measured))
