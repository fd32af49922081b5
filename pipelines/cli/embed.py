"""`captionmill embed`."""

import shlex

from pipelines.cli.terminal import Json, Retry, Root, StageProfile, default_profile, errors
from pipelines.terminal import counted, fail, say, say_json


def embed(
    workspace: Root, profile: StageProfile = None, retry: Retry = False, as_json: Json = False
) -> None:
    """Embed the captioned clips: vectors for search, and how near captions are to their clips."""
    with errors():
        from pipelines import length
        from pipelines.cli import summary
        from pipelines.cli.progress import Watch
        from pipelines.embed.run import embed as run

        with Watch(quiet=as_json) as watch:
            result = run(workspace, profile, default_profile(), watch.show, retry)
        books, root = result.books, shlex.quote(str(workspace))
        vectors = str(result.workspace.root / result.stage.embeddings)
        if as_json:
            counts = {"uncompared": result.uncompared, **length.told(result.longer)}
            job = {"config_digest": result.stage.digest, "vectors": vectors}
            say_json({**books.to_json(), **job, **counts})
        else:
            say(summary.account(books))
            say(f"vectors: {vectors}")
            say(length.sentence(result.longer))
            if waiting := result.captions.books.quarantined:
                say(
                    f"{counted(waiting, 'clip')} without captions, which captioning has in quarantine: "
                    f"captionmill quarantine retry {root}, then captionmill embed {root}"
                )
            if result.uncompared and not books.pending:
                say(
                    f"{counted(result.uncompared, 'clip')} with captions could not be embedded: "
                    f"captionmill embed {root} --retry"
                )
            if books.pending:
                say(f"pending clips wait for captions: caption them, then captionmill embed {root}")
            say(f'search them: captionmill search {root} "a dog barks while someone laughs"')
        if not books.close:
            fail("the books do not close; see: captionmill verify")
