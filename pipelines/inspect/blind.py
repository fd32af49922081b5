"""The app that compares two caption sets blind: left or right, without knowing which is which.

Nothing on its pages, nor in what they ask for, tells the sides: neither names of sets and files, nor who
wrote, nor what guards and evidence say. The pages of `pipelines.inspect.app` are not there at all.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from manifests.schemas import REVIEWS
from pipelines.inspect.answers import Answer, Static, Templates, routed
from pipelines.inspect.comparing import Choice, Comparing
from pipelines.inspect.index import prepare
from pipelines.inspect.lookup import opened
from pipelines.inspect.media import Media
from pipelines.inspect.pairs import Pairs, paired
from pipelines.inspect.planned import wanted
from pipelines.inspect.players import Players, no_clip
from pipelines.inspect.reviewing import commit
from pipelines.inspect.security import LARGEST, Guarded
from pipelines.inspect.sets import Inspected, InspectError
from pipelines.inspect.start import Start
from pipelines.report.preferred import not_asked
from pipelines.report.shown import visible

_TITLES = ("heard", "seen", "together")


@contextmanager
def app(start: Start, other: Inspected, media: Media) -> Iterator[Guarded]:
    """The app with all that it needs, which is gone after the block; then what was said is committed.
    other: the set to compare with. Raises UserError."""
    shown, reviews, told = start.shown, start.reviews, start.told
    if reviews is None:
        raise InspectError("a release is never changed: name a folder with --reviews")
    with ExitStack() as stack:
        commit(reviews, told)
        stack.callback(commit, reviews, told)
        planned = None if start.plan is None else wanted(reviews, start.plan, shown.root)
        pairs = stack.enter_context(paired(shown, other, planned, told))
        if not pairs.clips.differ:
            raise InspectError(
                f"there is nothing to compare: {_unasked(pairs) or 'the sets have no clip in common'}"
            )
        index = prepare(shown, told)
        lookup = stack.enter_context(opened(index, shown.columns, REVIEWS.empty_table()))
        comparing = Comparing(reviews, pairs, start.reviewer)
        stack.callback(comparing.close)
        players = Players(lookup.place_of, media)
        yield Guarded(build(players, pairs, comparing), start.token, start.cookie)


def build(players: Players, pairs: Pairs, comparing: Comparing) -> FastAPI:
    """The pages."""
    blind = _Blind(players, pairs, comparing)
    gets: dict[str, Answer] = {
        "/": blind.first,
        "/static/{name}": Static(("common.js", "blind.js", "icon.svg")).answer,
        "/pair/{clip_id}": blind.pair,
        "/clip/{clip_id}/playing": players.playing,
        "/clip/{clip_id}/source": players.source,
        "/clip/{clip_id}/media": blind.preview,
    }
    return routed(gets, {"/pair/{clip_id}": blind.take}, blind.missing, blind.failed)


def _unasked(pairs: Pairs) -> str:
    """Which clips are not asked about; which set lacks captions is not told."""
    of = pairs.clips
    return not_asked(of.same, of.only_one)


class _Blind:
    """The answers."""

    def __init__(self, players: Players, pairs: Pairs, comparing: Comparing) -> None:
        self._players, self._pairs, self._comparing = players, pairs, comparing
        self._order = pairs.order()
        self._templates = Templates(
            reviewer=comparing.reviewer, count=len(self._order), unasked=_unasked(pairs)
        )

    def first(self, request: Request) -> Response:
        """The first pair that waits, or the end."""
        waiting = next((c for c in self._order if self._comparing.side(c) is None), None)
        if waiting is not None:
            return RedirectResponse(f"/pair/{waiting}", 303)
        return self._page("blind_end.html", is_missing=False, last=self._order[-1])

    def pair(self, request: Request, clip_id: str) -> Response:
        """One pair."""
        pair = self._pairs.pair(clip_id)
        if pair is None:
            return self.missing(request, None)
        sides = [
            (side, tuple(zip(_TITLES, (visible(t or "", 4000) for t in texts), strict=True)))
            for side, texts in (("left", pair.left), ("right", pair.right))
        ]
        before, after = self._beside(pair.number - 1), self._beside(pair.number + 1)
        return self._page(
            "blind.html",
            pair=pair,
            sides=sides,
            choice=self._comparing.side(clip_id) or "",
            before=before,
            after=after,
        )

    def _beside(self, number: int) -> str:
        inside = 0 <= number < len(self._order)
        return f"/pair/{self._order[number]}" if inside else ""

    async def take(self, request: Request, clip_id: str) -> Response:
        """Takes a choice, and acknowledges it when it is on disk."""
        body = await request.body()
        if len(body) > LARGEST:
            return PlainTextResponse("That is more than a comparison holds.", 413)
        return await run_in_threadpool(self._take, clip_id, body)

    def _take(self, clip_id: str, body: bytes) -> Response:
        pair = self._pairs.pair(clip_id)
        if pair is None:
            return no_clip()
        try:
            choice = Choice.model_validate_json(body)
            self._comparing.take(pair, choice)
        except ValidationError as error:
            return PlainTextResponse(f"That is no choice: {error.errors()[0]['msg']}.", 422)
        except OSError as error:
            return PlainTextResponse(f"It can't be stored: {error.strerror}.", 507)
        return JSONResponse({"better": choice.better, "done": self._comparing.done})

    def preview(self, clip_id: str) -> Response:
        """What is played where the source does not."""
        return self._players.part(clip_id, "media")

    def missing(self, request: Request, error: Exception | None) -> Response:
        """The page for what is not there."""
        return self._page("blind_end.html", 404, is_missing=True, last="")

    def failed(self, request: Request, error: Exception) -> Response:
        """What can't be read."""
        return PlainTextResponse(visible(str(error), 1000), 500)

    def _page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return self._templates.page(name, status, done=self._comparing.done, **values)
