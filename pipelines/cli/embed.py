"""`captionmill embed`."""

import shlex

from pipelines.cli.terminal import Json, Retry, Root, StageProfile, default_profile, errors
from pipelines.terminal import fail, say, say_json


def embed(
    workspace: Root, profile: StageProfile = None, retry: Retry = False, as_json: Json = False
) -> None:
    """Embed the captioned clips: vectors for search, and how near captions are to their clips."""
    with errors():
        from pipelines.cli import summary
        from pipelines.cli.progress import Watch
        from pipelines.embed.run import embed as run

        with Watch(quiet=as_json) as watch:
            result = run(workspace, profile, default_profile(), watch.show, retry)
        books, root = result.books, shlex.quote(str(workspace))
        vectors = str(result.workspace.root / result.stage.embeddings)
        if as_json:
            say_json({**books.to_json(), "config_digest": result.stage.digest, "vectors": vectors})
        else:
            say(summary.account(books))
            say(f"vectors: {vectors}")
            if books.pending:
                say(f"pending clips wait for captions: caption them, then captionmill embed {root}")
            say(f'search them: captionmill search {root} "a dog barks while someone laughs"')
        if not books.close:
            fail("the books do not close; see: captionmill verify")
