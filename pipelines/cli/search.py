"""`captionmill search` and `captionmill duplicates`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.cli.terminal import Json, Root, errors, opened
from pipelines.terminal import fail, say, say_json

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder
    from pipelines.search.search import Answer, Search
    from pipelines.search.stored import Stored

Medium = Literal["audio", "video", "both"]


def search(
    workspace: Root,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help='What to look for, as in "a dog barks".'),
    ] = None,
    by: Annotated[
        Medium | None,
        typer.Option(
            "--by",
            help="Whose vectors are compared: of sound, of picture, or of both together. "
            "Default: sound and picture, whichever is nearer.",
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="CLIP|FILE", help="Look for what is like a clip, by its id, or a media file."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many clips.")] = 10,
    as_json: Json = False,
) -> None:
    """Find the clips that are nearest to a text, or to an example."""
    if (text is None) == (like is None):
        raise typer.BadParameter("give a text to look for, or an example with --like")
    with errors():
        from pipelines.search.search import lines, note

        searched, answer = _answered(workspace, by, text, like, limit)
        if as_json:
            say_json(answer.to_json())
        else:
            for line in lines(answer):
                say(line)
            if told := note(answer, searched[0].stored.job.books.pending):
                say(told, err=True)
        for searching in searched:
            if searching.is_large and searching.index is None:
                _index(searching)


def _answered(
    workspace: Path, by: Medium | None, text: str | None, like: str | None, limit: int
) -> "tuple[list[Search], Answer]":
    """The searches that gave an answer, and the answer. Raises SearchError where none does."""
    from pipelines.search.loading import encoder_of
    from pipelines.search.search import Search, either
    from pipelines.search.stored import SearchError, stored

    held = stored(*opened(workspace))
    loaded: dict[str, Encoder] = {}

    def load(stored: "Stored") -> "Encoder":
        if stored.table not in loaded:
            loaded[stored.table] = encoder_of(stored)
        return loaded[stored.table]

    media: tuple[Medium, ...] = ("audio", "video") if by is None else (by,)
    searched: list[Search] = []
    answers: list[Answer] = []
    refused: list[SearchError] = []
    for medium in media:
        searching = Search(held, medium, load)
        try:
            answer = (searching.like if text is None else searching.text)(text or like or "", limit)
        except SearchError as error:  # of no clip, or the example has no such medium
            refused.append(error)
        else:
            searched.append(searching)
            answers.append(answer)
    if not answers:
        raise refused[0]
    return searched, answers[0] if by is not None else either(answers, limit)


def _index(searching: "Search") -> None:
    """Makes the index of a workspace, now that there is an answer; without one, searches are slower."""
    clips = searching.stored.clips
    say(f"making an index of {clips:,} clips, so that the next search is quick", err=True)
    try:
        searching.make_index()
    except OSError as error:
        say(f"there is no index: {error}", err=True)


def duplicates(
    workspace: Root,
    by: Annotated[
        Medium,
        typer.Option(
            "--by",
            help="Whose vectors are compared: of picture, of sound, or of both together.",
        ),
    ] = "video",
    at_least: Annotated[
        float, typer.Option(min=0, max=1, help="The cosine from which on clips count as alike.")
    ] = 0.95,
    as_json: Json = False,
) -> None:
    """List clips that are nearly alike, in groups, and files of the same bytes."""
    with errors():
        from pipelines.search.alike import Duplicates
        from pipelines.search.bytes_alike import copies
        from pipelines.search.clips import Clips
        from pipelines.search.duplicates import groups
        from pipelines.search.loading import encoder_of
        from pipelines.search.search import Search
        from pipelines.search.stored import COLUMNS, stored

        held = stored(*opened(workspace))
        searching = Search(held, by, encoder_of)
        if searching.is_large and searching.index is None:
            _index(searching)
            if searching.index is None:
                fail("so many clips are compared by an index: run the command again")
        grouped, vectors = groups(held, COLUMNS[by], at_least, searching.index)
        listed = Clips(held).of((m.clip_id, m.shard) for group in grouped for m in group)
        told = Duplicates(by, at_least, grouped, listed, copies(held), vectors, held.clips)
        if as_json:
            say_json(told.to_json())
        else:
            for line in told.lines():
                say(line)
