"""`captionmill search` and `captionmill duplicates`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.cli.terminal import Json, Root, errors, opened
from pipelines.terminal import fail, say, say_json

if TYPE_CHECKING:
    from pipelines.search.search import Search

By = Annotated[
    Literal["audio", "video", "both"],
    typer.Option("--by", help="Whose vectors are compared: of sound, of picture, or of both."),
]


def search(
    workspace: Root,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help='What to look for, as in "a dog barks".'),
    ] = None,
    by: By = "both",
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
        from pipelines.search.loading import encoder_of
        from pipelines.search.search import Search, lines, note

        searching = Search(*opened(workspace), by, encoder_of)
        asked = searching.like if text is None else searching.text
        answer = asked(text or like or "", limit)
        if as_json:
            say_json(answer.to_json())
        else:
            for line in lines(answer):
                say(line)
            if told := note(answer, searching.stored.job.books.pending):
                say(told, err=True)
        if searching.is_large and answer.exact:
            _index(searching)


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
    by: By = "both",
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
        from pipelines.search.stored import COLUMNS

        searching = Search(*opened(workspace), by, encoder_of)
        stored = searching.stored
        if searching.is_large and searching.index is None:
            _index(searching)
            if searching.index is None:
                fail("so many clips are compared by an index: run the command again")
        grouped, vectors = groups(stored, COLUMNS[by], at_least, searching.index)
        listed = Clips(stored).of((m.clip_id, m.shard) for group in grouped for m in group)
        told = Duplicates(by, at_least, grouped, listed, copies(stored), vectors, stored.clips)
        if as_json:
            say_json(told.to_json())
        else:
            for line in told.lines():
                say(line)
