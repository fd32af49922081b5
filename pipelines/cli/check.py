"""`captionmill check`."""

import json
from typing import Annotated

import typer

from pipelines.cli.terminal import errors
from pipelines.terminal import say

_STDIN = 0
_UNUSABLE = 2
"""Exit status where a file can't be checked: 1 tells of captions that are refused."""


def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="JSON lines with id, evidence and captions (docs/tables.md), or - for standard input.",
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON to stdout, one object a line.")
    ] = False,
) -> None:
    """Check captions of any pipeline against evidence, without media and without a run.

    Exit status: 1 if any caption is refused, 2 if a line can't be read, else 0.
    """
    from manifests.errors import UserError

    with errors():
        try:
            status = _checked(file, as_json)
        except (UserError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            told = f"{file}: {error.strerror}" if isinstance(error, OSError) else str(error)
            say(f"error: {told}", err=True)
            status = _UNUSABLE
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        if status:
            raise typer.Exit(status)


def _checked(file: str, as_json: bool) -> int:
    """Checks a file and prints what is said of it; the exit status."""
    from pipelines.check import check as checking
    from pipelines.check import report
    from pipelines.check.lines import lines

    totals = report.Totals()
    with open(_STDIN if file == "-" else file, "rb") as stream:
        for clip in checking.check(lines(file, stream), checking.installed):
            totals.add(clip)
            if as_json:
                say(json.dumps(report.to_json(clip), ensure_ascii=True))
            elif clip.fault is not None:
                say(report.unread(file, clip), err=True)
            else:
                for line in report.lines(clip):
                    say(line)
    if not as_json:
        say(totals.text())
    return totals.status
