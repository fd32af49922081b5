"""`captionmill inspect`."""

from typing import Annotated

import typer

from pipelines.cli.terminal import Reviews, WorkspaceOrRelease, errors
from pipelines.terminal import say

_PORT = 8017


def inspect(
    folder: WorkspaceOrRelease,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = _PORT,
    reviews: Reviews = None,
    plan: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only the clips of a plan of captionmill reviews plan, in its order.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="OTHER",
            help="Which is better, left or right? Compare with another workspace or release, or with the "
            "job of WORKSPACE whose digest begins so, without knowing which is which.",
        ),
    ] = None,
    reviewer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose reviews. Default: the login name.")
    ] = None,
) -> None:
    """Look at captions beside their clips in the browser, search them, and review them."""
    from pipelines.reviews.review import plain

    name = plain(reviewer or _login())
    if not 0 < len(name) <= 80:
        raise typer.BadParameter("a reviewer's name has 1 to 80 characters that are seen")
    with errors():
        from pipelines.inspect.serve import serve

        serve(folder, port, reviews, name, say, plan, against)


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # nobody has this number here
        return "me"
