"""Serves the app until it is stopped, and commits its reviews then."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import uvicorn

from manifests.schemas import REVIEWS
from manifests.workspace import Workspace
from pipelines.inspect import blind
from pipelines.inspect.app import build
from pipelines.inspect.index import prepare
from pipelines.inspect.lookup import opened
from pipelines.inspect.meaning import Meaning
from pipelines.inspect.media import Media
from pipelines.inspect.pairs import other_of
from pipelines.inspect.planned import wanted
from pipelines.inspect.reviewing import Reviewing, commit
from pipelines.inspect.security import Guarded
from pipelines.inspect.sets import Inspected, InspectError, ReleaseSet, WorkspaceSet, inspected
from pipelines.inspect.start import Start
from pipelines.reviews.stored import counting, stored

HOST = "127.0.0.1"
_PATIENCE_S = 2.0
"""For answers that are under way at the end."""


@contextmanager
def app(start: Start, media: Media) -> Iterator[Guarded]:
    """The app with all that it needs, which is gone after the block; then its reviews are committed.
    Raises UserError."""
    shown, reviews = start.shown, start.reviews
    with ExitStack() as stack:
        given = REVIEWS.empty_table()
        planned = None if start.plan is None else wanted(reviews, start.plan, shown.root)
        if reviews is not None:
            commit(reviews, start.told)
            stack.callback(commit, reviews, start.told)
            given = counting(stored(reviews))
        index = prepare(shown, start.told)
        judge = None if planned is None else start.reviewer
        lookup = stack.enter_context(opened(index, shown.columns, given, planned, judge))
        reviewing = None
        if reviews is not None:
            reviewing = Reviewing(reviews, lookup, start.reviewer)
            stack.callback(reviewing.close)
        made = build(shown, lookup, Meaning(shown), media, reviewing, start.reviewer)
        yield Guarded(made, start.token, start.cookie)


def serve(
    root: Path,
    port: int,
    reviews: Path | None,
    reviewer: str,
    told: Callable[[str], None],
    plan: str | None = None,
    against: str | None = None,
) -> None:
    """Serves a workspace or a release on loopback until Ctrl-C. against: another caption set of the same
    clips, to compare without knowing which is which. Raises UserError."""
    shown = inspected(root)
    stored_in = reviews_of(shown, reviews)
    other = None if against is None else other_of(shown, against)
    listening = _listening(port)
    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(32)
    start = Start(shown, stored_in, reviewer, token, f"captionmill-{port}", told, plan)
    with (
        listening,
        Media(shown, min(4, os.cpu_count() or 1)) as media,
        app(start, media) if other is None else blind.app(start, other, media) as asgi,
    ):
        config = uvicorn.Config(
            asgi,
            log_level="warning",
            access_log=False,
            ws="none",
            lifespan="off",
            server_header=False,
        )
        told(f"open http://{HOST}:{port}/?token={token}")
        told("Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            _Server(config, media).run([listening])


class _Server(uvicorn.Server):
    """Ends though a browser takes its time: a player that is paused keeps its connection for as long as
    its page is open. Previews that nobody will see are given up."""

    def __init__(self, config: uvicorn.Config, media: Media) -> None:
        super().__init__(config)
        self._media = media

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets answers end for a moment, then closes what is still open."""
        closing = asyncio.get_running_loop().call_later(_PATIENCE_S, self._close)
        await super().shutdown(sockets)
        closing.cancel()

    def _close(self) -> None:
        self._media.stop()
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def reviews_of(shown: Inspected, reviews: Path | None) -> Workspace | None:
    """Where reviews are stored: in a workspace itself; of a release in a folder of their own."""
    if isinstance(shown, WorkspaceSet):
        if reviews is not None:
            raise InspectError("reviews of a workspace are stored in it: leave out --reviews")
        return shown.workspace
    if reviews is None:
        return None
    if reviews.resolve().is_relative_to(shown.root):
        raise InspectError(
            f"{reviews} is in the release, which is never changed: name another folder"
        )
    assert isinstance(shown, ReleaseSet)
    return Workspace.create(reviews)


def _listening(port: int) -> socket.socket:
    """A socket on loopback. Raises InspectError where the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # who opens the link at once waits, and is not refused
    except OSError as error:
        listening.close()
        raise InspectError(
            f"port {port} can't be had: {error.strerror}. Name another one with --port."
        ) from error
    return listening
