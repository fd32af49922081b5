"""`captionmill report`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.terminal import GpuPrice, Json, Reviews, WorkspaceOrRelease, errors
from pipelines.terminal import say, say_json

if TYPE_CHECKING:
    from pipelines.report.gate import Gate

_PAGE = Path("report.html")


def report(
    folder: WorkspaceOrRelease,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="OTHER",
            help="Another workspace or release with captions of the same clips, to compare with.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The page. Default: report.html; with --json none unless it is named.",
        ),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPR",
            help='What must not be, as "unsupported>0.02"; with a sign its change against OTHER, as '
            '"support<-5%". May be given several times.',
        ),
    ] = None,
    thresholds: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML with a list of such expressions, fail_on = [...]."),
    ] = None,
    reviews: Reviews = None,
    gpu_price: GpuPrice = None,
    as_json: Json = False,
) -> None:
    """Tell in one page whether captions can be trained on; check gates.

    Exit status: 1 if a gate is not passed, with the list of those; 2 if one can't be read, else 0.
    """
    gates = _gates(fail_on or [], thresholds)
    if any(gate.change for gate in gates) and against is None:
        raise typer.BadParameter("a gate is of a change: name the other set with --against")
    with errors():
        from pipelines.report import page
        from pipelines.report.report import make, write

        target = output or (None if as_json else _PAGE)
        if target is not None:
            page.require_ours(target)
        made = make(folder, against, gates, reviews, gpu_price)
        if target is not None:
            size = write(made, target, min(4, os.cpu_count() or 1), _progress)
            say(f"{target}: {size / 1e6:.1f} MB, opens from disk in any browser", err=as_json)
        if as_json:
            say_json(made.to_json())
        else:
            from pipelines.report.verdict import verdict

            answer = verdict(made.report.figures, made.report.failures)
            say(f"Can I train on this? {answer.answer}")
            for finding in answer.findings:
                say(f"  {finding.level}: {finding.text}")
        for failure in made.report.failures:
            say(f"FAILED {failure.gate}: {failure.why}", err=True)
        if made.report.failures:
            raise typer.Exit(1)


def _progress(done: int, clips: int) -> None:
    if done == clips or done % 20 == 0:
        say(f"previews: {done} of {clips} clips", err=True)


def _gates(expressions: list[str], file: Path | None) -> "list[Gate]":
    """All gates. Raises BadParameter, which ends the command with status 2."""
    from pipelines.report.gate import GateError, read, read_file

    try:
        given = [] if file is None else read_file(file)
        return given + [read(expression) for expression in expressions]
    except GateError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error
