"""`captionmill rebuild`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.terminal import Json, errors
from pipelines.terminal import say, say_json

if TYPE_CHECKING:
    from manifests.release.rules import Rules


def rebuild(
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="[RULES.toml] OUT",
            help="A file of rules, unless --workspace stands for it, and the folder of the release.",
        ),
    ],
    workspaces: Annotated[
        list[Path] | None,
        typer.Option(
            "--workspace",
            metavar="DIR",
            help="A captioned workspace; repeat it for more. In place of a file of rules.",
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="With --workspace: the least mean confidence of a row."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=SHARE,...", help="With --workspace: such as train=0.98,test=0.02."
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Only show how many rows each rule drops, with examples."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Build a release from captioned workspaces; the same command goes on after a stop."""
    shares = _split(split) if split is not None else None
    _require_usable(places, workspaces or [], min_confidence is not None or bool(shares), explain)
    with errors():
        from manifests.release.rules import load
        from manifests.release.splits import rows_of
        from pipelines.rebuild import explain as explaining
        from pipelines.rebuild import rebuild as rebuilding
        from pipelines.rebuild.inputs import open_inputs

        out = places[-1]
        rules = _common(workspaces, min_confidence, shares) if workspaces else load(places[0])
        inputs = open_inputs(rules)
        progress = _Progress()
        if explain:
            told = explaining.explain(rules, inputs, progress.tell)
            if as_json:
                say_json(told.to_json())
            for line in [] if as_json else told.lines():
                say(line)
            return
        built = rebuilding.rebuild(rules, inputs, out, progress.tell)
        if as_json:
            books = built.release.books.model_dump()
            say_json({"folder": str(built.folder), **books, "splits": rows_of(built.release)})
        for line in [] if as_json else built.lines():
            say(line)


def _require_usable(
    places: list[Path], workspaces: list[Path], has_flags: bool, explain: bool
) -> None:
    """Raises typer.BadParameter for arguments that do not go together."""
    if workspaces:
        if len(places) != 1:
            raise typer.BadParameter("with --workspace name OUT alone, without a file of rules")
        return
    if has_flags:
        raise typer.BadParameter(
            "--min-confidence and --split go with --workspace: else use the file"
        )
    if len(places) != 2 and not (explain and len(places) == 1):
        raise typer.BadParameter("name a file of rules and the folder of the release")


def _common(
    workspaces: list[Path], min_confidence: float | None, shares: dict[str, float] | None
) -> "Rules":
    """Rules of the common case: exact duplicates leave, and what is less sure."""
    from manifests.release.rules import parse

    names: list[str] = []
    for number, workspace in enumerate(workspaces):
        plain = "".join(letter if letter.isalnum() else "_" for letter in workspace.name)
        name = plain[:_NAMED] if plain.isascii() and plain[:1].isalnum() else f"input{number}"
        names.append(name if name not in names else f"{name}_{number}")
    data: dict[str, object] = {
        "input": [
            {"workspace": str(workspace), "name": name}
            for workspace, name in zip(workspaces, names, strict=True)
        ],
        "duplicates": {"captions": True},
    }
    if min_confidence is not None:
        data["keep"] = {"min_confidence": min_confidence}
    if shares is not None:
        data["split"] = shares
    return parse(data, "the command line", Path.cwd())


def _split(text: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for each in text.split(","):
        name, _, share = each.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            raise typer.BadParameter(f"--split {each!r}: write NAME=SHARE") from None
    return shares


_NAMED = 48
"""Characters of a folder's name that an input is called by."""
_COUNT = re.compile(r": \d+/\d+$")


class _Progress:
    """Tells of phases on stderr: when one begins, how far it is every ten seconds, and all else at
    once."""

    def __init__(self) -> None:
        self._phase, self._last = "", 0.0

    def tell(self, line: str) -> None:
        """Shows a line, or waits with it."""
        import time

        phase, now = line.partition(":")[0], time.monotonic()
        if phase != self._phase or now - self._last >= 10 or not _COUNT.search(line):
            self._phase, self._last = phase, now
            say(line, err=True)
